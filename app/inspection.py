"""What `causette inspect` shows: counts, and a dialogue token by token, learnt or not."""

import itertools
from pathlib import Path
from typing import Any

from rich.text import Text

from app.output import table
from chatbot.dialogue import Dialogue
from chatbot.errors import InputError
from chatbot.language import number, tr
from chatbot.model import load_tokenizer
from chatbot.template import ChatTemplate
from chatbot.tokenizer import TextTokenizer, encode_segments
from datasets_prep.prepared import PreparedSet


def inspect_set(folder: Path, *, row: int, split: str, model: str, template: str | None) -> tuple[Any, ...]:
    """The JSON value, then what to print.

    Raises:
        InputError: no such set, split or row.
    """
    data = PreparedSet.open(folder)
    dialogue = _nth(data, split, row)
    tokenizer, chosen = load_tokenizer(model, template)
    tokens = masked_tokens(dialogue, chosen, tokenizer)
    learnt = sum(trainable for _, trainable in tokens)
    counts = data.manifest["counts"]
    value = {
        "counts": counts,
        "dialogue": dialogue.to_json(),
        "template": chosen.name,
        "tokens": [{"text": text, "learnt": trainable} for text, trainable in tokens],
    }
    head = (tr("Partie", "Split"), tr("Dialogues", "Dialogues"))
    rows = [(name, number(count)) for name, count in counts["by_split"].items()]
    rejected = [(f"{tr('rejetées', 'rejected')} : {why}", number(n)) for why, n in counts["by_reason"].items()]
    legend = tr(f"\n{dialogue.id} · gabarit {chosen.name} · {len(tokens)} jetons, dont {learnt} appris (sur fond vert, ↵ = "
                "fin de ligne, ■ = fin de réponse) :\n",
                f"\n{dialogue.id} · template {chosen.name} · {len(tokens)} tokens, {learnt} of them learnt (on green, ↵ = "
                "line end, ■ = end of answer):\n")  # fmt: skip
    return value, table(head, [*rows, *rejected]), legend, painted(tokens)


def masked_tokens(dialogue: Dialogue, template: ChatTemplate, tokenizer: TextTokenizer) -> list[tuple[str, bool]]:
    """Each token as text, and whether it is learnt."""
    ids, trainable = encode_segments(tokenizer, template.render(dialogue))
    texts = ["■" if i == tokenizer.end_id else tokenizer.token_bytes(i).decode("utf-8", errors="replace") for i in ids]
    return list(zip(texts, trainable, strict=True))


def painted(tokens: list[tuple[str, bool]]) -> Text:
    """Tokens side by side, separated by a thin bar; the learnt ones stand out, in brackets where there is no colour."""
    text = Text()
    for shown, learnt in tokens:
        visible = shown.replace("\n", "↵")
        text.append(visible, style="black on green" if learnt else "dim")
        text.append("\n" if shown.endswith("\n") else "|", style="dim")
    return text


def _nth(data: PreparedSet, split: str, row: int) -> Dialogue:
    found = next(itertools.islice(data.split(split), row, None), None) if row >= 0 else None
    if found is None:
        raise InputError(
            tr(
                f"--row {row} : la partie « {split} » n'a pas ce dialogue.",
                f"--row {row}: the split `{split}` has no such dialogue.",
            )
        )
    return found
