"""A few hundred dialogues of MedQuAD and of Financial PhraseBank, drawn by seed, the same for every side.

Each line holds a dialogue in our form, with its text in the template's two halves and their tokens::

    {"id": …, "messages": […], "prompt": "###human: …\\n###assistant:", "completion": " Glaucoma is…",
     "prompt_tokens": 19, "tokens": 240}
"""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chatbot.dialogue import Dialogue
from chatbot.encoding import encode_segments
from chatbot.errors import InputError
from chatbot.files import json_line, write_text
from chatbot.language import tr
from chatbot.template import HUMAN_ASSISTANT
from chatbot.tokenizer import BytePairTokenizer
from datasets_prep.cleaning import Limits, clean
from datasets_prep.rows import Rejected, Row
from datasets_prep.sources import SOURCES
from datasets_prep.spec import Given

SOURCE_OF = {"medquad": "medquad", "phrasebank": "financial_phrasebank"}


def write_drawn(data: str, path: Path, out: Path, *, count: int, context: int, seed: int, tokenizer: Path) -> int:
    """Writes the drawn dialogues of a data set to `out`, in an order drawn too; returns how many.

    Args:
        data: "medquad" or "phrasebank".
        path: its file (or folder of files).
        out: the file to write.
        count: dialogues to draw.
        context: in tokens; a dialogue whose question alone fills it would train nothing, and is not drawn.
        seed: draws.
        tokenizer: folder with vocab.json and merges.txt.

    Raises:
        InputError: the file is not the data set's, or holds no usable row.
    """
    rows = [row for row in SOURCES[SOURCE_OF[data]].read(Given(path=path)).rows if isinstance(row, Row)]
    random.Random(seed).shuffle(rows)
    words = BytePairTokenizer.from_files(tokenizer / "vocab.json", tokenizer / "merges.txt")
    lines: list[str] = []
    for line in _lines(rows, words, data):
        if len(lines) == count:
            break
        if line["prompt_tokens"] < context:
            lines.append(json_line(line))
    if not lines:
        raise InputError(tr(f"{path} : aucune ligne utilisable.", f"{path}: no usable row."))
    write_text(out, "".join(lines))
    return len(lines)


def _lines(rows: list[Row], words: BytePairTokenizer, data: str) -> Iterator[dict[str, Any]]:
    for row in rows:
        cleaned = clean(row, Limits())
        if isinstance(cleaned, Rejected):
            continue
        dialogue = Dialogue.of_pair(
            cleaned.question,
            cleaned.answer,
            context=cleaned.context,
            id=f"{data}-{row.key}",
            source=data,
            group=row.group,
        )
        prompt, answer = HUMAN_ASSISTANT.render(dialogue)
        _, trainable = encode_segments(words, (prompt, answer))
        halves = {"prompt": prompt.text, "completion": answer.text}
        yield {**dialogue.to_json(), **halves, "prompt_tokens": trainable.index(True), "tokens": len(trainable)}
