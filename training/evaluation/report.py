"""The report of a comparison: what it shows, what was asked, tables, figures, answers side by side, and its limits."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chatbot.dialogue import Dialogue
from chatbot.files import write_text
from chatbot.language import number, tr
from training.evaluation.asked import Training
from training.evaluation.comparison_file import Compared, write_compared
from training.evaluation.markdown import code, counted, grid, inline
from training.evaluation.report_facts import Facts, facts_of
from training.evaluation.report_plots import Figure, draw_figures, remove_figures
from training.evaluation.report_sections import (
    FOUR,
    TWENTY,
    answers_section,
    categories_section,
    contamination_section,
    failures_section,
    labels_section,
    measures_section,
)
from training.evaluation.report_words import conclusion, limits
from training.evaluation.tables import side_name

FILE, FIGURES = "comparison.md", "figures"
SHORT = 12  # characters of a fingerprint


def write_comparison(
    folder: Path, compared: Compared, training: Training | Sequence[Dialogue] = (), *, texts: bool = True
) -> Path:
    """Writes `comparison.json`, the figures and the report into `folder`; returns the path of the report.

    Args:
        folder: made where it is missing.
        compared: what was found.
        training: what the models may have learnt, for what is near it; a `Training` that was used already has its
            indexes, which saves seconds.
        texts: whether the report quotes questions and answers, or categories that are named by their words;
            `comparison.json` holds them all the same.
    """
    known = training if isinstance(training, Training) else Training(training)
    facts = [facts_of(comparison, known) for comparison in compared.comparisons]
    write_compared(folder, compared, [one.to_json() for one in facts])
    remove_figures(folder / FIGURES)
    figures = {one.comparison.split: draw_figures(folder / FIGURES, one, texts=texts) for one in facts}
    write_text(folder / FILE, report(compared, facts, figures, texts=texts))
    return folder / FILE


def report(
    compared: Compared, facts: Sequence[Facts], figures: dict[str, dict[str, Figure]], *, texts: bool = True
) -> str:
    """The report as Markdown; figures: split → kind → figure."""
    told = next((one for one in facts if one.comparison.split == "test"), facts[0])
    lines = [tr("# Modèle spécialisé et modèle générique", "# Specialised and generic model")]
    lines += [*_section(tr("En bref", "In short")), *_paragraphs(conclusion(told))]
    lines += [*_section(tr("Ce qui a été comparé", "What was compared")), *_compared(compared)]
    for one in facts:
        samples = TWENTY if one is told else FOUR
        lines += _split(one, figures.get(one.comparison.split, {}), samples if texts else None)
    lines += _section(
        tr("Ce que ces nombres disent, et ce qu'ils ne disent pas", "What these numbers say, and what they do not")
    )
    lines += [f"- {sentence}" for sentence in limits(facts)]
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


def _compared(compared: Compared) -> list[str]:
    first = compared.first
    roles = {first.main: tr("spécialisé", "specialised"), first.reference: tr("générique", "generic")}
    rows = []
    for side in first.evaluations:
        role = roles.get(side.model) or (
            tr("autre modèle", "other model") if side.kind == "model" else tr("repère", "baseline")
        )
        name = code(side.model) if side.kind == "model" else inline(side_name(side))
        facts = [side.method, side.template, side.weights[:SHORT]]
        rows.append([name, role, *(inline(fact) if fact else "—" for fact in facts)])
    head = [
        tr("Côté", "Side"),
        tr("Rôle", "Role"),
        tr("Méthode", "Method"),
        tr("Gabarit", "Template"),
        tr("Poids", "Weights"),
    ]
    settings = first.settings
    asked = ", ".join(f"{one.split} {number(one.questions)}" for one in compared.comparisons)
    folder, fingerprint = code(compared.data.get("folder", "")), compared.data.get("fingerprint", "")[:SHORT]
    return [
        *grid(head, rows, text=range(5)),
        "",
        tr(f"- Données : {folder}, empreinte {code(fingerprint)}", f"- Data: {folder}, fingerprint {code(fingerprint)}"),
        tr(f"- Questions : {asked} (graine {settings['seed']}), les mêmes pour tous",
           f"- Questions: {asked} (seed {settings['seed']}), the same for all"),
        "- " + _decoding(settings["sampling"]),
        tr(f"- Date : {compared.date}", f"- Date: {compared.date}"),
        *(f"- {inline(remark)}" for remark in compared.remarks),
    ]  # fmt: skip


def _split(facts: Facts, figures: dict[str, Figure], samples: tuple[int, int, int] | None) -> list[str]:
    """The section of a split; `samples` answers side by side, or no text of the set at all."""
    comparison = facts.comparison
    lines = [*_section(split_title(comparison.split)), *measures_section(facts), *_shown(figures, "bars", "length")]
    if facts.labels:
        lines += ["", tr("### Étiquettes", "### Labels"), "", *labels_section(facts), *_shown(figures, "confusion")]
    if categories := categories_section(facts, texts=bool(samples)):
        lines += ["", tr("### Par catégorie", "### By category"), "", *categories, *_shown(figures, "categories")]
    lines += [
        "",
        tr("### Comment les réponses échouent", "### How answers fail"),
        "",
        *failures_section(facts, texts=bool(samples)),
    ]
    lines += _shown(figures, "failures")
    if facts.contamination:
        lines += ["", tr("### Ce que l'entraînement a presque vu", "### What training has nearly seen"), ""]
        lines += contamination_section(facts.contamination, comparison, texts=bool(samples))
    if samples is None:
        return lines
    count = min(sum(samples), comparison.questions)
    answers = counted(count, tr("réponse", "answer"), tr("réponses", "answers"))
    lines += ["", tr(f"### {answers} côte à côte", f"### {answers} side by side"), ""]
    return [*lines, *answers_section(facts, samples)]


def _section(title: str) -> list[str]:
    return ["", f"## {title}", ""]


def _paragraphs(sentences: Sequence[str]) -> list[str]:
    return [f"- {sentence[0].upper()}{sentence[1:]}" for sentence in sentences]


def _shown(figures: dict[str, Figure], *kinds: str) -> list[str]:
    found = [figures[kind] for kind in kinds if kind in figures]
    return [line for figure in found for line in ("", f"![{inline(figure.text)}]({FIGURES}/{figure.file})")]


def _decoding(sampling: dict[str, Any]) -> str:
    longest, penalty = sampling["max_new_tokens"], sampling["repetition_penalty"]
    end = tr(f"{longest} jetons au plus.", f"{longest} tokens at most.")
    if penalty != 1:
        end = tr(f"pénalité de répétition {number(penalty, 2)}, ", f"repetition penalty {number(penalty, 2)}, ") + end
    if sampling["temperature"] == 0:
        greedy = tr("Décodage glouton (le jeton le plus probable)", "Greedy decoding (the likeliest token)")
        return f"{greedy}, {end}"
    values = (
        f"T = {number(sampling['temperature'], 2)}, top-p = {number(sampling['top_p'], 2)}, top-k = {sampling['top_k']}"
    )
    return tr(f"Tirage : {values}, {end}", f"Sampling: {values}, {end}")
