"""What a user test is about: the answers of two models to the same questions, taken from a comparison on disk.

People judge the very answers that the measures are about; no model is loaded, and everybody sees the same texts.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.feedback.sealed import sealed_key
from chatbot.dialogue import Message, check_turns, user
from chatbot.errors import InputError, cannot_read
from chatbot.language import tr

COMPARISON = "comparison.json"
FORMAT = 2


@dataclass(frozen=True, kw_only=True)
class Side:
    """One model's answer: its text, how it ended, and its share of its batch's time in seconds (None: not known)."""

    answer: str
    finish: str
    seconds: float | None


@dataclass(frozen=True, kw_only=True)
class Item:
    """A question with the two answers.

    Args:
        id: unique in the study.
        split, sealed: where it comes from, and whether it was held out of training.
        group: what a split must not cut.
        context: a text that came with the question; mostly none.
        history: the conversation before it; mostly none.
        settings: of the evaluation: sampling, seed.
    """

    id: str
    split: str
    sealed: bool
    group: str
    question: str
    context: str = ""
    history: tuple[Message, ...] = ()
    main: Side
    reference: Side
    settings: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Study:
    """The questions of a user test.

    Args:
        main, reference: names of the two models.
        items: the questions on which their answers differ.
        sealed: keys of all held-out questions of the comparison, also of those left out here.
        identical, missing: how many questions were left out: same answer twice, or answered by one model alone.
        facts: what is told of the comparison: date, data, the two models.
    """

    main: str
    reference: str
    items: tuple[Item, ...]
    sealed: frozenset[str]
    identical: int
    missing: int
    facts: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The same for the same models, questions and answers: a server started again goes on with its votes."""
        texts = [
            [item.id, item.question, item.main.answer, item.reference.answer, *_told_with(item)] for item in self.items
        ]
        return hashlib.sha256(json.dumps([self.main, self.reference, texts]).encode()).hexdigest()


def read_study(path: Path, pair: tuple[str, str] | None = None) -> Study:
    """The study of a comparison.

    Args:
        path: comparison.json, or the folder that holds it.
        pair: names of two models; by default the specialised model and its reference.

    Raises:
        InputError: there is no comparison, it cannot be read, has no such model, or its answers are all the same.
    """
    file = _file(path)
    comparison = _read(file)
    try:
        return _study(file, comparison, pair)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            tr(f"{file} : ce n'est pas une comparaison entière ({type(error).__name__} : {error}). "
               "Refaites-la : causette compare RUN",
               f"{file}: no whole comparison ({type(error).__name__}: {error}). Make it again: causette compare RUN")
        ) from error  # fmt: skip


def sealed_in(path: Path) -> set[str]:
    """The keys of the held-out questions of a comparison; none where there is no comparison that can be read."""
    try:
        comparison = _read(_file(path))
        parts = [part for part in comparison["comparisons"] if part["sealed"]]
        answers = [answer for part in parts for one in part["evaluations"] for answer in one["answers"]]
        return {_key(answer) for answer in answers}
    except (InputError, KeyError, TypeError, AttributeError):
        return set()


def _file(path: Path) -> Path:
    return path / COMPARISON if path.is_dir() or not path.suffix else path


def _read(file: Path) -> dict[str, Any]:
    if not file.is_file():
        run = file.parent
        raise InputError(
            tr(f"{file} : pas de comparaison à montrer. Faites-la d'abord : causette compare {run}",
               f"{file}: no comparison to show. Make it first: causette compare {run}")
        )  # fmt: skip
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise cannot_read(file, error) from error
    except ValueError:
        value = None
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise InputError(
            tr(f"{file} : ce n'est pas une comparaison au format {FORMAT}. Refaites-la : causette compare {file.parent}",
               f"{file}: not a comparison of format {FORMAT}. Make it again: causette compare {file.parent}")
        )  # fmt: skip
    return value


