"""From votes to training data: the dialogues that people liked, or pairs of a better and a worse answer.

Only what somebody agreed to give to training goes out, and never a sealed question, whoever typed it. Every vote and
every opinion is accounted for: rows = used + left out, each with its reason.

    dialogues     question (with the conversation before it) and the answer that was liked
    preferences   {"prompt": [messages], "chosen": [message], "rejected": [message]}, as TRL's DPO reads them

A question that several judged comes out once, with the answer that more of them preferred.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from app.feedback.report import VOTES
from app.feedback.sealed import sealed_key, sealed_questions
from app.feedback.store import FeedbackStore
from chatbot.dialogue import Dialogue, Message, assistant, user, write_dialogues
from chatbot.files import json_line, write_text
from chatbot.language import tr
from datasets_prep.personal import masked

Form = Literal["dialogues", "preferences"]
Check = Callable[[Sequence[str]], bool]
SOURCE = "feedback"

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
        unchecked: prepared sets that are not at hand any more, so that only the noted hashes were compared.
    """

    lines: int = 0
    rows: int = 0
    used: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    masked: Counter[str] = field(default_factory=Counter)
    unchecked: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {"lines": self.lines, "rows": self.rows, "used": self.used, "left_out": dict(self.left_out),
                "masked": dict(self.masked), "unchecked": self.unchecked}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Judged:
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
        return tuple(f"{message.role} {message.content}" for message in self.prompt)


@dataclass
class _Line:
    """What will be written: a judgement, the better answer, maybe a worse one, and the comments of all who agree."""

    judged: _Judged
    better: str
    worse: str = ""
    comments: list[str] = field(default_factory=list)


def export(store: FeedbackStore, out: Path, form: Form) -> Exported:
    """Writes the training data that a file of votes may become.

    Args:
        store: the file.
        out: JSON Lines to write, whole or not at all.
        form: see the module.

    Raises:
        InputError: there is no such file of votes.
    """
    done = Exported()
    is_sealed = _sealed_in(store, done)
    usable = [*_votes(store, is_sealed, done), *_opinions(store, is_sealed, done)]
    by_prompt: dict[tuple[str, ...], list[_Judged]] = defaultdict(list)
    for judged in usable:
        by_prompt[judged.key].append(judged)
    choose = _dialogues if form == "dialogues" else _preferences
    lines = [line for group in by_prompt.values() for line in choose(group, done)]
    if form == "dialogues":
        done.lines = write_dialogues(out, [_dialogue(number, line, done) for number, line in enumerate(lines, 1)])
    else:
        write_text(out, "".join(json_line(_preference(line, done)) for line in lines))
        done.lines = len(lines)
    assert done.rows == done.used + done.left_out.total()
    return done


# -- what may be used -------------------------------------------------------------------------------------------------


def _votes(store: FeedbackStore, is_sealed: Check, done: Exported) -> list[_Judged]:
    usable = []
    for study in store.rows("SELECT id FROM study ORDER BY began, rowid"):
        items = {row["id"]: row for row in store.rows("SELECT * FROM item WHERE study = ?", study["id"])}
        for vote in store.rows(VOTES, study["id"]):
            done.rows += 1
            item, verdict = items[vote["item"]], vote["verdict"]
            other = "reference" if verdict == "main" else "main"
            if not vote["training"]:
                done.left_out["no_consent"] += 1
            elif item["sealed"] or is_sealed([item["question"]]):
                done.left_out["sealed"] += 1
            elif verdict in ("both_good", "both_bad"):
                done.left_out[verdict] += 1
            elif _is_cut(item[f"{verdict}_answer"], item[f"{verdict}_finish"]):
                done.left_out["cut"] += 1
            else:
                usable.append(
                    _Judged(
                        prompt=(user(item["question"]),), liked=item[f"{verdict}_answer"],
                        disliked=item[f"{other}_answer"], group=item["topic"] or item["question"],
                        comment=vote["comment"], origin="vote",
                    )
                )  # fmt: skip
    return usable


def _opinions(store: FeedbackStore, is_sealed: Check, done: Exported) -> list[_Judged]:
    usable = []
    for row in store.rows(
        "SELECT opinion.*, training FROM opinion JOIN person ON person.id = opinion.person ORDER BY opinion.rowid"
    ):
        done.rows += 1
        prompt = tuple(Message(**message) for message in json.loads(row["messages"]))
        if not row["training"]:
            done.left_out["no_consent"] += 1
        elif is_sealed([message.content for message in prompt if message.role == "user"]):
            done.left_out["sealed"] += 1
        elif row["liked"] and _is_cut(row["answer"], row["finish"]):
            done.left_out["cut"] += 1
        else:
            usable.append(
                _Judged(
                    prompt=prompt, liked=row["answer"] if row["liked"] else None,
                    disliked=None if row["liked"] else row["answer"], group=prompt[0].content,
                    comment=row["comment"], origin="thumb",
                )
            )  # fmt: skip
    return usable


