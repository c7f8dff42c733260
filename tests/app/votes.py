"""A comparison as `causette compare` writes it, and what tests do with its votes."""

import json
from dataclasses import dataclass

from app.feedback.ballot import ballot_of
from app.feedback.serving import StoredTest
from app.feedback.store import FeedbackStore
from app.feedback.study import read_study
from app.page.opinions import Opinion
from chatbot.chat import Answer, Reply
from chatbot.dialogue import user

MAIN, REFERENCE, NEAREST = "runs/faq", "gpt2_base_en", "bm25"
SETTINGS = {"split": "test", "questions": 20, "sampling": {"temperature": 0.0, "max_new_tokens": 80}, "seed": 1}


@dataclass
class Parrot:
    """A `Chat` that says the question again, word by word: the page asks for no more, and no model is loaded."""

    name: str = "runs/autre"
    context: int | None = 512
    parameters: int | None = None
    exchanges: int | None = None
    at_once: int = 4

    def reply(self, messages, sampling=None, *, likely=0):
        answer = Answer(finish="end")

        def pieces():
            for word in messages[-1].content.split():
                answer.text += f"{word} "
                answer.new_tokens, answer.seconds = answer.new_tokens + 1, answer.seconds + 0.01
                yield f"{word} "

        return Reply(pieces(), answer, lambda: None)


def answer(split, number, model, text, finish="end"):
    return {
        "id": f"{split}-{number}", "group": f"groupe {number}", "categories": {"theme": "livraison"},
        "question": question(split, number), "expected": "Deux à quatre jours.", "answer": text, "finish": finish,
        "new_tokens": 12, "seconds": 0.5,
    }  # fmt: skip


def question(split, number):
    return f"Question {number} de {split} : quel est le délai ?"


def comparison(counts=(("train", 4), ("test", 6)), *, same=1):
    """The value of a comparison.json; in each split the first `same` questions have one answer twice."""
    parts = []
    for split, count in counts:
        answers = {
            name: [
                answer(split, number, name, "La même." if number < same else f"{letter} dit {split} {number}.")
                for number in range(count)
            ]
            for name, letter in ((MAIN, "Alpha"), (REFERENCE, "Oméga"), (NEAREST, "Proche"))
        }
        parts.append(
            {"split": split, "sealed": split != "train", "settings": {**SETTINGS, "split": split},
             "evaluations": [{"model": name, "measures": {"token_f1": {"value": 0.2, "low": 0.1, "high": 0.3}},
                              "answers": given, "scores": [], "left_out": 0, "scored_cut": 0}
                             for name, given in answers.items()],
             "differences": []}
        )  # fmt: skip
    models = [{"name": MAIN, "kind": "model", "weights": "a" * 64, "template": "alpaca", "method": "full"},
              {"name": REFERENCE, "kind": "model", "weights": "b" * 64, "template": "alpaca", "method": ""},
              {"name": NEAREST, "kind": "bm25", "weights": "", "template": "", "method": ""}]  # fmt: skip
    return {"format": 2, "date": "2026-11-01T10:00:00+00:00", "main": MAIN, "reference": REFERENCE, "remarks": [],
            "data": {"folder": "data/absent", "fingerprint": "c" * 64}, "models": models, "comparisons": parts}  # fmt: skip


def written(folder, value=None):
    """A folder with that comparison."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "comparison.json").write_text(json.dumps(value or comparison(), ensure_ascii=False), encoding="utf-8")
    return folder


def begun(folder, value=None, pair=None):
    """A user test on a comparison in a folder."""
    test = StoredTest(FeedbackStore(folder / "feedback.sqlite"), read_study(written(folder, value), pair))
    test.store.begin(test.study)
    return test


def cast(test, person, choice="left", comment="", **ratings):
    """Votes on what the person is shown now; returns that."""
    from app.feedback.ballot import RATED

    shown = test.next(person)
    test.vote(person, shown.ticket, ballot_of(choice, [ratings.get(name) for name in RATED], comment))
    return shown


def opinion(turn="t1", liked=True, **more):
    """A thumb on an answer, as a page sends it."""
    fields = {"messages": (user("Où est ma commande ?"),), "answer": "Elle arrive.", "finish": "end", "model": MAIN,
              "settings": {"temperature": 0.0}, "seconds": 0.4, "first_seconds": 0.1}  # fmt: skip
    return Opinion(turn=turn, liked=liked, **{**fields, **more})


def main_is_on_the_left(shown):
    return shown.left.startswith("Alpha")


def prefer(test, person, main=True, **more):
    """Votes for the main model, or for its reference, wherever it stands."""
    left = main_is_on_the_left(test.next(person))
    return cast(test, person, "left" if left == main else "right", **more)
