"""Which questions are sealed: held out of training, and so never to become training data, whoever typed them.

What is kept of a sealed question is a hash of it, without case, accents and punctuation: "Où est-il ?" and "ou est il"
are the same question. A text that came with it belongs to it: where a set asks one thing of many texts, each text is a
question, and is known again when both are typed one after the other. Nobody can read the questions in a file of votes,
and the check holds where the set is not at hand.
"""

import hashlib
import unicodedata
from pathlib import Path

from chatbot.errors import InputError
from datasets_prep.prepared import PreparedSet, is_prepared
from datasets_prep.rows import normalised
from training.evaluation.records import SEALED


def sealed_key(question: str, context: str = "") -> str:
    """The hash of a question and its text; the same where case, accents, blanks and punctuation are all that differs."""
    letters = unicodedata.normalize("NFKD", normalised(f"{question} {context}"))
    words = "".join(c if c.isalnum() else " " for c in letters if not unicodedata.combining(c)).split()
    return hashlib.sha256(" ".join(words).encode()).hexdigest()


def held_out(folder: Path) -> set[str]:
    """The keys of a prepared set's held-out questions.

    Raises:
        InputError: it is no prepared set, or was changed by hand.
    """
    data = PreparedSet.open(folder)
    return {
        sealed_key(message.content, message.context)
        for split in SEALED
        if split in data.splits
        for dialogue in data.split(split)
        for message in dialogue.messages
        if message.role == "user"
    }


def sealed_questions(folder: Path) -> set[str] | None:
    """The same; None where the set is gone or was changed by hand."""
    try:
        return held_out(folder) if is_prepared(folder) else None
    except (InputError, OSError):
        return None
