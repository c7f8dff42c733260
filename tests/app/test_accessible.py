"""Accessibility by axe-core, in Chromium: names, roles, contrast in light and dark, on a wide screen and on a phone."""

import pytest

from app.page.content import PageContent
from app.page.serve import open_page
from chatbot.sampling import Sampling
from tests.app.votes import Parrot
from tests.gate import PATIENCE


class Shelf:
    """Two names for one model."""

    names = ("spécialisé", "générique")

    def is_ready(self, name):
        return True

    def open(self, name):
        return Parrot()


@pytest.fixture(scope="module")
def address():
    content = PageContent(
        chat=Parrot(), models=Shelf(), reason=lambda chat, name: chat, examples=["Où est ma commande ?"],
        sampling=Sampling(max_new_tokens=8),
    )  # fmt: skip
    with open_page(content, port=0) as server:
        yield server.url


@pytest.fixture(params=[("light", 1280), ("dark", 390)], ids=["wide-light", "phone-dark"])
def tab(request, browser, address):
    scheme, width = request.param
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    context.set_default_timeout(PATIENCE * 1000)
    tab = context.new_page()
    tab.goto(address)
    yield tab
    context.close()


def faults(tab):
    """What axe finds against WCAG 2.2 A and AA, in words; what is still moving would be measured in between."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    tab.wait_for_function("() => document.getAnimations().every((each) => each.playState !== 'running')")
    found = axe.run(tab, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
    return [
        f"{each['id']}: {node['html'][:300]} {node['failureSummary']}"
        for each in found.response["violations"]
        for node in each["nodes"]
    ]


def test_chat(tab):
    tab.get_by_role("textbox", name="Votre question").fill("Où est ma commande ?")
    tab.get_by_role("button", name="Envoyer").click()
    tab.locator(".figures").wait_for()
    for name in ("Derrière la réponse", "Réglages de la réponse"):
        tab.get_by_role("button", name=name).click()
    tab.get_by_role("slider", name="Température").wait_for()
    assert faults(tab) == []


def test_compare(tab):
    tab.get_by_role("tab", name="Comparer").click()
    tab.get_by_role("textbox", name="Question aux deux modèles").fill("Bonjour")
    tab.get_by_role("button", name="Comparer").click()
    tab.locator("#compare-sides .figures").nth(1).wait_for()
    assert faults(tab) == []


def test_the_keyboard_alone_is_enough(tab):
    """Question typed, answer read, panel unfolded, tab changed: without a mouse."""
    tab.get_by_role("textbox", name="Votre question").focus()
    tab.keyboard.type("Bonjour")
    tab.keyboard.press("Enter")
    tab.locator(".figures").wait_for()
    tab.get_by_role("button", name="Derrière la réponse").focus()
    tab.keyboard.press("Enter")
    tab.get_by_text("ne donne pas ses probabilités").wait_for()
    tab.get_by_role("tab", name="Discuter").focus()
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    tab.get_by_role("textbox", name="Question aux deux modèles").wait_for()
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
