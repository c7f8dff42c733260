"""ReasonedChat: what the model is given, what the reader gets, and what stays of it."""

import threading

import pytest

from chatbot.dialogue import Dialogue, assistant, user
from chatbot.errors import InputError, WorldError
from chatbot.language import set_language, speaking
from chatbot.reasoning.domain_file import load_domain, read_domain
from chatbot.reasoning.entities import entities_of
from chatbot.reasoning.reasoned import ReasonedChat, beneath, pieces_of
from chatbot.reasoning.sources import Sources
from chatbot.reasoning.steps import steps_of
from chatbot.runner import ChatModel
from chatbot.sampling import Sampling
from chatbot.session import ChatSession, facts_of
from tests.chatbot.saying import Saying

DOMAIN = """\
title: {fr: Essai, en: Trial}
threshold: 0.35
categories:
  - {name: livraison, title: {fr: Livraison, en: Delivery}, keywords: [colis, livrer, parcel], examples: ["Où est mon colis ?"]}
entities:
  - {name: commande, title: Commande, type: pattern, pattern: 'ML-\\d{4}'}
answers:
  suivi: {text: "La commande {commande} est suivie par nos équipes, du matin au soir.", fallback: "Quel numéro ?"}
  humain: {fr: "Appelez-nous au 01 99 00 12 34.", en: "Call us on 01 99 00 12 34."}
rules:
  - {name: fâché, when: {state: angry}, approach: decline, answer: humain}
  - {name: suivi, when: {present: commande, category: livraison}, approach: template, answer: suivi}
  - {name: vague, when: {category: livraison, state: first, sources: none}, approach: ask_back, answer: suivi}
  - {name: avec source, when: {sources: near}, approach: model_with_sources}
checks:
  - {check: empty, then: replace, text: {fr: Je ne sais pas., en: I do not know.}}
  - {check: contradiction, then: replace, text: Je confonds peut-être deux commandes.}
  - {check: numbers, then: append, text: Nombre à vérifier.}
notice: {fr: Ceci est un essai., en: This is a trial.}
sources: {smallest_model: 1000000}
"""
DIALOGUES = [
    Dialogue.of_pair(f"Quel est le prix du {what} ?", f"Le {what} coûte {n} €.", id=f"{n}", source="prix.csv", group=what, meta={"row": n})
    for n, what in enumerate(("chat", "chien", "canard", "lapin", "cheval"), start=10)
]  # fmt: skip


@pytest.fixture(scope="module")
def domain():
    return read_domain(DOMAIN, "essai.yaml")


@pytest.fixture(scope="module")
def sources():
    return Sources(DIALOGUES, patience=30)


def test_the_thought_is_there_before_the_first_piece_and_its_findings_after(domain):
    chat = ReasonedChat(Saying("Bonne question, voyons cela."), domain)
    reply = chat.reply([user("Comment choisir un roman ?")])
    thought = reply.answer.thought
    assert thought.approach == "model" and thought.reason == "aucune règle ne convient" and thought.findings is None
    assert [message.content for message in thought.given] == ["Comment choisir un roman ?"]
    pieces = list(reply)
    assert "".join(pieces) == reply.answer.text == "Bonne question, voyons cela.\n\nCeci est un essai."
    assert thought.own == "Bonne question, voyons cela." and not thought.replaced
    assert [finding.passed for finding in thought.findings] == [True, True, True]
    assert reply.answer.finish == "end" and reply.answer.new_tokens == 4


@pytest.mark.parametrize(
    ("question", "approach", "text"),
    [
        ("Où est mon colis de la commande ML-0042 ?", "template", "La commande ML-0042 est suivie par nos équipes, du matin au soir."),
        ("Où est mon colis ?", "ask_back", "Quel numéro\u00a0?"),
        ("C'est inadmissible !!!", "decline", "Appelez-nous au 01 99 00 12 34."),
        ("This is unacceptable!!!", "decline", "Call us on 01 99 00 12 34."),
    ],
)  # fmt: skip
def test_texts_of_the_domain_need_no_model(domain, question, approach, text):
    inner = Saying("jamais dit")
    reply = ReasonedChat(inner, domain).reply([user(question)])
    pieces = list(reply)
    assert "".join(pieces) == reply.answer.text == text
    answer = reply.answer
    assert (answer.finish, answer.new_tokens, answer.thought.approach) == ("domain", 0, approach)
    assert inner.asked == [] and answer.thought.given == () and answer.thought.own is None
    assert 0 < answer.first_seconds <= answer.seconds


