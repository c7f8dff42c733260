"""The user test and the thumbs in a real browser: headless Chromium on a page of its own, no model loaded."""

import re

import pytest

from app.feedback.report import VOTES
from app.feedback.serving import StoredOpinions
from app.page.content import PageContent
from app.page.serve import open_page
from chatbot.sampling import Sampling
from tests.app.votes import Parrot, begun, comparison
from tests.gate import PATIENCE

ENGLISH = r"\b(clear|send|submit|settings|message|number|range|chatbot|tabs|reset|like|dislike|select|option)\b"


@pytest.fixture(scope="module")
def test(tmp_path_factory):
    return begun(tmp_path_factory.mktemp("run"), comparison((("train", 2), ("test", 3)), same=1))  # three questions


@pytest.fixture(scope="module")
def address(test):
    content = PageContent(
        chat=Parrot(), sampling=Sampling(max_new_tokens=24), opinions=StoredOpinions(test.store), user_test=test
    )
    with open_page(content, port=0) as server:
        yield server.url


@pytest.fixture
def tab(browser, address):
    """A page in a fresh profile, as somebody sees who never was here; it may complain of nothing."""
    context = browser.new_context(locale="en-US", viewport={"width": 390, "height": 844})
    context.set_default_timeout(PATIENCE * 1000)
    tab, complaints = context.new_page(), []
    tab.on("console", lambda message: message.type == "error" and complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on(
        "request", lambda request: request.url.startswith((address, "data:", "blob:")) or complaints.append(request.url)
    )
    tab.goto(address)
    yield tab
    context.close()
    assert complaints == []


def begin(tab, training=False):
    tab.get_by_role("checkbox", name="J'accepte de participer").check()
    if training:
        tab.get_by_role("checkbox", name="Mes votes peuvent servir").check()
    tab.get_by_role("button", name="Commencer").click()
    tab.get_by_text("Question 1 / 3").wait_for()


def test_consent_vote_reload_thanks_withdraw(tab, test):
    tab.get_by_role("button", name="Commencer").click()
    tab.get_by_role("alert").get_by_text("Cochez d'abord").wait_for()
    begin(tab, training=True)
    question = tab.locator("#test-question").text_content()
    texts = tab.locator("#test-answers .answer p").all_text_contents()
    assert sorted(text.split()[0] for text in texts) == ["Alpha", "Oméga"]

    tab.get_by_role("button", name="Enregistrer et continuer").click()
    tab.get_by_role("alert").get_by_text("Choisissez d'abord").wait_for()
    tab.reload()
    tab.get_by_text("Question 1 / 3").wait_for()
    assert tab.locator("#test-question").text_content() == question
    assert tab.locator("#test-answers .answer p").all_text_contents() == texts

    tab.get_by_text("A est meilleure").click()
    tab.get_by_role("button", name="Noter et commenter").click()
    tab.get_by_role("group", name="A est claire").get_by_text("4", exact=True).click()
    tab.get_by_role("textbox", name="Commentaire").fill("Plus clair.")
    named = tab.locator("body").aria_snapshot()
    assert not re.search(ENGLISH, named, re.I), named
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    tab.get_by_role("button", name="Enregistrer et continuer").click()
    tab.get_by_text("Question 2 / 3").wait_for()
    (row,) = test.store.rows(VOTES, test.study.id)
    assert (row["choice"], row["left_clear"], row["comment"], row["training"]) == ("left", 4, "Plus clair.", 1)
    assert row["verdict"] == ("main" if texts[0].startswith("Alpha") else "reference")
    assert tab.get_by_role("radio", checked=True).count() == 0  # nothing is ticked ahead
    assert tab.get_by_role("textbox", name="Commentaire").input_value() == ""

    tab.reload()
    tab.get_by_text("Question 2 / 3").wait_for()
    for number in (2, 3):  # by the keyboard alone
        tab.get_by_text(f"Question {number} / 3").wait_for()
        tab.get_by_role("radio", name="A est meilleure").focus()
        tab.keyboard.press("Tab")
        tab.keyboard.press("Tab")
        tab.keyboard.press("Space")
        tab.get_by_role("button", name="Enregistrer et continuer").focus()
        tab.keyboard.press("Enter")
    tab.get_by_text("Merci !").wait_for()
    assert [row["choice"] for row in test.store.rows(VOTES, test.study.id)] == ["left", "both_good", "both_good"]

    tab.get_by_role("button", name="Retirer mes votes").click()
    tab.get_by_text("Effacer vos votes (3)").wait_for()
    tab.get_by_role("button", name="Non, les garder").click()
    tab.get_by_role("button", name="Retirer mes votes").click()
    tab.get_by_role("button", name="Oui, tout effacer").click()
    tab.get_by_text("Vos votes sont effacés (3)").wait_for()
    assert test.store.rows(VOTES, test.study.id) == [] and test.store.rows("SELECT * FROM person") == []
    tab.reload()
    tab.get_by_role("button", name="Commencer").wait_for()


def test_a_double_click_is_one_vote(tab, test):
    begin(tab)
    tab.get_by_text("B est meilleure").click()
    tab.get_by_role("button", name="Enregistrer et continuer").dblclick()
    tab.get_by_text("Question 2 / 3").wait_for()
    (row,) = test.store.rows(VOTES, test.study.id)
    assert test.withdraw(row["person"]) == 1


def test_a_thumb_asks_once_then_keeps(tab, test):
    tab.get_by_role("tab", name="Discuter").click()
    assert tab.locator("#like").is_disabled()
    tab.get_by_role("textbox", name="Votre question").fill("Où est ma commande ?")
    tab.get_by_role("button", name="Envoyer").click()
    tab.locator("#like:enabled").wait_for()
    tab.locator("#like").click()
    tab.get_by_text("enregistrer cet avis").wait_for()
    assert test.store.rows("SELECT * FROM opinion") == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    tab.get_by_role("textbox", name="Un commentaire").fill("Très bien")
    tab.get_by_role("button", name="J'accepte : enregistrer".replace(" :", "\u00a0:")).click()
    tab.get_by_text("votre avis est enregistré").wait_for()
    tab.locator("#dislike").click()
    tab.get_by_text("avis enregistré. Un mot de plus").wait_for()
    assert not re.search(ENGLISH, tab.locator("body").aria_snapshot(), re.I)
    (row,) = test.store.rows("SELECT * FROM opinion")
    assert (row["liked"], row["comment"], row["answer"].strip()) == (0, "Très bien", "Où est ma commande ?")
    tab.get_by_role("button", name="Retirer tous mes avis").click()
    tab.get_by_text("Avis retirés").wait_for()
    assert test.store.rows("SELECT * FROM opinion") == []
