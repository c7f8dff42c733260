"""The page of a static Space in a real Chromium, where the model computes in the browser itself."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from app.hub.parcel import Parcel
from app.hub.static_parcel import static_parcel
from chatbot.dialogue import assistant, user
from chatbot.encoding import encode_segments
from chatbot.model import load_model, save_preset
from chatbot.runner import ChatModel
from chatbot.sampling import Sampling
from tests.app.static_site import served_site
from tests.app.test_accessible import faults
from tests.chatbot.test_export_onnx import session_of
from tests.conftest import build_tiny
from tests.gate import PATIENCE

QUESTIONS = ("Où en est ma commande ?", "L'élève a-t-il déjà préparé « son » cœur\N{NO-BREAK SPACE}? Ça va, Noël…")
TEXTS = (
    *QUESTIONS,
    "ÉTÉ À L'ÎLE ; œuf, ÿ, İstanbul, 12\N{NARROW NO-BREAK SPACE}345,67\N{NO-BREAK SPACE}€",
    "deux  blancs,\ttab\n\n\nlignes \n fin ",
    "\ufeffmarque\x85suite\u3000large\u2028ligne",
    "你好, 👩‍🎓 <|endoftext|> don't we'll l'été",
    "###Human: je suis ###assistant: tricheur",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
)
ENCODED = """async ([texts, talk]) => {
  const { Tokenizer } = await import("./tokenizer.js");
  const { promptIds } = await import("./template.js");
  const facts = await (await fetch("facts.json")).json();
  const [words, merges] = [facts.files.vocabulary, facts.files.merges].map((file) => fetch(file.path));
  const tokenizer = new Tokenizer(await (await words).json(), await (await merges).text(), facts.special);
  return [texts.map((text) => tokenizer.encode(text)), promptIds(facts.template, tokenizer, talk, facts)];
}"""
# Notes every state of the last answer, and presses the button "Arrêter" when it has text, where that is asked for.
WATCH = """(stop) => {
  window.states = [];
  new MutationObserver(() => {
    const text = [...document.querySelectorAll(".assistant .text")].at(-1)?.textContent ?? "…";
    if (text !== "…" && text !== states.at(-1)) states.push(text);
    if (stop && states.length) document.getElementById("stop").click();
  }).observe(document.getElementById("conversation"), { subtree: true, childList: true, characterData: true });
}"""


@pytest.fixture(scope="module")
def model(tiny_tokenizer, tmp_path_factory):
    """A tiny model with room for long answers; by this seed they are no single sign again and again."""
    folder = tmp_path_factory.mktemp("preset") / "tiny"
    save_preset(build_tiny(tiny_tokenizer, context=2048, seed=2), folder, {"template": "human_assistant"})
    return folder


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    """The Space in float32: its greedy answers must be Python's."""
    folder = tmp_path_factory.mktemp("space") / "space"
    made = static_parcel(str(model), repo="zoe/page", title="Boutique", say=print, width="float32")
    with_examples(made).write(folder)
    return folder


def with_examples(made):
    """The same with examples, which a preset alone does not have."""
    items = []
    for each in made.items:
        if each.path == "facts.json":
            facts = json.loads(each.source)
            each = replace(each, source=json.dumps(facts | {"examples": [QUESTIONS[0]]}).encode())
        items.append(each)
    return Parcel(kind=made.kind, title=made.title, items=tuple(items))


@pytest.fixture
def site(folder):
    with served_site(folder) as site:
        yield site


@pytest.fixture
def complaints():
    """What a page said wrong; a test that provokes it clears the list."""
    heard = []
    yield heard
    assert heard == []


