"""One option that a search changes: a range, or choices."""

import math
from dataclasses import dataclass
from typing import Any

from chatbot.language import current_language, tr


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """One option that the search changes: a range, or choices.

    Args:
        key: as in a recipe, "fit.learning_rate"; or "decoding.temperature".
        low: smallest value of a range, int or float.
        high: largest value of a range.
        log: whether the range is searched by orders of magnitude.
        choices: what is chosen from, where it is no range.
    """

    key: str
    low: float | None = None
    high: float | None = None
    log: bool = False
    choices: tuple[Any, ...] = ()

    @property
    def text(self) -> str | list[Any]:
        """As it stands in a file of a space; `dimension` reads it back."""
        if self.choices:
            return [list(choice) if isinstance(choice, tuple) else choice for choice in self.choices]
        return f"{self.low!r}..{self.high!r}" + (":log" if self.log else "")

    def suggested(self, trial: Any) -> Any:
        """The value that an Optuna trial draws; Optuna knows no lists: they have names there."""
        if self.choices:
            return self.value(trial.suggest_categorical(self.key, [plain(choice) for choice in self.choices]))
        suggest = trial.suggest_int if isinstance(self.low, int) else trial.suggest_float
        return suggest(self.key, self.low, self.high, log=self.log)

    def value(self, drawn: Any) -> Any:
        """The option's value, from what Optuna drew."""
        return next(choice for choice in self.choices if plain(choice) == drawn) if self.choices else drawn

    def holds(self, value: Any) -> bool:
        """Whether a value lies in the dimension."""
        if self.choices:
            return value in self.choices
        return isinstance(value, int | float) and self.low <= value <= self.high  # type: ignore[operator]

    def told(self) -> str:
        """A line for the user."""
        if self.choices:
            return f"{self.key}{tr(' : ', ': ')}" + " | ".join(shown(choice) for choice in self.choices)
        scale = tr(" (échelle logarithmique)", " (logarithmic scale)") if self.log else ""
        return tr(f"{self.key} : de {shown(self.low)} à {shown(self.high)}{scale}",
                  f"{self.key}: from {shown(self.low)} to {shown(self.high)}{scale}")  # fmt: skip


Space = tuple[Dimension, ...]


def plain(value: Any) -> Any:
    """A value as Optuna keeps it: a list becomes its names."""
    return "+".join(map(str, value)) if isinstance(value, list | tuple) else value


def shown(value: Any) -> str:
    """A value as the user reads it: 3 figures, 0,0003 in French."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "—" if value is None else str(plain(value))
    text = f"{value:.3g}" if isinstance(value, float) else str(value)
    mantissa, e, exponent = text.partition("e")
    text = f"{mantissa}e{int(exponent)}" if e else text
    return text.replace(".", ",") if current_language() == "fr" else text


def spread(dimension: Dimension, value: Any) -> float:
    """Where a value lies in its dimension, from 0 to 1: the height of a point on an axis."""
    if dimension.choices:
        return dimension.choices.index(value) / (len(dimension.choices) - 1)
    low, high = float(dimension.low), float(dimension.high)  # type: ignore[arg-type]
    if dimension.log:
        low, high, value = math.log(low), math.log(high), math.log(value)
    return (value - low) / (high - low)
