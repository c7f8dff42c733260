"""The five steps, each on its own: category, conversation, entities, approach, consistency; and the nearest sources."""

import pytest

from chatbot.dialogue import Dialogue, assistant, user, write_dialogues
from chatbot.errors import InputError
from chatbot.language import speaking
from chatbot.reasoning.approach import Found, decided
from chatbot.reasoning.consistency import Answered, checked
from chatbot.reasoning.conversation import conversation_of, without_greeting
from chatbot.reasoning.domain import Domain, SourceOptions
from chatbot.reasoning.domain_file import load_domain
from chatbot.reasoning.entities import entities_of
from chatbot.reasoning.fold import fold, folded_words
from chatbot.reasoning.sources import Sources, origin_of
from chatbot.reasoning.themes import Categorised, Themes
from chatbot.reasoning.tongue import language_of
from chatbot.reasoning.values import VALUES
from chatbot.retrieval import Nearest

OPTIONS = SourceOptions()


def test_folding_keeps_places():
    assert fold("Où est L’Élève\u00a0?") == "ou est l'eleve ?"
    assert len(fold("İœÉ")) == 3 and folded_words("L'élève PAIE") == ["l", "eleve", "paie"]


@pytest.mark.parametrize(
    ("kind", "text", "values"),
    [
        ("amount", "1 234,50 € puis 12 EUR", ["1234.5 EUR", "12 EUR"]),
        ("amount", "1\u202f234,50\u00a0€, $12.50 et 1.234,50 euros", ["1234.5 EUR", "12.5 USD", "1234.5 EUR"]),
        ("amount", "40 000 euros HT ou 1,2 million d'euros, soit 30 k€", ["40000 EUR", "1200000 EUR", "30000 EUR"]),
        ("amount", "20 livres, 3 marques, 50 eurosport", []),
        ("date", "le 12 mars 2026, le 12/03/2026, 2026-03-12, March 12, 2026", ["2026-03-12"] * 4),
        ("date", "1er août 2025, 3 sept. 2025, the 4th of July 2025, 5/6/25", ["2025-08-01", "2025-09-03", "2025-07-04", "2025-06-05"]),
        ("date", "le 12 mars ou le 29 février", ["--03-12", "--02-29"]),
        ("date", "le 31/02/2026 et le 29 février 2026, ou le 45 mars", ["", "", ""]),
        ("date", "03/25/2026", ["2026-03-25"]),
        ("date", "version 1.2.3, IP 192.168.1.10, 12 marsouins", []),
        ("email", "écrivez à Lea.D@Exemple.fr.", ["lea.d@exemple.fr"]),
        ("phone", "06 12 34 56 78, +33 6 12 34 56 78 ou 0033612345678", ["+33612345678"] * 3),
        ("phone", "commande 06123456789", []),
        ("article", "l'article R. 2122-8, art. L2113-10 et l'article 28", ["R2122-8", "L2113-10", "28"]),
        ("article", "28 articles, 12 rue L. Blum", []),
    ],
)  # fmt: skip
def test_values(kind, text, values):
    assert [value for _, _, value in sorted(VALUES[kind](text))] == values


def test_entities_have_their_places_and_written_forms():
    domain = load_domain("sante")
    text = "Du Doliprane 500 mg avec de l'ADVIL, le 31/02/2026 ?"
    found = entities_of(domain, text, "en")
    assert [(e.kind, e.label, e.text, e.value) for e in found] == [
        ("medicament", "Medicine", "Doliprane", "paracétamol"), ("dose", "Dose", "500 mg", "500MG"),
        ("medicament", "Medicine", "ADVIL", "ibuprofène"), ("date", "Date", "31/02/2026", ""),
    ]  # fmt: skip
    assert all(text[e.start : e.start + len(e.text)] == e.text for e in found)
    order = entities_of(load_domain("boutique"), "commande ml 2026-0042", "fr")
    assert [(e.kind, e.value) for e in order] == [("commande", "ML20260042")]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Où est mon colis ?", "fr"),
        ("What is glaucoma?", "en"),
        ("merci", "fr"),
        ("hello", "en"),
        ("42 !", ""),
        ("livraison", "fr"),
    ],
)
def test_language(text, language):
    assert language_of(text) == language


@pytest.fixture(scope="module")
def shop() -> Domain:
    return load_domain("boutique")


@pytest.fixture(scope="module")
def shop_themes(shop) -> Themes:
    return Themes(shop)


@pytest.mark.parametrize(
    ("question", "category"),
    [
        ("Mon colis n'est toujours pas arrivé", "livraison"), ("JE VEUX ETRE REMBOURSE", "retours"),
        ("mot de passe oublié", "compte"), ("la carte bleue ne passe pas pour régler", "paiement"),
        ("how do I track my parcel?", "livraison"), ("xyzzy", ""),
    ],
)  # fmt: skip
def test_categories(shop_themes, question, category):
    found = shop_themes.of(question)
    assert found.name == category
    assert list(found.scores.values()) == sorted(found.scores.values(), reverse=True)
    assert all(0 <= score <= 1 for score in found.scores.values())
    assert bool(found.words) == bool(category)


