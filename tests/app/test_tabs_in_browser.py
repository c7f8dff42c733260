"""The tabs that show, in a real browser: seen by day and by night, on a phone, by keyboard, in both languages."""

from itertools import pairwise

import pytest

from app.exhibits.exhibits import showing
from app.page.content import PageContent
from app.page.protection import Protection
from app.page.serve import open_page
from chatbot.sampling import Sampling
from tests.app.exhibited import NASTY, compared, prepared, trained
from tests.app.votes import Parrot
from tests.gate import PATIENCE

# Texts whose contrast with what is behind them is under 4.5:1 (WCAG 2.2, 1.4.3); letters of pictures are not asked.
PALE = r"""() => {
  const parts = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number);
  const light = (colour) => { const [r, g, b] = parts(colour).map((v) => v / 255).map((v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b; };
  const behind = (element) => { for (let at = element; at; at = at.parentElement) { const found = getComputedStyle(at).backgroundColor;
    const alpha = parts(found)[3] ?? 1; if (alpha > .99) return found; } return "rgb(255, 255, 255)"; };
  const pale = [];
  for (const element of document.querySelectorAll(".exhibit *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || element.closest("svg") || !element.checkVisibility()) continue;
    const [one, two] = [light(getComputedStyle(element).color), light(behind(element))].sort((a, b) => b - a);
    if ((one + .05) / (two + .05) < 4.5) pale.push(element.textContent.slice(0, 40) + " " + getComputedStyle(element).color + " on " + behind(element));
  }
  return pale;
}"""


# What a table of settings has beyond the right edge of its own box.
HIDDEN = """() => [...document.querySelectorAll(".exhibit .settings .scroll")].filter((box) => box.checkVisibility())
  .filter((box) => box.scrollWidth > box.clientWidth).map((box) => box.textContent.slice(0, 60) + box.scrollWidth + ">" + box.clientWidth)"""


@pytest.fixture(scope="module")
def shown(tiny_preset, tmp_path_factory):
    place = tmp_path_factory.mktemp("tabs")
    data = prepared(place)
    run = trained(place, tiny_preset, data)
    compared(run, data)
    return showing(str(run))


@pytest.fixture(scope="module")
def address(shown):
    content = PageContent(
        chat=Parrot(), sampling=Sampling(max_new_tokens=8), exhibits=shown.exhibits, dialogues=shown.dialogues, atlas=shown.atlas
    )  # fmt: skip
    with open_page(content, port=0, protection=Protection(rate=0)) as server:
        yield server.url


@pytest.fixture
def opened(browser):
    """Opens pages, which may complain of nothing and ask nothing of another place."""
    complaints, contexts = [], []

    def page(address, **options):
        contexts.append(
            browser.new_context(**{"viewport": {"width": 1280, "height": 900}, "locale": "en-US", **options})
        )
        contexts[-1].set_default_timeout(PATIENCE * 1000)
        tab, origin = contexts[-1].new_page(), address.removesuffix("en/")
        tab.on("console", lambda message: message.type == "error" and complaints.append(message.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("request", lambda each: each.url.startswith((origin, "data:", "blob:")) or complaints.append(each.url))
        tab.goto(address)
        tab.locator("[role=tab]").first.wait_for()
        return tab

    yield page
    for context in contexts:
        context.close()
    assert complaints == []


def show(tab, name):
    """Opens a tab, which a phone keeps in a menu."""
    if not tab.get_by_role("tab", name=name, exact=True).is_visible():
        tab.locator(".overflow-menu > button").click()
        tab.locator(".overflow-dropdown").get_by_text(name, exact=True).click()
    else:
        tab.get_by_role("tab", name=name, exact=True).click()


def test_the_atlas_comes_when_it_is_drawn_and_only_once(opened, address, shown):
    assert shown.atlas._thread is None  # nobody has looked yet
    tab = opened(address)
    show(tab, "Données")
    tab.get_by_role("img", name="Nuage de mots, Les plus fréquents, tout le jeu").wait_for()
    first = shown.atlas._thread
    other = opened(address)
    show(other, "Données")
    other.get_by_role("img", name="Histogramme").or_(other.locator("#data-atlas .plot").first).first.wait_for()
    assert shown.atlas._thread is first and other.locator("#data-atlas .wait").count() == 0


def test_dialogues_are_paged_and_searched_and_never_run(opened, address, shown):
    tab = opened(address)
    show(tab, "Données")
    total, _ = shown.dialogues.found("", 0, 0)
    tab.get_by_role("button", name="Suivants").click()
    tab.get_by_text(f"6 à 10 sur {total}").wait_for()
    tab.get_by_role("button", name="Suivants").click()
    tab.get_by_text(f"11 à 15 sur {total}").wait_for()
    tab.get_by_role("button", name="Précédents").click()
    tab.get_by_text(f"6 à 10 sur {total}").wait_for()
    search = tab.get_by_role("textbox", name="Chercher un texte")
    search.fill("DOCUMENT.title")
    search.press("Enter")
    hits, _ = shown.dialogues.found("DOCUMENT.title", 0, 1)
    if hits:  # whichever split the seed dealt it to, nothing of it may run
        tab.get_by_text(f"1 à 1 sur {hits}").wait_for()
        assert NASTY in tab.locator("#data-dialogues .turn.user").text_content()
    else:
        tab.locator("#data-dialogues").get_by_text("Aucun dialogue ne contient").wait_for()
    assert tab.title() == "Causette"
    search.fill("")
    search.press("Enter")
    tab.get_by_text(f"1 à 5 sur {total}").wait_for()
    fold = tab.locator("#data-dialogues summary").first
    fold.focus()
    tab.keyboard.press("Enter")
    tab.locator("#data-dialogues .tokens .learnt").first.wait_for()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
def test_each_tab_can_be_read(opened, address, scheme, width):
    tab = opened(address, color_scheme=scheme, viewport={"width": width, "height": 844})
    for name in ("Données", "Entraînement", "À propos"):
        show(tab, name)
        if name == "Données":
            tab.locator("#data-atlas .cloud").first.wait_for()
        tab.evaluate("document.querySelectorAll('.exhibit details').forEach((fold) => fold.open = true)")
        assert tab.evaluate(PALE) == []
        assert tab.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert tab.evaluate(HIDDEN) == []
        levels = tab.evaluate(
            "[...document.querySelectorAll('.exhibit :is(h2,h3,h4)')].filter((h) => h.checkVisibility()).map((h) => +h.tagName[1])"
        )
        assert levels[0] == 2 and all(after - before <= 1 for before, after in pairwise(levels))
        assert tab.locator(".exhibit th:not([scope])").count() == 0
        assert tab.locator(".exhibit [role=img]:not([aria-label]), .exhibit [aria-label='']").count() == 0


def test_english_out_of_the_same_values(opened, address):
    tab = opened(address + "en/")
    show(tab, "Data")
    tab.get_by_role("img", name="Word cloud, The most frequent, the whole set").wait_for()
    show(tab, "Training")
    tab.get_by_role("heading", name="Specialised against generic").wait_for()
    told = tab.locator("#training-shown").text_content()
    assert "Learning rate at its peak." in told and "1.500" in told and "pas de l'optimiseur" not in told