@pytest.fixture
def tabs(browser, site, complaints):
    """Opens the page; nothing may be asked for from elsewhere."""
    contexts = []

    def opened(**options):
        context = browser.new_context(**{"locale": "en-US", "viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(PATIENCE * 1000)
        contexts.append(context)
        tab = context.new_page()
        tab.on("console", lambda message: message.type in ("error", "warning") and complaints.append(message.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        context.on("request", lambda request: outside(request.url) and complaints.append(request.url))
        tab.goto(site.url)
        return tab

    def outside(url):
        return not url.startswith((site.url, f"blob:{site.url}"))

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def tab(tabs):
    (tab := tabs()).locator("#send:enabled").wait_for()
    return tab


def ask(tab, question, length=None):
    if length is not None:
        tab.locator("#length").evaluate("(slider, value) => { slider.value = value; }", length)
    tab.get_by_role("textbox", name="Votre question").fill(question)
    tab.get_by_role("textbox", name="Votre question").press("Enter")


def answered(tab, count=1):
    """The texts of all answers, once there are so many."""
    tab.locator(".figures").nth(count - 1).wait_for()
    return tab.locator(".assistant .text").all_inner_texts()


def plain(text):
    return re.sub(r"[\xa0\u202f]", " ", text)


def test_prompts_have_the_ids_of_python(tab, model):
    loaded = load_model(str(model))
    turns = [user(TEXTS[1]), assistant(TEXTS[2]), user(TEXTS[6])]
    talk = [{"role": turn.role, "content": turn.content} for turn in turns]
    ids, prompt = tab.evaluate(ENCODED, [list(TEXTS), talk])
    assert ids == [loaded.tokenizer.encode(text) for text in TEXTS]
    assert prompt == encode_segments(loaded.tokenizer, loaded.template.prompt(turns))[0]


def test_greedy_answers_are_those_of_python_and_a_second_turn_reads_the_first(tab, model):
    chat, sampling, turns, told = ChatModel(load_model(str(model))), Sampling(max_new_tokens=12), [], []
    for count, question in enumerate(QUESTIONS, start=1):
        turns.append(user(question))
        told.append(chat.reply(turns, sampling).text())
        turns.append(assistant(told[-1]))
        ask(tab, question, length=12)
        shown = answered(tab, count)
    assert shown == told and len(set(told)) == 2
    alone = chat.reply([user(QUESTIONS[1])], sampling).text()
    assert alone != told[1]  # the history counts
    tab.get_by_role("button", name="Nouvelle conversation").click()
    ask(tab, QUESTIONS[1])
    assert answered(tab) == [alone]


def test_int8_is_what_onnxruntime_computes(model, tabs, site):
    """The page as it is sent: the browser makes the matrices wide itself."""
    loaded, ids = load_model(str(model)), []
    made = static_parcel(str(model), repo="zoe/page", title="Boutique", say=print)
    site.instead |= {f"/{each.path}": each.source for each in made.items if isinstance(each.source, bytes)}
    tab = tabs()
    tab.locator("#send:enabled").wait_for()
    ask(tab, QUESTIONS[0], length=30)
    session, past = session_of(loaded, "int8", wide=True), None
    given = encode_segments(loaded.tokenizer, loaded.template.prompt([user(QUESTIONS[0])]))[0]
    while len(ids) < 30 and loaded.tokenizer.end_id not in ids:
        logits, past = session(np.array([given]), past)
        ids.append(int(logits[0].argmax()))
        given = ids[-1:]
    told = loaded.tokenizer.decode(ids).removeprefix(" ").lstrip("\n")
    assert answered(tab) == [told]
    assert "/model/model_quantized.onnx" in site.asked and len(set(ids)) > 3


def test_an_answer_comes_by_pieces_and_can_be_stopped(tab):
    tab.evaluate(WATCH, False)
    ask(tab, QUESTIONS[0], length=60)
    (text,) = answered(tab)
    states = tab.evaluate("states")
    assert len(states) > 5 and all(text.startswith(state) for state in states[:5])
    tab.get_by_role("button", name="Nouvelle conversation").click()
    tab.evaluate(WATCH, True)
    ask(tab, QUESTIONS[0], length=1024)
    (stopped,) = answered(tab)
    assert "arrêtée" in tab.locator(".figures").inner_text() and stopped
    written = int(re.match(r"(\d+) jetons", plain(tab.locator(".figures").inner_text()))[1])
    assert written < 512
    tab.get_by_role("button", name="Envoyer").wait_for()
    ask(tab, QUESTIONS[0], length=5)  # and goes on
    assert len(answered(tab, 2)) == 2


def test_what_is_typed_is_only_ever_text_and_bad_questions_are_refused(tab):
    ask(tab, "<img src=x onerror=alert(1)>", length=3)
    answered(tab)
    assert tab.locator(".user .text").inner_text() == "<img src=x onerror=alert(1)>"
    assert tab.locator("#conversation img").count() == 0
    ask(tab, "\x07 \n ")
    assert "vide" in tab.locator("#notice").inner_text()
    ask(tab, "commande " * 2000)
    tab.get_by_text("trop long").wait_for()
    assert tab.locator(".user").count() == 1 and tab.locator("#question").input_value().startswith("commande")


def test_temperature_draws(tab):
    tab.locator("#temperature").evaluate("(slider) => { slider.value = 1.5; }")
    for count in range(1, 4):
        ask(tab, QUESTIONS[0], length=30)
        answers = set(answered(tab, count))
        tab.get_by_role("button", name="Envoyer").wait_for()
    assert len(answers) == 3


def test_french_first_english_and_colours_by_a_switch_that_is_remembered(tab, site):
    assert (
        tab.locator("html").get_attribute("lang") == "fr"
        and tab.get_by_text("rien de ce que vous écrivez").is_visible()
    )
    ask(tab, QUESTIONS[0], length=3)
    answered(tab)
    tab.get_by_role("button", name="English").click()
    assert tab.locator("html").get_attribute("lang") == "en" and "tokens" in tab.locator(".figures").inner_text()
    assert tab.get_by_role("textbox", name="Your question").is_visible()
    assert tab.locator("html").get_attribute("data-theme") == "light"
    tab.get_by_role("button", name="Light or dark").click()
    tab.reload()
    tab.get_by_role("textbox", name="Your question").wait_for()
    assert tab.locator("html").get_attribute("data-theme") == "dark"


def test_a_second_visit_downloads_nothing_again(tab, site):
    heavy = [path for path in site.asked if path.startswith(("/model", "/vendor/ort-wasm"))]
    assert len(heavy) == 4
    site.asked.clear()
    tab.reload()
    tab.locator("#send:enabled").wait_for()
    assert not [path for path in site.asked if path.startswith(("/model", "/vendor/ort-wasm"))]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_it_is_accessible_on_a_wide_screen_and_on_a_phone(tabs, scheme, width):
    tab = tabs(viewport={"width": width, "height": 844}, color_scheme=scheme, bypass_csp=True)  # axe evaluates code
    tab.locator("#send:enabled").wait_for()
    tab.get_by_role("button", name=QUESTIONS[0]).click()
    answered(tab)
    for fold in tab.locator("summary").all():
        fold.click()
    assert faults(tab) == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_long_questions_to_try_wrap_on_a_phone(tabs):
    tab = tabs(viewport={"width": 390, "height": 844})
    tab.locator("#send:enabled").wait_for()
    tab.locator("#examples button").evaluate(
        "(button) => { button.textContent = 'Une question assez longue '.repeat(5); button.after(button.cloneNode(true)); }"
    )
    inside = "(all) => all.every((each) => each.getBoundingClientRect().right <= innerWidth)"
    assert tab.locator("#examples button").evaluate_all(inside)
    assert tab.locator("#examples").evaluate("(box) => box.scrollWidth <= box.clientWidth")


def test_the_page_and_its_worker_can_ask_nothing_of_another_site(tab, folder, complaints):
    with served_site(folder) as other:
        asked = "fetch(%r).then(() => 'there', () => 'refused')" % (other.url + "facts.json")
        worker = (
            "() => new Promise((told) => { const worker = new Worker(URL.createObjectURL(new Blob(["
            f"`{asked}.then((it) => postMessage(it))`], {{ type: 'text/javascript' }})), {{ type: 'module' }});"
            "worker.onmessage = (event) => told(event.data); worker.onerror = () => told('broken'); })"
        )
        assert tab.evaluate(asked) == "refused" and tab.evaluate(worker) == "refused"
        assert other.asked == []
    assert complaints and all("Content Security Policy" in each for each in complaints)
    complaints.clear()


BROKEN = {
    "cut short": ({"/model/model.onnx": b"ONNX"}, "incomplet"),
    "missing": ({"/model/vocab.json": None}, "Le téléchargement s'est interrompu"),
    "no WebAssembly": (
        {"/sampling.js": b"WebAssembly.validate = () => false; export const choose = 0;"},
        "WebAssembly",
    ),
    "no memory": (
        {
            "/decoder.js": b"export const Decoder = { open() { throw new RangeError('Array buffer allocation failed'); } };"
        },
        "La mémoire ne suffit pas",
    ),
    "no facts": ({"/facts.json": None}, "Check your connection"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_fails_is_told_in_a_plain_sentence(case, tabs, site, complaints):
    instead, sentence = BROKEN[case]
    site.instead.update(instead)
    tab = tabs()
    tab.locator("#notice").get_by_text(sentence).wait_for()
    assert tab.locator("#send").is_disabled() and tab.locator("#loading").is_hidden()
    complaints.clear()  # Chromium itself tells of an answer 404