def _study(file: Path, comparison: dict[str, Any], pair: tuple[str, str] | None) -> Study:
    models = {model["name"]: model for model in comparison["models"]}
    main, reference = pair or (comparison["main"], comparison["reference"])
    _check_pair(file, (main, reference), list(models))
    items: list[Item] = []
    sealed: set[str] = set()
    identical = missing = 0
    for part in comparison["comparisons"]:
        answers = {one["model"]: {answer["id"]: answer for answer in one["answers"]} for one in part["evaluations"]}
        if part["sealed"]:
            sealed |= {_key(answer) for given in answers.values() for answer in given.values()}
        first, second = answers.get(main, {}), answers.get(reference, {})
        missing += len(first.keys() ^ second.keys())
        for id, answer in first.items():
            if id not in second:
                continue
            other = second[id]
            if _asked(answer) != _asked(other):
                raise ValueError(f"{id}: two questions")
            if _same(answer["answer"], other["answer"]):
                identical += 1
                continue
            question, context, history = _asked(answer)
            items.append(
                Item(
                    id=f"{part['split']}/{id}",
                    split=part["split"],
                    sealed=bool(part["sealed"]),
                    group=str(answer.get("group") or ""),
                    question=question,
                    context=context,
                    history=history,
                    main=_side(answer),
                    reference=_side(other),
                    settings=dict(part["settings"]),
                )
            )
    if not items:
        raise InputError(
            tr(f"{file} : aucune question où les réponses de {main} et de {reference} diffèrent "
               f"(identiques : {identical}, absentes d'un côté : {missing}). Choisissez d'autres modèles : --pair A,B",
               f"{file}: no question to which {main} and {reference} answer differently "
               f"(identical: {identical}, missing on one side: {missing}). Choose other models: --pair A,B")
        )  # fmt: skip
    facts = {"date": comparison.get("date", ""), "data": comparison.get("data", {}),
             "models": {name: models[name] for name in (main, reference)}}  # fmt: skip
    return Study(
        main=main, reference=reference, items=tuple(items), sealed=frozenset(sealed), identical=identical,
        missing=missing, facts=facts,
    )  # fmt: skip


def _check_pair(file: Path, pair: tuple[str, str], names: list[str]) -> None:
    unknown = [name for name in pair if name not in names]
    if not unknown and pair[0] != pair[1]:
        return
    listed = ", ".join(names)
    if unknown:
        raise InputError(
            tr(f"{file} : pas de modèle « {unknown[0]} ». Modèles comparés : {listed}",
               f"{file}: no model “{unknown[0]}”. Models compared: {listed}")
        )  # fmt: skip
    raise InputError(
        tr(f"--pair : deux modèles différents. Modèles comparés : {listed}",
           f"--pair: two different models. Models compared: {listed}")
    )  # fmt: skip


def _asked(answer: Mapping[str, Any]) -> tuple[str, str, tuple[Message, ...]]:
    """Question, text that came with it, and what was said before; older comparisons have no `history`."""
    question, context = str(answer["question"]), str(answer.get("context", ""))
    history = tuple(Message(**message) for message in answer.get("history", ()))
    check_turns((*history, user(question, context)))
    return question, context, history


def _key(answer: Mapping[str, Any]) -> str:
    return sealed_key(answer["question"], answer.get("context", ""))


def _told_with(item: Item) -> list[Any]:
    """What was shown with a question; nothing for most, whose study keeps the name it had before this was read."""
    before = [message.to_json() for message in item.history]
    return [item.context, before] if item.context or before else []


def _same(one: str, other: str) -> bool:
    """Whether two answers look the same on a page."""
    return one.split() == other.split()


def _side(answer: Mapping[str, Any]) -> Side:
    seconds = answer.get("seconds")
    if not isinstance(seconds, int | float) or not math.isfinite(seconds):
        seconds = None
    return Side(answer=str(answer["answer"]), finish=str(answer.get("finish", "")), seconds=seconds)
