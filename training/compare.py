"""Generic against specialised, on the same prompts, seed and decoding, or not at all.

The guard is the point: a comparison in which both columns are the same model, or in which one side was asked other
questions, looks like a result and is none.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatbot.errors import InputError
from chatbot.files import write_json, write_text
from chatbot.language import number, tr
from datasets_prep.prepared import PreparedSet
from training.evaluate import MEASURES, AnswerRecord, Evaluation
from training.runs import RunFolder

COMPARED_SPLITS = ("train", "recall", "test")


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two models on the same questions of one split."""

    split: str
    generic: Evaluation
    specialised: Evaluation

    def to_json(self) -> dict[str, Any]:
        return {
            "split": self.split,
            "questions": len(self.generic.answers),
            "settings": self.generic.settings,
            "generic": _without_settings(self.generic),
            "specialised": _without_settings(self.specialised),
        }


def _without_settings(evaluation: Evaluation) -> dict[str, Any]:
    return {key: value for key, value in evaluation.to_json().items() if key != "settings"}


def compare(generic: Evaluation, specialised: Evaluation) -> Comparison:
    """Puts two evaluations side by side.

    Raises:
        InputError: same weights on both sides, other settings, or other prompts.
    """
    if generic.weights == specialised.weights:
        raise InputError(
            tr(f"Comparaison refusée : {generic.model} et {specialised.model} ont exactement les mêmes poids.",
               f"Comparison refused: {generic.model} and {specialised.model} have exactly the same weights.")
        )  # fmt: skip
    if generic.settings != specialised.settings:
        differ = [k for k in generic.settings if generic.settings[k] != specialised.settings.get(k)]
        raise InputError(
            tr(f"Comparaison refusée : les réglages diffèrent ({', '.join(differ)}).",
               f"Comparison refused: the settings differ ({', '.join(differ)}).")
        )  # fmt: skip
    if generic.prompts != specialised.prompts:
        raise InputError(
            tr("Comparaison refusée : les deux modèles n'ont pas reçu les mêmes invites (gabarit ou questions).",
               "Comparison refused: the two models did not get the same prompts (template or questions).")
        )  # fmt: skip
    return Comparison(split=generic.settings["split"], generic=generic, specialised=specialised)


def comparable(run: RunFolder, data: PreparedSet) -> tuple[tuple[str, ...], list[str]]:
    """The splits on which a run can be compared with its base, and what must be said beside the result.

    Only in the very set that it was trained on are the questions of `train` and `recall` learnt ones; in another, or in
    the same one prepared anew, `test` is all that can be asked, and nobody knows that it is unseen.
    """
    if data.manifest["fingerprints"] != run.data_manifest["fingerprints"]:
        remark = tr(
            "Ce jeu n'est pas celui de l'entraînement (ou il a été préparé à nouveau) : seule sa partie test est comparée, "
            "et rien ne garantit que le modèle n'a pas appris ses questions.",
            "This set is not the one of the training (or it was prepared anew): only its test split is compared, and "
            "nothing guarantees that the model did not learn its questions.",
        )
        return ("test",), [remark]
    splits = tuple(split for split in COMPARED_SPLITS if split in data.splits)
    if run.share_seen >= 1:
        return splits, []
    seen = int(100 * run.share_seen)  # down: nearly all is not all
    remark = tr(
        f"Le modèle gardé n'a lu que {seen} % des lignes d'entraînement : une partie seulement des questions dites apprises "
        "lui a été montrée.",
        f"The model that was kept read {seen}% of the training rows only: not all of the questions called learnt were "
        "shown to it.",
    )
    return splits, [remark]


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


def table(comparison: Comparison) -> list[tuple[str, str, str, str]]:
    """Rows (measure, generic, specialised, which is better) of the comparison, as text."""
    rows = []
    for name, (higher, digits, french, english) in MEASURES.items():
        old, new = comparison.generic.measures[name], comparison.specialised.measures[name]
        better = "" if higher is None or old == new else ("★" if (new > old) == higher else "↓")
        rows.append((tr(french, english), number(old, digits), number(new, digits), better))
    return rows


def report(comparisons: Sequence[Comparison], remarks: Sequence[str] = (), *, samples: int = 8, seed: int = 1) -> str:
    """A readable Markdown report: remarks, tables, answers side by side (drawn at random, not chosen), limits."""
    first = comparisons[0]
    lines = [
        tr("# Modèle générique et modèle spécialisé", "# Generic and specialised model"),
        "",
        tr(f"- Générique : `{first.generic.model}`", f"- Generic: `{first.generic.model}`"),
        tr(f"- Spécialisé : `{first.specialised.model}`", f"- Specialised: `{first.specialised.model}`"),
        tr("- Mêmes invites, même graine, même décodage pour les deux.",
           "- Same prompts, same seed, same decoding for both."),
        "- " + _decoding(first.generic.settings["sampling"]),
        *(f"- {remark}" for remark in remarks),
    ]  # fmt: skip
    for comparison in comparisons:
        lines += ["", f"## {split_title(comparison.split)}", "", *_markdown_table(comparison), ""]
        lines += _side_by_side(comparison, samples, seed)
    return "\n".join([*lines, "", *_limits(comparisons), ""])


