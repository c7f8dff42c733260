"""A page in one language: what its handlers say is in it, whatever language the server was started in."""

import inspect
from collections.abc import Callable, Generator
from functools import wraps
from typing import Any

from chatbot.language import speaking


def speak(page: Any, language: str) -> None:
    """Makes every handler of a `gr.Blocks` speak that language. All of them pass here: none can be forgotten."""
    for handler in page.fns.values():
        if handler.fn is not None:
            handler.fn = spoken(handler.fn, language)


def spoken(function: Callable[..., Any], language: str) -> Callable[..., Any]:
    """The function in that language; of a generator each part, for between two of them other readers are served."""
    if not inspect.isgeneratorfunction(function):

        @wraps(function)
        def whole(*arguments: Any, **named: Any) -> Any:
            with speaking(language):
                return function(*arguments, **named)

        return whole

    @wraps(function)
    def parts(*arguments: Any, **named: Any) -> Generator[Any]:
        generator = function(*arguments, **named)
        try:
            while True:
                with speaking(language):
                    try:
                        part = next(generator)
                    except StopIteration:
                        return
                yield part
        finally:
            with speaking(language):
                generator.close()

    return parts
