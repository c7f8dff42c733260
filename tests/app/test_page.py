"""The page without a browser: what each action does to the conversation, and what is drawn of it."""

import gc
import inspect
import json
import math
import socket
import subprocess
import sys
import types
from dataclasses import replace
from itertools import pairwise
from urllib.request import urlopen

import pytest

from app.page.chat import ChatTab
from app.page.content import PageContent
from app.page.conversation import LONGEST_CONVERSATION, Conversation
from app.page.drawing import escaped, figures_of
from app.page.look import no_break
from app.page.masthead import masthead
from app.page.serve import build_page, serve, usable_port
from app.page.settings import sampling_of, settings_for
from app.page.warm_up import kinds_of, prompt_lengths
from chatbot.chat import Reply
from chatbot.errors import BusyError, InputError
from chatbot.generation import bucket_of
from chatbot.language import current_language, set_language
from chatbot.runner import ChatModel
from chatbot.sampling import Sampling
from chatbot.session import LONGEST_MESSAGE
from chatbot.stream import TokenStream

GREEDY = Sampling(max_new_tokens=48)  # with any prompt here, a cache of 128: few shapes to compile
VALUES = (0.0, 1.0, 0, 1.0, 48)  # the five sliders, in their order
MESSAGES, NOTICE, SEND, STOP, AGAIN, EDIT, CLEAR, BEHIND = range(8)


@pytest.fixture
def tab(chat):
    return ChatTab(PageContent(chat=chat, examples=["Où est ma commande ?"], sampling=GREEDY))


@pytest.fixture
def english():
    before = current_language()
    set_language("en")
    yield
    set_language(before)


def texts(shown):
    """The messages on the page as (role, text), of a whole picture or of one while an answer comes; an answer's figures are
    a second content and left out."""
    messages = shown if not shown or isinstance(shown[0], dict) else shown[MESSAGES]
    return [(message["role"], message["content"][0]["text"]) for message in messages]


def answered(tab, conversation, question):
    """Asks and listens to the end; the picture after that."""
    tab.ask(conversation, question, *VALUES)
    return heard(tab, conversation)


def heard(tab, conversation):
    """Listens to the end; the picture after that."""
    list(tab.listen(conversation))
    return tab.settle(conversation)


def is_freed(reply: Reply) -> bool:
    assert isinstance(reply.pieces, types.GeneratorType)
    return inspect.getgeneratorstate(reply.pieces) == inspect.GEN_CLOSED


# -- asking ----------------------------------------------------------------------------------------------------------


def test_an_answer_grows_piece_by_piece(tab, monkeypatch):
    bursts = tab.chat.generator.bursts  # of one token each here, however fast they come

    def singles(*args):
        stream = bursts(*args)
        return TokenStream(([token] for burst in stream for token in burst), stream.cancel)

    monkeypatch.setattr(tab.chat.generator, "bursts", singles)
    conversation = Conversation()
    box, *asked = tab.ask(conversation, " Où est ma commande ? ", *VALUES)
    assert box == ""
    assert texts(asked) == [("user", "Où est ma commande ?"), ("assistant", "…")]
    assert (asked[SEND]["visible"], asked[STOP]["visible"]) == (False, True)

    answers = [texts(messages)[1][1] for messages in tab.listen(conversation)]
    shown = tab.settle(conversation)
    assert len(answers) > 3
    assert all(later.startswith(earlier) for earlier, later in pairwise(answers))
    assert (
        answers[-1].strip()
        == escaped(tab.chat.reply(conversation.turns[0].messages()[:1], GREEDY).text())["text"].strip()
    )
    figures = shown[MESSAGES][1]["content"][1]["value"]
    assert "premier texte en" in figures and "jetons/s" in figures
    assert (shown[SEND]["visible"], shown[STOP]["visible"]) == (True, False)
    assert shown[AGAIN]["interactive"] and shown[CLEAR]["interactive"]
    assert is_freed(conversation.turns[0].reply)


