"""Which votes and opinions may become training data: agreed to, not sealed, and clear; the others with their reason."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.feedback.report import VOTES
from app.feedback.sealed import held_out, sealed_key, sealed_questions
from app.feedback.store import FeedbackStore, messages_of
from chatbot.dialogue import Message, user
from chatbot.language import tr

Check = Callable[[Sequence[Message]], bool]

REASONS = {
    "no_consent": ("sans accord pour l'entraînement", "without consent to training"),
    "sealed": ("question tenue à l'écart de l'entraînement", "question held out of training"),
    "both_good": ("les deux réponses bonnes", "both answers good"),
    "both_bad": ("les deux réponses mauvaises", "both answers bad"),
    "cut": ("réponse vide, coupée ou interrompue", "empty, cut or interrupted answer"),
    "thumb_down": ("👎, sans meilleure réponse", "👎, without a better answer"),
    "no_alternative": ("👍 ou 👎 seul, sans autre réponse à la même question", "👍 or 👎 alone, no other answer to that question"),
    "divided": ("autant d'avis pour que contre", "as many for it as against"),
    "outvoted": ("avis contraire à celui de la majorité", "against the majority"),
    "repeated": ("déjà dans le fichier", "in the file already"),
}  # fmt: skip


@dataclass
class Exported:
    """What came of an export.

    Args:
        lines: written, by what they are made of.
        rows, used: votes and opinions in the file, and those that stand in a line.
        left_out: how many of the others, by reason (a key of `REASONS`).
        masked: personal data masked, by kind.
        missing_sets: prepared sets that are not at hand any more, so that only the noted hashes were compared.
        unchecked: whether nothing at all told which questions are held out, so that some of them may have gone out.
    """

    lines: int = 0
    rows: int = 0
    used: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    masked: Counter[str] = field(default_factory=Counter)
    missing_sets: list[str] = field(default_factory=list)
    unchecked: bool = False

    def to_json(self) -> dict[str, Any]:
        return {"lines": self.lines, "rows": self.rows, "used": self.used, "left_out": dict(self.left_out),
                "masked": dict(self.masked), "missing_sets": self.missing_sets, "unchecked": self.unchecked}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One vote or opinion that may be used: the answer it is for, the one it is against, or only one of them."""

    prompt: tuple[Message, ...]
    liked: str | None
    disliked: str | None
    group: str
    comment: str
    origin: str

    @property
    def answer(self) -> str:
        """The one that a thumb is for."""
        return self.liked if self.liked is not None else self.disliked or ""

    @property
    def key(self) -> tuple[str, ...]:
        return tuple(part for message in self.prompt for part in (message.role, message.content, message.context))


def usable(store: FeedbackStore, done: Exported, data: Sequence[Path] = ()) -> list[Judged]:
    """The votes and opinions that may be used, oldest first; what is left out is counted in `done`.

    Args:
        store: the file.
        done: is counted on.
        data: prepared sets whose held-out questions are left out, besides those that the file knows of.

    Raises:
        InputError: there is no such file of votes, or one of `data` is no prepared set.
    """
    is_sealed = _sealed_in(store, done, data)
    return [*_votes(store, is_sealed, done), *_opinions(store, is_sealed, done)]


def _votes(store: FeedbackStore, is_sealed: Check, done: Exported) -> list[Judged]:
    found = []
    for study in store.rows("SELECT id FROM study ORDER BY began, rowid"):
        items = {row["id"]: row for row in store.rows("SELECT * FROM item WHERE study = ?", study["id"])}
        for vote in store.rows(VOTES, study["id"]):
            done.rows += 1
            item, verdict = items[vote["item"]], vote["verdict"]
            prompt = (*messages_of(item["history"]), user(item["question"], item["context"]))
            other = "reference" if verdict == "main" else "main"
            if not vote["training"]:
                done.left_out["no_consent"] += 1
            elif item["sealed"] or is_sealed(prompt):
                done.left_out["sealed"] += 1
            elif verdict in ("both_good", "both_bad"):
                done.left_out[verdict] += 1
            elif _is_cut(item[f"{verdict}_answer"], item[f"{verdict}_finish"]):
                done.left_out["cut"] += 1
            else:
                found.append(
                    Judged(
                        prompt=prompt, liked=item[f"{verdict}_answer"],
                        disliked=item[f"{other}_answer"], group=item["topic"] or item["question"],
                        comment=vote["comment"], origin="vote",
                    )
                )  # fmt: skip
    return found


def _opinions(store: FeedbackStore, is_sealed: Check, done: Exported) -> list[Judged]:
    found = []
    for row in store.rows(
        "SELECT opinion.*, training FROM opinion JOIN person ON person.id = opinion.person ORDER BY opinion.rowid"
    ):
        done.rows += 1
        prompt = messages_of(row["messages"])
        if not row["training"]:
            done.left_out["no_consent"] += 1
        elif is_sealed(prompt):
            done.left_out["sealed"] += 1
        elif row["liked"] and _is_cut(row["answer"], row["finish"]):
            done.left_out["cut"] += 1
        else:
            found.append(
                Judged(
                    prompt=prompt, liked=row["answer"] if row["liked"] else None,
                    disliked=None if row["liked"] else row["answer"], group=prompt[0].content,
                    comment=row["comment"], origin="thumb",
                )
            )  # fmt: skip
    return found


def _sealed_in(store: FeedbackStore, done: Exported, data: Sequence[Path]) -> Check:
    """Whether any of some messages asks what was held out of training, as far as the file or a set at hand tells."""
    keys = {row["key"] for row in store.rows("SELECT key FROM sealed")}
    known = bool(keys or data)
    for folder in data:
        keys |= held_out(folder)
    for row in store.rows("SELECT folder FROM prepared ORDER BY folder"):
        questions = sealed_questions(Path(row["folder"]))
        if questions is None:
            done.missing_sets.append(row["folder"])
        else:
            known = True
            keys |= questions
    done.unchecked = not known
    return lambda messages: any(
        message.role == "user" and sealed_key(message.content, message.context) in keys for message in messages
    )


def _is_cut(answer: str, finish: str) -> bool:
    return not answer.strip() or finish in ("length", "cancelled")


def reason_in_words(reason: str) -> str:
    return tr(*REASONS[reason])
