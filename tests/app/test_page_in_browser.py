"""The page in a real browser: headless Chromium, driven by Playwright, on a server of its own.

The model passes a gate that the test holds for each token: it sees an answer grow, or stops it, without racing against it.
"""

import re
from contextlib import contextmanager
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from app.page.content import PageContent
from app.page.protection import Protection
from app.page.serve import open_page
from chatbot.language import set_language
from chatbot.runner import ChatModel
from chatbot.sampling import Sampling
from tests.gate import PATIENCE, Gate, until

EXAMPLE = "Quel est le délai de livraison ?"
ANSWER = "#conversation .bot .message-content"


@pytest.fixture(scope="module")
def replies():
    """Every reply that the model began, oldest first."""
    return []


@pytest.fixture(scope="module")
def chat(tiny_model, replies):
    chat = ChatModel(tiny_model)
    reply = chat.reply

    def remembered(*args, **named):
        replies.append(reply(*args, **named))
        return replies[-1]

    chat.reply = remembered
    chat.generator.warm_up([[0]], Sampling(max_new_tokens=100))  # the shapes that short questions need
    return chat


@pytest.fixture(scope="module")
def gate(chat):
    return Gate(chat)


@contextmanager
def served(chat):
    content = PageContent(chat=chat, examples=[EXAMPLE, "<b>Bonjour</b> !"], sampling=Sampling(max_new_tokens=48))
    with open_page(content, port=0, protection=Protection(rate=0)) as server:
        yield server.url


@pytest.fixture(scope="module")
def address(chat):
    with served(chat) as address:
        yield address


@pytest.fixture(scope="module")
def context(browser):
    """One profile for all tests, so that the page's scripts load once."""
    context = browser.new_context(locale="en-US", viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE * 1000)
    yield context
    context.close()