def test_a_keyword_lifts_its_category_and_is_told_first():
    category = {"title": "x", "examples": ["le chat dort"]}
    told = [{**category, "name": "a"}, {**category, "name": "b", "keywords": ["Éléph*", "gros animal"]}]
    themes = Themes(Domain.model_validate({"title": "t", "categories": told}))
    assert themes.of("Un elephant").name == "b" and themes.of("Un elephant").words == ("elephant",)
    assert themes.of("un gros animal").scores["b"] == pytest.approx(0.4)
    assert themes.of("un animal gros").name == ""


@pytest.mark.parametrize(
    ("question", "earlier", "states"),
    [
        ("Où est mon colis ?", [], {"first"}), ("Bonjour à tous !", [], {"first", "greeting"}),
        ("Bonjour, où est mon colis ?", [], {"first"}), ("Merci beaucoup pour votre aide", ["a"], {"thanks", "polite"}),
        ("Et pour celle-ci ?", ["Où est ma commande ?"], {"follow_up", "refers"}),
        ("What about the second one?", ["Where is it?"], {"follow_up", "refers"}),
        ("où est mon colis", ["Où est mon colis ?"], {"repeated"}),
        ("C'est inadmissible, je veux un humain", [], {"first", "angry"}), ("OÙ EST MON COLIS ENFIN", [], {"first", "angry"}),
        ("RGPD", [], {"first"}), ("Pourriez-vous m'aider à payer ?", [], {"first", "polite"}),
    ],
)  # fmt: skip
def test_conversation(question, earlier, states):
    history = [turn for one in earlier for turn in (user(one), assistant("Oui."))]
    found = conversation_of(question, history)
    assert set(found.states) == states and found.turns == len(earlier)


def test_a_short_question_is_in_the_language_of_what_was_said_or_of_the_page():
    history = [user("Where is my parcel, please?"), assistant("On its way.")]
    assert conversation_of("RGPD 2018", history).language == "en"
    with speaking("en"):
        assert conversation_of("42", []).language == "en"
    assert conversation_of("42", []).language == "fr"


RULES = """\
title: t
categories: [{name: a, title: A, examples: [x]}, {name: b, title: B, examples: [y]}]
entities: [{name: date, title: Date, type: date}, {name: montant, title: Montant, type: amount}]
answers: {dit: {text: "Le {date} pour {categorie}.", fallback: "Quand, pour {domaine} ?"}}
rules:
"""


@pytest.mark.parametrize(
    ("when", "fitting", "other"),
    [
        ("category: a", {"category": "a"}, {"category": "b"}),
        ("category: [a, b]", {"category": "b"}, {"category": ""}),
        ("min_score: 0.5", {"score": 0.5}, {"score": 0.4}),
        ("max_score: 0.5", {"score": 0.5}, {"score": 0.6}),
        ("present: [date, montant]", {"text": "12 € le 1er mai"}, {"text": "12 €"}),
        ("absent: date", {"text": "12 €"}, {"text": "le 1er mai"}),
        ("impossible: date", {"text": "31/02/2026"}, {"text": "28/02/2026"}),
        ("sources: near", {"near": 1}, {"near": 0}),
        ("sources: none", {"near": 0}, {"near": 1}),
        ("state: [refers, repeated]", {"text": "et pour elle ?", "turns": 1}, {"text": "Un chat ?", "turns": 1}),
        ("language: en", {"text": "what is this?"}, {"text": "qu'est-ce que c'est ?"}),
        ("min_turns: 2", {"turns": 2}, {"turns": 1}),
    ],
)  # fmt: skip
def test_each_condition_of_a_rule(when, fitting, other):
    from chatbot.reasoning.domain_file import read_domain
    from chatbot.reasoning.thought import Source

    domain = read_domain(RULES + f"  - {{name: la règle, when: {{{when}}}, approach: model}}\n", "t")

    def reason(*, text="Un chat ?", category="", score=0.3, near=0, turns=0):
        history = [turn for n in range(turns) for turn in (user(f"question {n}"), assistant("r"))]
        found = Found(
            categorised=Categorised(name=category, score=score, scores={}),
            conversation=conversation_of(text, history),
            entities=entities_of(domain, text, "fr"),
            sources=[Source(text="s")] * near,
        )
        return decided(domain, found).reason

    assert reason(**fitting) == "la règle"
    assert reason(**other) == "aucune règle ne convient"


