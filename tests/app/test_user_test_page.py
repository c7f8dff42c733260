"""The tab of the user test and the thumbs of the chat without a browser: actions, what is served, twenty at once."""

import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from app.feedback.report import VOTES
from app.feedback.serving import StoredOpinions, feedback_for
from app.feedback.store import NAME, FeedbackStore
from app.main import main
from app.page.chat import ChatTab
from app.page.conversation import Conversation
from app.page.serve import build_page, open_page
from app.page.user_test import UserTestTab
from chatbot.errors import InputError
from chatbot.language import set_language
from chatbot.sampling import Sampling
from tests.app.votes import MAIN, NEAREST, REFERENCE, Parrot, begun, comparison, written

SAMPLING = Sampling(max_new_tokens=24)
PERSON, NOTICE, CONSENT, BALLOT, THANKS, FOOT, TICKET, PROGRESS, QUESTION, ANSWERS = range(10)
NO_RATINGS = [None] * 6


@pytest.fixture
def test(tmp_path):
    return begun(tmp_path)


@pytest.fixture
def tab(test):
    return UserTestTab(test)


def agreed(tab, training=False):
    return tab.begin(None, True, training)


# -- the tab ----------------------------------------------------------------------------------------------------------


def test_consent_comes_first_and_nothing_is_kept_before(tab, test):
    shown = tab.open(None)
    assert shown[CONSENT]["visible"] and not shown[BALLOT]["visible"] and shown[TICKET] == ""
    refused = tab.begin(None, False, True)
    assert "J'accepte de participer" in refused[NOTICE] and refused[PERSON] is None
    assert test.store.rows("SELECT * FROM person") == []
    begun_ = agreed(tab, training=True)
    assert (
        begun_[BALLOT]["visible"] and not begun_[CONSENT]["visible"] and "Question 1 / 8" in begun_[PROGRESS]["value"]
    )
    (person,) = test.store.rows("SELECT id, training FROM person")
    assert person == {"id": begun_[PERSON], "training": 1}


def test_a_page_loaded_again_goes_on_where_it_was(tab):
    shown = agreed(tab)
    again = tab.open(shown[PERSON])
    assert again[TICKET] == shown[TICKET] and again[ANSWERS] == shown[ANSWERS]
    assert tab.open("somebody else")[CONSENT]["visible"]


def test_the_last_vote_thanks_and_a_withdrawal_begins_anew(tab, test):
    shown = agreed(tab)
    person = shown[PERSON]
    for _ in range(8):
        shown = tab.vote(person, shown[TICKET], "left", "", *NO_RATINGS)
    assert shown[THANKS]["visible"] and not shown[BALLOT]["visible"] and shown[FOOT]["visible"]
    about, leave, sure, stay = tab.ask_withdrawal(person)
    assert "(8)" in about["value"] and [leave["visible"], sure["visible"], stay["visible"]] == [False, True, True]
    shown = tab.withdraw(person)
    assert shown[CONSENT]["visible"] and shown[PERSON] is None and "effacés (8)" in shown[NOTICE]
    assert test.store.rows(VOTES, test.study.id) == []


def test_what_is_refused_is_told_and_what_was_filled_in_stays(tab, test):
    shown = agreed(tab)
    person, ticket = shown[PERSON], shown[TICKET]
    for values, said in (
        ((person, ticket, None, "", *NO_RATINGS), "Choisissez"),
        ((person, ticket, "left", "a" * 2000, *NO_RATINGS), "trop long"),
        ((person, ticket, "left", "", 9, *NO_RATINGS[1:]), "de 1 à 5"),
        ((person, "another", "left", "", *NO_RATINGS), "pas été posée"),
        ((None, ticket, "left", "", *NO_RATINGS), "pas été posée"),
    ):
        refused = tab.vote(*values)
        assert said in refused[NOTICE] and 'role="alert"' in refused[NOTICE]
        assert all("value" not in kept and "visible" not in kept for kept in refused[2:])
    assert test.store.rows(VOTES, test.study.id) == []


def test_texts_of_models_are_text(tmp_path):
    value = comparison((("test", 2),))
    nasty = '<img src=x onerror=alert(1)> **a** ${alert(1)} {{x}} "\x1b[31m'
    for answers in value["comparisons"][0]["evaluations"]:
        answers["answers"][1]["question"] = nasty
        answers["answers"][1]["answer"] += nasty
    shown = agreed(UserTestTab(begun(tmp_path, value)))
    drawn = shown[QUESTION]["value"] + shown[ANSWERS]["value"]
    assert "<img" not in drawn and "${" not in drawn and "{{" not in drawn and "\x1b" not in drawn
    assert drawn.count("&lt;img") == 3 and "**a**" in drawn


