"""What a card tells of a run's comparison: the Hub's own form of results, the tables, and what they do not show.

Results on a set of one's own stand in the card's `model-index`. The newer form, files in ``.eval_results/``, is for sets
that the Hub can name: it is written beside, where the test set was sent there.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PureWindowsPath
from typing import Any

from app.hub.card_manifest import source_title
from app.hub.card_subject import DAMAGED, Subject
from app.hub.card_text import items, plurals
from app.hub.own_paths import leaf
from chatbot.errors import InputError
from chatbot.files import read_json
from chatbot.language import number, tr
from training.evaluation.compare import Comparison
from training.evaluation.comparison_file import FILE, Compared, read_compared
from training.evaluation.confidence import Difference, Estimate
from training.evaluation.contamination import Contamination
from training.evaluation.markdown import counted, grid, inline
from training.evaluation.measures import MEASURES, label_of, labels_in
from training.evaluation.report import split_title
from training.evaluation.report_facts import Facts
from training.evaluation.report_sections import contamination_section, measures_section
from training.evaluation.report_words import conclusion, limits
from training.evaluation.tables import SHORT, side_name, table, told
from training.run_list import beside

# Measure → the Hub's name of it.
METRICS = {
    "accuracy": "accuracy", "macro_f1": "f1", "token_f1": "f1", "exact_match": "exact_match", "bleu": "bleu",
    "chrf": "chrf", "rouge_l": "rouge", "bertscore": "bertscore", "bits_per_byte": "bits_per_byte", "perplexity": "perplexity",
}  # fmt: skip
PATH = re.compile(r"\S*[/\\]\S*")


@dataclass(frozen=True, kw_only=True)
class Results:
    """A run's comparison, its sides named without paths.

    Args:
        compared: all of it.
        facts: of each split, without texts.
        against_base: whether the reference is what the run began from; `compare --generic` names any other model.
    """

    compared: Compared
    facts: tuple[Facts, ...]
    against_base: bool

    @property
    def test(self) -> Facts | None:
        """Of the questions that were never learnt."""
        return next((one for one in self.facts if one.comparison.split == "test"), None)


def results_of(subject: Subject) -> Results | None:
    """What `causette compare` wrote of a run; None where it wrote nothing that can be read as this run's."""
    run = subject.run
    file = _file_of(run.path) if run else None
    if run is None or file is None:
        return None
    try:
        compared, raw = read_compared(file), read_json(file)
        names = _names(compared, subject)
        facts = tuple(
            _facts(_renamed(one, names), found.get("contamination"), names)
            for one, found in zip(compared.comparisons, raw["comparisons"], strict=True)
        )
    except (InputError, *DAMAGED):
        return None
    remarks = tuple(_without_paths(remark, names, subject) for remark in compared.remarks)
    return Results(
        compared=replace(compared, comparisons=tuple(one.comparison for one in facts), remarks=remarks),
        facts=facts,
        against_base=_same_model(compared.first.reference, run.config.model),
    )


def metadata_results(subject: Subject, results: Results | None) -> list[Any]:
    """The `EvalResult` of each measure on the test split."""
    from huggingface_hub import EvalResult

    facts = results.test if results else None
    if facts is None:
        return []
    comparison = facts.comparison
    questions = counted(comparison.questions, "question", "questions")
    return [
        EvalResult(
            task_type="text-generation",
            dataset_type=subject.data.repo if subject.data else "unknown",
            dataset_name=f"{sources_named(subject)} (test, {questions})",
            dataset_split="test",
            dataset_revision=subject.data.commit if subject.data else None,
            metric_type=METRICS[name],
            metric_value=round(estimate.value, 4),
            metric_name=_with_interval(name, estimate),
        )
        for name, estimate in comparison.measures[comparison.main].items()
        if name in METRICS
    ]


def result_files(subject: Subject, results: Results | None) -> dict[str, bytes]:
    """Place → content of the results in the newer form; none for a test set that the Hub cannot name."""
    from huggingface_hub import EvalResultEntry, eval_result_entries_to_yaml
    from huggingface_hub.utils import yaml_dump

    facts = results.test if results else None
    if results is None or facts is None or subject.data is None:
        return {}
    comparison, data = facts.comparison, subject.data
    entries = [
        EvalResultEntry(
            dataset_id=data.repo,
            task_id=name,
            value=round(estimate.value, 4),
            dataset_revision=data.commit,
            date=datetime.fromisoformat(results.compared.date).date().isoformat(),
            notes=f"{_with_interval(name, estimate)}, n = {estimate.dialogues}",
        )
        for name, estimate in comparison.measures[comparison.main].items()
        if name in METRICS
    ]
    text = yaml_dump(eval_result_entries_to_yaml(entries), sort_keys=False)
    return {f".eval_results/{data.repo.rpartition('/')[2]}.yaml": text.encode()}


def results_lines(results: Results | None) -> list[str]:
    """The section of results."""
    if results is None:
        return [
            tr("**Non mesuré.** Ce modèle n'a pas été comparé à son modèle de départ sur des questions jamais vues : rien ici ne dit "
               "qu'il réponde mieux. La perte de validation, plus haut, dit seulement qu'il a appris quelque chose de ses données.",
               "**Not measured.** This model was not compared with its base on unseen questions: nothing here says that it answers "
               "better. The validation loss, above, only says that it learnt something of its data."),
        ]  # fmt: skip
    lines = [_asked(results), "", *items(*(inline(remark) for remark in results.compared.remarks))]
    told_in_full = results.test or results.facts[0]
    for facts in sorted(results.facts, key=lambda one: one is not told_in_full):
        lines += ["", f"### {split_title(facts.comparison.split)}", ""]
        lines += _in_full(facts) if facts is told_in_full else _short(facts)
    lines += [
        "",
        tr(
            "### Ce que ces nombres disent, et ce qu'ils ne disent pas",
            "### What these numbers say, and what they do not",
        ),
        "",
    ]
    return [*lines, *items(*map(plurals, limits(results.facts)))]


