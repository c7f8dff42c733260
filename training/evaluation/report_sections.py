"""The sections of a report on one split: differences, categories, failures, near neighbours, labels, answers."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence

from chatbot.language import number, tr
from training.evaluation.by_category import CategoryRow, category_name
from training.evaluation.compare import Comparison
from training.evaluation.confidence import Estimate
from training.evaluation.contamination import CANDIDATES, Contamination
from training.evaluation.failures import FAILURES, failure_name, failure_rule
from training.evaluation.markdown import (
    SHOWN,
    chance_told,
    code,
    counted,
    gap_told,
    grid,
    inline,
    sample_told,
    share_told,
)
from training.evaluation.measures import MEASURES, label_of
from training.evaluation.records import AnswerRecord
from training.evaluation.report_facts import Facts
from training.evaluation.report_words import MAIN, all_near_told
from training.evaluation.tables import side_name, table, verdict, verdict_told

MOST_VALUES = 12  # of a category, in the report
EXAMPLES = 2  # of a kind of failure
MOST_OF_A_KIND = 2  # of the worst answers, as long as there are others
BRIEF = 160  # characters of an example
TWENTY, FOUR = (6, 6, 8), (0, 0, 4)  # best, worst, drawn at random


def measures_section(facts: Facts) -> list[str]:
    """The table of all measures, and what is shown of the main model beside each other side."""
    comparison = facts.comparison
    head, rows = table(comparison)
    lines = grid(_cells(head), [_cells(row) for row in rows], text=(0, len(head) - 1))
    lines += ["", tr("La valeur [son intervalle à 95 %]. La dernière colonne compare le spécialisé au générique (« — » : rien à "
                     "comparer, comme des durées, ou des perplexités d'autres jetons).",
                     "The value [its 95% interval]. The last column compares the specialised model with the generic one (“—”: "
                     "nothing to compare, as timings, or perplexities of other tokens).")]  # fmt: skip
    scored = comparison.measures[comparison.main].get("bits_per_byte")
    if scored and scored.dialogues != comparison.questions:
        measured = counted(scored.dialogues, tr("question", "question"), tr("questions", "questions"))
        lines += ["", tr(f"Bits par octet et perplexité : sur {measured}, dont la réponse attendue est notée sans rien générer ; "
                         f"les autres mesures, sur {number(comparison.questions)} au plus.",
                         f"Bits per byte and perplexity: on {measured}, whose expected answer is scored with nothing generated; "
                         f"the other measures, on {number(comparison.questions)} at most.")]  # fmt: skip
    lines += ["", tr("### Écarts, question par question", "### Differences, question by question"), ""]
    rows = []
    for side in comparison.evaluations:
        if side.model == comparison.main:
            continue
        gaps = comparison.differences[comparison.main, side.model]
        for name in (name for name in MAIN if name in gaps):
            gap = gaps[name]
            numbers = [gap_told(gap, MEASURES[name].digits), chance_told(gap.p)]
            rows.append([inline(side_name(side)), label_of(name), *numbers, verdict_told(verdict(name, gap))])
    head = [tr("Spécialisé moins…", "Specialised less…"), tr("Mesure", "Measure"),
            tr("Écart [intervalle à 95 %]", "Difference [95% interval]"), "p", tr("Le spécialisé est", "The specialised is")]  # fmt: skip
    lines += grid(head, rows, text=(0, 1, 4))
    lines += ["", tr("p : probabilité d'un écart au moins aussi grand si les deux étaient égaux (échanges au hasard, groupe par "
                     "groupe).",
                     "p: probability of a difference at least as large if both were equal (random exchanges, group by group).")]  # fmt: skip
    return [*lines, *([f"**{few[0].upper()}{few[1:]}.**"] if (few := sample_told(facts.groups)) else [])]


def categories_section(facts: Facts, *, texts: bool = True) -> list[str]:
    """A table per category; empty where no category tells questions apart. Without texts, see `categories_shown`."""
    lines: list[str] = []
    measure = "accuracy" if facts.labels else "token_f1"
    count = 0
    for name, rows in facts.categories_shown(texts=texts).items():
        shown = rows if len(rows) <= MOST_VALUES else rows[:MOST_VALUES]
        count += len(shown)
        head = [category_name(name), tr("Questions", "Questions"), tr("Spécialisé", "Specialised"), tr("Générique", "Generic"),
                tr("Écart [95 %]", "Difference [95%]"), tr("Le spécialisé est", "The specialised is")]  # fmt: skip
        lines += ["", *grid(head, [_category_cells(row, measure) for row in shown], text=(0, 5))]
        if rows[len(shown) :]:
            hidden = len(rows) - len(shown)
            lines += [
                "",
                tr(f"Valeurs de plus dans comparison.json : {hidden}.", f"More values in comparison.json: {hidden}."),
            ]
    if not lines:
        return []
    return [
        tr(f"{label_of(measure)}, spécialisé et générique. {count} lignes comparées : une sur vingt environ diffère par hasard "
           "seul. Une ligne d'un seul groupe n'a pas d'intervalle ; sous 20 groupes (*), il est sans doute trop étroit.",
           f"{label_of(measure)}, specialised and generic. {count} rows compared: about one in twenty differs by chance alone. "
           "A row of one group has no interval; under 20 groups (*) it is probably too narrow."),
        *lines,
    ]  # fmt: skip


def failures_section(facts: Facts, *, texts: bool = True) -> list[str]:
    """Counts by side, the rules, and examples of the main model where texts are wanted."""
    comparison = facts.comparison
    head = [tr("Ce qu'on voit", "What is seen"), *(inline(side_name(side)) for side in comparison.evaluations)]
    rows = []
    for kind in FAILURES:
        counts = [facts.failures[side.model] for side in comparison.evaluations]
        rows.append([failure_name(kind), *(f"{len(one.ids(kind))} · {share_told(one.share(kind))}" for one in counts)])
    lines = grid(head, rows)
    lines += ["", tr("Chaque réponse compte une fois, dans la première ligne qui lui convient. Nombre, part, intervalle à 95 %. La "
                     "recherche (BM25) copie par construction.",
                     "Each answer counts once, in the first row that fits. Count, share, 95% interval. Looking up (BM25) copies by "
                     "construction."), ""]  # fmt: skip
    lines += [f"- *{failure_name(kind)}*{tr(' :', ':')} {failure_rule(kind)}" for kind in FAILURES]
    return [*lines, "", *_failure_examples(facts)] if texts else lines


def contamination_section(found: Contamination, comparison: Comparison, *, texts: bool = True) -> list[str]:
    """How many questions training has nearly seen, examples where texts are wanted, and the measures without them."""
    lines = []
    if comparison.split == "recall":
        lines += [tr("Ces questions sont, par construction, des questions apprises dites autrement : qu'elles aient des voisines "
                     "dans l'entraînement n'est pas une fuite.",
                     "These are, by construction, learnt questions in other words: that training has neighbours of them is no "
                     "leak."), ""]  # fmt: skip
    counts = [number(len(each)) for each in (found.by_question, found.by_answer, found.either)]
    asked = counted(found.questions, tr("question", "question"), tr("questions", "questions"))
    lines.append(
        tr(f"De {asked}, {counts[0]} ont presque leur pareille dans l'entraînement, {counts[1]} "
           f"presque la même réponse attendue, {counts[2]} l'un ou l'autre. C'est un minimum : chacune n'est comparée "
           f"qu'aux {CANDIDATES} apprises que BM25 trouve les plus proches.",
           f"Of {asked}, {counts[0]} have nearly the like in training, {counts[1]} nearly the same "
           f"expected answer, {counts[2]} either. That is a least number: each is compared only with the {CANDIDATES} learnt "
           "ones that BM25 finds nearest.")
    )  # fmt: skip
    if found.labels:
        lines.append(
            tr(f"Les réponses qui sont des étiquettes ({number(found.labels)}) ne sont pas comparées.",
               f"Answers that are labels ({number(found.labels)}) are not compared.")
        )  # fmt: skip
    if len(found.either) == found.questions:
        lines += ["", all_near_told()]
    sides = {"question": tr("Question posée", "Question asked"), "answer": tr("Réponse attendue", "Expected answer")}
    for one in found.examples if texts else ():
        colon = tr(" :", ":")
        lines += ["", f"- {sides[one['side']]}{colon} {inline(one['asked'], BRIEF)}",
                  f"  <br>{tr('apprise', 'learnt')}{colon} {inline(one['training'], BRIEF)}"]  # fmt: skip
    if not found.without:
        return lines
    names = [name for name in MEASURES if name in found.whole[comparison.main]]
    head = [tr("Mesure, avec → sans ces questions", "Measure, with → without these questions")]
    head += [inline(side_name(side)) for side in comparison.evaluations]
    rows = [
        [label_of(name), *(_with_and_without(found, side.model, name) for side in comparison.evaluations)]
        for name in names
    ]
    gap_rows = []
    for name in (name for name in names if name in found.gaps):
        told = [
            f"{gap_told(gap, MEASURES[name].digits)}, {verdict_told(verdict(name, gap))}" for gap in found.gaps[name]
        ]
        gap_rows.append([label_of(name), *told])
    gap_head = [tr("Spécialisé moins générique", "Specialised less generic"), tr("Avec", "With"), tr("Sans", "Without")]
    return [*lines, "", *grid(head, rows), "", *grid(gap_head, gap_rows)]


def labels_section(facts: Facts) -> list[str]:
    """The confusion matrices of the main model and of the reference."""
    lines: list[str] = []
    for name in (facts.comparison.main, facts.comparison.reference):
        head = [tr("attendue ↓, donnée →", "wanted ↓, given →"), *map(inline, facts.labels), tr("aucune", "none")]
        counts = [
            [inline(label), *map(number, row)] for label, row in zip(facts.labels, facts.confusion[name], strict=True)
        ]
        lines += ["", f"{code(name)}{tr(' :', ':')}", "", *grid(head, counts)]
    return lines[1:]


def answers_section(facts: Facts, chosen: tuple[int, int, int], seed: int = 1) -> list[str]:
    """Answers side by side: the best and the worst of the main model, and some at random."""
    comparison = facts.comparison
    lines = [tr(f"Meilleures et pires : par le F1 des mots du spécialisé ; à égalité, par son avance sur le générique ; des pires, "
                f"deux au plus d'une même sorte d'échec, tant qu'il y en a d'autres. Les textes de plus de {SHOWN} signes sont coupés (« … ») ; ils sont entiers dans comparison.json.",
                f"Best and worst: by the word F1 of the specialised model; where equal, by its lead over the generic one; of the worst, two "
                f"at most of one kind of failure, as long as there are others. Texts of more than {SHOWN} characters are cut (“…”); they are whole in comparison.json.")]  # fmt: skip
    answers = {side.model: {one.id: one for one in side.answers} for side in comparison.evaluations}
    for number_, (why, one) in enumerate(_chosen(facts, chosen, seed), start=1):
        lines += ["", f"**{number_}. {inline(one.question, SHOWN)}** ({why})", "", "| | |", "|---|---|"]
        if one.context:
            lines.append(f"| {tr('Texte', 'Text')} | {inline(one.context, SHOWN)} |")
        lines.append(f"| {tr('Attendu', 'Expected')} | {inline(one.expected, SHOWN)} |")
        for side in comparison.evaluations:
            answer, kind = answers[side.model][one.id], facts.failures[side.model].by_id[one.id]
            seen = "" if kind == "none" else f", {failure_name(kind)}"
            about = f"{inline(side_name(side))} (F1 {number(answer.token_f1, 2)}{seen})"
            lines.append(f"| {about} | {inline(answer.answer, SHOWN)} |")
    return lines


def _chosen(facts: Facts, counts: tuple[int, int, int], seed: int) -> Iterator[tuple[str, AnswerRecord]]:
    """Why each is shown, and the main model's answer; none twice."""
    comparison = facts.comparison
    generic = {one.id: one.token_f1 for one in comparison.of(comparison.reference).answers}
    ordered = sorted(
        comparison.of(comparison.main).answers,
        key=lambda one: (-one.token_f1, generic[one.id] - one.token_f1, one.id),
    )
    best, worst, drawn = counts
    for one in ordered[:best]:
        yield tr("une des meilleures", "one of the best"), one
    worst_first, kinds = ordered[best:][::-1], Counter[str]()
    spread = []  # six empty answers would teach nothing
    for one in worst_first:
        kinds[kind := facts.failures[comparison.main].by_id[one.id]] += 1
        spread.append((kinds[kind] > MOST_OF_A_KIND, one))
    chosen = [one for _, one in sorted(spread, key=lambda pair: pair[0])][:worst]
    for one in chosen:
        yield tr("une des pires", "one of the worst"), one
    rest = sorted((one for one in worst_first if one not in chosen), key=lambda one: one.id)
    for one in random.Random(seed).sample(rest, min(drawn, len(rest))):
        yield tr("tirée au hasard", "drawn at random"), one


