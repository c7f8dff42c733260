"""What the tests of the program share: French after each of them, and a real browser."""

import os
import shutil
from pathlib import Path

import pytest

from chatbot.language import set_language

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
