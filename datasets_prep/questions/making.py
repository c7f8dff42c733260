"""What the user says about making pairs from a document."""

from dataclasses import dataclass
from typing import Literal

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
