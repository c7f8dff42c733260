"""The page with the API beside it, on a free port of this machine."""

import threading
from contextlib import contextmanager

from app.page.serve import build_page, open_page
from app.serving import api_routes
from chatbot.sampling import Sampling

SAMPLING = Sampling(max_new_tokens=24)


@contextmanager
def served_api(chat, key=""):
    """Its base address, ending in /v1."""
    page = build_page(chat, title="Causette", examples=[], sampling=SAMPLING)
    yield open_page(page, port=0, routes=api_routes(chat, SAMPLING, key, "127.0.0.1")) + "v1"
    page.close(verbose=False)


def reading(*names):
    """How many threads read answers: of the "api", or of a "remote" model."""
    return sum(thread.name in names for thread in threading.enumerate())


def at_rest(chat):
    """Nothing is computed, nobody waits, no slot is held, no thread reads."""
    engine = chat.generator
    free = all(slot.request is None for slot in engine._slots)
    return engine._thread is None and not engine._waiting and free and not reading("api", "remote")
