"""Fine-tuning from the page in a real browser, with a real training of the tiny model; and real uploads beside it."""

import http.client
import os
import re
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from app.page.tuning_form import TuningForm
from app.page.tuning_jobs import Progress, View
from app.page.tuning_look import CSS
from app.page.upload_gate import FULL, UploadGate, private_uploads
from tests.app.tuned import BROKEN, GOOD, jobs_in
from tests.gate import PATIENCE, until

MOST = 100_000  # bytes
ENGLISH = r"\b(clear|send|submit|settings|message|number|range|upload|file|drop|tabs|reset|select|option|training)\b"


@pytest.fixture(scope="module")
def made():
    """Names and folders that the page was asked to try."""
    return []


@pytest.fixture(scope="module")
def jobs(tiny_preset, tmp_path_factory):
    with jobs_in(tmp_path_factory.mktemp("served") / "page", tiny_preset, slow=tiny_preset, most_bytes=MOST) as jobs:
        yield jobs


@pytest.fixture(scope="module")
def cache():
    """Where Gradio puts uploads."""
    with private_uploads() as folder:
        yield folder
    assert not folder.exists()


@pytest.fixture(scope="module")
def address(jobs, made, cache):
    import gradio as gr
    from starlette.middleware import Middleware

    from app.page import look, vote_look

    with gr.Blocks(title="Causette", analytics_enabled=False) as page, gr.Tabs(selected="chat") as tabs:
        with gr.Tab("Discuter", id="chat"):
            gr.HTML("<p>La discussion.</p>")
        with gr.Tab("Entraîner", id="tuning", render_children=True):
            TuningForm(jobs, lambda name, folder: made.append((name, folder))).build(page, tabs)
    _, url, _ = page.queue(api_open=False).launch(
        server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, ssr_mode=False, footer_links=[],
        max_file_size=MOST, css=look.CSS + vote_look.CSS + CSS, head=look.head(), theme=look.theme(),
        app_kwargs={"middleware": [Middleware(UploadGate, folder=cache, most_bytes=MOST)]},
    )  # fmt: skip
    yield url
    page.close(verbose=False)


