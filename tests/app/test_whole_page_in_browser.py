"""The page with everything on it, as `causette serve` puts it together, in one real browser: a whole visit.

A tiny run with its data, its comparison and its generic model; what each tab does alone is tested beside its own file.
The main model passes a gate, so an answer is seen to grow, or is stopped, without racing against it.
"""

from contextlib import ExitStack

import pytest

from app.feedback.serving import feedback_for
from app.output import Output
from app.page.serve import open_page
from app.page.upload_gate import private_uploads
from app.page_content import content_of
from app.reasoning import reasoning_for
from app.serving import Serving, protection_of
from chatbot.model import load_model
from chatbot.runner import ChatModel
from chatbot.sampling import Sampling
from tests.app.exhibited import compared, prepared, trained
from tests.app.tuned import BROKEN
from tests.gate import PATIENCE, Gate

ANSWER, QUESTIONS = "#conversation .bot .message-content", "#conversation .user .message-content"
QUESTION = "Où est la commande numéro 5 ?"
TABS = ("Discuter", "Comparer", "Test à l'aveugle", "Données", "Entraînement", "À propos")
LEVELS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@pytest.fixture(scope="module")
def run(tiny_preset, tmp_path_factory):
    place = tmp_path_factory.mktemp("whole")
    data = prepared(place)
    run = trained(place, tiny_preset, data, base=str(tiny_preset))
    compared(run, data)
    return run


@pytest.fixture(scope="module")
def chat(run):
    chat = ChatModel(load_model(str(run)))
    chat.generator.warm_up([[0]], Sampling(max_new_tokens=100))  # the shapes that short questions need
    return chat


@pytest.fixture(scope="module")
def the_gate(chat):
    return Gate(chat)


@pytest.fixture
def gate(the_gate):
    yield the_gate
    the_gate.let()


@pytest.fixture(scope="module")
def served(run, chat):
    """What is on the page, and its address."""
    serving = Serving(
        model=str(run), sampling=Sampling(max_new_tokens=40), rate=0, tuned=run.parent / "page",
        feedback=feedback_for(str(run), user_test=True), reasoning=reasoning_for(None, str(run), Output()),
    )  # fmt: skip
    serving.reasoning(chat).warm_up()
    assert serving.reasoning._sources.ready(PATIENCE)
    with ExitStack() as stack:
        uploads = stack.enter_context(private_uploads())
        content = content_of(serving, chat, Output(), stack)
        page = open_page(content, port=0, protection=protection_of(serving), uploads=uploads)
        yield content, stack.enter_context(page).url


@pytest.fixture(scope="module")
def content(served):
    return served[0]


@pytest.fixture(scope="module")
def address(served):
    return served[1]


@pytest.fixture(scope="module")
def context(browser):
    """One profile, so that the page's scripts load once."""
    context = browser.new_context(
        locale="en-US", viewport={"width": 1280, "height": 900}, color_scheme="light", reduced_motion="reduce"
    )
    context.set_default_timeout(PATIENCE * 1000)
    yield context
    context.close()


