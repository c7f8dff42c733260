"""The report of a comparison: what was asked, the tables, answers side by side, and what the numbers do not show."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chatbot.dialogue import Dialogue
from chatbot.files import write_text
from chatbot.language import number, tr
from training.evaluation.compare import Comparison
from training.evaluation.comparison_file import Compared, write_compared
from training.evaluation.tables import side_name, table

FILE = "comparison.md"


def write_comparison(folder: Path, compared: Compared, training: Sequence[Dialogue] = ()) -> Path:
    """Writes `comparison.json` and the report into `folder`; returns the path of the report.

    Args:
        folder: made where it is missing.
        compared: what was found.
        training: dialogues that the models may have learnt, for what is near them.
    """
    write_compared(folder, compared)
    write_text(folder / FILE, report(compared))
    return folder / FILE


def report(compared: Compared, *, samples: int = 20, seed: int = 1) -> str:
    """The report as Markdown."""
    first = compared.first
    lines = [
        tr("# Modèle générique et modèle spécialisé", "# Generic and specialised model"),
        "",
        tr(f"- Spécialisé : `{first.main}`", f"- Specialised: `{first.main}`"),
        tr(f"- Générique : `{first.reference}`", f"- Generic: `{first.reference}`"),
        "- " + _decoding(first.settings["sampling"]),
        *(f"- {remark}" for remark in compared.remarks),
    ]
    for comparison in compared.comparisons:
        lines += ["", f"## {split_title(comparison.split)}", "", *_markdown_table(comparison), ""]
        lines += _side_by_side(comparison, samples, seed)
    return "\n".join([*lines, ""])


def split_title(split: str) -> str:
    """What a split asks, in words."""
    titles = {
        "train": tr(
            "Questions apprises, mot pour mot (le modèle répète-t-il ?)",
            "Learnt questions, word for word (does it repeat?)",
        ),
        "recall": tr(
            "Questions apprises, posées avec d'autres mots (le modèle retient-il ?)",
            "Learnt questions in other words (does it recall?)",
        ),
        "test": tr("Questions jamais vues (le modèle généralise-t-il ?)", "Unseen questions (does it generalise?)"),
    }
    return titles.get(split, tr(f"Partie « {split} »", f"Split `{split}`"))


def _decoding(sampling: dict[str, Any]) -> str:
    longest = sampling["max_new_tokens"]
    if sampling["temperature"] == 0:
        return tr(
            f"Décodage glouton (le jeton le plus probable), {longest} jetons au plus.",
            f"Greedy decoding (the likeliest token), {longest} tokens at most.",
        )
    values = (
        f"T = {number(sampling['temperature'], 2)}, top-p = {number(sampling['top_p'], 2)}, top-k = {sampling['top_k']}"
    )
    return tr(f"Tirage : {values}, {longest} jetons au plus.", f"Sampling: {values}, {longest} tokens at most.")


def _markdown_table(comparison: Comparison) -> list[str]:
    head, rows = table(comparison)
    body = ["| " + " | ".join(_inline(cell) for cell in row) + " |" for row in [head, *rows]]
    return [body[0], "|---|" + "---:|" * (len(head) - 2) + "---|", *body[1:]]


def _side_by_side(comparison: Comparison, samples: int, seed: int) -> list[str]:
    answers = comparison.evaluations[0].answers
    chosen = random.Random(seed).sample(list(answers), min(samples, len(answers)))
    lines = [tr(f"### {len(chosen)} réponses tirées au hasard", f"### {len(chosen)} answers drawn at random")]
    for one in chosen:
        lines += ["", f"**{_inline(one.question)}**", "", "| | |", "|---|---|"]
        lines.append(f"| {tr('Attendu', 'Expected')} | {_inline(one.expected)} |")
        for side in comparison.evaluations:
            answer = next(each for each in side.answers if each.id == one.id)
            lines.append(f"| {side_name(side)} (F1 {number(answer.token_f1, 2)}) | {_inline(answer.answer)} |")
    return lines


def _inline(text: str) -> str:
    """Untrusted text as one harmless Markdown table cell."""
    import html

    flat = " ".join(text.split(" ")).replace("\n", " ")
    flat = html.escape(flat, quote=False)
    for sign in "\\`*_[]|!":
        flat = flat.replace(sign, "\\" + sign)
    return flat or "∅"
