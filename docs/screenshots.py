"""Pictures of the pages for the README and the guide: `python -m docs.screenshots RUN` (needs Playwright and a Chromium).

The page is that of `causette serve`, or the one of `causette push space --static`; the answers are those of the model. The question is chosen, to show what an answer that
was learnt looks like: the first one, of the page's examples and then of the training dialogues that it shows, that is
answered in the words of a near source. `--question` asks another one.
"""

import argparse
import io
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

IMAGES = Path(__file__).parent / "images"
RUN = Path("runs/demo/run")
WIDE: Any = {"width": 960, "height": 664}
PHONE: Any = {"width": 390, "height": 844}
TALL = 2400  # pixels: a window that holds a whole panel
MARGIN = 6  # pixels around what is cut out of a window
PATIENCE = 180  # seconds until the page is ready, for a model to load, and for an atlas to be drawn


@contextmanager
def served(run: Path) -> Iterator[str]:
    """The address of a run's page, served by the program in a process of its own; it asks for no opinions."""
    command = [sys.executable, "-m", "app", "serve", str(run), "--port", "0", "--no-feedback"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, encoding="utf-8") as process:
        try:
            yield _address(process)
        finally:
            process.terminate()


def _address(process: "subprocess.Popen[str]") -> str:
    """Reads what the program says until its page is ready, and on in a thread."""
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        for line in process.stderr or ():
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    said = []
    while (line := lines.get(timeout=PATIENCE)) is not None:
        said.append(line)
        if found := re.search(r"http://\S+/(?=\s)", line):
            return found[0]
    raise SystemExit("".join(said))


class Quiet(SimpleHTTPRequestHandler):
    """Files of a folder, without a line for each."""

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def static_served(run: Path) -> Iterator[str]:
    """The address of a run's static Space, as a dry run of the program writes it."""
    with TemporaryDirectory(prefix="causette-") as work:
        folder = Path(work) / "page"
        command = ["push", "space", str(run), "--static", "--repo", "zoe/boutique", "--dry-run", "--out", str(folder)]
        subprocess.run([sys.executable, "-m", "app", *command], check=True, stdout=subprocess.DEVNULL)
        with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_port}/"
            server.shutdown()


