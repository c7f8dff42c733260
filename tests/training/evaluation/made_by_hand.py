"""Evaluations made by hand, of which every number is known."""

from dataclasses import asdict, replace

from chatbot.chat import Answer
from chatbot.dialogue import Dialogue
from chatbot.sampling import Sampling
from training.evaluation.asked import Asked, Training
from training.evaluation.compare import Comparison, compare
from training.evaluation.records import AnswerRecord, Evaluation, EvaluationSettings, Kind


def dialogue(number: int, question: str, answer: str, *, group: str = "", source: str = "s") -> Dialogue:
    return Dialogue.of_pair(question, answer, id=str(number), source=source, group=group or str(number))


def settings(split: str = "test") -> EvaluationSettings:
    return EvaluationSettings(split=split, questions=1000, sampling=Sampling(max_new_tokens=8, temperature=0.0, seed=1))


def side(asked: Asked, name: str, texts: list[str], *, kind: Kind = "model", finish: str = "end") -> Evaluation:
    """What a side answered to each question, in their order."""
    records = [
        asked.record(one, Answer(text=text, finish=finish, new_tokens=len(text.split()), seconds=0.1))
        for one, text in zip(asked.dialogues, texts, strict=True)
    ]
    weights = name if kind == "model" else ""
    return Evaluation(model=name, kind=kind, weights=weights, settings=asdict(asked.settings), answers=tuple(records))


def compared_on(
    dialogues: list[Dialogue], texts: dict[str, list[str]], training: Training | None = None, split: str = "test"
) -> Comparison:
    """Sides of the names "generic", "special", then others; "bm25" and "copied_question" are baselines."""
    asked = Asked(dialogues, settings(split), training)
    kinds: dict[str, Kind] = {"bm25": "bm25", "copied_question": "copied_question"}
    sides = [side(asked, name, said, kind=kinds.get(name, "model")) for name, said in texts.items()]
    return compare(sides, "special", "generic")


def record(**changes) -> AnswerRecord:
    """A good answer, but for what is changed."""
    good = AnswerRecord(
        id="1", group="1", question="Quel est le délai de livraison ?", expected="Deux jours ouvrés.",
        answer="Le délai de livraison est de deux jours.", finish="end", new_tokens=9, token_f1=0.5, rouge_l=0.5,
    )  # fmt: skip
    return replace(good, **changes)