def _failure_examples(facts: Facts) -> list[str]:
    comparison = facts.comparison
    answers = {one.id: one for one in comparison.of(comparison.main).answers}
    found = facts.failures[comparison.main]
    lines = []
    for kind in FAILURES[:-1]:
        for place in found.ids(kind)[:EXAMPLES]:
            one = answers[place]
            lines.append(f"- **{failure_name(kind)}** · {inline(one.question, BRIEF)} → {inline(one.answer, BRIEF)}")
    return (
        [tr(f"Exemples de {code(comparison.main)} :", f"Examples of {code(comparison.main)}:"), "", *lines]
        if lines
        else []
    )


def _category_cells(row: CategoryRow, measure: str) -> list[str]:
    digits, gap = MEASURES[measure].digits, row.difference.get(measure)
    few = " (*)" if sample_told(row.groups) else ""
    values = [_value(side.get(measure), digits) for side in (row.main, row.reference)]
    gap_cell = gap_told(gap, digits) if gap else "—"
    shown = "—" if gap is None or gap.low is None else verdict_told(verdict(measure, gap))
    return [inline(row.title, BRIEF), number(row.questions) + few, *values, gap_cell, shown]


def _value(estimate: Estimate | None, digits: int) -> str:
    return number(estimate.value, digits) if estimate else "—"


def _with_and_without(found: Contamination, side: str, name: str) -> str:
    digits, one, two = MEASURES[name].digits, found.whole[side].get(name), found.without[side].get(name)
    return f"{number(one.value, digits)} → {number(two.value, digits)}" if one and two else "—"


def _cells(texts: Sequence[str]) -> list[str]:
    return [inline(text) for text in texts]