def test_an_example_is_asked_and_the_box_stays(tab):
    box, *shown = tab.ask_example(Conversation(), "Où est ma commande ?", *VALUES)
    assert "value" not in box
    assert texts(shown)[0] == ("user", "Où est ma commande ?")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("   ", "Le message est vide"),
        (None, "Le message est vide"),
        ("a" * (LONGEST_MESSAGE + 1), "Le message est trop long"),
        ("mot " * 300, "le modèle en lit 96 au plus"),
        ("\ud800", "UTF-8"),
    ],
)
def test_a_refused_message_gives_a_notice_and_stays_in_the_box(tab, text, said):
    conversation = Conversation()
    box, *shown = tab.ask(conversation, text, *VALUES)
    assert said in shown[NOTICE] and 'role="alert"' in shown[NOTICE]
    assert "value" not in box
    assert shown[MESSAGES] == [] and conversation.turns == []
    assert shown[SEND]["visible"]
    (messages,) = tab.listen(conversation)
    assert messages == [] and "value" not in tab.settle(conversation)[NOTICE]  # which leaves the notice alone


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("value", [-1, 10_000, math.nan, None, "0.5"])
def test_a_setting_outside_its_range_gives_a_notice(tab, place, value):
    values = [*VALUES[:place], value, *VALUES[place + 1 :]]
    _, *shown = tab.ask(Conversation(), "Bonjour", *values)
    assert f"«\u00a0{tab.controls.settings[place].label}\u00a0» doit être un nombre entre" in shown[NOTICE]
    assert shown[MESSAGES] == []


def test_a_full_line_is_told_in_its_own_words(tab, monkeypatch):
    def full(*_):
        raise BusyError("Trop de questions à la fois")

    monkeypatch.setattr(tab.chat.generator, "bursts", full)
    box, *shown = tab.ask(Conversation(), "Bonjour", *VALUES)
    assert "Trop de questions à la fois" in shown[NOTICE]
    assert shown[SEND]["visible"] and "value" not in box  # the question stays, to be sent again


def test_a_failing_model_gives_a_sentence_and_frees_the_page(tab, caplog):
    conversation = Conversation()
    tab.ask(conversation, "Bonjour", *VALUES)

    def pieces():
        yield "début"
        raise RuntimeError("secret path")

    conversation.turns[0].reply.pieces = pieces()
    last = heard(tab, conversation)
    assert "n'a pas pu être calculée" in last[NOTICE] and "secret" not in last[NOTICE]
    assert last[SEND]["visible"] and conversation.awaited is None
    assert "secret path" in caplog.text


# -- stop, regenerate, clear, several readers ------------------------------------------------------------------------


def test_stop_keeps_what_came_and_frees_the_generator(tab):
    conversation = Conversation()
    tab.ask(conversation, "Bonjour", *VALUES)
    drawings = tab.listen(conversation)
    seen = texts(next(drawings))[1][1]
    shown = tab.stop(conversation)
    assert shown[SEND]["visible"]
    assert "interrompue" in shown[MESSAGES][1]["content"][1]["value"]
    list(drawings)
    assert escaped(conversation.turns[0].answer.text)["text"].startswith(seen)
    assert conversation.turns[0].answer.finish == "cancelled"
    assert is_freed(conversation.turns[0].reply)


def test_stop_while_still_in_line_leaves_nothing_to_compute(tab):
    conversation = Conversation()
    tab.ask(conversation, "Bonjour", *VALUES)
    shown = tab.stop(conversation)
    assert texts(shown)[1] == ("assistant", "(réponse vide)")
    assert len(list(tab.listen(conversation))) == 1
    assert conversation.turns[0].answer.new_tokens == 0
    assert conversation.turns[0].messages() == []  # the next prompt does not hold it


def test_a_closed_page_frees_the_generator(tab):
    conversation = Conversation()
    tab.ask(conversation, "Bonjour", *VALUES)
    drawings = tab.listen(conversation)
    next(drawings)
    drawings.close()  # what Gradio does
    assert is_freed(conversation.turns[0].reply)
    assert conversation.awaited is None


