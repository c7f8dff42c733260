"""What a judge found: the facts, the rows and sentences for the terminal and the report, and the two files."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

from chatbot.dialogue import drawn
from chatbot.errors import InputError
from chatbot.files import write_json, write_text
from chatbot.language import number, tr
from training.evaluation.agreement import Agreement
from training.evaluation.compare import Comparison
from training.evaluation.comparison_file import Compared
from training.evaluation.confidence import Estimate, bootstrap, caution, wilson
from training.evaluation.groups import summed
from training.evaluation.judge import Case, Judged, Outcome, Request, Tally, default_criteria
from training.evaluation.markdown import code, grid, inline, sample_told, share_told
from training.evaluation.tables import side_name

FORMAT = 1
SAMPLES = 10  # questions shown in the report
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """All that a judge said of two models.

    Args:
        one, other: their names.
        split: whose questions.
        judge: name of the judge, without its address.
        request: how it was asked.
        judged: each question.
        tally: what it took, this time.
        agreement: with people, where their votes were given.
    """

    one: str
    other: str
    split: str
    judge: str
    request: Request
    judged: tuple[Judged, ...]
    tally: Tally
    agreement: Agreement | None = None

    @property
    def counts(self) -> dict[Outcome, int]:
        found = Counter(one.outcome for one in self.judged)
        return {outcome: found[outcome] for outcome in OUTCOMES}

    @property
    def win_rate(self) -> Estimate | None:
        """Of `one`, among the questions that it or the other won."""
        counts = self.counts
        return _share(counts["one"], counts["one"] + counts["other"])

    @property
    def win_rate_over_groups(self) -> Estimate | None:
        """The same, its interval over groups of questions, which hang together."""
        rows = {
            one.case.id: (one.case.group or one.case.id, (float(one.outcome == "one"), 1.0))
            for one in self.judged
            if one.outcome in ("one", "other")
        }
        return bootstrap(summed(rows), lambda sums: sums[..., 0] / sums[..., 1], bounded=True) if rows else None

    @property
    def first_wins(self) -> Estimate | None:
        """Share of the verdicts for one of the two in which the answer shown first won: 0.5 where the place is nothing."""
        verdicts = Counter(verdict for one in self.judged for verdict in one.verdicts)
        return _share(verdicts["A"], verdicts["A"] + verdicts["B"])

    @property
    def shown(self) -> bool:
        """Whether one of the two is shown to be preferred: neither interval holds one half."""
        return all(
            rate is not None and rate.low is not None and rate.high is not None and not rate.low <= 0.5 <= rate.high
            for rate in (self.win_rate, self.win_rate_over_groups)
        )

    def to_json(self) -> dict[str, Any]:
        rates = {name: getattr(self, name) for name in ("win_rate", "win_rate_over_groups", "first_wins", "agreement")}
        return {
            "format": FORMAT,
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "one": self.one,
            "other": self.other,
            "split": self.split,
            "judge": self.judge,
            "criteria": self.request.criteria or default_criteria(),
            "expected_shown": self.request.expected,
            "questions": len(self.judged),
            "counts": self.counts,
            **{name: asdict(rate) if rate else None for name, rate in rates.items()},
            "shown": self.shown,
            "tally": asdict(self.tally),
            "judged": [
                {
                    "id": one.case.id,
                    "group": one.case.group,
                    "outcome": one.outcome,
                    "verdicts": list(one.verdicts),
                    "reasons": list(one.reasons),
                }
                for one in self.judged
            ],
        }


def cases_of(
    compared: Compared, split: str, pair: tuple[str, str] | None, questions: int
) -> tuple[str, str, list[Case]]:
    """Names of the two models, and at most so many questions with their answers, the same ones for every judge.

    Raises:
        InputError: no such split or model, or twice the same.
    """
    comparison = next((each for each in compared.comparisons if each.split == split), None)
    if comparison is None:
        there = ", ".join(each.split for each in compared.comparisons)
        raise InputError(
            tr(f"--split {split} : la comparaison n'a pas cette partie. Au choix : {there}.",
               f"--split {split}: the comparison has no such split. One of: {there}.")
        )  # fmt: skip
    one, other = pair or (comparison.main, comparison.reference)
    names = [side.model for side in comparison.evaluations]
    if one not in names or other not in names or one == other:
        raise InputError(
            tr(f"--pair {one},{other} : deux modèles différents de la comparaison sont attendus : {', '.join(names)}.",
               f"--pair {one},{other}: two different models of the comparison are expected: {', '.join(names)}.")
        )  # fmt: skip
    return one, other, _cases(comparison, one, other, questions)


def _cases(comparison: Comparison, one: str, other: str, questions: int) -> list[Case]:
    others = {answer.id: answer.answer for answer in comparison.of(other).answers}
    cases = [
        Case(id=each.id, group=each.group, question=each.question, context=each.context, expected=each.expected,
             one=each.answer, other=others[each.id])
        for each in comparison.of(one).answers
        if each.id in others
    ]  # fmt: skip
    return drawn(cases, questions, 1)


def write_judgement(folder: Path, judgement: Judgement, names: tuple[str, str]) -> dict[str, Any]:
    """Writes `judge.json` and `judge.md` beside the comparison; returns the facts."""
    value = judgement.to_json()
    write_json(folder / "judge.json", value)
    write_text(folder / "judge.md", report(judgement, names))
    return value


def names_in(compared: Compared, judgement: Judgement) -> tuple[str, str]:
    """What reports call the two."""
    first, second = (side_name(compared.first.of(name)) for name in (judgement.one, judgement.other))
    return first, second


def rows_of(judgement: Judgement, names: tuple[str, str]) -> list[tuple[str, str]]:
    """What was counted, a row each."""
    counts = judgement.counts
    labels: dict[Outcome, str] = {
        "one": tr(f"{names[0]} gagne", f"{names[0]} wins"),
        "other": tr(f"{names[1]} gagne", f"{names[1]} wins"),
        "tie": tr("égalités", "ties"),
        "inconsistent": tr(
            "contradictoires (l'ordre change le verdict)", "inconsistent (the order changes the verdict)"
        ),
        "unreadable": tr("illisibles (pas de verdict en JSON)", "unreadable (no verdict as JSON)"),
        "refused": tr("refusées par le serveur", "refused by the server"),
        "identical": tr("réponses identiques, non demandées", "identical answers, not asked for"),
    }
    return [(labels[outcome], number(counts[outcome])) for outcome in OUTCOMES]


def conclusion(judgement: Judgement, names: tuple[str, str]) -> list[str]:
    """What may be said of it, a sentence each."""
    lines = [_preferred(judgement, names)]
    rate, groups = judgement.win_rate, judgement.win_rate_over_groups
    if rate and groups and groups.groups < rate.dialogues:
        lines.append(
            tr(f"Sur les groupes de questions, qui se ressemblent : {share_told(groups)}.",
               f"Over groups of questions, which are alike: {share_told(groups)}.")
        )  # fmt: skip
    if groups and (few := sample_told(groups.groups)):
        lines.append(few[0].upper() + few[1:] + ".")
    if first := judgement.first_wins:
        lines.append(tr(f"La réponse montrée en premier gagne : {share_told(first)} des verdicts ; 50 % si l'ordre ne compte pas.",
                        f"The answer shown first wins: {share_told(first)} of the verdicts; 50% if order does not count."))  # fmt: skip
    if judgement.agreement:
        lines.append(_agreed(judgement.agreement))
    return [*lines, warning()]


def warning() -> str:
    """What is known of models as judges."""
    return tr(
        "Un modèle juge n'est pas un humain : il préfère les réponses longues et son propre style, et se trompe avec aplomb. "
        "Ce taux ne remplace pas des votes.",
        "A model as a judge is no human: it prefers long answers and its own style, and is wrong with confidence. This rate "
        "does not replace votes.",
    )


def report(judgement: Judgement, names: tuple[str, str]) -> str:
    """The report as Markdown."""
    request, names = judgement.request, (code(names[0]), code(names[1]))
    lines = [
        tr("# Un modèle pour juge", "# A model as the judge"),
        "",
        tr(f"- Juge : {code(judgement.judge)}, température 0, chaque question dans les deux ordres.",
           f"- Judge: {code(judgement.judge)}, temperature 0, each question in both orders."),
        tr(f"- {len(judgement.judged)} questions de la partie « {judgement.split} » ; réponse attendue "
           f"{'montrée au juge' if request.expected else 'cachée au juge'}.",
           f"- {len(judgement.judged)} questions of the split `{judgement.split}`; expected answer "
           f"{'shown to the judge' if request.expected else 'hidden from the judge'}."),
        tr("- Critères : ", "- Criteria: ") + inline(request.criteria or default_criteria()),
        "",
        *grid(("Verdict", "Questions"), rows_of(judgement, names)),
        "",
        *(f"{line}\n" for line in conclusion(judgement, names)),
    ]  # fmt: skip
    shown = drawn([one for one in judgement.judged if one.verdicts], SAMPLES, 1)
    lines += [tr(f"## {len(shown)} questions tirées au hasard", f"## {len(shown)} questions drawn at random")]
    for one in shown:
        lines += ["", f"**{inline(one.case.question)}**", "", "| | |", "|---|---|"]
        lines += [f"| {name} | {inline(text)} |" for name, text in _texts(one, names)]
    return "\n".join([*lines, ""])


def _texts(one: Judged, names: tuple[str, str]) -> Sequence[tuple[str, str]]:
    verdicts = " / ".join(one.verdicts)
    return [
        (tr("Attendu", "Expected"), one.case.expected),
        (names[0], one.case.one),
        (names[1], one.case.other),
        (tr("Verdicts dans les deux ordres", "Verdicts in both orders"), f"{verdicts} → {one.outcome}"),
        (tr("Raisons du juge", "The judge's reasons"), " / ".join(filter(None, one.reasons))),
    ]


def _preferred(judgement: Judgement, names: tuple[str, str]) -> str:
    rate, questions = judgement.win_rate, len(judgement.judged)
    if rate is None:
        return tr(f"Aucun verdict ne compte, sur {questions} questions : le juge ne départage pas ces modèles.",
                  f"No verdict counts, of {questions} questions: the judge does not tell these models apart.")  # fmt: skip
    share = tr(f"{names[0]} gagne {share_told(rate)} des {rate.dialogues} questions que le juge tranche pareil dans les deux ordres",
               f"{names[0]} wins {share_told(rate)} of the {rate.dialogues} questions that the judge decides alike in both orders")  # fmt: skip
    if judgement.shown:
        return share + "."
    return share + tr(" : pas de préférence montrée.", ": no preference is shown.")


def _agreed(found: Agreement) -> str:
    if found.share is None:
        return tr("Aucune question où une majorité a voté et où le juge tranche : pas d'accord à mesurer.",
                  "No question with a majority of votes and a verdict of the judge: no agreement to measure.")  # fmt: skip
    kappa = tr("kappa non défini", "kappa not defined")
    if found.kappa:
        low, high = (number(value, 2) if value is not None else "?" for value in (found.kappa.low, found.kappa.high))
        kappa = f"kappa {number(found.kappa.value, 2)} [{low}{tr(' ; ', '; ')}{high}]"
    aside = tr(f"(à part : {found.no_majority} sans majorité, {found.no_verdict} sans verdict du juge)",
               f"(apart: {found.no_majority} without a majority, {found.no_verdict} without a verdict of the judge)")  # fmt: skip
    few = caution(found.questions)  # Wilson has an interval of one question too
    return tr(f"Accord avec la majorité des votes humains : {share_told(found.share)}, {kappa}, sur {found.questions} questions {aside}",
              f"Agreement with the majority of human votes: {share_told(found.share)}, {kappa}, on {found.questions} questions {aside}") + (tr(" ; ", "; ") + f"{few}." if few else ".")  # fmt: skip


def _share(count: int, of: int) -> Estimate | None:
    """A share with Wilson's interval, each taken as independent; None of nothing."""
    return Estimate(count / of, *wilson(count / of, of), groups=of, dialogues=of) if of else None
