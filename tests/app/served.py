"""The page with the API beside it, on a free port of this machine."""

from contextlib import contextmanager

from starlette.routing import Mount

from app.api.routes import api
from app.page.serve import build_page, open_page
from chatbot.sampling import Sampling

SAMPLING = Sampling(max_new_tokens=24)


@contextmanager
def served_api(chat, key=""):
    """Its base address, ending in /v1."""
    page = build_page(chat, title="Causette", examples=[], sampling=SAMPLING)
    yield open_page(page, port=0, routes=[Mount("/v1", app=api(chat, SAMPLING, key))]) + "v1"
    page.close(verbose=False)