def test_regenerate_replaces_the_last_answer(tab):
    conversation = Conversation()
    answered(tab, conversation, "Bonjour")
    before = texts(answered(tab, conversation, "Et la livraison ?"))
    shown = tab.again(conversation, *VALUES)
    assert "À température 0" in shown[NOTICE]
    shown = heard(tab, conversation)
    assert texts(shown) == before  # greedy: the same answer

    varied = (1.0, *VALUES[1:])
    answers = set()
    for _ in range(3):
        assert tab.again(conversation, *varied)[NOTICE] == ""
        shown = heard(tab, conversation)
        answers.add(texts(shown)[3][1])
    assert len(shown[MESSAGES]) == 4 and len(answers) > 1


def test_regenerate_drops_a_fixed_seed(chat):
    tab = ChatTab(PageContent(chat=chat, sampling=Sampling(temperature=1.0, seed=7, max_new_tokens=48)))
    conversation, values = Conversation(), (1.0, *VALUES[1:])
    tab.ask(conversation, "Bonjour", *values)
    answers = {texts(list(tab.listen(conversation))[-1])[1][1]}
    for _ in range(3):
        tab.again(conversation, *values)
        answers.add(texts(list(tab.listen(conversation))[-1])[1][1])
    assert len(answers) > 1


def test_clear_in_the_middle_of_an_answer_leaves_an_empty_page(tab):
    conversation = Conversation()
    tab.ask(conversation, "Bonjour", *VALUES)
    reply, drawings = conversation.turns[0].reply, tab.listen(conversation)
    next(drawings)
    assert tab.clear(conversation)[MESSAGES] == []
    *_, last = drawings
    assert last == [] and not tab.settle(conversation)[AGAIN]["interactive"]
    assert is_freed(reply)


def test_a_new_question_ends_the_answer_under_way(tab):
    conversation = Conversation()
    tab.ask(conversation, "Bonjour", *VALUES)
    first = tab.listen(conversation)
    next(first)
    tab.ask(conversation, "Et la livraison ?", *VALUES)
    list(first)
    assert is_freed(conversation.turns[0].reply) and conversation.turns[0].answer.finish == "cancelled"
    assert conversation.awaited is conversation.turns[1]
    last = heard(tab, conversation)
    assert len(last[MESSAGES]) == 4 and last[SEND]["visible"]


def test_a_refused_question_does_not_disturb_the_answer_under_way(tab):
    conversation = Conversation()
    tab.ask(conversation, "Bonjour", *VALUES)
    first = tab.listen(conversation)
    next(first)
    tab.ask(conversation, "", *VALUES)
    assert len(list(tab.listen(conversation))) == 1  # the event that follows every question
    list(first)
    assert conversation.turns[0].answer.finish in ("end", "stop", "length")
    assert tab.settle(conversation)[SEND]["visible"]


def test_two_readers_at_once_do_not_mix(tab):
    questions = ["Où est ma commande ?", "What is glaucoma?"]
    alone = [texts(answered(tab, Conversation(), question)) for question in questions]
    conversations = [Conversation(), Conversation()]
    for conversation, question in zip(conversations, questions, strict=True):
        tab.ask(conversation, question, *VALUES)
    drawings = [tab.listen(conversation) for conversation in conversations]
    together = [None, None]
    while drawings[0] or drawings[1]:
        for reader in (0, 1):
            if drawings[reader]:
                shown = next(drawings[reader], None)
                together[reader] = texts(shown) if shown else together[reader]
                drawings[reader] = drawings[reader] if shown else None
    assert together == alone


def test_a_long_conversation_forgets_its_beginning(tab):
    conversation = Conversation()
    for number in range(LONGEST_CONVERSATION + 2):
        conversation.ask(tab.chat, f"Question {number}", GREEDY)
    assert [turn.question for turn in conversation.turns][::49] == ["Question 2", "Question 51"]


