"""A Space as the Hub would run it: its folder alone, in a virtual environment of its own requirements alone, with the model
from a Hub on this machine; a real browser asks it a question.

The environment is made once per requirements.txt and kept in pytest's cache (some 3 GB; `pytest --cache-clear` empties it).
"""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import venv
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.main import main
from app.page.server import usable_port
from tests.app.exhibited import trained
from tests.hub_server import hub_running

PATIENCE = 180  # seconds that the start may take on a busy machine
INSTALLING = 1800
ANSWER = "#conversation .bot .message-content"
PASSED_ON = (
    "PATH",
    "LANG",
    "SSL_CERT_FILE",
    "TMPDIR",
)  # of this environment: neither a path to our code nor a setting of tests


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("space")


@pytest.fixture(scope="module")
def hub(place):
    """With this process's environment leading to it, for as long as the module's tests run."""
    with hub_running(place / "hf_home") as running, pytest.MonkeyPatch.context() as patch:
        for name, value in running.settings().items():
            patch.setenv(name, value)
        yield running


@pytest.fixture(scope="module")
def folder(place, hub, tiny_preset):
    """What `push space --dry-run` writes for a run whose private model is on that Hub."""
    from huggingface_hub import HfApi

    data = place / "data" / "boutique"
    assert main(["prepare", "embedded:boutique_commande", "--out", str(data)]) == 0
    run = trained(place, tiny_preset, data, name="boutique")
    api = HfApi(endpoint=hub.url, token=hub.token)
    api.create_repo("zoe/faq", private=True)
    api.upload_folder(repo_id="zoe/faq", folder_path=run / "preset")
    out = place / "folder"
    assert main(["push", "space", str(run), "--repo", "zoe/page", "--model", "zoe/faq", "--secret", "HF_TOKEN",
                 "--dry-run", "--out", str(out)]) == 0  # fmt: skip
    assert not any(hub.token.encode() in file.read_bytes() for file in out.rglob("*") if file.is_file())
    return out


@pytest.fixture(scope="module")
def kept(pytestconfig):
    """Where environments are kept; until the module's end where pytest keeps nothing (`-p no:cacheprovider`)."""
    cache = getattr(pytestconfig, "cache", None)
    if cache:
        yield cache.mkdir("space-venv")
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def python(folder, kept):
    """The interpreter of an environment that holds what the Space asks for, and nothing else."""
    required = (folder / "requirements.txt").read_bytes()
    name = hashlib.sha256(required + sys.version.encode()).hexdigest()[:12]
    home = kept / name
    found = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    whole = home / "whole"
    if not whole.is_file():
        shutil.rmtree(home.parent, ignore_errors=True)  # of other requirements
        venv.create(home, with_pip=True)
        pip = [found, "-m", "pip", "install", "--disable-pip-version-check", "-q"]
        _check_registry(pip)
        done = subprocess.run(
            [*pip, "-r", folder / "requirements.txt"], capture_output=True, text=True, timeout=INSTALLING
        )
        assert done.returncode == 0, done.stderr
        whole.write_text("")
    return found


def _check_registry(pip):
    """Skips where nothing can be installed; not in CI, where it must be possible."""
    done = subprocess.run(
        [*pip, "--dry-run", "--no-deps", "threadpoolctl"], capture_output=True, text=True, timeout=180
    )
    if done.returncode:
        complain = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        complain(f"no package registry within reach: {done.stderr.strip()[-200:]}")


class Program:
    """app.py of the folder, running.

    Args:
        python: the interpreter.
        folder: of the Space.
        settings: environment variables.
    """

    def __init__(self, python, folder, settings):
        passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        self.process = subprocess.Popen(
            [python, "app.py"], cwd=folder, env={**passed, **settings}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, encoding="utf-8",
        )  # fmt: skip
        self.lines, self._ready = [], threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line)
            if "La page est prête" in line:
                self._ready.set()
        self._ready.set()

    @property
    def log(self):
        return "".join(self.lines)

    def wait(self):
        assert self._ready.wait(PATIENCE), self.log
        assert self.process.poll() is None, self.log

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(30)
        self._reader.join()
        return status


@pytest.fixture(scope="module")
def program(python, folder, hub, place):
    port = usable_port("127.0.0.1", 0)
    home = place / "home"
    home.mkdir()
    program = Program(python, folder, {
        "HF_ENDPOINT": hub.url, "HF_TOKEN": hub.token, "HF_HOME": str(home / "hf"), "HF_HUB_DISABLE_XET": "1",
        "HOME": str(home), "PORT": str(port),
        "SYSTEM": "spaces", "SPACE_ID": "zoe/page", "SPACE_HOST": "zoe-page.hf.space", "SPACE_AUTHOR_NAME": "zoe",
    })  # fmt: skip
    program.address = f"http://127.0.0.1:{port}/"
    yield program
    if program.process.poll() is None:
        program.process.kill()
        program.process.wait()


@contextmanager
def visiting(browser, program):
    """A tab that may complain of nothing, and ask nothing of another place, for as long as it is open."""
    complaints = []
    tab = browser.new_page(viewport={"width": 1280, "height": 900}, locale="fr-FR")
    tab.set_default_timeout(60_000)
    tab.on("console", lambda message: message.type == "error" and complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("request", lambda one: one.url.startswith((program.address, "data:", "blob:")) or complaints.append(one.url))
    yield tab
    assert complaints == []  # before it is closed: a page that is left lets go of its connections, and says so
    tab.close()


def asked(tab, program):
    sent = tab.goto(program.address)
    assert "frame-ancestors https://huggingface.co" in sent.headers["content-security-policy"]
    tab.get_by_role("textbox", name="Votre question").fill("Comment suivre mon colis ?")
    tab.get_by_role("button", name="Envoyer", exact=True).click()
    tab.wait_for_function(f"() => document.querySelector('{ANSWER}')?.textContent.trim().length > 1")
    first = tab.locator(ANSWER).inner_text()
    tab.get_by_role("button", name="Régénérer", exact=True).wait_for()
    tab.wait_for_function("() => !document.querySelector('#again').disabled")
    assert len(tab.locator(ANSWER).inner_text()) >= len(first.strip())
    assert "zoe/faq" in tab.locator("#header").inner_text()
    for name, shown in (("Données", "Sources et licences"), ("Entraînement", "Courbes"), ("À propos", "Versions")):
        tab.get_by_role("tab", name=name, exact=True).click()
        tab.get_by_text(shown).locator("visible=true").first.wait_for()


def test_it_answers_in_a_browser_and_ends_when_told(browser, program, hub):
    program.wait()
    with visiting(browser, program) as tab:
        asked(tab, program)
    with visiting(browser, program) as tab:
        tab.goto(f"{program.address}en/")
        tab.get_by_role("textbox", name="Your question").wait_for()
    assert ("GET", 200) in {(method, status) for method, path, status in hub.requests if "model.weights.h5" in path}
    assert not any("transformers" in path for _, path, _ in hub.requests)
    assert program.end() == 0
    assert not any(word in program.log for word in ("Traceback", "Error", "Erreur", hub.token)), program.log


def test_a_private_model_without_its_token_is_told_in_a_line_of_the_log(python, folder, hub, place):
    program = Program(python, folder, {"HF_ENDPOINT": hub.url, "HF_HOME": str(place / "none")})
    assert program.process.wait(PATIENCE) == 1
    program._reader.join()
    assert "HF_TOKEN" in program.lines[-1] and "Traceback" not in program.log
