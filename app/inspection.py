"""What `causette inspect` shows: counts, and a dialogue token by token, learnt or not."""

import itertools
from pathlib import Path
from typing import Any

from rich.text import Text

from app.output import table
from app.quiet import load_keras
from app.tokens import masked_tokens, measure_of
from chatbot.dialogue import Dialogue
from chatbot.errors import InputError
from chatbot.language import number, tr
from chatbot.model import context_of, load_tokenizer, needs_keras
from datasets_prep.atlas.analysis import AtlasRequest
from datasets_prep.atlas.sample import Placed
from datasets_prep.prepared import PreparedSet
from datasets_prep.rows import reason_in_words

_STYLE = {True: "black on green", False: "dim"}


def inspect_set(
    folder: Path,
    *,
    row: int,
    split: str,
    model: str,
    template: str | None,
    against: Path | None,
    seed: int,
    coloured: bool,
) -> tuple[AtlasRequest, dict[str, Any], list[Any]]:
    """What an atlas of the set needs, the JSON value, and what to print.

    Args:
        folder: the prepared set.
        row: place of the dialogue in its split, from 0.
        split: the split.
        model: whose tokenizer cuts.
        template: chat template, by default that of the model.
        against: a prepared set that the atlas tells this one from.
        seed: what the atlas draws with.
        coloured: whether colours will be seen.

    Raises:
        InputError: no such set, split or row.
    """
    data = PreparedSet.open(folder)
    dialogue = _nth(data, split, row)
    if needs_keras(model):
        load_keras()
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
    rejected = [
        (tr(f"rejetées : {words}", f"rejected: {words}"), number(count))
        for words, count in ((reason_in_words(why), count) for why, count in counts["by_reason"].items())
    ]
    where = tr("sur fond vert", "on green") if coloured else tr("entre ⟦ et ⟧", "between ⟦ and ⟧")
    legend = tr(f"\n{dialogue.id} · gabarit {chosen.name} · {number(len(tokens))} jetons, dont {number(learnt)} appris ({where}, ↵ = "
                "fin de ligne, ■ = fin de réponse) :\n",
                f"\n{dialogue.id} · template {chosen.name} · {number(len(tokens))} tokens, {number(learnt)} of them learnt ({where}, ↵ = "
                "line end, ■ = end of answer):\n")  # fmt: skip
    # A folder by its name alone: an atlas is passed on.
    name = Path(model).resolve().name if Path(model).exists() else model
    request = AtlasRequest(
        data=data, tokens=measure_of(name, tokenizer, chosen, context_of(model)), first=Placed(split, dialogue),
        against=PreparedSet.open(against) if against else None, seed=seed,
    )  # fmt: skip
    return request, value, [table(head, [*rows, *rejected]), legend, painted(tokens, coloured=coloured)]


def painted(tokens: list[tuple[str, bool]], *, coloured: bool) -> Text:
    """Tokens side by side, separated by a thin bar; the learnt ones stand out, by ⟦ and ⟧ where there is no colour."""
    text = Text()
    for learnt, run in itertools.groupby(tokens, key=lambda token: token[1]):
        first, last = ("⟦", "⟧") if learnt and not coloured else ("", "")
        *inner, end = [shown for shown, _ in run]
        text.append(first)
        for shown in inner:
            text.append(shown.replace("\n", "↵"), style=_STYLE[learnt])
            text.append(_after(shown), style="dim")
        text.append(end.replace("\n", "↵"), style=_STYLE[learnt])
        text.append(last)
        text.append(_after(end), style="dim")
    return text


def _after(shown: str) -> str:
    return "\n" if shown.endswith("\n") else "|"


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