@pytest.fixture
def tab(browser, address):
    context = browser.new_context(locale="en-US", viewport={"width": 390, "height": 844})
    context.set_default_timeout(3 * PATIENCE * 1000)
    tab, complaints = context.new_page(), []
    tab.on("console", lambda message: message.type == "error" and complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.goto(address)
    tab.get_by_role("tab", name="Entraîner").click()
    yield tab
    context.close()
    assert complaints == []


def send(tab, name, text):
    content = text if isinstance(text, bytes) else text.encode()
    file = {"name": name, "mimeType": "text/csv", "buffer": content}
    tab.locator("#tuning-send input[type=file]").set_input_files(file)


def test_refused_diagnosed_trained_tried_and_deleted(tab, jobs, made, cache):
    assert tab.get_by_role("link", name="Télécharger un exemple").get_attribute("download") == "exemple.csv"
    send(tab, "photo.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8)
    tab.get_by_role("alert").get_by_text(re.compile("photo.csv.*binaire")).wait_for()
    send(tab, "grand.csv", b"a,b\n" * MOST)
    tab.get_by_role("alert").get_by_text("trop grand").wait_for()

    send(tab, "Ma FAQ.csv", BROKEN)
    tab.get_by_role("heading", name="Ce qu'il y a dans").get_by_text("Ma FAQ.csv").wait_for()
    tab.get_by_text("Réparé (1)").click()
    tab.get_by_text("Où est l'Ã©cole").wait_for()
    assert tab.get_by_label("Colonne des réponses").input_value() == "réponse"
    named = tab.locator("body").aria_snapshot()
    assert not re.search(ENGLISH, named, re.I), named
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    assert list(cache.rglob("*.csv")) == []

    tab.get_by_role("slider", name="Époques").fill("1")
    tab.get_by_role("button", name="Lancer l'entraînement").click()
    tab.get_by_role("progressbar", name="Avancement").wait_for()
    tab.reload()
    tab.get_by_role("tab", name="Entraîner").click()
    bar = tab.get_by_role("progressbar", name="Avancement")
    until(lambda: int(bar.get_attribute("aria-valuenow")) > 0, "the progress")
    tab.get_by_role("heading", name="est prêt").wait_for()
    tab.get_by_text("le modèle récite").wait_for()
    assert tab.locator("#tuning-result .talk li").count() == 3
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390

    tab.get_by_text("tous les lecteurs de cette page pourront le choisir").wait_for()
    tab.get_by_role("button", name="Essayer ce modèle").click()
    tab.get_by_text("est dans la liste des modèles").wait_for()
    assert made == [("essai-1", jobs.root / "essai-1")]
    the_run_is_like_any_other(jobs.root / "essai-1")

    tab.get_by_role("button", name="Supprimer", exact=True).click()
    tab.get_by_role("button", name="Non, garder").click()
    tab.get_by_role("button", name="Supprimer", exact=True).click()
    tab.get_by_role("button", name="Oui, supprimer").click()
    tab.get_by_role("heading", name="est prêt").wait_for(state="hidden")
    assert sorted(path.name for path in jobs.root.iterdir()) == [".jobs"]


def the_run_is_like_any_other(folder: Path) -> None:
    from chatbot.locate import locate
    from datasets_prep.prepared import PreparedSet
    from training.run_list import runs_below

    (row,) = runs_below(folder.parent)
    assert (row.name, row.state, row.method, row.steps) == ("essai-1", "finished", "full", row.planned_steps)
    assert row.after < row.before and locate(str(folder)).run == folder
    assert set(PreparedSet.open(folder.with_name("essai-1-jeu")).splits) >= {"train", "validation", "test"}


def test_a_file_that_cannot_be_trained_on_has_a_dead_button_and_a_reason(tab):
    send(tab, "mots.csv", "id,gauche,droite\n" + "1,un mot,un autre\n" * 9)
    tab.get_by_text("0 dialogue, il en faut au moins 8").wait_for()
    assert tab.get_by_role("button", name="Lancer l'entraînement").is_disabled()
    tab.get_by_role("button", name="Effacer ce fichier").click()
    tab.get_by_role("button", name="Choisir un fichier").wait_for()


def test_the_only_base_is_named():
    import gradio as gr

    from app.page.tuning_cards import found_card

    with gr.Blocks(analytics_enabled=False) as page:
        found_card(["mini"])
    assert any("<b>mini</b>" in str(getattr(block, "value", "")) for block in page.blocks.values())


def test_cancelled_from_the_page(tab, jobs):
    send(tab, "faq.csv", GOOD)
    tab.get_by_role("button", name="Lancer l'entraînement").click()
    tab.get_by_role("progressbar", name="Avancement").wait_for()
    tab.get_by_role("button", name="Annuler").click()
    tab.get_by_role("alert").get_by_text("Entraînement annulé").wait_for()
    tab.get_by_role("button", name="Effacer ce fichier").click()
    tab.get_by_role("button", name="Choisir un fichier").wait_for()
    assert [path for path in jobs.root.rglob("*") if path.name.startswith("fichier")] == []


def test_the_timer_rests_unless_a_training_is_in_sight(jobs):
    form, at_work = TuningForm(jobs), View(progress=Progress(phase="Entraînement"))
    seen = [(here, view) for here in (True, False) for view in (at_work, View())]
    assert [form._drawn(here, view)[3]["active"] for here, view in seen] == [True, False, False, False]


def test_without_jobs_the_page_says_why():
    import gradio as gr

    with gr.Blocks(analytics_enabled=False) as page:
        TuningForm(None, why="Serveur <public> : aucun entraînement.").build(page)
    (only,) = page.blocks.values()
    assert "Serveur &lt;public&gt; : aucun entraînement." in only.value and not page.fns


# -- uploads without the page ---------------------------------------------------------------------------------------


def form(*files):
    """A form with these files, as a browser sends it."""
    parts = [
        b'--edge\r\nContent-Disposition: form-data; name="files"; filename="%b"\r\n\r\n%b\r\n'
        % (name.encode(), content)
        for name, content in files
    ]
    return b"".join(parts) + b"--edge--\r\n"


def posted(address, body=b"", *, chunks=None, announced=None):
    """The status of an upload, and what is answered."""
    place = urlsplit(address)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=PATIENCE)
    connection.putrequest("POST", "/gradio_api/upload")
    connection.putheader("Content-Type", "multipart/form-data; boundary=edge")
    if chunks is None:
        connection.putheader("Content-Length", str(len(body) if announced is None else announced))
        connection.endheaders(body)
    else:
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()
        try:
            for chunk in chunks:
                connection.send(b"%x\r\n%b\r\n" % (len(chunk), chunk))
            connection.send(b"0\r\n\r\n")
        except OSError:  # refused in the middle
            pass
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_a_large_upload_is_refused_before_it_is_read(address):
    assert posted(address, announced=10**12)[0] == 413  # nothing was sent but the head
    assert posted(address, form(("a.csv", b"x" * (MOST + 20_000))))[0] == 413
    assert posted(address, form(*[(f"{n}.csv", b"x" * 1000) for n in range(200)]))[0] == 413  # each is small
    endless = [form(("a.csv", b""))[:-12], *[b"x" * 10_000] * 40]
    assert posted(address, chunks=endless)[0] == 413
    assert posted(address, form(("a.csv", GOOD.encode())))[0] == 200


def test_uploads_that_nobody_takes_fill_no_disk(address, cache):
    for number in range(FULL + 1):
        (cache / f"left-{number}").mkdir()
        (cache / f"left-{number}" / "a.csv").write_bytes(b"x" * MOST)
    assert posted(address, form(("a.csv", GOOD.encode())))[0] == 503
    for path in cache.iterdir():
        os.utime(path, (0, 0))
    assert posted(address, form(("a.csv", GOOD.encode())))[0] == 200
    assert not list(cache.glob("left-*"))


def test_nothing_of_a_reader_is_served(address, jobs, tmp_path):
    from tests.app.tuned import sent

    jobs.take("un-lecteur-qui-a-un-fichier", sent(tmp_path), "faq.csv")
    (file,) = jobs.root.rglob("fichier.csv")
    place = urlsplit(address)
    for path in (file, jobs.root / ".jobs" / "lock", Path(os.path.relpath(file))):
        connection = http.client.HTTPConnection(place.hostname, place.port, timeout=PATIENCE)
        connection.request("GET", f"/gradio_api/file={quote(str(path))}")
        assert connection.getresponse().status in (403, 404)
