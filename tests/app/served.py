"""The page with the API beside it, on a free port of this machine."""

import threading
from contextlib import contextmanager

from starlette.routing import Mount

from app.api.routes import api
from app.page.content import PageContent
from app.page.protection import Protection
from app.page.serve import open_page
from app.serving import NEAR
from chatbot.sampling import Sampling

SAMPLING = Sampling(max_new_tokens=24)


@contextmanager
def served_api(chat, key=""):
    """Its base address, ending in /v1."""
    content = PageContent(chat=chat, sampling=SAMPLING)
    routes = [Mount("/v1", app=api(chat, SAMPLING, key, () if key else NEAR))]
    with open_page(content, port=0, routes=routes, protection=Protection(api=True, rate=0)) as server:
        yield server.url + "v1"


def reading(*names):
    """How many threads read answers: of the "api", or of a "remote" model."""
    return sum(thread.name in names for thread in threading.enumerate())


def at_rest(chat):
    """Nothing is computed, nobody waits, no slot is held, no thread reads."""
    engine = chat.generator
    free = all(slot.request is None for slot in engine._slots)
    return engine._thread is None and not engine._waiting and free and not reading("api", "remote")