def test_slots_are_filled_or_the_fallback_is_said():
    from chatbot.reasoning.domain_file import read_domain

    domain = read_domain(RULES + "  - {name: r, approach: template, answer: dit}\n", "t")

    def said(text):
        found = Found(
            categorised=Categorised(name="a", scores={}), conversation=conversation_of(text, []),
            entities=entities_of(domain, text, "fr"), sources=[],
        )  # fmt: skip
        return decided(domain, found).text

    assert said("le 12 mars 2026 ou le 13 mars 2026 ?") == "Le 12 mars 2026 pour A."
    assert said("quand ?") == "Quand, pour t\u00a0?"


def findings(
    check: str, text: str, *, asked: str = "", read: str = "", sourced: bool = True, domain: str = ""
) -> list[bool]:
    rules = {
        "title": "t",
        "entities": [
            {"name": "date", "title": "Date", "type": "date"},
            {"name": "article", "title": "A", "type": "article"},
        ],
        "checks": [yaml_of(check)],
    }
    made = Domain.model_validate(rules)
    entities = entities_of(made, asked, "fr")
    answered = Answered(text=text, language="fr", entities=entities, read=f"{asked}\n{read}", sourced=sourced)
    return [finding.passed for finding in checked(made, answered).findings]


def yaml_of(text: str):
    import yaml

    return yaml.safe_load(text)


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        ("{check: empty}", "Oui.", " …\n"),
        (
            "{check: language}",
            "Le colis arrive demain chez vous, bien emballé.",
            "The parcel will be with you tomorrow morning.",
        ),
        ("{check: loops}", "un deux trois quatre, un deux trois cinq", "oui non oui non oui non oui non oui non"),
        ("{check: loops, words: 1, times: 5}", "non non non non", "non non non non non"),
        (
            "{check: phrases, phrases: ['vous avez (?:certainement|sûrement) ']}",
            "Vous avez raison.",
            "Vous avez sûrement un cancer.",
        ),
    ],
)
def test_checks_of_the_answer_alone(check, good, bad):
    assert findings(check, good) == [True] and findings(check, bad) == [False]


@pytest.mark.parametrize(
    ("asked", "read", "text", "passes"),
    [
        ("L'article R. 2122-8 ?", "", "L'article R2122-8 le permet.", True),
        ("L'article R. 2122-8 ?", "", "L'article R. 2123-1 le permet.", False),
        ("L'article R. 2122-8 ?", "Voir aussi R. 2123-1.", "L'article R. 2123-1 le permet.", True),
        ("Et le 12 mars 2026 ?", "", "Oui, le 12 mars.", True),
        ("Et le 12 mars 2026 ?", "", "Oui, le 13/03/2026.", False),
        ("Et demain ?", "", "Le 13/03/2026.", True),
    ],
)
def test_contradictions_with_the_request(asked, read, text, passes):
    assert findings("{check: contradiction}", text, asked=asked, read=read) == [passes]


def test_numbers_must_come_from_somewhere():
    check = "{check: numbers}"
    assert findings(check, "En 12 jours, pour 1\u202f234,50 €.", asked="1234,5 € ?", read="12 jours") == [True]
    assert findings(check, "En 13 jours.", read="12 jours") == [False]
    assert findings(check, "En 2 étapes.", read="rien") == [True]
    assert findings(check, "En 13 jours.", sourced=False) == [True]


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("Vous avez certainement un cancer.", False), ("Arrêtez votre traitement dès ce soir.", False),
        ("Arrêtez immédiatement de prendre vos médicaments.", False),
        ("You definitely have diabetes.", False), ("Stop taking your insulin.", False),
        ("Vous pouvez arrêter l'insuline.", False), ("Don't stop taking your insulin.", True),
        ("N'arrêtez pas votre traitement sans avis médical.", True), ("Do not stop taking your insulin.", True),
        ("Vous avez peut-être une angine : consultez.", True), ("Parlez-en à votre médecin.", True),
    ],
)  # fmt: skip
def test_unsafe_medical_certainty_is_put_carefully(text, safe):
    domain = load_domain("sante")
    outcome = checked(domain, Answered(text=text, language="fr", entities=(), read="", sourced=False))
    assert (outcome.instead is None) == safe
    if not safe:
        assert "ni poser un diagnostic" in outcome.instead


# --- nearest sources -------------------------------------------------------------------------------------------------


def dialogue(number: int, question: str, answer: str, **meta) -> Dialogue:
    return Dialogue.of_pair(question, answer, id=f"d-{number}", source="faq.csv", group=str(number), meta=meta)


DIALOGUES = [
    dialogue(1, "Quel est le délai de livraison ?", "De 2 à 4 jours ouvrés.", row=1),
    dialogue(2, "Délai de livraison ?", "De 2 à 4 jours ouvrés.", row=2),
    dialogue(3, "Comment payer par chèque ?", "Les chèques ne sont pas acceptés.", row=3),
    *(dialogue(n, f"Question sur le sujet {n} ?", f"Réponse sur le point {n}.", row=n) for n in range(4, 30)),
]