def test_a_model_that_learnt_single_questions_reads_each_alone(tiny_model):
    chat = ChatModel(replace(tiny_model, exchanges=1))
    tab, conversation = ChatTab(PageContent(chat=chat, sampling=GREEDY)), Conversation()
    for _ in range(2):
        answered(tab, conversation, "Quel est le délai ?")
    sizes = [turn.answer.prompt_tokens for turn in conversation.turns]
    assert sizes[0] == sizes[1]
    assert "chaque question est lue seule" in masthead(chat, "Causette")


def test_the_figures_say_what_the_context_could_not_hold(tab):
    conversation = Conversation()
    for _ in range(4):
        answered(tab, conversation, "Quel est le délai de livraison à domicile, dites-moi ?")
    turn = conversation.turns[-1]
    assert turn.answer.dropped_turns > 0
    assert f"contexte plein\u00a0: les {turn.answer.dropped_turns} messages" in figures_of(turn)


# -- what is drawn ---------------------------------------------------------------------------------------------------


def test_text_is_never_markup():
    assert escaped("<img src=x onerror=alert(1)> & l'été\x1b[31m")["text"] == (
        "&lt;img src=x onerror=alert(1)&gt; &amp; l'été[31m"
    )


def test_french_blanks_do_not_break():
    assert no_break("« Quoi ! » : 5 %") == "«\u00a0Quoi\u00a0!\u00a0»\u00a0: 5\u00a0%"


def test_english_is_left_alone(english):
    assert no_break("a : b") == "a : b"


def test_the_page_is_all_in_one_language(chat, english):
    config = json.dumps(
        build_page(PageContent(chat=chat, examples=["x"], sampling=GREEDY)).get_config_file(),
        default=str,
        ensure_ascii=False,
    )
    assert "Send" in config and "Temperature" in config
    for french in ("Envoyer", "Arrêter", "Effacer", "Réglages", "Température", "Écrivez", "paramètres"):
        assert french not in config


def test_no_event_is_a_public_endpoint(chat):
    page = build_page(PageContent(chat=chat, examples=["x"], sampling=GREEDY))
    assert page.fns and all(event.api_visibility == "private" for event in page.fns.values())
    assert page.get_api_info() == {"named_endpoints": {}, "unnamed_endpoints": {}}


def test_a_port_or_host_that_cannot_be_had_is_told(chat):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"port {port}"):
            serve(PageContent(chat=chat, sampling=GREEDY), port=port)
    with pytest.raises(InputError, match=r"203\.0\.113\.1"):
        usable_port("203.0.113.1", 0)  # reserved for documentation: never this machine


def test_serve_announces_a_page_that_answers_and_closes_on_ctrl_c(chat):
    seen = []

    def ready(address):
        with urlopen(address) as page:
            seen.append((address, page.read().decode()))
        raise KeyboardInterrupt

    serve(PageContent(chat=chat, title="Ma boutique", sampling=GREEDY), port=0, on_ready=ready)
    ((address, page),) = seen
    assert "Ma boutique" in page
    with pytest.raises(OSError):
        urlopen(address)


