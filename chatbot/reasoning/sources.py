"""Nearest sources: the training dialogues that are nearest to a question, by BM25. They are shown, and prove nothing.

A text is near when it holds enough of the question: the share of the question's words, each weighed by its rarity
(`Nearest.rarity`; a word that is in no text weighs most), must reach the domain's `coverage`. BM25's own score says
which text is best, but not whether it is any good: it grows with the length of the question.
"""

import contextvars
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chatbot.dialogue import Dialogue, read_dialogues
from chatbot.errors import CausetteError, no_such_file
from chatbot.language import tr
from chatbot.reasoning.domain import SourceOptions
from chatbot.reasoning.fold import fold, folded_words
from chatbot.reasoning.themes import EMPTY_WORDS
from chatbot.reasoning.thought import Source
from chatbot.retrieval import Nearest
from chatbot.words import words

TRAINING = "train.jsonl"  # never validation, test or recall: what a model is measured on is shown to nobody
PATIENCE = 0.3  # seconds that a question waits for an index that is still being built
COMMON = 0.2  # share of the texts from which a word that they have tells nothing
TOLD = 6  # shared words
BROUGHT = 8  # candidates per source that is shown: equal answers are shown once


class Sources:
    """An index of dialogues that is built in the background; threads share it.

    Args:
        training: a prepared set's folder or its train.jsonl, or the dialogues themselves.
        patience: seconds that a question waits for it at most.

    Raises:
        InputError: the folder has no train.jsonl.
    """

    def __init__(self, training: Path | Sequence[Dialogue], *, patience: float = PATIENCE):
        if isinstance(training, Path):
            training = training / TRAINING if training.is_dir() else training
            if not training.is_file():
                raise no_such_file(training)
        self.patience = patience
        self.error: CausetteError | None = None
        self._dialogues: Sequence[Dialogue] = ()
        self._nearest: Nearest | None = None
        self._built = threading.Event()
        building = contextvars.copy_context()
        threading.Thread(target=building.run, args=(self._build, training), name="sources", daemon=True).start()

    def ready(self, patience: float | None = None) -> bool:
        """Whether the index is built, after waiting for it at most so long; for ever without a number."""
        return self._built.wait(patience) and self.error is None

    def near(self, question: str, options: SourceOptions) -> tuple[Source, ...]:
        """The nearest texts, best first, equal answers once; none before the index is built, nor when all are far."""
        if not options.shown or not self.ready(self.patience) or self._nearest is None:
            return ()
        asked = {fold(word): word for word in reversed(words(question))}  # as they were written first
        weights = {word: self._nearest.rarity(word) for word in asked}
        rarest_first, kept = sorted(weights, key=lambda word: -weights[word]), dict[str, Source]()
        for place, score in self._nearest.of(" ".join(asked), BROUGHT * options.shown):
            shared = [word for word in rarest_first if self._nearest.holds(place, word)]
            if covered(shared, weights) >= options.coverage:
                dialogue = self._dialogues[place]
                answer = " ".join(folded_words(dialogue.answer))
                kept.setdefault(answer, _source(dialogue, score, tuple(asked[word] for word in self._telling(shared))))
        return tuple(kept.values())[: options.shown]

    def _telling(self, shared: Sequence[str]) -> list[str]:
        """The rarest ones, without words of grammar and those that many texts have."""
        assert self._nearest is not None
        many = max(1.0, COMMON * len(self._dialogues))
        rare = [word for word in shared if word not in EMPTY_WORDS and self._nearest.holding(word) <= many]
        return rare[:TOLD]

    def _build(self, training: Path | Sequence[Dialogue]) -> None:
        try:
            dialogues = list(read_dialogues(training)) if isinstance(training, Path) else list(training)
            nearest = Nearest([_indexed(dialogue) for dialogue in dialogues], folded_words)
            self._dialogues, self._nearest = dialogues, nearest
        except CausetteError as error:  # a broken file is told; answers go on without sources
            self.error = error
        finally:
            self._built.set()


def covered(shared: Sequence[str], weights: dict[str, float]) -> float:
    """The share of a question's weight that a text holds."""
    return sum(weights[word] for word in shared) / (sum(weights.values()) or 1.0)


def origin_of(dialogue: Dialogue) -> str:
    """Where a dialogue comes from, for the reader, in the current language: "code.pdf, page 34, Article 12"."""
    meta = dialogue.meta
    named = str(meta.get("document") or meta.get("file") or dialogue.source)
    parts = [named, _site(meta, named), _pages(meta.get("pages") or meta.get("page")), _text(meta.get("passage")),
             _text(meta.get("theme")), _text(meta.get("article"))]  # fmt: skip
    if "row" in meta:
        parts.append(tr(f"ligne {meta['row']}", f"row {meta['row']}"))
    elif "line" in meta:
        parts.append(tr(f"ligne {meta['line']}", f"line {meta['line']}"))
    elif "phrasing" in meta:  # of a question that stands there in several wordings
        entry = dialogue.group.rsplit("-", 1)[-1].lstrip("0") or "0"
        parts[0] = tr("jeu fourni", "included set") if named == "embedded" else named
        parts.append(tr(f"question {entry}", f"question {entry}"))
    elif len(list(filter(None, parts))) == 1:
        parts.append(dialogue.id)
    return ", ".join(dict.fromkeys(filter(None, parts)))


def _site(meta: Any, named: str) -> str:
    site = _text(meta.get("origin"))
    return "" if site == named else site


def _pages(pages: Any) -> str:
    listed = [str(page) for page in (pages if isinstance(pages, list) else [pages]) if page]
    if not listed:
        return ""
    return (
        tr(f"page {listed[0]}", f"page {listed[0]}")
        if len(listed) == 1
        else "pages " + "-".join((listed[0], listed[-1]))
    )


def _text(value: Any) -> str:
    return str(value) if isinstance(value, (str, int)) and value != "" else ""


def _indexed(dialogue: Dialogue) -> str:
    """Its question counts twice: a text that asks the same is nearer than one that mentions it."""
    return f"{dialogue.question}\n{dialogue.question}\n{dialogue.answer}"


def _source(dialogue: Dialogue, score: float, shared: tuple[str, ...]) -> Source:
    return Source(
        text=dialogue.answer,
        question=dialogue.question,
        origin=origin_of(dialogue),
        score=round(score, 3),
        shared=shared,
    )
