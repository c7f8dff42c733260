"""A page's handlers speak its language, whatever that of the server, and whoever else is served between two parts."""

import inspect

from app.page.content import PageContent
from app.page.serve import build_page
from app.page.spoken import spoken
from chatbot.language import current_language, speaking, tr
from chatbot.sampling import Sampling
from tests.app.votes import Parrot


def said():
    return tr("bonjour", "hello")


def test_a_function_speaks_the_language_and_leaves_it():
    assert spoken(said, "en")() == "hello"
    assert said() == "bonjour" and current_language() == "fr"


def test_each_part_of_a_generator_speaks_it_and_its_end_is_reached():
    left = []

    def parts(count):
        try:
            for _ in range(count):
                yield said()
        finally:
            left.append(said())

    english, french = spoken(parts, "en")(3), spoken(parts, "fr")(3)
    assert inspect.isgeneratorfunction(spoken(parts, "en"))
    assert [next(english), next(french), next(english)] == ["hello", "bonjour", "hello"]
    assert said() == "bonjour"
    english.close()
    assert left == ["hello"]
    assert list(french) == ["bonjour", "bonjour"]


def test_every_handler_of_a_page_speaks_its_language():
    with speaking("en"):
        page = build_page(PageContent(chat=Parrot(), sampling=Sampling(max_new_tokens=8)))
    handlers = [handler.fn for handler in page.fns.values() if handler.fn]
    assert handlers and all(handler.__wrapped__ for handler in handlers)
