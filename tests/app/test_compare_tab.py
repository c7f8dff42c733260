"""The tab "Comparer" without a browser: both sides answer the same question with the same settings, each with its model."""

import threading

import pytest

from app.page.compare import CompareTab, Duel
from app.page.content import PageContent
from chatbot.dialogue import user
from chatbot.errors import WorldError
from chatbot.model import load_model, save_preset
from chatbot.runner import ChatModel
from chatbot.sampling import Sampling
from tests.app.served import at_rest
from tests.conftest import build_tiny
from tests.gate import Gate, until

GREEDY = Sampling(max_new_tokens=24)
NOTICE, ASKED, LEFT, RIGHT, SEND, STOP = range(6)
MAIN, GENERIC = "spécialisé", "générique"


class Shelf:
    """Two models that are there, and one that cannot be loaded."""

    def __init__(self, chats):
        self.chats, self.names, self.opened = chats, [*chats, "abîmé"], []

    def is_ready(self, name):
        return name in self.opened

    def open(self, name):
        self.opened.append(name)
        if name not in self.chats:
            raise WorldError("Ce modèle ne se charge pas.")
        return self.chats[name]


@pytest.fixture(scope="module")
def other(tiny_tokenizer, tmp_path_factory):
    folder = tmp_path_factory.mktemp("presets") / "other"
    save_preset(build_tiny(tiny_tokenizer, seed=7), folder, {"template": "human_assistant"})
    return ChatModel(load_model(str(folder)))


@pytest.fixture
def shelf(chat, other):
    return Shelf({MAIN: chat, GENERIC: other})


@pytest.fixture
def tab(shelf, chat):
    return CompareTab(PageContent(chat=chat, models=shelf, sampling=GREEDY))


def compared(tab, duel, question="Où est ma commande ?", left=GENERIC, right=MAIN):
    tab.ask(duel, question, left, right, 0.0)
    threads = [threading.Thread(target=lambda f=f: list(f(duel))) for f in (tab.listen_left, tab.listen_right)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tab._shown(duel)


def test_each_side_answers_with_its_own_model(tab, shelf, gate):
    duel = Duel()
    shown = compared(tab, duel)
    for place, name in enumerate((GENERIC, MAIN)):
        alone = shelf.chats[name].reply([user("Où est ma commande ?")], GREEDY).text()
        assert duel.sides[place].turns[0].answer.text == alone
        assert name in shown[LEFT + place] and "figures" in shown[LEFT + place]
    assert duel.sides[0].turns[0].answer.text != duel.sides[1].turns[0].answer.text
    assert "Où est ma commande" in shown[ASKED] and shown[SEND]["visible"] and not shown[STOP]["visible"]


def test_a_second_question_is_asked_alone(tab, gate):
    duel = Duel()
    first, second = compared(tab, duel)[LEFT], compared(tab, duel)[LEFT]
    assert first.partition("<p class='figures'>")[0] == second.partition("<p class='figures'>")[0]
    assert len(duel.sides[0].turns) == 1


@pytest.mark.parametrize(
    ("left", "right", "text", "told"),
    [
        (MAIN, MAIN, "Bonjour", "même modèle"),
        (MAIN, "inconnu", "Bonjour", "de chaque côté"),
        (MAIN, 3, "Bonjour", "de chaque côté"),
        (GENERIC, MAIN, "  ", "vide"),
    ],
)
def test_what_cannot_be_compared_is_told_and_the_question_stays(tab, left, right, text, told):
    import gradio as gr

    box, *shown = tab.ask(Duel(), text, left, right, 0.0)
    assert told in shown[NOTICE] and box == gr.skip()


def test_a_temperature_out_of_range_is_told(tab):
    assert "Température" in tab.ask(Duel(), "Bonjour", GENERIC, MAIN, 99)[1 + NOTICE]


def test_a_model_that_cannot_be_loaded_leaves_the_other_its_answer(tab, shelf, gate):
    duel = Duel()
    shown = compared(tab, duel, left="abîmé")
    assert "ne se charge pas" in shown[LEFT] and "figures" in shown[RIGHT]


def test_a_loading_model_is_told(tab, shelf):
    duel = Duel()
    shown = tab.ask(duel, "Bonjour", GENERIC, MAIN, 0.0)[1:]
    assert "se charge" in shown[LEFT] and "se charge" in shown[RIGHT]
    tab.stop(duel)


def test_stop_ends_both_and_frees_both(tab, chat, other, gate):
    duel, gate_of_other = Duel(), Gate(other)
    gate.let(3)
    gate_of_other.let(3)
    tab.ask(duel, "Bonjour", GENERIC, MAIN, 0.0)
    threads = [threading.Thread(target=lambda f=f: list(f(duel))) for f in (tab.listen_left, tab.listen_right)]
    for thread in threads:
        thread.start()
    until(lambda: all(side.turns and side.turns[0].answer.text for side in duel.sides), "both beginning")
    tab.stop(duel)
    gate.let()
    gate_of_other.let()
    for thread in threads:
        thread.join()
    until(lambda: at_rest(chat) and at_rest(other), "coming to rest")
    assert [side.turns[0].answer.finish for side in duel.sides] == ["cancelled", "cancelled"]


def test_a_newer_question_is_not_overwritten_by_an_older_answer(tab, gate):
    duel = Duel()
    tab.ask(duel, "Bonjour", GENERIC, MAIN, 0.0)
    old = tab.listen_left(duel)
    next(old)
    tab.ask(duel, "Où est ma commande ?", GENERIC, MAIN, 0.0)
    list(old)
    assert duel.waiting == [True, True] and not duel.sides[0].turns
    tab.stop(duel)


def test_an_older_question_s_failure_is_not_told_under_a_newer_one(tab, shelf, gate):
    duel = Duel()
    tab.ask(duel, "Bonjour", "abîmé", MAIN, 0.0)
    old = tab.listen_left(duel)
    next(old)
    tab.ask(duel, "Où est ma commande ?", GENERIC, MAIN, 0.0)
    list(old)
    assert duel.notices == ["", ""] and duel.waiting == [True, True]
    tab.stop(duel)


def test_a_question_is_asked_once_however_many_listen(tab, gate):
    duel = Duel()
    tab.ask(duel, "Bonjour", GENERIC, MAIN, 0.0)
    first, late = tab.listen_left(duel), tab.listen_left(duel)
    next(first)
    assert len(list(late)) == 1  # a drawing, and no question
    list(first)
    assert len(duel.sides[0].turns) == 1
    tab.stop(duel)


def test_markup_of_a_model_is_text(tab, monkeypatch, gate):
    monkeypatch.setattr("chatbot.runner.StopFilter.push", lambda self, text: "<b>gras</b>")
    shown = compared(tab, Duel(), question="<script>alert(1)</script>")
    assert "&lt;b&gt;gras" in shown[LEFT] and "<script" not in "".join(map(str, shown))