def test_nearest_sources_have_origins_and_equal_answers_stand_once():
    sources = Sources(DIALOGUES, patience=10)
    near = sources.near("quel delai de livraison", OPTIONS)
    assert [source.origin for source in near] == ["faq.csv, ligne 1"]
    assert near[0].text == "De 2 à 4 jours ouvrés." and near[0].score > 0
    assert {"delai", "livraison"} <= set(near[0].shared)


def test_a_weak_match_is_no_source():
    sources = Sources(DIALOGUES, patience=10)
    assert sources.near("Quel est le délai de floraison des orchidées tropicales ?", OPTIONS) == ()
    assert sources.near("xyzzy", OPTIONS) == ()
    assert sources.near("Quel est le délai de floraison ?", SourceOptions(coverage=0.1))
    assert len(sources.near("Question sur le sujet 5 et 6", SourceOptions(shown=2, coverage=0))) == 2
    assert sources.near("délai de livraison", SourceOptions(shown=0)) == ()


def test_only_the_training_dialogues_are_read(tmp_path):
    write_dialogues(tmp_path / "train.jsonl", DIALOGUES[:1])
    write_dialogues(tmp_path / "test.jsonl", DIALOGUES[2:3])
    sources = Sources(tmp_path, patience=10)
    assert sources.near("délai de livraison", OPTIONS) and not sources.near("payer par chèque", OPTIONS)
    with pytest.raises(InputError, match="introuvable"):
        Sources(tmp_path / "rien")


def test_a_broken_file_is_told_and_stops_nobody(tmp_path):
    (tmp_path / "train.jsonl").write_text("{}\n", encoding="utf-8")
    sources = Sources(tmp_path)
    assert not sources.ready() and "ligne 1" in str(sources.error).replace("\u00a0", " ")
    assert sources.near("délai", OPTIONS) == ()


def test_an_index_without_texts():
    assert Sources([], patience=10).near("délai", OPTIONS) == ()
    assert Nearest([]).rarity("mot") > 0


def test_rarity():
    nearest = Nearest(["un chat", "un chien", "un"])
    assert nearest.rarity("un") < nearest.rarity("chat") < nearest.rarity("oiseau")
    assert nearest.holds(0, "chat") and not nearest.holds(1, "chat") and not nearest.holds(0, "oiseau")


def test_shared_words_are_few_and_telling():
    texts = [
        dialogue(n, f"Sujet {n} ?", f"alpha beta gamma delta{' rare' if n < 5 else ''} numero {n}.") for n in range(40)
    ]
    texts.append(dialogue(40, "What are the signs of zeta eta theta iota kappa lambda mu?", "Voici."))
    sources = Sources(texts, patience=10)
    near = sources.near("What are the signs of zeta eta theta iota kappa lambda mu?", OPTIONS)
    assert len(near[0].shared) == 6 and {"what", "are", "the", "of"}.isdisjoint(near[0].shared)
    (rare,) = sources.near("alpha beta gamma rare", SourceOptions(shown=1, coverage=0.5))
    assert rare.shared == ("rare",)  # the others are in most texts


@pytest.mark.parametrize(
    ("meta", "origin"),
    [
        ({"document": "code.pdf", "pages": [34], "passage": "Article 12"}, "code.pdf, page 34, Article 12"),
        ({"document": "code.pdf", "pages": [34, 35]}, "code.pdf, pages 34-35"),
        ({"row": 17, "origin": "NHLBI"}, "faq.csv, NHLBI, ligne 17"),
        ({"theme": "gradio", "phrasing": 3}, "faq.csv, gradio, question 0"),
        ({"file": "tweets.csv", "line": 4}, "tweets.csv, ligne 4"),
        ({}, "faq.csv, d-0"),
    ],
)
def test_origins(meta, origin):
    assert origin_of(dialogue(0, "q", "r", **meta)) == origin


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("Bonjour, où en est mon colis ?", "où en est mon colis ?"),
        ("Hello! Good morning, where is my order?", "where is my order?"),
        ("Bonjour !", "Bonjour !"),
        ("Bonsoir Zoé", "Bonsoir Zoé"),
        ("Le bonjour à vous", "Le bonjour à vous"),
    ],
)
def test_a_greeting_before_a_question_is_no_subject(question, asked):
    assert without_greeting(question) == asked


def test_a_greeted_question_has_the_category_of_the_question():
    themes = Themes(load_domain("boutique"))
    for question in ("où en est mon colis ?", "where is my order?", "when will I be refunded?"):
        named = themes.of(question).name
        assert named in ("livraison", "retours") and themes.of(without_greeting(f"Bonjour, {question}")).name == named
