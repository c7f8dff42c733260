"""From votes to training data: the dialogues that people liked, or pairs of a better and a worse answer.

Only what somebody agreed to give to training goes out, and no question that is known to be sealed, whoever typed it: known
by the file (a comparison, the set of a run) or by a prepared set that is named. Every vote and every opinion is accounted
for: rows = used + left out, each with its reason.

    dialogues     question (with the conversation before it) and the answer that was liked
    preferences   {"prompt": [messages], "chosen": [message], "rejected": [message]}, as TRL's DPO reads them; TRL knows
                  no text beside a message, so one that came with a question stands below it, in the same message

A question that several judged comes out once, with the answer that more of them preferred.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from app.feedback.store import FeedbackStore
from app.feedback.usable import Exported, Judged, usable
from chatbot.dialogue import Dialogue, Message, assistant, write_dialogues
from chatbot.files import json_line, write_text
from datasets_prep.personal import masked

Form = Literal["dialogues", "preferences"]
SOURCE = "feedback"


@dataclass
class _Line:
    """What will be written: a judgement, the better answer, maybe a worse one, and the comments of all who agree."""

    judged: Judged
    better: str
    worse: str = ""
    comments: list[str] = field(default_factory=list)


def export(store: FeedbackStore, out: Path, form: Form, data: Sequence[Path] = ()) -> Exported:
    """Writes the training data that a file of votes may become.

    Args:
        store: the file.
        out: JSON Lines to write, whole or not at all.
        form: see the module.
        data: prepared sets whose held-out questions never go out, besides those that the file knows of.

    Raises:
        InputError: there is no such file of votes, or one of `data` is no prepared set.
    """
    done = Exported()
    by_prompt: dict[tuple[str, ...], list[Judged]] = defaultdict(list)
    for judged in usable(store, done, data):
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


# -- one question, all that was said of its answers -------------------------------------------------------------------


def _dialogues(group: list[Judged], done: Exported) -> list[_Line]:
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


def _preferences(group: list[Judged], done: Exported) -> list[_Line]:
    """A pair for each two answers of which more preferred one; thumbs make pairs of 👍 and 👎 under one prompt."""
    votes = [judged for judged in group if judged.origin == "vote"]
    return [*_voted_pairs(votes, done), *_thumb_pairs([judged for judged in group if judged.origin == "thumb"], done)]


def _voted_pairs(votes: list[Judged], done: Exported) -> Iterator[_Line]:
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


def _thumb_pairs(thumbs: list[Judged], done: Exported) -> Iterator[_Line]:
    """Each answer that more liked than disliked, with one that more disliked."""
    score: Counter[str] = Counter()
    first: dict[str, Judged] = {}
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
        "prompt": [{"role": message.role, "content": f"{message.content}\n{message.context}".strip()}
                   for message in _masked_messages(line.judged.prompt, done)],
        "chosen": [assistant(_masked(line.better, done)).to_json()],
        "rejected": [assistant(_masked(line.worse, done)).to_json()],
    }  # fmt: skip


def _masked_messages(messages: Sequence[Message], done: Exported) -> list[Message]:
    return [
        Message(role=message.role, content=_masked(message.content, done), context=_masked(message.context, done))
        for message in messages
    ]


def _masked(text: str, done: Exported) -> str:
    clean, counts = masked(text, "")
    done.masked += counts
    return clean