def test_a_long_text_comes_in_pieces_of_whole_words():
    text = "Un texte assez long pour venir en plusieurs morceaux, sans couper de mot."
    pieces = list(pieces_of(text))
    assert len(pieces) > 1 and "".join(pieces) == text and all(piece.startswith(" ") for piece in pieces[1:])


def test_an_answer_that_contradicts_is_replaced(domain):
    chat = ReasonedChat(Saying("La commande ML-9999 arrive."), domain)
    reply = chat.reply([user("Que contient ML-0042 ?")])
    assert "".join(reply) == "La commande ML-9999 arrive."  # as it was streamed
    assert reply.answer.text == "Je confonds peut-être deux commandes."
    assert reply.answer.thought.replaced and reply.answer.thought.own == "La commande ML-9999 arrive."
    assert "ML-9999" in reply.answer.thought.findings[1].told


def test_an_empty_answer_gets_a_text_and_no_notice(domain):
    reply = ReasonedChat(Saying(""), domain).reply([user("Comment choisir ?")])
    assert reply.text() == "Je ne sais pas." and reply.answer.thought.own == ""
    english = ReasonedChat(Saying(""), domain).reply([user("How do I choose a book?")])
    assert english.text() == "I do not know."


def test_a_caution_comes_before_the_notice_and_both_are_kept_from_the_next_prompt(domain, sources):
    inner = Saying("Il coûte 99 euros.")
    session = ChatSession(ReasonedChat(inner, domain, sources))
    list(session.ask("Quel est le prix du chat ?"))
    assert session.last.text == "Il coûte 99 euros.\n\nNombre à vérifier.\n\nCeci est un essai."
    assert session.messages[-1].content == session.last.text  # what the reader saw
    list(session.ask("Comment choisir un roman ?"))
    assert [message.content for message in inner.asked[-1]][:2] == ["Quel est le prix du chat ?", "Il coûte 99 euros."]


def test_what_replaced_the_models_words_is_what_it_is_told_it_said(domain):
    inner = Saying("La commande ML-9999 arrive.")
    session = ChatSession(ReasonedChat(inner, domain))
    list(session.ask("Que contient ML-0042 ?"))
    list(session.ask("Comment choisir un roman ?"))
    assert inner.asked[-1][1].content == "Je confonds peut-être deux commandes."


def test_the_model_gets_the_nearest_source_before_the_question(domain, sources):
    inner = Saying("Le chat coûte 10 €.")
    reply = ReasonedChat(inner, domain, sources).reply([user("Quel est le prix du chat ?")])
    reply.text()
    assert inner.asked[0][-1].context == "Le chat coûte 10 €."
    thought = reply.answer.thought
    assert thought.approach == "model_with_sources" and thought.given[-1].context == "Le chat coûte 10 €."
    assert next(source.origin for source in thought.sources) == "prix.csv, ligne 10"
    assert all(finding.passed for finding in thought.findings)


def test_sources_that_do_not_fit_are_left_out_one_by_one(sources):
    domain = read_domain(DOMAIN.replace("sources: {", "sources: {given: 3, coverage: 0.1, "), "t")
    lengths = {}
    for room in (1000, 45, 25, 5):
        inner = Saying("Oui.", room=room)
        ReasonedChat(inner, domain, sources).reply([user("Quel est le prix du chat ?")])
        lengths[room] = inner.asked[0][-1].context.count("coûte")
    assert lengths == {1000: 3, 45: 2, 25: 1, 5: 0}


def test_a_long_source_is_cut_at_a_sentence(domain):
    long = "Le chat coûte dix euros. " * 60
    sources = Sources([Dialogue.of_pair("Prix du chat ?", long, id="1", source="s", group="1")], patience=30)
    inner = Saying("Oui.")
    ReasonedChat(inner, domain, sources).reply([user("Prix du chat ?")])
    assert len(inner.asked[0][-1].context) <= 700 and inner.asked[0][-1].context.rstrip().endswith("euros.")