def sources_named(subject: Subject) -> str:
    """The sources of what it learnt: a set of the catalogue by its title, a user's own file by its name."""
    sources = [source for manifest in subject.manifests for source in manifest["sources"]]
    return ", ".join(dict.fromkeys(source_title(source) for source in sources)) or "?"


def _file_of(run: Path) -> Path | None:
    """`comparison.json` in the run, or the one beside it that `causette demo` writes, if it is of this run."""
    for file in (run / FILE, beside(run)):
        try:
            main = str(read_json(file)["main"]) if file else None
        except DAMAGED:
            continue
        if main and PureWindowsPath(main).name == run.resolve().name:
            return file
    return None


def _same_model(one: str, other: str) -> bool:
    """Whether two names are of one model: the same name, or one folder."""
    return one == other or (
        Path(one).exists() and Path(other).exists() and Path(one).resolve() == Path(other).resolve()
    )


def _names(compared: Compared, subject: Subject) -> dict[str, str]:
    """Side → the name that is shown: no path, none twice."""
    names: dict[str, str] = {}
    for side in compared.first.evaluations:
        shown = subject.name if side.model == compared.first.main else leaf(side.model)
        if side.kind != "model":
            shown = side.model
        again = list(names.values()).count(shown)
        names[side.model] = f"{shown} ({again + 1})" if again else shown
    return names


def _renamed(comparison: Comparison, names: Mapping[str, str]) -> Comparison:
    sides = tuple(replace(side, model=names[side.model]) for side in comparison.evaluations)
    return replace(comparison, evaluations=sides, main=names[comparison.main], reference=names[comparison.reference])


def _facts(comparison: Comparison, found: Any, names: Mapping[str, str]) -> Facts:
    """The facts that stand without the training texts."""
    return Facts(
        comparison=comparison,
        categories={},
        failures={},
        contamination=_contamination(found, names) if found else None,
        labels=labels_in(comparison.evaluations[0]),
        confusion={},
    )


def _contamination(found: Mapping[str, Any], names: Mapping[str, str]) -> Contamination:
    """`Contamination.to_json`'s form read back, without its examples: they are texts of the set."""

    def estimates(sides: Mapping[str, Any]) -> dict[str, dict[str, Estimate]]:
        return {names[side]: {name: Estimate(**one) for name, one in each.items()} for side, each in sides.items()}

    def gap(value: Mapping[str, Any]) -> Difference:
        return Difference(**{name: value[name] for name in Difference.__dataclass_fields__})

    return Contamination(
        **{name: found[name] for name in ("split", "questions", "by_question", "by_answer", "labels")},
        examples=(),
        whole=estimates(found["whole"]),
        without=estimates(found["without"]),
        gaps={name: (gap(pair["whole"]), gap(pair["without"])) for name, pair in found["gaps"].items()},
    )


def _without_paths(remark: str, names: Mapping[str, str], subject: Subject) -> str:
    """A remark of the comparison, in which models and folders bear the names that are shown."""
    assert subject.run
    known = {**names, str(subject.run.config.data): leaf(str(subject.run.config.data))}
    for name in sorted(known, key=len, reverse=True):
        remark = remark.replace(name, known[name])
    return PATH.sub(lambda found: leaf(found[0]), remark)


def _with_interval(name: str, estimate: Estimate) -> str:
    digits = MEASURES[name].digits
    interval = told(estimate, digits).partition(" ")[2]
    return f"{label_of(name)}, {tr('IC à 95 %', '95% CI')} {interval}" if interval else label_of(name)


def _asked(results: Results) -> str:
    settings = results.compared.first.settings
    sampling = settings["sampling"]
    way = tr("glouton", "greedy") if sampling["temperature"] == 0 else f"T = {number(sampling['temperature'], 2)}"
    longest, day = number(sampling["max_new_tokens"]), inline(results.compared.date[:10])
    return tr(f"Comparé le {day} par `causette compare` : les mêmes questions pour tous, décodage {way}, {longest} jetons au plus, "
              f"graine {settings['seed']}.",
              f"Compared on {day} by `causette compare`: the same questions for all, {way} decoding, {longest} tokens at most, "
              f"seed {settings['seed']}.")  # fmt: skip


def _in_full(facts: Facts) -> list[str]:
    lines = items(*(f"{sentence[0].upper()}{sentence[1:]}" for sentence in conclusion(facts)))
    lines += [
        "",
        *(line.replace("### ", "#### ", 1) if line.startswith("### ") else line for line in measures_section(facts)),
    ]
    if facts.contamination:
        lines += ["", tr("#### Ce que l'entraînement a presque vu", "#### What training has nearly seen"), ""]
        lines += contamination_section(facts.contamination, facts.comparison, texts=False)
    return lines


def _short(facts: Facts) -> list[str]:
    head, rows = table(facts.comparison, SHORT)
    head = [head[0], *(inline(side_name(side)) for side in facts.comparison.evaluations), inline(head[-1])]
    count = counted(facts.comparison.questions, "question", "questions")
    return [f"{count}.", "", *grid(head, [[inline(cell) for cell in row] for row in rows], text=(0, len(head) - 1))]
