"""What a voter is shown, and what comes back: checked here, for what a page sends may have been made by anybody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from app.page.opinions import checked_comment
from chatbot.dialogue import Message
from chatbot.errors import InputError
from chatbot.language import tr

Choice = Literal["left", "right", "both_good", "both_bad"]
CHOICES: tuple[str, ...] = get_args(Choice)
SIDES = ("left", "right")
SCALES = ("clear", "useful", "correct")
LOWEST, HIGHEST = 1, 5
RATED = tuple(f"{side}_{scale}" for side in SIDES for scale in SCALES)  # left_clear, left_useful, … right_correct


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A question as one person sees it. Nothing here tells which model made which answer.

    Args:
        ticket: names this showing, and nothing else; a vote brings it back, so a vote sent twice is one vote.
        number, of: its place in the person's questions, from 1, and how many there are.
        question, left, right: texts, not escaped.
        context: the text that the question is about; mostly none.
        history: the conversation before the question; mostly none.
    """

    ticket: str
    number: int
    of: int
    question: str
    left: str
    right: str
    context: str = ""
    history: tuple[Message, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Ballot:
    """A vote that is what it should be.

    Args:
        choice: one of `CHOICES`.
        ratings: one to five by the names of `RATED`; scales that were left alone are absent.
        comment: free text, maybe empty.
    """

    choice: str
    ratings: Mapping[str, int] = field(default_factory=dict)
    comment: str = ""

    def __post_init__(self) -> None:
        if self.choice not in CHOICES:
            raise InputError(
                tr("Choisissez d'abord : A, B, les deux bonnes ou les deux mauvaises.",
                   "Choose first: A, B, both good or both bad.")
            )  # fmt: skip
        for name, value in self.ratings.items():
            if name not in RATED or type(value) is not int or not LOWEST <= value <= HIGHEST:
                raise InputError(
                    tr(f"Une note va de {LOWEST} à {HIGHEST}.", f"A rating goes from {LOWEST} to {HIGHEST}.")
                )
        object.__setattr__(self, "comment", checked_comment(self.comment))


def ballot_of(choice: object, ratings: Sequence[object], comment: object) -> Ballot:
    """What came from the page as a vote; `ratings` in the order of `RATED`, None where a scale was left alone.

    Raises:
        InputError: something in it is not what it should be.
    """
    given = {name: value for name, value in zip(RATED, ratings, strict=True) if value is not None}
    return Ballot(choice=choice, ratings=given, comment=comment)  # type: ignore[arg-type]


def scale_name(scale: str) -> str:
    """The word for a scale: Claire, Utile, Exacte."""
    names = {"clear": ("Claire", "Clear"), "useful": ("Utile", "Useful"), "correct": ("Exacte", "Correct")}
    return tr(*names[scale])