@pytest.mark.parametrize(("exchanges", "kept"), [(None, 5), (1, 1), (2, 3)])
def test_all_is_read_and_the_model_gets_what_it_can_follow(domain, exchanges, kept):
    inner = Saying("Oui.", exchanges=exchanges)
    chat = ReasonedChat(inner, domain)
    assert chat.exchanges is None
    history = [user("Mon colis ML-0042 ?"), assistant("Suivi."), user("Autre chose"), assistant("Oui.")]
    reply = chat.reply([*history, user("mon colis ML-0042")])
    assert "question déjà posée" in reply.answer.thought.conversation
    inner.asked.clear()
    chat.reply([*history, user("Comment choisir un roman ?")])
    assert len(inner.asked[0]) == kept


def test_a_system_message_stays_first(domain):
    from chatbot.dialogue import Message

    inner = Saying("Oui.", exchanges=1)
    system = Message(role="system", content="Sois bref.")
    ReasonedChat(inner, domain).reply([system, user("a"), assistant("b"), user("Comment choisir un roman ?")])
    assert [message.role for message in inner.asked[0]] == ["system", "user"]


def test_a_follow_up_takes_category_and_entities_of_what_it_follows(domain):
    chat = ReasonedChat(Saying("Oui."), domain)
    thought = chat.think([user("Où est le colis ML-0042 ?"), assistant("En route."), user("Et pour celui-ci ?")])
    assert thought.category == "livraison" and [entity.value for entity in thought.entities] == ["ML0042"]
    assert thought.approach == "template"
    fresh = chat.think(
        [user("Où est le colis ML-0042 ?"), assistant("En route."), user("Comment choisir un roman policier cet été ?")]
    )
    assert fresh.category == "" and fresh.entities == ()


def test_probabilities_are_asked_of_the_model(domain):
    inner = Saying("Oui.")
    ReasonedChat(inner, domain).reply([user("Comment choisir ?")], likely=3)
    assert inner.likely == [3]


@pytest.mark.parametrize("question", ["Où est mon colis ML-0042 ?", "Comment choisir un roman ?"])
def test_an_answer_is_given_up_in_every_approach(domain, question):
    chat = ReasonedChat(Saying("Voici une réponse en plusieurs mots, un à un."), domain)
    reply = chat.reply([user(question)])
    first = next(reply.pieces)
    reply.cancel()
    assert "".join(reply.pieces) == "" and reply.answer.text == first and reply.answer.finish == "cancelled"
    closed = chat.reply([user(question)])
    next(closed.pieces)
    closed.pieces.close()
    assert closed.answer.finish == "cancelled" and closed.answer.thought.findings is None


def test_a_failure_in_the_middle_keeps_what_came(domain):
    session = ChatSession(ReasonedChat(Saying("Un deux trois quatre", breaks_after=2), domain))
    with pytest.raises(WorldError, match="la prise"):
        list(session.ask("Comment choisir un roman ?"))
    assert session.last.text == "Un deux" and session.last.thought.findings is None
    assert [message.content for message in session.messages] == ["Comment choisir un roman ?", "Un deux"]


def test_the_model_says_what_is_wrong_with_an_empty_message(domain, tiny_model):
    with pytest.raises(InputError, match="vide"):
        ReasonedChat(ChatModel(tiny_model), domain).reply([user("  ")])


def test_facts_are_those_of_the_model_beneath(domain):
    inner = Saying("", exchanges=1)
    chat = ReasonedChat(ReasonedChat(inner, domain), load_domain("general"))
    assert beneath(chat) is inner and beneath(inner) is inner
    assert facts_of(chat) == facts_of(inner) and "chaque question est lue seule" in facts_of(chat)
    assert (chat.name, chat.context, chat.parameters, chat.at_once) == ("perroquet", 512, 1_500_000, 4)


def test_a_real_model_answers_through_the_layer(tiny_model):
    sampling = Sampling(max_new_tokens=8)
    inner = ChatModel(tiny_model)
    alone = inner.reply([user("Bonjour, le délai ?")], sampling).text()
    chat = ReasonedChat(inner, read_domain("title: t\n", "t"))
    session = ChatSession(chat, sampling)
    assert "".join(session.ask("Bonjour, le délai ?")) == alone == session.last.text
    assert session.last.thought.approach == "model" and session.last.thought.findings == ()