class Camera:
    """Takes pictures of one page.

    Args:
        tab: of Playwright.
        out: folder of the pictures.
        question: what is asked; one of the page's examples without.
    """

    def __init__(self, tab: Any, out: Path, question: str | None):
        self.tab, self.out, self.question = tab, out, question or ""

    def window(self, name: str) -> None:
        """What the window shows."""
        self._rest()
        self._keep(name, self.tab.screenshot())

    def parts(self, name: str, *selectors: str) -> None:
        """The rectangle around elements, the window being made large enough for them."""
        self.tab.set_viewport_size({**WIDE, "height": TALL})
        self._rest()
        boxes = [self.tab.locator(selector).first.bounding_box() for selector in selectors]
        left, top = (min(box[side] for box in boxes) - MARGIN for side in ("x", "y"))
        right = max(box["x"] + box["width"] for box in boxes) + MARGIN
        bottom = max(box["y"] + box["height"] for box in boxes) + MARGIN
        clip = {"x": left, "y": top, "width": right - left, "height": bottom - top}
        self._keep(name, self.tab.screenshot(clip=clip))
        self.tab.set_viewport_size(WIDE)

    def _keep(self, name: str, picture: bytes) -> None:
        """Writes it with 256 colours, enough for a page: a third of the bytes."""
        from PIL import Image

        with Image.open(io.BytesIO(picture)) as image:
            image.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(self.out / f"{name}.png", optimize=True)

    def _rest(self) -> None:
        """Waits for what moves, and takes the focus's ring away."""
        self.tab.evaluate("document.activeElement.blur()")
        self.tab.wait_for_function("() => document.getAnimations().every((each) => each.playState !== 'running')")

    def choose(self) -> None:
        """Asks one question after the other until an answer has the words of a near source; the first one stays without."""
        examples = [text.strip() for text in self.tab.locator("#examples button").all_inner_texts()]
        questions = examples + self._learnt()
        behind = self.tab.get_by_role("button", name="Derrière la réponse")
        behind.click()  # closed, it holds nothing
        self.question = next(filter(self._recites, questions), questions[0])
        behind.click()

    def _recites(self, question: str) -> bool:
        self.question = question
        self.ask("", "#conversation")
        answer = self.tab.locator("#conversation .message.bot").last.inner_text()
        texts = self.tab.locator("#behind .sources li p:not(.origin)").all_text_contents()
        self.tab.locator("#clear").click()
        self.tab.locator("#conversation .figures").wait_for(state="detached")
        return any(text in answer for text in texts)

    def _learnt(self) -> list[str]:
        """Questions of the training dialogues that the page shows."""
        self.open("Données", "#data-dialogues .turn.user")
        turns = self.tab.locator("#data-dialogues .turn.user").all_inner_texts()
        self.open("Discuter", "#question")
        return [re.sub(r"^Question\s*:\s*", "", turn.strip()) for turn in turns]

    def ask(self, begun: str, answers: str, count: int = 1) -> None:
        """Asks in the fields whose names begin so; waits for that many answers with their figures."""
        self.tab.locator(f"#{begun}question textarea").fill(self.question)
        self.tab.locator(f"#{begun}send").click()
        self.tab.locator(f"{answers} .figures").nth(count - 1).wait_for()

    def open(self, name: str, there: str) -> None:
        """A tab, once that is seen in it."""
        self.tab.get_by_role("tab", name=name, exact=True).click()
        self.tab.locator(there).first.wait_for()

    def chat(self) -> None:
        """An answer, what lies behind it, and the same in the dark on a phone."""
        if not self.question:
            self.choose()
        self.ask("", "#conversation")
        self.window("discuter")
        behind = self.tab.get_by_role("button", name="Derrière la réponse")
        behind.click()
        self.tab.locator("#behind .tokens").wait_for()
        self.parts("derriere", "#behind")
        behind.click()
        self.tab.set_viewport_size(PHONE)
        self.tab.locator("#theme").click()
        self.window("telephone")
        self.tab.locator("#theme").click()
        self.tab.set_viewport_size(WIDE)

    def others(self) -> None:
        """The tabs beside the chat."""
        self.open("Comparer", "#compare-question")
        self.ask("compare-", "#compare-sides", 2)
        self.parts("comparer", "#compare-models", "#compare-sides")
        self.open("Données", "#data-atlas svg")
        self.parts("nuages", "#data-atlas section:nth-of-type(2) h2", "#data-atlas section:nth-of-type(2) .pair")
        self.open("Entraînement", "#training-shown svg")
        self.parts("entrainement", "#training-shown section:first-of-type", "#training-shown figure:has(svg)")

    def static(self, address: str) -> None:
        """The page that computes in the browser, with the answer to the same question."""
        self.tab.goto(address)
        self.tab.locator("#send:enabled").wait_for()
        self.tab.locator("#question").fill(self.question)
        self.tab.locator("#send").click()
        self.tab.locator("#conversation .figures").wait_for()
        self.window("statique")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path, nargs="?", default=RUN, help="run folder, as `causette demo` leaves it")
    parser.add_argument("--out", type=Path, default=IMAGES, help="folder of the pictures")
    parser.add_argument("--question", help="what is asked, in place of the page's first example")
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    options.out.mkdir(parents=True, exist_ok=True)
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with served(options.run) as address, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--headless"])
        tab = browser.new_context(viewport=WIDE, locale="fr-FR", color_scheme="light").new_page()
        tab.set_default_timeout(1000 * PATIENCE)
        tab.goto(address)
        tab.locator("#question textarea").wait_for()
        camera = Camera(tab, options.out, options.question)
        camera.chat()
        camera.others()
        with static_served(options.run) as static:
            camera.static(static)
        browser.close()
    print(f"{options.out}: {len(list(options.out.glob('*.png')))} images")


if __name__ == "__main__":
    main()
