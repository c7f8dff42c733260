"""The sampling settings of the page: one table makes the sliders, their explanations and the server's checks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.page.look import words
from chatbot.errors import InputError
from chatbot.language import number
from chatbot.sampling import Sampling

UNKNOWN_CONTEXT = 4096  # tokens


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One slider.

    Args:
        name: the field of `Sampling` that it sets.
        label, explanation: what the reader sees.
        low, high, step: its range; whole numbers where `step` is one.
    """

    name: str
    label: str
    explanation: str
    low: float
    high: float
    step: float

    def checked(self, value: object) -> float | int:
        """The value as `Sampling` takes it. Raises InputError outside the range, or when it is no number."""
        if not isinstance(value, int | float) or not self.low <= value <= self.high:
            low, high = (number(bound, len(f"{bound:g}".partition(".")[2])) for bound in (self.low, self.high))
            raise InputError(
                words(
                    f"« {self.label} » doit être un nombre entre {low} et {high}.",
                    f'"{self.label}" must be a number between {low} and {high}.',
                )
            )
        return int(value) if self.step == int(self.step) else float(value)


def settings_for(default: Sampling, context: int | None) -> list[Setting]:
    """The sliders for a model with that context; their ranges always hold the default.

    Args:
        default: what the sliders show at first.
        context: the model's longest sequence, in tokens; None where a server does not tell.
    """
    longest = (context or UNKNOWN_CONTEXT) // 2
    return [
        Setting(
            name="temperature", low=0, high=max(1.5, default.temperature), step=0.05,
            label=words("Température", "Temperature"),
            explanation=words("0 : toujours le mot le plus probable, donc la même réponse à la même question. "
                              "Plus haut : plus varié, et plus d'erreurs.",
                              "0: always the likeliest word, so the same answer to the same question. "
                              "Higher: more varied, and more mistakes."),
        ),
        Setting(
            name="top_p", low=0.05, high=1, step=0.05,
            label="Top-p",
            explanation=words("Ne tire que parmi les mots les plus probables qui réunissent cette part des chances. "
                              "1 : tous. Sans effet à température 0.",
                              "Draws only among the likeliest words that share this part of the odds. "
                              "1: all of them. No effect at temperature 0."),
        ),
        Setting(
            name="top_k", low=0, high=max(100, default.top_k), step=1,
            label="Top-k",
            explanation=words("Ne tire que parmi ce nombre de mots, les plus probables. "
                              "0 : pas de limite. Sans effet à température 0.",
                              "Draws only among this many words, the likeliest. "
                              "0: no limit. No effect at temperature 0."),
        ),
        Setting(
            name="repetition_penalty", low=min(1, default.repetition_penalty),
            high=max(2, default.repetition_penalty), step=0.05,
            label=words("Pénalité de répétition", "Repetition penalty"),
            explanation=words("Au-dessus de 1, les mots déjà employés deviennent moins probables.",
                              "Above 1, words already used become less likely."),
        ),
        Setting(
            name="max_new_tokens", low=1, high=max(longest, default.max_new_tokens), step=1,
            label=words("Longueur maximale", "Longest answer"),
            explanation=words("En jetons : un mot en fait un ou deux. La réponse est coupée au-delà.",
                              "In tokens: a word is one or two. The answer is cut beyond."),
        ),
    ]  # fmt: skip


def sampling_of(settings: Sequence[Setting], values: Sequence[object], default: Sampling) -> Sampling:
    """The default with the sliders' values in it.

    Raises:
        InputError: a value is out of its range.
    """
    checked = {setting.name: setting.checked(value) for setting, value in zip(settings, values, strict=True)}
    return replace(default, **checked)  # type: ignore[arg-type]