def test_many_conversations_share_it(domain, sources):
    chat, texts = ReasonedChat(Saying("Oui."), domain, sources), []
    threads = [
        threading.Thread(target=lambda n=n: texts.append(chat.reply([user(f"Où est mon colis ML-00{n} ?")]).text()))
        for n in range(10, 22)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(texts) == [
        f"La commande ML-00{n} est suivie par nos équipes, du matin au soir." for n in range(10, 22)
    ]


def test_a_small_model_answers_alone_and_the_sources_are_shown_all_the_same(domain, sources):
    small = Saying("Le chat coûte 99 €.")
    small.parameters = 999_999
    thought = ReasonedChat(small, domain, sources).reply([user("Quel est le prix du chat ?")]).answer.thought
    assert thought.approach == "model" and "trop petit" in thought.reason and thought.sources
    assert small.asked[0][-1].context == ""
    unknown = Saying("Le chat coûte 99 €.")
    unknown.parameters = None  # a server that does not tell
    thought = ReasonedChat(unknown, domain, sources).reply([user("Quel est le prix du chat ?")]).answer.thought
    assert thought.approach == "model_with_sources" and unknown.asked[0][-1].context


def test_the_five_steps_in_words_of_both_languages(domain, sources):
    reply = ReasonedChat(Saying("Le chat coûte 99 €."), domain, sources).reply([user("Quel est le prix du chat ?")])
    before = steps_of(reply.answer.thought)
    assert [step.title for step in before] == ["Catégorie", "Conversation", "Entités", "Façon de répondre", "Cohérence"]
    assert before[4].outcome == "pas encore vérifiée, ou interrompue"
    reply.text()
    steps = steps_of(reply.answer.thought)
    assert [step.outcome for step in steps] == [
        "aucune catégorie", "première question", "aucune",
        "réponse du modèle, sources proches données avec la question", "vérifications en échec\u00a0: 1 sur 3",
    ]  # fmt: skip
    assert "règle\u00a0: avec source" in steps[3].details and any("99" in detail for detail in steps[4].details)
    with speaking("en"):
        assert (
            steps_of(reply.answer.thought)[3].outcome == "answer by the model, closest sources given with the question"
        )


def test_labels_are_the_readers_and_answers_the_questions_language(domain):
    chat = ReasonedChat(Saying("x"), domain)
    set_language("en")
    try:
        reply = chat.reply([user("Où est le colis ML-0042 ?")])
    finally:
        set_language("fr")
    assert reply.answer.thought.category_label == "Delivery" and reply.answer.thought.domain == "Trial"
    assert reply.text().startswith("La commande ML-0042")


NAMED = """\
title: t
categories: [{name: prix, title: {fr: Prix, en: Price}, keywords: [coût*], examples: ["Quel est le prix ?"]}]
entities:
  - name: animal
    title: {fr: Animal, en: Animal}
    type: list
    values: {chat: {en: cat, also: [minou]}, chien: [toutou], poule: poulette}
answers: {a: {fr: Oui., en: Yes.}}
rules:
  - {name: {fr: un animal, en: an animal}, when: {present: animal}, approach: model_with_sources}
  - {name: sans nom anglais, approach: template, answer: a}
checks: [{check: empty, name: {fr: réponse vide, en: empty answer}}, {check: loops}]
"""


def test_names_of_rules_checks_and_listed_values_are_the_readers():
    domain = read_domain(NAMED, "t")

    def told(question, language):
        with speaking(language):
            reply = ReasonedChat(Saying("Oui."), domain).reply([user(question)])
            reply.text()
            return [detail for step in steps_of(reply.answer.thought) for detail in step.details]

    french, english = told("Un minou ou un chien ?", "fr"), told("Un minou ou un chien ?", "en")
    assert "Animal\u00a0: «\u00a0minou\u00a0» → chat" in french and "Animal: “minou” → cat" in english
    assert "Animal: “chien” → chien" in english
    assert "règle\u00a0: un animal (aucune source proche)" in french and "rule: an animal (no close source)" in english
    assert any("réponse vide" in line for line in french) and any("empty answer" in line for line in english)
    assert any(line.startswith("✓ loops") for line in english)
    assert "rule: sans nom anglais" in told("Un lapin ?", "en")
    assert entities_of(domain, "minou", "en")[0].value == entities_of(domain, "chat", "fr")[0].value == "chat"
    assert entities_of(domain, "cat", "en") == ()  # what is shown is not looked for


def test_the_words_that_decided_are_the_questions_and_the_score_says_what_it_is():
    chat = ReasonedChat(Saying("Oui."), read_domain(NAMED, "t"))
    details = steps_of(chat.think([user("Combien coûtent les prix ?")]))[0].details
    assert details[0] == "mots qui ont compté\u00a0: coûtent, prix"
    assert details[1].startswith("ressemblance, de 0 à 1\u00a0: Prix 1,00")


@pytest.mark.parametrize("thanks", ["Merci", "merci beaucoup", "Thank you"])
def test_thanks_after_an_emergency_do_not_get_the_emergency_again(thanks):
    chat = ReasonedChat(Saying("x"), load_domain("sante"))
    before = [user("Ma mère a une douleur dans la poitrine"), assistant("Appelez le 15.")]
    thought = chat.think([*before, user(thanks)])
    assert thought.approach == "template" and thought.entities == ()
    assert chat.think([*before, user("Et pour elle ?")]).approach == "decline"  # what leans on it still inherits
    assert chat.think([*before, user("merci, mais j'ai envie de mourir")]).approach == "decline"


def test_a_check_has_a_second_text_where_no_source_is_near(domain, sources):
    check = "checks: [{check: loops, then: %s, text: Voyez les sources., without_sources: {fr: Demandez autrement., en: Ask again.}}]\n"
    for then, wanted in (("replace", "Demandez autrement."), ("append", "non " * 20 + "\n\nDemandez autrement.")):
        made = read_domain("title: t\n" + check % then, "t")
        inner = Saying("non " * 20)
        alone = ReasonedChat(inner, made)
        assert alone.reply([user("Quel est le prix du chat ?")]).text() == wanted
        assert (
            ReasonedChat(inner, made, sources)
            .reply([user("Quel est le prix du chat ?")])
            .text()
            .endswith("Voyez les sources.")
        )
        assert alone.own_words("Oui.\n\nDemandez autrement.") == (
            "Oui." if then == "append" else "Oui.\n\nDemandez autrement."
        )


@pytest.mark.parametrize("name", ["sante", "marches_publics", "cours"])
def test_nobody_is_sent_to_sources_that_are_not_there(name):
    reply = ReasonedChat(Saying("non oui " * 20), load_domain(name)).reply([user("Qu'est-ce qu'un ornithorynque ?")])
    assert "sources" not in reply.text() and reply.answer.thought.replaced


HEALTH = {
    "J'ai envie de mourir": "3114",
    "I want to kill myself": "988",
    "Ma mère a une douleur dans la poitrine": "15 (SAMU)",
    "My father has chest pain and cannot breathe": "112",
    "Quelle dose de doliprane 500 mg pour un enfant ?": "Je ne donne pas de dose pour doliprane",
}


@pytest.mark.parametrize("question", HEALTH)
def test_emergencies_and_doses_are_declined(question):
    inner = Saying("Prenez donc un bain.")
    reply = ReasonedChat(inner, load_domain("sante")).reply([user(question)])
    assert HEALTH[question] in reply.text() and reply.answer.thought.approach == "decline" and not inner.asked


def test_a_question_of_each_shipped_domain_is_asked_of_the_model():
    asked = {
        "boutique": "Comment annuler mon achat ?", "cours": "Qu'est-ce que LoRA ?", "sante": "What causes glaucoma?",
        "marches_publics": "Qu'est-ce qu'un accord-cadre ?", "general": "Quel est le sens de la vie ?",
    }  # fmt: skip
    for name, question in asked.items():
        inner = Saying("Voici une réponse.")
        ReasonedChat(inner, load_domain(name)).reply([user(question)]).text()
        assert len(inner.asked) == 1, name