def write_comparison(folder: Path, comparisons: Sequence[Comparison], remarks: Sequence[str] = ()) -> None:
    """Writes `comparison.json` and `comparison.md` into `folder`."""
    value = {"format": 1, "remarks": list(remarks), "comparisons": [c.to_json() for c in comparisons]}
    write_json(folder / "comparison.json", value)
    write_text(folder / "comparison.md", report(comparisons, remarks))


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
    head = [
        tr("Mesure", "Measure"),
        tr("Générique", "Generic"),
        tr("Spécialisé", "Specialised"),
        tr("Le spécialisé est", "The specialised is"),
    ]
    words = {"★": tr("meilleur", "better"), "↓": tr("moins bon", "worse"), "": "—"}
    rows = [f"| {a} | {b} | {c} | {words[d]} |" for a, b, c, d in table(comparison)]
    return ["| " + " | ".join(head) + " |", "|---|---:|---:|---|", *rows]


def _side_by_side(comparison: Comparison, samples: int, seed: int) -> list[str]:
    specialised = {answer.id: answer for answer in comparison.specialised.answers}
    generic = list(comparison.generic.answers)
    chosen = random.Random(seed).sample(generic, min(samples, len(generic)))
    title = tr(f"### {len(chosen)} réponses tirées au hasard", f"### {len(chosen)} answers drawn at random")
    return [title, *(line for answer in chosen for line in _pair(answer, specialised[answer.id]))]


def _pair(generic: AnswerRecord, specialised: AnswerRecord) -> list[str]:
    return [
        "",
        f"**{_inline(generic.question)}**",
        "",
        "| | |",
        "|---|---|",
        f"| {tr('Attendu', 'Expected')} | {_inline(generic.expected)} |",
        f"| {tr('Générique', 'Generic')} (F1 {number(generic.token_f1, 2)}) | {_inline(generic.answer)} |",
        f"| {tr('Spécialisé', 'Specialised')} (F1 {number(specialised.token_f1, 2)}) | {_inline(specialised.answer)} |",
    ]


def _inline(text: str) -> str:
    """Untrusted text as one harmless Markdown table cell."""
    import html

    flat = " ".join(text.split(" ")).replace("\n", " ")
    flat = html.escape(flat, quote=False)
    for sign in "\\`*_[]|!":
        flat = flat.replace(sign, "\\" + sign)
    return flat or "∅"


def _limits(comparisons: Sequence[Comparison]) -> list[str]:
    counts = ", ".join(
        tr(f"{c.split} : {len(c.generic.answers)}", f"{c.split}: {len(c.generic.answers)}") for c in comparisons
    )
    learnt = [
        tr("- Les questions apprises mot pour mot montrent seulement ce que le modèle a retenu par cœur ; sa valeur se lit "
           "sur les autres.",
           "- Learnt questions, word for word, only show what the model knows by heart; its worth is read on the others.")
    ] if any(c.split == "train" for c in comparisons) else []  # fmt: skip
    return [
        tr("## Ce que ces nombres disent, et ce qu'ils ne disent pas", "## What these numbers say, and what they do not"),
        "",
        tr(f"- Réponses générées par partie — {counts}. Un écart de quelques centièmes sur si peu de questions peut "
           "tenir au hasard ; les intervalles de confiance ne sont pas calculés ici.",
           f"- Answers generated per split — {counts}. A gap of a few hundredths on so few questions may be chance; "
           "confidence intervals are not computed here."),
        *(_truncated(c) for c in comparisons if c.specialised.left_out or c.specialised.scored_cut),
        *learnt,
        tr("- F1, ROUGE-L et chrF mesurent la ressemblance avec la réponse attendue, pas la vérité d'une autre réponse.",
           "- F1, ROUGE-L and chrF measure likeness to the expected answer, not the truth of another one."),
        tr("- La perplexité donne au modèle le début de la bonne réponse, mot après mot : une réponse sue par cœur y coûte "
           "presque rien, même si le modèle, laissé seul, en choisit une autre. La réponse exacte et le F1, eux, jugent ce qu'il écrit seul.",
           "- Perplexity gives the model the beginning of the right answer, word after word: one known by heart costs "
           "nearly nothing there, even if the model, left alone, chooses another. Exact answers and F1 judge what it writes alone."),
        tr("- La perplexité dépend du vocabulaire : ne la comparez qu'entre modèles du même tokenizer ; les bits par "
           "octet n'en dépendent pas.",
           "- Perplexity depends on the vocabulary: compare it only between models of the same tokenizer; bits per "
           "byte do not depend on it."),
    ]  # fmt: skip


def _truncated(comparison: Comparison) -> str:
    side = comparison.specialised
    return tr(f"- {comparison.split} : {side.left_out} question(s) trop longues pour le contexte, laissées de côté ; "
              f"{side.scored_cut} réponse(s) attendue(s) sur {side.scored} coupées au contexte pour la perplexité.",
              f"- {comparison.split}: {side.left_out} question(s) too long for the context, left out; "
              f"{side.scored_cut} expected answer(s) of {side.scored} cut at the context for the perplexity.")  # fmt: skip
