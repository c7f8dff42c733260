"""What a sweep of decodings found: rows and sentences for the terminal and the report, and the files in the run folder."""

import shlex
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from chatbot.files import write_json, write_text
from chatbot.language import number, tr
from chatbot.sampling import Sampling
from datasets_prep.prepared import PreparedSet
from training.decoding import write_decoding
from training.evaluation.confidence import Estimate
from training.evaluation.markdown import code, gap_told, grid, sample_told
from training.evaluation.measures import MEASURES, label_of
from training.evaluation.sweep import GUARDS, SPLIT, Swept, Tried
from training.evaluation.tables import told
from training.evaluation.ways import DEFAULT, choice_told
from training.runs import RunFolder

FORMAT = 1


def write_sweep(run: RunFolder, swept: Swept, data: PreparedSet, questions: int) -> dict[str, Any]:
    """Writes `sweep.json`, `sweep.md` and, last, `decoding.json` into the run; returns the facts of the first.

    Args:
        run: whose folder it is.
        swept: what was found.
        data: the prepared set that was asked.
        questions: that each way was to answer.
    """
    left_out = questions - swept.greedy.value.dialogues
    facts = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "split": SPLIT,
        "data": {"folder": str(data.folder), "fingerprint": data.fingerprint},
        "questions": swept.greedy.value.dialogues,
        "groups": swept.greedy.value.groups,
        "left_out": left_out,
    }
    command = compare_command(run, swept.chosen.way)
    value = {"format": FORMAT, "run": str(run.path), **facts, **swept.to_json(), "command": command}
    write_json(run.path / "sweep.json", value)
    write_text(run.path / "sweep.md", report(run, swept, left_out))
    chosen = swept.chosen
    write_decoding(
        run,
        chosen.way,
        {
            "measure": swept.measure,
            **{name: asdict(chosen.value)[name] for name in ("value", "low", "high")},
            "gain": asdict(chosen.gap) if chosen.gap else None,
            "passes": chosen.passes,
            "ways": len(swept.tried),
            "max_new_tokens": chosen.way.max_new_tokens,
            **facts,
        },
    )
    return value


def table(swept: Swept) -> tuple[list[str], list[list[str]]]:
    """Head and rows, a row per way of decoding, that of the run marked."""
    short = {
        "repetition": tr("Redites", "Repeats"),
        "ended": tr("Finies", "Ended"),
        "drift": tr("Autre langue", "Drift"),
        "mean_words": tr("Mots", "Words"),
    }
    digits = MEASURES[swept.measure].digits
    guards = [name for name in GUARDS if name in swept.greedy.guards]
    head = [tr("Décodage", "Decoding"), label_of(swept.measure), tr("Gain sur le glouton", "Gain on greedy")]
    rows = [
        [
            choice_told(one.way) + (" ★" if one is swept.chosen else ""),
            told(one.value, digits),
            gap_told(one.gap, digits) if one.gap else "—",
            *(_guard(one, name) for name in guards),
        ]
        for one in swept.tried
    ]
    return [*head, *(short[name] for name in guards)], rows


def conclusion(run: RunFolder, swept: Swept, left_out: int = 0) -> list[str]:
    """What may be said of it, a sentence each."""
    digits = MEASURES[swept.measure].digits
    lines = [_verdict(swept, digits)]
    for name, gap in swept.costs.items():
        guard = MEASURES[name].digits
        lines.append(tr(f"Ce que cela coûte : {label_of(name).lower()}, {gap_told(gap, guard)} sur le glouton.",
                        f"What it costs: {label_of(name).lower()}, {gap_told(gap, guard)} on greedy."))  # fmt: skip
    if swept.shown:
        lines.append(
            tr("Choisi sur ces questions de validation mêmes, il y paraît meilleur qu'il n'est : ce qu'il vaut sur d'autres "
               "se mesure sur la partie test.",
               "Chosen on these very validation questions, it looks better on them than it is: what it is worth on others "
               "is measured on the test split.")
        )  # fmt: skip
    if left_out:
        lines.append(tr(f"{number(left_out)} question(s) ne tiennent pas dans le contexte, ou manquent dans la partie.",
                        f"{number(left_out)} question(s) do not fit into the context, or are not in the split."))  # fmt: skip
    if few := sample_told(swept.greedy.value.groups):
        lines.append(few[0].upper() + few[1:] + ".")
    return lines


