"""Which questions are sealed: held out of training, and so never to become training data, whoever typed them.

What is kept of a sealed question is a hash of it, without case, accents and punctuation: "Où est-il ?" and "ou est il"
are the same question. Nobody can read the questions in a file of votes, and the check holds where the set is not at hand.
"""

import hashlib
import unicodedata
from pathlib import Path

from chatbot.errors import InputError
from datasets_prep.prepared import PreparedSet, is_prepared
from datasets_prep.rows import normalised

SEALED_SPLITS = ("test", "recall", "validation")


def sealed_key(question: str) -> str:
    """The hash of a question; the same for questions that differ in case, accents, blanks and punctuation."""
    letters = unicodedata.normalize("NFKD", normalised(question))
    words = "".join(c if c.isalnum() else " " for c in letters if not unicodedata.combining(c)).split()
    return hashlib.sha256(" ".join(words).encode()).hexdigest()


def sealed_questions(folder: Path) -> set[str] | None:
    """The keys of a prepared set's held-out questions; None where the set is gone or was changed by hand."""
    if not is_prepared(folder):
        return None
    try:
        data = PreparedSet.open(folder)
        splits = [split for split in SEALED_SPLITS if split in data.splits]
        return {
            sealed_key(message.content)
            for split in splits
            for dialogue in data.split(split)
            for message in dialogue.messages
            if message.role == "user"
        }
    except (InputError, OSError):
        return None
