"""What the user says about making pairs from a document."""

import math
from dataclasses import dataclass
from typing import Literal

from chatbot.errors import InputError
from chatbot.language import tr

Maker = Literal["rules", "model"]


@dataclass(frozen=True, kw_only=True)
class Making:
    """How pairs are made from the passages of documents.

    Args:
        maker: by rules, or by a model whose quotes are checked.
        max_calls: requests to the model at most, new tries too, in one run; None for no limit.
        max_cost: money at most, in the currency of `prices`; it needs them.
        prices: per million tokens read and per million tokens written.
    """

    maker: Maker = "rules"
    max_calls: int | None = None
    max_cost: float | None = None
    prices: tuple[float, float] | None = None


BY_RULES = Making()


def read_prices(text: str, name: str) -> tuple[float, float]:
    """The prices that "0.15,0.60" states, per million tokens read and written.

    Args:
        text: what the user gave.
        name: where: an option, or a variable of the environment.

    Raises:
        InputError: it is not two numbers from 0 up.
    """
    try:
        read, written = (float(part) for part in text.split(","))
        if not all(math.isfinite(price) and price >= 0 for price in (read, written)):
            raise ValueError(text)
    except ValueError as error:
        raise InputError(
            tr(f"{name} : deux nombres positifs, comme 0.15,0.60.", f"{name}: two positive numbers, like 0.15,0.60.")
        ) from error
    return read, written
