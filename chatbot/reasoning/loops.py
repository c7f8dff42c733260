"""Texts that go round in circles: a run of words that comes again, an end that repeats itself, an end of few words.

Of 12,390 answers that people wrote (MedQuAD, training part) 77 are called loops by these thresholds (0.6 %), of the 470
embedded ones none; a run of four words that comes three times anywhere would have called 2,322 so.
"""

from collections import Counter

from chatbot.reasoning.fold import fold, folded_words

STRETCH = 120  # words of the end in which a run of words is looked for
LEAST_FILLED = 1 / 3  # share of them that such runs fill in a loop
END = 400  # characters of the end that are searched for a repetition
LONGEST_PIECE = 60  # characters of what is repeated
LEAST_REPEATED = 24  # characters of all repetitions together
LEAST_TIMES = 3
WINDOW = 60  # words of the end whose variety is looked at
FEWEST = 40  # words of an answer that is long enough for that
LEAST_DIFFERENT = 0.45  # share of different words


def run_again_and_again(text: str, length: int, times: int) -> tuple[str, int]:
    """The run of so many words that comes most often in a text's end, and how often; ("", 0) where none is a loop.

    A name or a turn of phrase may come three times in a good answer: a loop also fills much of the text.
    """
    words = folded_words(text)[-STRETCH:]
    runs = [tuple(words[at : at + length]) for at in range(len(words) - length + 1)]
    counts = Counter(runs)
    filled = {at + place for at, run in enumerate(runs) if counts[run] >= times for place in range(length)}
    if not filled or len(filled) < LEAST_FILLED * len(words):
        return "", 0
    run, count = counts.most_common(1)[0]
    return " ".join(run), count


def repeated_in_the_end(text: str) -> tuple[str, int]:
    """What a text repeats when it ends, words or pieces of one ("rah" in "urethrahrahrah…"), and how often; else ("", 0)."""
    end = " ".join(fold(text[-END:]).split()).rstrip(" .!?…,;:")
    for size in range(1, min(LONGEST_PIECE, len(end) // LEAST_TIMES) + 1):
        piece = end[-size:]
        length = _repeated(end, size)
        if length >= max(LEAST_REPEATED, LEAST_TIMES * size) and any(sign.isalnum() for sign in piece):
            return piece.strip(), length // size
    return "", 0


def few_words_in_the_end(text: str) -> tuple[int, int] | None:
    """Different words and words of a text's end, where they are few; None for varied and for short texts."""
    end = folded_words(text)[-WINDOW:]
    different = len(set(end))
    return (different, len(end)) if len(end) >= FEWEST and different < LEAST_DIFFERENT * len(end) else None


def _repeated(text: str, size: int) -> int:
    """How many characters of the end each equal the one `size` before, and the first piece itself."""
    same = 0
    while same + size < len(text) and text[-1 - same] == text[-1 - same - size]:
        same += 1
    return same + size
