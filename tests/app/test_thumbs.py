"""The thumbs of the chat without a browser: nothing is kept before consent, and all can be taken back."""

import json

import pytest

from app.feedback.serving import StoredOpinions
from app.feedback.store import NAME, FeedbackStore
from app.page.chat import ChatTab
from app.page.content import PageContent
from app.page.conversation import Conversation
from app.page.serve import build_page
from chatbot.sampling import Sampling
from tests.app.votes import Parrot

SAMPLING = Sampling(max_new_tokens=24)
OPENED, PANEL, TITLE = 0, 1, 2


@pytest.fixture
def chat_tab(tmp_path):
    opinions = StoredOpinions(FeedbackStore(tmp_path / NAME))
    return ChatTab(PageContent(chat=Parrot(), sampling=SAMPLING, opinions=opinions))


def answered(chat_tab, text="Bonjour"):
    conversation = Conversation()
    chat_tab.ask(conversation, text, 0.0, 1.0, 0, 1.0, 24)
    list(chat_tab.listen(conversation))
    return conversation


def test_a_first_thumb_asks_and_keeps_nothing(chat_tab):
    panel, conversation = chat_tab.panel, answered(chat_tab)
    shown = panel.like(conversation, None)
    assert shown[PANEL]["visible"] and "enregistrer cet avis" in shown[TITLE]["value"]
    assert not panel.opinions.store.path.exists()
    assert not panel.close()[PANEL]["visible"] and not panel.opinions.store.path.exists()


def test_who_agreed_is_not_asked_again_and_can_take_all_back(chat_tab):
    panel, conversation = chat_tab.panel, answered(chat_tab)
    opened = panel.like(conversation, None)[OPENED]
    person, *shown = panel.save(conversation, None, opened, "Clair", True)
    assert not shown[PANEL]["visible"] and "enregistré" in shown[-1]
    store = panel.opinions.store
    (row,) = store.rows("SELECT * FROM opinion")
    turn = conversation.turns[0]
    assert (row["person"], row["liked"], row["comment"], row["answer"]) == (person, 1, "Clair", turn.answer.text)
    assert json.loads(row["settings"])["max_new_tokens"] == 24 and row["seconds"] > 0
    assert json.loads(row["messages"]) == [{"role": "user", "content": "Bonjour"}]
    assert store.rows("SELECT training FROM person") == [{"training": 1}]

    shown = panel.dislike(conversation, person)
    assert "avis enregistré" in shown[TITLE]["value"]
    assert store.rows("SELECT liked FROM opinion") == [{"liked": 0}]
    nobody, *_ = panel.withdraw(person)
    assert nobody is None and store.rows("SELECT * FROM opinion") == [] and not panel.opinions.knows(person)


def test_a_thumb_is_for_an_answer_that_is_over_and_still_there(chat_tab):
    panel, conversation = chat_tab.panel, Conversation()
    assert "Attendez une réponse" in panel.like(conversation, None)[-1]
    chat_tab.ask(conversation, "Bonjour", 0.0, 1.0, 0, 1.0, 24)
    assert "Attendez une réponse" in panel.like(conversation, None)[-1]
    list(chat_tab.listen(conversation))
    opened = panel.like(conversation, None)[OPENED]
    person, *shown = panel.save(conversation, None, opened, "a" * 2000, False)
    assert person is None and "trop long" in shown[-1] and shown[PANEL]["visible"]
    chat_tab.clear(conversation)
    assert "plus là" in panel.save(conversation, None, opened, "", False)[-1]
    assert not panel.opinions.store.path.exists()


def test_without_anybody_who_keeps_them_there_are_no_thumbs():
    page = build_page(PageContent(chat=Parrot(), sampling=SAMPLING))
    config = json.dumps(page.get_config_file(), default=str)
    assert '"like"' not in config and "causette-opinions" not in config