def compare_command(run: RunFolder, way: Sampling) -> str:
    """The call that compares the run with its base under this way of decoding; in a folder of its own, if it is another
    way than usual."""
    options = []
    if way.temperature:
        options += [f"--temperature {way.temperature:g}", f"--top-p {way.top_p:g}"]
    if way.repetition_penalty != DEFAULT.repetition_penalty:
        options.append(f"--repetition-penalty {way.repetition_penalty:g}")
    if way.max_new_tokens != DEFAULT.max_new_tokens:
        options.append(f"--max-tokens {way.max_new_tokens}")
    if options:
        options.append(f"--out {shlex.quote(str(run.path / 'compared_with_decoding'))}")
    return " ".join([f"causette compare {shlex.quote(str(run.path))}", *options])


def report(run: RunFolder, swept: Swept, left_out: int) -> str:
    """The report as Markdown."""
    head, rows = table(swept)
    value, passes = swept.greedy.value, max(one.passes for one in swept.tried)
    lines = [
        tr("# Décodages essayés sur ", "# Ways of decoding tried on ") + code(str(run.path)),
        "",
        tr(f"- {number(value.dialogues)} questions de validation, en {number(value.groups)} groupe(s), "
           f"{swept.greedy.way.max_new_tokens} jetons au plus par réponse.",
           f"- {number(value.dialogues)} validation questions, in {number(value.groups)} group(s), "
           f"{swept.greedy.way.max_new_tokens} tokens at most per answer."),
        tr(f"- Intervalles à 95 %, sur les groupes de questions. Un décodage tiré au sort répond avec {passes} graine(s) : sa "
           "valeur est leur moyenne.",
           f"- 95% intervals, over groups of questions. A drawn decoding answers with {passes} seed(s): its value is their "
           "mean."),
        tr("- Redites : part des 4-grammes déjà dits. Finies : part des réponses qui se terminent d'elles-mêmes. Autre langue : "
           "part des réponses dans une autre langue que la question. Mots : par réponse.",
           "- Repeats: share of 4-grams said before. Ended: share of answers that end by themselves. Drift: share of answers in "
           "another language than the question. Words: per answer."),
        "",
        *grid(head, rows),
        "",
        *(f"{line}\n" for line in conclusion(run, swept, left_out)),
        f"    {compare_command(run, swept.chosen.way)}",
    ]  # fmt: skip
    return "\n".join([*lines, ""])


def _verdict(swept: Swept, digits: int) -> str:
    best, others = swept.best, len(swept.tried) - 1
    measure, way, gain = label_of(swept.measure), choice_told(best.way), gap_told(best.gap, digits) if best.gap else ""
    value = number(best.value.value, digits)
    if best is swept.greedy:
        return tr(f"Aucun autre décodage, sur {others}, ne fait mieux que le glouton ({measure} {value}) : il est gardé.",
                  f"No other way of decoding, of {others}, does better than greedy ({measure} {value}): it is kept.")  # fmt: skip
    if swept.shown:
        return tr(f"Meilleur : {way}. {measure} {value}, {gain} sur le glouton.",
                  f"Best: {way}. {measure} {value}, {gain} on greedy.")  # fmt: skip
    if best.gap is None or best.gap.low is None:
        why = tr("un seul groupe de questions ne montre rien", "one group of questions shows nothing")
    elif best.gap.low <= 0:
        why = tr("l'intervalle contient 0", "the interval holds 0")
    else:
        chance = number(100 * (swept.chance or 0.0), 0)
        why = tr(f"parmi {others} autre(s) décodage(s) essayé(s), le hasard en donne un pareil jusqu'à {chance} % du temps",
                 f"among {others} other way(s) tried, chance gives one like it up to {chance}% of the time")  # fmt: skip
    return tr(
        f"Aucun gain montré : le meilleur ({way}) fait {gain} sur le glouton, mais {why}. Le glouton, plus simple, est gardé.",
        f"No gain is shown: the best ({way}) makes {gain} on greedy, but {why}. Greedy, which is simpler, is kept.",
    )


def _guard(one: Tried, name: str) -> str:
    found: Mapping[str, Estimate] = one.guards
    return number(found[name].value, MEASURES[name].digits) if name in found else "—"