def _sealed_in(store: FeedbackStore, done: Exported) -> Check:
    """Whether any of some texts is a question held out of training, as far as the file or a set at hand tells."""
    keys = {row["key"] for row in store.rows("SELECT key FROM sealed")}
    for row in store.rows("SELECT folder FROM prepared ORDER BY folder"):
        questions = sealed_questions(Path(row["folder"]))
        if questions is None:
            done.unchecked.append(row["folder"])
        else:
            keys |= questions
    return lambda texts: any(sealed_key(text) in keys for text in texts)


def _is_cut(answer: str, finish: str) -> bool:
    return not answer.strip() or finish in ("length", "cancelled")


# -- one question, all that was said of its answers -------------------------------------------------------------------


def _dialogues(group: list[_Judged], done: Exported) -> list[_Line]:
    """For each answer that more liked than disliked (of the answers of a vote: the one preferred): a line."""
    score: Counter[str] = Counter()
    for judged in group:
        if judged.liked is not None:
            score[judged.liked] += 1
        if judged.disliked is not None:
            score[judged.disliked] -= 1
    lines: dict[str, _Line] = {}
    for judged in group:
        if judged.liked is None:
            done.left_out["thumb_down"] += 1
        elif score[judged.liked] <= 0:
            done.left_out["divided" if score[judged.liked] == 0 else "outvoted"] += 1
        elif judged.liked in lines:
            done.left_out["repeated"] += 1
            lines[judged.liked].comments.append(judged.comment)
        else:
            done.used += 1
            lines[judged.liked] = _Line(judged, judged.liked, comments=[judged.comment])
    return list(lines.values())


def _preferences(group: list[_Judged], done: Exported) -> list[_Line]:
    """A pair for each two answers of which more preferred one; thumbs make pairs of 👍 and 👎 under one prompt."""
    votes = [judged for judged in group if judged.origin == "vote"]
    return [*_voted_pairs(votes, done), *_thumb_pairs([judged for judged in group if judged.origin == "thumb"], done)]


def _voted_pairs(votes: list[_Judged], done: Exported) -> Iterator[_Line]:
    count = Counter((judged.liked, judged.disliked) for judged in votes)
    written = set()
    for judged in votes:
        lead = count[judged.liked, judged.disliked] - count[judged.disliked, judged.liked]
        if lead <= 0:
            done.left_out["divided" if lead == 0 else "outvoted"] += 1
        elif (judged.liked, judged.disliked) in written:
            done.left_out["repeated"] += 1
        else:
            done.used += 1
            written.add((judged.liked, judged.disliked))
            yield _Line(judged, str(judged.liked), str(judged.disliked))


def _thumb_pairs(thumbs: list[_Judged], done: Exported) -> Iterator[_Line]:
    """Each answer that more liked than disliked, with one that more disliked."""
    score: Counter[str] = Counter()
    first: dict[str, _Judged] = {}
    for judged in thumbs:
        score[judged.answer] += 1 if judged.liked is not None else -1
    for judged in thumbs:
        if (judged.liked is not None) == (score[judged.answer] > 0):
            first.setdefault(judged.answer, judged)
    good, bad = ([text for text in first if (score[text] > 0) == wanted and score[text]] for wanted in (True, False))
    paired = dict(zip(good, bad, strict=False))
    matched = {*paired, *paired.values()}
    for judged in thumbs:
        text = judged.answer
        if not score[text]:
            done.left_out["divided"] += 1
        elif first[text] is not judged:
            with_most = (judged.liked is not None) == (score[text] > 0)
            done.left_out["repeated" if with_most else "outvoted"] += 1
        elif text not in matched:
            done.left_out["no_alternative"] += 1
        else:
            done.used += 1
    for better, worse in paired.items():
        yield _Line(first[better], better, worse)


# -- a line -----------------------------------------------------------------------------------------------------------


def _dialogue(number: int, line: _Line, done: Exported) -> Dialogue:
    said = [_masked(comment, done) for comment in line.comments if comment]
    return Dialogue(
        id=f"{SOURCE}-{number}", source=SOURCE, group=_masked(line.judged.group, done),
        messages=(*_masked_messages(line.judged.prompt, done), assistant(_masked(line.better, done))),
        meta={"origin": line.judged.origin, "liked_by": len(line.comments)} | ({"comments": said} if said else {}),
    )  # fmt: skip


def _preference(line: _Line, done: Exported) -> dict[str, Any]:
    return {
        "prompt": [message.to_json() for message in _masked_messages(line.judged.prompt, done)],
        "chosen": [assistant(_masked(line.better, done)).to_json()],
        "rejected": [assistant(_masked(line.worse, done)).to_json()],
    }


def _masked_messages(messages: Sequence[Message], done: Exported) -> list[Message]:
    return [
        Message(role=message.role, content=_masked(message.content, done), context=_masked(message.context, done))
        for message in messages
    ]


def _masked(text: str, done: Exported) -> str:
    clean, counts = masked(text, "")
    done.masked += counts
    return clean


def reason_in_words(reason: str) -> str:
    return tr(*REASONS[reason])
