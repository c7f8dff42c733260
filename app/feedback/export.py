"""From votes to training data: the dialogues that people liked, or pairs of a better and a worse answer.

Only what somebody agreed to give to training goes out, and never a sealed question, whoever typed it. Every vote and
every opinion is accounted for: rows = used + left out, each with its reason.

    dialogues     question (with the conversation before it) and the answer that was liked
    preferences   {"prompt": [messages], "chosen": [message], "rejected": [message]}, as TRL's DPO reads them

A question that several judged comes out once, with the answer that more of them preferred.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
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
    def key(self) -> tuple[str, ...]:
        return tuple(f"{message.role} {message.content}" for message in self.prompt)


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
        done.lines = write_dialogues(out, [_dialogue(number, *line, done) for number, line in enumerate(lines, 1)])
    else:
        write_text(out, "".join(json_line(_preference(*line, done)) for line in lines))
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


def _dialogues(group: list[_Judged], done: Exported) -> list[tuple[_Judged, str, list[str]]]:
    """For each answer that more liked than disliked (of the answers of a vote: the one preferred): a line."""
    score: Counter[str] = Counter()
    for judged in group:
        if judged.liked is not None:
            score[judged.liked] += 1
        if judged.disliked is not None:
            score[judged.disliked] -= 1
    lines: dict[str, tuple[_Judged, str, list[str]]] = {}
    for judged in group:
        if judged.liked is None:
            done.left_out["thumb_down"] += 1
        elif score[judged.liked] <= 0:
            done.left_out["divided" if score[judged.liked] == 0 else "outvoted"] += 1
        elif judged.liked in lines:
            done.left_out["repeated"] += 1
            lines[judged.liked][2].append(judged.comment)
        else:
            done.used += 1
            lines[judged.liked] = judged, judged.liked, [judged.comment]
    return list(lines.values())


def _preferences(group: list[_Judged], done: Exported) -> list[tuple[_Judged, str, str]]:
    """A pair for each two answers of which more preferred one; thumbs make pairs of 👍 and 👎 under one prompt."""
    lines: dict[tuple[str, str], tuple[_Judged, str, str]] = {}
    votes = [judged for judged in group if judged.origin == "vote"]
    for_it = Counter((judged.liked, judged.disliked) for judged in votes)
    for judged in votes:
        better, worse = str(judged.liked), str(judged.disliked)
        lead = for_it[judged.liked, judged.disliked] - for_it[judged.disliked, judged.liked]
        if lead <= 0:
            done.left_out["divided" if lead == 0 else "outvoted"] += 1
        elif (better, worse) in lines:
            done.left_out["repeated"] += 1
        else:
            done.used += 1
            lines[better, worse] = judged, better, worse
    thumbs = [judged for judged in group if judged.origin == "thumb"]
    up = [judged for judged in thumbs if judged.liked is not None]
    down = [judged for judged in thumbs if judged.disliked is not None]
    score = Counter(judged.liked for judged in up) - Counter(judged.disliked for judged in down)
    clearly_bad = Counter(judged.disliked for judged in down) - Counter(judged.liked for judged in up)
    good = {str(judged.liked): judged for judged in reversed(up) if score[judged.liked] > 0}
    bad = {str(judged.disliked): judged for judged in reversed(down) if clearly_bad[judged.disliked] > 0}
    paired = list(zip(good.items(), bad.items(), strict=False))
    used = {id(judged) for (_, one), (_, other) in paired for judged in (one, other)}
    for (better, judged), (worse, _) in paired:
        lines.setdefault((better, worse), (judged, better, worse))
    done.used += len(used)
    for judged in thumbs:
        if id(judged) in used:
            continue
        text = judged.liked if judged.liked is not None else judged.disliked
        alike = {one for (one, _), (other, _) in paired} | {other for (one, _), (other, _) in paired}
        if text in alike:
            done.left_out["repeated"] += 1
        elif not score[text] and not clearly_bad[text]:
            done.left_out["divided"] += 1
        else:
            done.left_out["no_alternative"] += 1
    return list(lines.values())


# -- a line -----------------------------------------------------------------------------------------------------------


def _dialogue(number: int, judged: _Judged, answer: str, comments: list[str], done: Exported) -> Dialogue:
    said = [_masked(comment, done) for comment in comments if comment]
    return Dialogue(
        id=f"{SOURCE}-{number}", source=SOURCE, group=_masked(judged.group, done),
        messages=(*_masked_messages(judged.prompt, done), assistant(_masked(answer, done))),
        meta={"origin": judged.origin, "liked_by": len(comments)} | ({"comments": said} if said else {}),
    )  # fmt: skip


def _preference(judged: _Judged, better: str, worse: str, done: Exported) -> dict[str, Any]:
    return {
        "prompt": [message.to_json() for message in _masked_messages(judged.prompt, done)],
        "chosen": [assistant(_masked(better, done)).to_json()],
        "rejected": [assistant(_masked(worse, done)).to_json()],
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