def test_an_empty_answer_is_shown_as_one(tmp_path):
    value = comparison((("test", 2),))
    value["comparisons"][0]["evaluations"][0]["answers"][1]["answer"] = " \n"
    shown = agreed(UserTestTab(begun(tmp_path, value)))
    assert "(réponse vide)" in shown[ANSWERS]["value"]


# -- served -----------------------------------------------------------------------------------------------------------


@contextmanager
def served(**more):
    page = build_page(Parrot(), title="Causette", examples=[], sampling=SAMPLING, **more)
    yield open_page(page, port=0)
    page.close(verbose=False)


class Browser:
    """One visitor's page, as far as the network goes."""

    def __init__(self, address, name):
        self.address, self.name = address, name
        with urlopen(address + "config") as config:
            self.config = config.read().decode()
        self.events = {event["api_name"]: event for event in json.loads(self.config)["dependencies"]}
        self.heard = ""

    def __call__(self, event, *values):
        body = {"data": values, "fn_index": self.events[event]["id"], "session_hash": self.name}
        request = Request(self.address + "gradio_api/run/predict", data=json.dumps(body).encode(),
                          headers={"content-type": "application/json"})  # fmt: skip
        with urlopen(request) as answer:
            self.heard = answer.read().decode()
        return json.loads(self.heard)["data"]


def test_nothing_served_tells_which_model_made_which_answer(test):
    with served(user_test=test) as address:
        one, other = Browser(address, "one"), Browser(address, "other")
        with urlopen(address) as page:
            html = page.read().decode()
        heard = {}
        for browser in (one, other):  # of unlike parity
            shown = browser("begin", None, True, False)
            for _ in range(8):
                heard[browser.name, shown[QUESTION]["value"]] = shown[ANSWERS]["value"], browser.heard
                shown = browser("vote", shown[PERSON], shown[TICKET], "both_good", "", *NO_RATINGS)
    told = [html, one.config, *(text for _, text in heard.values())]
    for word in (MAIN, REFERENCE, NEAREST, "main_left", "Alpha dit"):
        assert all(word not in text for text in told[:2]), word
    for word in (MAIN, REFERENCE, "main", "reference", "specialised", "générique", "temperature", "train/", "test/"):
        assert all(word not in text for text in told[2:]), word
    questions = {question for _, question in heard}
    assert len(questions) == 8 and len(heard) == 16
    for question in questions:  # the same page but for the two texts, which changed sides
        first, second = (heard[name, question][0] for name in ("one", "other"))
        texts = first.split("<p>")[1].split("</p>")[0], first.split("<p>")[2].split("</p>")[0]
        swapped = first.replace(texts[0], "@").replace(texts[1], texts[0]).replace("@", texts[1])
        assert swapped == second != first


def test_twenty_visitors_at_once_lose_nothing(tmp_path):
    test = begun(tmp_path, comparison((("train", 3), ("test", 4))))  # five questions
    start = threading.Barrier(20)
    with served(user_test=test) as address:
        browsers = [Browser(address, f"visitor{number}") for number in range(20)]

        def visit(number):
            start.wait()
            browser = browsers[number]
            shown = browser("begin", None, True, number % 2 == 0)
            for _ in range(5):
                left_is_main = shown[ANSWERS]["value"].index("Alpha") < shown[ANSWERS]["value"].index("Oméga")
                shown = browser("vote", shown[PERSON], shown[TICKET], "left" if left_is_main else "right",
                                f"de {number}", 4, *NO_RATINGS[1:])  # fmt: skip
            return shown[THANKS]["visible"]

        with ThreadPoolExecutor(20) as pool:
            assert all(pool.map(visit, range(20)))
    rows = test.store.rows(VOTES, test.study.id)
    assert len(rows) == 100 and {row["verdict"] for row in rows} == {"main"}
    assert Counter(row["comment"] for row in rows) == {f"de {number}": 5 for number in range(20)}
    assert set(Counter(row["item"] for row in rows if row["main_left"]).values()) == {10}
    by_person = Counter(row["person"] for row in rows if row["main_left"])
    assert set(by_person.values()) <= {2, 3}


