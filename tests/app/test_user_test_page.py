"""The tab of the user test without a browser: actions, what is served, twenty at once."""

import json
import re
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.request import Request, urlopen

import pytest

from app.feedback.report import VOTES
from app.feedback.serving import StoredOpinions
from app.page.content import PageContent
from app.page.protection import Protection
from app.page.serve import build_page, open_page
from app.page.user_test import UserTestTab
from chatbot.language import set_language
from chatbot.sampling import Sampling
from tests.app.votes import MAIN, NEAREST, REFERENCE, Parrot, begun, comparison

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
    with open_page(
        PageContent(chat=Parrot(), sampling=SAMPLING, **more), port=0, protection=Protection(rate=0)
    ) as server:
        yield server.url


class Browser:
    """One visitor's page, as far as the network goes."""

    def __init__(self, address, name):
        self.address, self.name = address, name
        with urlopen(address) as page:  # which holds its configuration
            self.config = re.search(r"window\.gradio_config = (\{.*?\});</script>", page.read().decode(), re.S)[1]
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
    page = build_page(PageContent(chat=Parrot(), sampling=SAMPLING, opinions=opinions, user_test=test))
    assert all(event.api_visibility == "private" for event in page.fns.values())
    assert page.get_api_info() == {"named_endpoints": {}, "unnamed_endpoints": {}}
    config = json.dumps(page.get_config_file(), default=str, ensure_ascii=False)
    for french in ("Réponse", "Commencer", "accepte", "Retirer", "Utile", "Noter", "votes peuvent"):
        assert french not in config, french
