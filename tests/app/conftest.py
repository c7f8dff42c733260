"""What the tests of the program share: French after each of them, a real browser, and a tiny model behind the API,
which passes a gate for each token."""

import os
import shutil
from pathlib import Path

import pytest

from chatbot.language import set_language
from chatbot.runner import ChatModel
from tests.app.served import at_rest, served_api
from tests.gate import Gate, until

ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(autouse=True)
def french_again():
    yield
    set_language("fr")


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        known = [
            os.environ.get("CHROMIUM"),
            shutil.which("chromium"),
            "/usr/bin/chromium",
            driver.chromium.executable_path,
        ]
        found = next((path for path in known if path and Path(path).exists()), None)
        if found is None:
            complain = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
            complain("no Chromium: install one, or name it in the environment variable CHROMIUM")
        chromium = driver.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def chat(tiny_model):
    return ChatModel(tiny_model)


@pytest.fixture(scope="module")
def the_gate(chat):
    return Gate(chat)


@pytest.fixture
def gate(chat, the_gate):
    """Open at first, and in the end: then nothing of the test is left."""
    yield the_gate
    the_gate.let()
    until(lambda: at_rest(chat), "coming to rest")


@pytest.fixture(scope="module")
def address(chat, the_gate):
    """Of the API, ending in /v1."""
    with served_api(chat) as address:
        yield address