def test_no_event_is_public_and_the_page_is_in_one_language(test):
    set_language("en")
    opinions = StoredOpinions(test.store)
    page = build_page(Parrot(), title="Causette", examples=[], sampling=SAMPLING, opinions=opinions, user_test=test)
    assert all(event.api_visibility == "private" for event in page.fns.values())
    assert page.get_api_info() == {"named_endpoints": {}, "unnamed_endpoints": {}}
    config = json.dumps(page.get_config_file(), default=str, ensure_ascii=False)
    for french in ("Réponse", "Commencer", "accepte", "Retirer", "Utile", "Noter", "votes peuvent"):
        assert french not in config, french


# -- thumbs -----------------------------------------------------------------------------------------------------------

OPENED, PANEL, TITLE = 0, 1, 2


@pytest.fixture
def chat_tab(tmp_path):
    opinions = StoredOpinions(FeedbackStore(tmp_path / NAME))
    return ChatTab(Parrot(), examples=[], sampling=SAMPLING, opinions=opinions)


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
    page = build_page(Parrot(), title="Causette", examples=[], sampling=SAMPLING)
    config = json.dumps(page.get_config_file(), default=str)
    assert '"like"' not in config and "causette-opinions" not in config


# -- options of `causette serve` --------------------------------------------------------------------------------------


def run_at(folder: Path) -> Path:
    written(folder)
    (folder / "config.yaml").write_text("data: data/absent\nmodel: mini\n", encoding="utf-8")
    return folder


def test_a_run_has_thumbs_of_its_own_and_what_is_no_run_has_none(tmp_path):
    run = run_at(tmp_path / "faq")
    given = feedback_for(str(run))
    assert given.opinions.store.path == run / NAME and given.test is None and not (run / NAME).exists()
    assert feedback_for("mini").opinions is None and feedback_for(None).opinions is None
    assert feedback_for("mini", file=tmp_path / "a.sqlite").opinions.store.path == tmp_path / "a.sqlite"
    assert feedback_for(str(run), off=True).opinions is None


def test_the_test_is_found_in_the_run_or_where_it_is_said_to_be(tmp_path):
    run = run_at(tmp_path / "faq")
    test = feedback_for(str(run), user_test=True).test
    assert test.study.reference == REFERENCE and test.store.path == run / NAME and test.store.path.exists()
    elsewhere = written(tmp_path / "rapport")
    other = feedback_for("mini", user_test=True, comparison=elsewhere, pair=f"{MAIN}, {NEAREST}").test
    assert other.study.reference == NEAREST and other.store.path == elsewhere / NAME
    in_file = feedback_for("mini", user_test=True, comparison=elsewhere / "comparison.json", file=tmp_path / "b.sqlite")
    assert in_file.test.store.path == tmp_path / "b.sqlite"
    (told, opinions) = feedback_for(str(run), user_test=True).told()
    assert (
        "8 questions (écartées\u00a0: 2 où les deux réponses sont identiques, 0 sans" in told and str(run / NAME) in opinions
    )
    asked = [item.question for item in test.study.items]
    assert feedback_for(str(run), user_test=True).without_tested([asked[0], "Autre chose ?"]) == ["Autre chose ?"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"off": True, "user_test": True}, "se contredisent"),
        ({"off": True, "file": Path("a")}, "se contredisent"),
        ({"pair": "a,b"}, "--pair ne sert qu'avec --user-test"),
        ({"comparison": Path("a")}, "--comparison ne sert qu'avec --user-test"),
        ({"user_test": True}, "dites --comparison"),
        ({"user_test": True, "comparison": Path("absent")}, "causette compare absent"),
    ],
)
def test_options_that_cannot_be_followed_are_told(options, said):
    with pytest.raises(InputError, match=said):
        feedback_for("mini", **options)


def test_a_pair_that_is_none_and_a_file_of_another_kind_are_told(tmp_path):
    run = run_at(tmp_path / "faq")
    with pytest.raises(InputError, match="deux noms séparés"):
        feedback_for(str(run), user_test=True, pair=MAIN)
    (run / NAME).write_text("autre chose, assez long pour ne pas être pris pour un fichier vide" * 20, encoding="utf-8")
    with pytest.raises(InputError, match="d'une autre sorte"):
        feedback_for(str(run))


def test_serve_says_what_is_missing_before_a_model_is_loaded(tmp_path, capsys):
    run = run_at(tmp_path / "faq")
    (run / "comparison.json").unlink()
    assert main(["serve", str(run), "--user-test"]) == 2
    told = capsys.readouterr().err
    assert f"causette compare {run}" in told and "chargement" not in told