@pytest.fixture
def tabs(context, address):
    """Opens the page; it may complain of nothing, and ask nothing of another place."""
    complaints = []

    def opened(context=context, path=""):
        tab = context.new_page()
        tab.on("console", lambda message: message.type == "error" and complaints.append(message.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("request", lambda each: each.url.startswith((address, "data:", "blob:")) or complaints.append(each.url))
        tab.goto(address + path)
        tab.get_by_role("tab", selected=True).wait_for()
        return tab

    yield opened
    for tab in context.pages:
        tab.close()
    assert complaints == []


@pytest.fixture
def tab(tabs):
    """With the chat in sight."""
    tab = tabs()
    show(tab, "Discuter")
    return tab


def show(tab, name):
    """Opens a tab, which a phone keeps in a menu; the page may just be coming."""
    tab.locator("[role=tab]:visible").first.wait_for()
    found = tab.get_by_role("tab", name=name, exact=True)
    if found.is_visible():
        found.click()
    else:
        tab.locator(".overflow-menu > button").click()
        tab.locator(".overflow-dropdown").get_by_text(name, exact=True).click()


def ask(tab, text, box="Votre question", send="Envoyer"):
    tab.get_by_role("textbox", name=box).fill(text)
    tab.get_by_role("button", name=send, exact=True).click()


def wait_for_end(tab, answers=1):
    tab.wait_for_function(
        "count => document.querySelectorAll('#conversation .figures').length === count"
        " && !document.querySelector('#stop')?.checkVisibility()", arg=answers,
    )  # fmt: skip


def longer(tab, than=""):
    """The last answer, once it is longer than `than`."""
    tab.wait_for_function(
        "([selector, than]) => { const text = [...document.querySelectorAll(selector)].at(-1)?.textContent ?? '';"
        " return text !== '…' && text.length > than.length }",
        arg=[ANSWER, than],
    )
    return tab.locator(ANSWER).last.text_content()


def send_file(tab, name, text):
    file = {"name": name, "mimeType": "text/csv", "buffer": text.encode()}
    tab.locator("#tuning-send input[type=file]").set_input_files(file)


# -- the chat --------------------------------------------------------------------------------------------------------


def test_asked_streamed_stopped_asked_again_and_put_another_way(tab, gate):
    gate.let(8)
    ask(tab, "Bonjour")
    seen = longer(tab)
    gate.let(6)
    assert longer(tab, seen).startswith(seen)
    tab.get_by_role("button", name="Arrêter").click()
    wait_for_end(tab)
    assert "interrompue" in tab.locator(".figures").text_content()
    gate.let()
    tab.get_by_role("button", name="Régénérer").click()
    tab.wait_for_function("() => !document.querySelector('.figures')?.textContent.includes('interrompue')")
    wait_for_end(tab)
    tab.get_by_role("button", name="Modifier").click()
    box = tab.get_by_role("textbox", name="Votre question")
    tab.get_by_role("button", name="Ne pas modifier").wait_for()
    assert box.input_value() == "Bonjour"
    ask(tab, "Bonsoir")
    tab.locator(QUESTIONS).get_by_text("Bonsoir").wait_for()
    wait_for_end(tab)
    assert tab.locator(QUESTIONS).all_text_contents() == ["Bonsoir"]


def test_what_lies_behind_an_answer_and_an_opinion_of_it(tab, content):
    """Five steps, sources with their origin, probabilities; then a thumb, which is kept once the reader agreed."""
    ask(tab, QUESTION)
    wait_for_end(tab)
    tab.get_by_role("button", name="Derrière la réponse").click()
    tab.get_by_role("heading", name="Les probabilités des jetons").wait_for()
    assert tab.locator("#behind .steps > li").count() == 5
    source = tab.locator("#behind .sources > li").first.text_content()
    assert "La commande" in source or "commande numéro" in source
    assert "faq, ligne" in source and "Mots communs" in source
    tokens = tab.locator("#behind .tokens span")
    assert tokens.count() > 5 and "%" in tokens.first.get_attribute("title")
    written = tab.locator(ANSWER).text_content().split()
    assert tokens.all_text_contents()[0].strip() in written[0]

    tab.locator("#like").click()
    tab.get_by_role("textbox", name="Un commentaire").fill("Clair")
    store = content.opinions.store
    assert not store.rows("SELECT * FROM opinion")
    tab.locator("#opinion-save").click()
    tab.get_by_text("votre avis est enregistré").wait_for()
    (row,) = store.rows("SELECT liked, comment, model FROM opinion")
    assert row == {"liked": 1, "comment": "Clair", "model": content.chat.name}


def test_two_models_side_by_side_and_an_opinion_of_the_other_one(tab, content):
    """The generic model starts in a process of its own when it is asked for; an opinion names who answered."""
    show(tab, "Comparer")
    sides = tab.locator("#compare-sides article")
    ask(tab, "Bonjour", "Question aux deux modèles", "Comparer")
    tab.locator("#compare-sides .figures").nth(1).wait_for()
    assert sides.locator("h3").all_text_contents() == content.models.names[::-1]
    answers = sides.locator(".answer").all_text_contents()
    assert answers[0] and answers[0] == answers[1]  # the tiny run's weights are its base's

    show(tab, "Discuter")
    tab.get_by_role("button", name="Réglages de la réponse").click()
    tab.get_by_role("listbox", name="Modèle").or_(tab.locator("#model input")).first.click()
    tab.get_by_role("option", name=content.models.names[1]).click()
    ask(tab, "Bonjour")
    wait_for_end(tab)
    tab.locator("#dislike:enabled").click()
    tab.locator("#opinion").or_(tab.locator("#opinion-notice p")).first.wait_for()
    models = {row["model"] for row in content.opinions.store.rows("SELECT model FROM opinion WHERE liked = 0")}
    assert models and content.chat.name not in models


# -- the page around it ----------------------------------------------------------------------------------------------


def test_the_other_language_is_one_click_away_and_is_spoken_by_everything(tab, address):
    link = tab.get_by_role("link", name="English")
    assert link.get_attribute("lang") == "en"
    link.click()
    tab.wait_for_url(address + "en/")
    show(tab, "Chat")
    assert tab.evaluate("document.documentElement.lang") == "en"
    ask(tab, " ", "Your question", "Send")
    tab.get_by_role("alert").get_by_text("The message is empty").wait_for()
    ask(tab, QUESTION, "Your question", "Send")
    wait_for_end(tab)
    assert "first text after" in tab.locator(".figures").text_content()
    tab.get_by_role("button", name="Behind the answer").click()
    tab.get_by_role("heading", name="The reasoning, in five steps").wait_for()
    behind = tab.locator("#behind").text_content()
    assert "Nearest sources" in behind and "faq, row" in behind and "Shared words" in behind
    assert not [word for word in ("étape", "ligne", "Mots communs", "jeton", "Après") if word in behind]
    ask(tab, "mot " * 300, "Your question", "Send")
    tab.get_by_role("alert").get_by_text("Shorten it").wait_for()
    show(tab, "Training")
    send_file(tab, "picture.csv", "\0\1\2" * 500)
    tab.get_by_role("alert").get_by_text("picture.csv").wait_for()
    assert "binary" in tab.get_by_role("alert").all_text_contents()[-1]
    tab.get_by_role("link", name="Français").click()
    tab.wait_for_url(address)
    tab.get_by_role("tab", name="Discuter").wait_for()


def test_light_or_dark_as_the_reader_chose(tab):
    background = "getComputedStyle(document.body).backgroundColor"
    light = tab.evaluate(background)
    tab.get_by_role("button", name="Clair ou sombre").click()
    dark = tab.evaluate(background)
    assert dark != light
    tab.reload()
    tab.get_by_role("tab", selected=True).wait_for()
    assert tab.evaluate(background) == dark
    tab.get_by_role("button", name="Clair ou sombre").click()
    assert tab.evaluate(background) == light


def test_a_broken_file_is_diagnosed_and_the_chat_goes_on(tab):
    show(tab, "Entraînement")
    send_file(tab, "Ma FAQ.csv", BROKEN)
    tab.get_by_role("heading", name="Ce qu'il y a dans").get_by_text("Ma FAQ.csv").wait_for()
    tab.get_by_text("Réparé (1)").click()
    tab.get_by_text("Où est l'Ã©cole").wait_for()
    assert tab.get_by_label("Colonne des réponses").input_value() == "réponse"
    show(tab, "Discuter")
    ask(tab, "Bonjour")
    wait_for_end(tab)
    show(tab, "Entraînement")
    tab.get_by_role("button", name="Effacer ce fichier").click()
    tab.get_by_role("button", name="Choisir un fichier").wait_for()


def test_nothing_of_a_conversation_is_kept_nor_shown_to_another(tab, tabs, browser):
    ask(tab, "Mon secret est mirabelle")
    wait_for_end(tab)
    stranger = browser.new_context()
    stranger.set_default_timeout(PATIENCE * 1000)
    other = tabs(stranger)
    show(other, "Discuter")
    ask(other, "Bonjour")
    wait_for_end(other)
    assert "mirabelle" not in other.content()
    stranger.close()
    tab.reload()
    show(tab, "Discuter")
    tab.get_by_text("Posez une question").wait_for()
    assert "mirabelle" not in tab.content() and tab.locator(QUESTIONS).count() == 0
    assert "mirabelle" not in tab.evaluate("JSON.stringify(localStorage) + document.cookie")


# -- for everybody ---------------------------------------------------------------------------------------------------


def loaded(tab, name):
    """The tab, with all that comes late."""
    show(tab, name)
    if name == "Données":
        tab.locator("#data-atlas .cloud").first.wait_for()


def test_a_phone_needs_no_sideways_scroll(tab):
    tab.set_viewport_size({"width": 390, "height": 844})
    ask(tab, "Bonjour")
    wait_for_end(tab)
    wide = {}
    for name in TABS:
        loaded(tab, name)
        tab.evaluate("document.querySelectorAll('details').forEach((fold) => fold.open = true)")
        wide[name] = tab.evaluate("document.documentElement.scrollWidth")
    assert {name for name, width in wide.items() if width > 390} == set(), wide


def faults(tab):
    """What axe finds against WCAG 2.2 A and AA."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(tab, options=LEVELS)
    return [
        f"{each['id']}: {node['html'][:300]} {node['failureSummary']}"
        for each in found.response["violations"]
        for node in each["nodes"]
    ]


def test_every_tab_is_accessible_in_light_and_dark(tab):
    ask(tab, QUESTION)
    wait_for_end(tab)
    for name in ("Derrière la réponse", "Réglages de la réponse"):
        tab.get_by_role("button", name=name).click()
    tab.get_by_role("slider", name="Température").wait_for()
    found = {}
    for name in TABS:
        loaded(tab, name)
        for shade in ("light", "dark"):
            found[name, shade] = faults(tab)
            tab.get_by_role("button", name="Clair ou sombre").click()
    assert "\n".join(f"{place}: {fault}" for place, several in found.items() for fault in several) == ""