def test_importing_the_page_loads_nothing_heavy():
    code = (
        "import sys, app.page.serve; sys.exit(any(name in sys.modules for name in ('gradio', 'keras', 'tensorflow')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# -- settings and warm-up --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("default", [GREEDY, Sampling(temperature=3.0, top_k=500, repetition_penalty=0.5, seed=1)])
def test_sliders_hold_the_default_and_give_it_back(default):
    settings = settings_for(default, context=128)
    values = [getattr(default, setting.name) for setting in settings]
    assert sampling_of(settings, values, default) == default


def test_each_slider_sets_its_field():
    settings = settings_for(GREEDY, context=128)
    assert sampling_of(settings, (0.7, 0.9, 40, 1.2, 30), GREEDY) == Sampling(
        temperature=0.7, top_p=0.9, top_k=40, repetition_penalty=1.2, max_new_tokens=30
    )


def test_warm_up_meets_every_shape_once():
    lengths = prompt_lengths(512, 160)
    assert lengths == [1, 65, 97, 129, 257]

    def shape(length):
        cache = bucket_of(min(length + 160, 512), 512)
        return bucket_of(length, cache), cache

    assert {shape(length) for length in range(1, 385)} == {shape(length) for length in lengths}
    assert prompt_lengths(64, 160) == [1]


@pytest.mark.parametrize("sampling", [GREEDY, Sampling(temperature=0.5, repetition_penalty=1.3)])
def test_warm_up_meets_every_kind_of_step_once(sampling):
    kinds = [(kind.temperature == 0, kind.repetition_penalty != 1) for kind in kinds_of(sampling)]
    assert len(set(kinds)) == 4
    assert kinds[0] == (sampling.temperature == 0, sampling.repetition_penalty != 1)


# -- editing and choosing --------------------------------------------------------------------------------------------


def test_editing_puts_the_new_question_in_the_place_of_the_last(tab):
    conversation = Conversation()
    for question in ("Bonjour", "Où est ma commande ?"):
        answered(tab, conversation, question)
    box, *shown = tab.edit(conversation)
    assert box == "Où est ma commande ?" and "prendra la place" in shown[NOTICE]
    assert shown[EDIT]["value"] == "Ne pas modifier"
    shown = answered(tab, conversation, "Quel est le délai ?")
    assert [text for role, text in texts(shown) if role == "user"] == ["Bonjour", "Quel est le délai ?"]
    assert shown[EDIT]["value"] == "Modifier"


def test_editing_given_up_changes_nothing(tab):
    conversation = Conversation()
    answered(tab, conversation, "Bonjour")
    tab.edit(conversation)
    box, *shown = tab.edit(conversation)
    assert box == "" and not conversation.editing and len(texts(shown)) == 2
    answered(tab, conversation, "Et après ?")
    assert [turn.question for turn in conversation.turns] == ["Bonjour", "Et après ?"]
    assert Conversation().edit() == ""


def test_a_refused_edit_can_be_put_right(tab):
    conversation = Conversation()
    answered(tab, conversation, "Bonjour")
    tab.edit(conversation)
    assert "vide" in tab.ask(conversation, " ", *VALUES)[1 + NOTICE] and conversation.editing
    answered(tab, conversation, "Bonsoir")
    assert [turn.question for turn in conversation.turns] == ["Bonsoir"]


def test_the_chosen_model_answers_with_or_without_reasoning(chat):
    asked = []

    class Models:
        names = ("spécialisé", "générique")

        def open(self, name):
            asked.append(name)
            return chat

    def reason(model, name):
        asked.append(f"raisonnement sur {name}")
        return model

    tab = ChatTab(PageContent(chat=chat, models=Models(), reason=reason, sampling=GREEDY))
    figures = []
    for values in (("générique", True), ("spécialisé", False)):
        conversation = Conversation()
        tab.ask(conversation, "Bonjour", *VALUES, *values)
        figures.append(heard(tab, conversation)[MESSAGES][1]["content"][1]["value"])
    assert asked == ["générique", "raisonnement sur générique", "spécialisé"]
    assert "générique ·" in figures[0] and "·" not in figures[1]  # the masthead names the page's own model
    assert "n'est plus là" in tab.ask(Conversation(), "Bonjour", *VALUES, "autre", True)[1 + NOTICE]


def test_only_the_last_answer_keeps_its_tokens(tab):
    conversation = Conversation()
    answered(tab, conversation, "Bonjour")
    shown = answered(tab, conversation, "Et la livraison ?")
    first, last = conversation.turns
    assert not first.answer.tokens and len(last.answer.tokens) == last.answer.new_tokens
    assert "Jeton écrit" in shown[BEHIND]
    assert all(len(token.likeliest) == 5 for token in last.answer.tokens)


def test_a_conversation_lives_as_long_as_its_page(tab):
    conversation = Conversation()
    tab._open["page"] = conversation
    assert len(tab._open) == 1
    del conversation
    gc.collect()
    assert len(tab._open) == 0