@pytest.fixture
def tabs(context, address, gate):
    """Opens tabs on the page; in the end, none may have complained or asked for anything from elsewhere."""
    complaints = []

    def watched(request):
        if not request.url.startswith((address, "data:", "blob:")):
            complaints.append(request.url)

    def opened():
        tab = context.new_page()
        tab.on("console", lambda message: message.type == "error" and complaints.append(message.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("dialog", lambda dialog: complaints.append(dialog.message) or dialog.dismiss())
        tab.on("request", watched)
        tab.goto(address)
        tab.locator("#question textarea").wait_for()
        return tab

    gate.let()
    yield opened
    gate.let()
    for tab in context.pages:
        tab.close()
    assert complaints == []


@pytest.fixture
def tab(tabs):
    return tabs()


def ask(tab, question):
    tab.get_by_role("textbox", name="Votre question").fill(question)
    tab.get_by_role("button", name="Envoyer").click()


def wait_for_end(tab, answers=1):
    tab.wait_for_function("count => document.querySelectorAll('.figures').length === count", arg=answers)
    tab.get_by_role("button", name="Envoyer").wait_for()


def wait_for_longer(tab, than=""):
    """The last answer, once it is longer than `than` (and more than the dots of waiting)."""
    tab.wait_for_function(
        "([selector, than]) => { const text = [...document.querySelectorAll(selector)].at(-1)?.textContent ?? '';"
        " return text !== '…' && text.length > than.length }",
        arg=[ANSWER, than],
    )
    return tab.locator(ANSWER).last.text_content()


def is_freed(reply):
    return reply.pieces.gi_frame is None


def test_a_typed_question_is_answered_word_by_word(tab, gate, replies):
    assert "M de paramètres · contexte de 128" in tab.locator("#header").text_content()
    gate.let(8)
    ask(tab, "Où est ma commande ?")
    seen = wait_for_longer(tab)
    assert tab.get_by_role("textbox", name="Votre question").input_value() == ""
    gate.let(12)
    later = wait_for_longer(tab, than=seen)
    assert later.startswith(seen)
    gate.let()
    wait_for_end(tab)
    assert tab.locator(ANSWER).last.text_content().strip() == replies[-1].answer.text.strip()
    assert re.search(r"premier texte en 0,\d\d\ss", tab.locator(".figures").text_content())


def test_stop_then_regenerate_then_clear(tab, gate, replies):
    gate.let(8)
    ask(tab, "Bonjour")
    wait_for_longer(tab)
    tab.get_by_role("button", name="Arrêter").click()
    wait_for_end(tab)
    assert "interrompue" in tab.locator(".figures").text_content()
    gate.let()
    until(lambda: is_freed(replies[-1]), "freeing")
    assert replies[-1].answer.new_tokens <= 9

    tab.get_by_role("button", name="Régénérer").click()
    tab.get_by_role("alert").get_by_text("À température 0").wait_for()
    tab.wait_for_function("() => !document.querySelector('.figures')?.textContent.includes('interrompue')")
    wait_for_end(tab)
    assert tab.locator("#conversation .user .message-content").all_text_contents() == ["Bonjour"]

    tab.get_by_role("button", name="Effacer").click()
    tab.get_by_text("Posez une question").wait_for()
    assert tab.locator(ANSWER).count() == 0
    assert tab.get_by_role("button", name="Régénérer").is_disabled()


def test_an_example_is_one_click(tab):
    tab.get_by_role("button", name=EXAMPLE).click()
    wait_for_end(tab)
    assert tab.locator("#conversation .user .message-content").all_text_contents() == [EXAMPLE]


def test_markup_of_reader_and_model_is_text(tab, replies, monkeypatch):
    nasty = "<img src=x onerror=alert(1)> **a** ![a](//a.org/a.png) $$x$$ &lt;"
    monkeypatch.setattr("chatbot.runner.StopFilter.push", lambda self, text: nasty)
    ask(tab, nasty)
    wait_for_end(tab)
    assert tab.locator("#conversation .user .message-content").text_content() == nasty
    assert tab.locator(ANSWER).text_content() == replies[-1].answer.text
    assert tab.locator("#conversation").locator("img, script, strong, .katex").count() == 0
    assert tab.get_by_role("button", name="<b>Bonjour</b> !").is_visible()


def test_a_refused_message_stays_in_the_box(tab):
    box = tab.get_by_role("textbox", name="Votre question")
    box.press("Enter")
    tab.get_by_role("alert").get_by_text("Le message est vide").wait_for()
    ask(tab, "mot " * 300)
    tab.get_by_role("alert").get_by_text("Raccourcissez-le").wait_for()
    assert box.input_value() == "mot " * 300
    box.fill("Bonjour")
    box.press("Enter")
    wait_for_end(tab)
    assert tab.get_by_role("alert").count() == 0


def test_a_slider_changes_the_answer(tab, replies):
    tab.get_by_role("button", name="Réglages de la réponse").click()
    longest = tab.get_by_role("spinbutton", name="Longueur maximale")
    slider = tab.get_by_role("slider", name="Longueur maximale")

    def is_taken() -> bool:
        """A number typed while the panel still unfolds is lost; the page has it once the slider stands there too."""
        longest.fill("47")
        longest.press("Tab")
        return slider.input_value() == "47"

    until(is_taken, "taking the number")
    ask(tab, "Bonjour")
    wait_for_end(tab)
    assert replies[-1].answer.new_tokens == 47


def test_two_tabs_at_once_do_not_mix(tabs, gate):
    first, second = tabs(), tabs()
    gate.let(4)
    ask(first, "Où est ma commande ?")
    ask(second, "What is glaucoma?")
    gate.let()
    for tab, question in ((first, "Où est ma commande ?"), (second, "What is glaucoma?")):
        wait_for_end(tab)
        assert tab.locator("#conversation .user .message-content").all_text_contents() == [question]


def test_a_closed_tab_frees_the_generator(tab, gate, replies):
    gate.let(8)
    ask(tab, "Bonjour")
    wait_for_longer(tab)
    tab.close()
    until(lambda: is_freed(replies[-1]), "freeing")  # the model stands still meanwhile
    assert replies[-1].answer.finish == "cancelled"


def test_a_tab_closed_while_it_waits_in_line_frees_its_place(chat, tab, gate, replies):
    gate.let(0)
    ask(tab, "Bonjour")
    engine = chat.generator
    until(lambda: any(slot.request for slot in engine._slots), "asking")
    (request,) = (slot.request for slot in engine._slots if slot.request)
    tab.close()
    until(lambda: request.cancelled, "leaving")
    assert replies[-1].answer.new_tokens == 0


def test_nothing_is_named_in_english_and_the_phone_needs_no_sideways_scroll(tab):
    tab.set_viewport_size({"width": 390, "height": 844})
    ask(tab, "Bonjour")
    wait_for_end(tab)
    tab.get_by_role("button", name="Réglages de la réponse").click()
    tab.get_by_role("slider", name="Température").wait_for()
    named = tab.locator("body").aria_snapshot()
    assert not re.search(
        r"\b(clear|send|stop|submit|settings|message|number|range|slider for|chatbot|tabs|reset)\b", named, re.I
    )
    assert tab.evaluate("document.documentElement.lang") == "fr"
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_page_in_english(context, chat, gate):
    gate.let()
    set_language("en")
    try:
        with served(chat) as address:
            tab = context.new_page()
            tab.goto(address)
            tab.get_by_role("textbox", name="Your question").fill("What is glaucoma?")
            tab.get_by_role("button", name="Send").click()
            tab.locator(".figures").get_by_text("first text after").wait_for()
            assert tab.evaluate("document.documentElement.lang") == "en"
            tab.close()
    finally:
        set_language("fr")


@pytest.mark.parametrize("path", ["gradio_api/upload", "gradio_api/openapi.json", "openapi.json", "docs", "monitoring"])
def test_routes_without_use_are_closed(address, path):
    for method in ("GET", "POST"):
        with pytest.raises(HTTPError) as refused:
            urlopen(Request(address + path, method=method, data=b"" if method == "POST" else None))
        assert refused.value.code in (403, 404, 405)
