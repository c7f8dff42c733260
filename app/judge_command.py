"""`causette judge`: options in, a model asked about the answers of a comparison, the report beside it."""

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from app.options import BaseUrl, Json
from app.output import Output, table
from app.usage import missing
from chatbot.language import number, tr

KEPT = "judge.jsonl"  # all that the judge wrote, beside the comparison
CHARACTERS_PER_TOKEN = 3  # a cautious guess, for the cost before it is known


def judge(
    comparison: Annotated[Path, typer.Argument(metavar=tr("COMPARAISON", "COMPARISON"), help=tr(
        "Dossier d'une comparaison (RUN), ou son comparison.json.", "Folder of a comparison (RUN), or its comparison.json."))],
    model: Annotated[str | None, typer.Option(show_default=tr("le seul modèle du serveur", "the server's only model"), help=tr(
        "Modèle qui juge.", "Model that judges."))] = None,
    base_url: BaseUrl = None,
    split: Annotated[str, typer.Option(help=tr("Partie du jeu.", "Split of the set."))] = "test",
    pair: Annotated[str | None, typer.Option(metavar="A,B", show_default=tr("le spécialisé et le générique", "the specialised and the generic one"), help=tr(
        "Les deux modèles de la comparaison à départager.", "The two models of the comparison to tell apart."))] = None,
    questions: Annotated[int, typer.Option(min=1, help=tr("Questions au plus.", "Questions at most."))] = 60,
    criteria: Annotated[str | None, typer.Option(metavar=tr("TEXTE", "TEXT"), show_default=tr("exactitude, utilité, clarté", "correctness, usefulness, clarity"), help=tr(
        "Ce qui rend une réponse meilleure.", "What makes an answer better."))] = None,
    expected: Annotated[bool, typer.Option("--expected/--no-expected", help=tr(
        "Montre la réponse attendue au juge, ou la lui cache.", "Shows the judge the expected answer, or hides it."))] = True,
    max_tokens: Annotated[int, typer.Option(min=16, max=100_000, help=tr(
        "Longueur maximale d'un verdict, en jetons ; plus pour un juge qui raisonne d'abord.",
        "Longest verdict, in tokens; more for a judge that thinks first."))] = 300,
    feedback: Annotated[Path | None, typer.Option(help=tr(
        "Fichier de votes humains (feedback.sqlite), pour l'accord avec eux.",
        "File of human votes (feedback.sqlite), for the agreement with them."))] = None,
    json: Json = False,
) -> None:  # fmt: skip
    from app.feedback.serving import pair_of
    from chatbot.remote import KEY, URL, URL_OPTION, RemoteChat
    from training.evaluation.comparison_file import read_compared
    from training.evaluation.judge import Judge, KeptVerdicts, Request
    from training.evaluation.judge_report import cases_of

    output = Output(json)
    folder = comparison if comparison.is_dir() else comparison.parent
    compared = read_compared(comparison)
    one, other, cases = cases_of(compared, split, pair_of(pair), questions)
    url = base_url or os.environ.get(URL, "")
    if not url:
        raise missing([URL_OPTION], "causette judge")
    chat = RemoteChat(url, model, os.environ.get(KEY, ""))
    request = Request(model=f"{chat.name} @ {url}", criteria=criteria or "", expected=expected, longest=max_tokens)
    asking = Judge(chat, request, KeptVerdicts(folder / KEPT), output.say)
    output.say(_before(asking, cases, chat.name))
    value, *shown = _judged(asking, chat.name, compared, (one, other), split, cases, feedback, folder, output)
    output.result(value, *shown)


def _judged(
    asking: Any,
    name: str,
    compared: Any,
    pair: tuple[str, str],
    split: str,
    cases: Sequence[Any],
    feedback: Path | None,
    folder: Path,
    output: Output,
) -> tuple[Any, ...]:
    """Asks, writes the report, and returns the JSON value and what to print."""
    from app.disk import check_writable
    from app.measuring import Bar
    from training.evaluation.agreement import agreement
    from training.evaluation.judge_report import Judgement, conclusion, names_in, rows_of, write_judgement

    check_writable(folder / "judge.json")
    votes = votes_in(feedback, split, pair, cases) if feedback else None  # before anything is paid
    judged = []
    with Bar(output) as bar:
        progress = bar.of(tr(f"{name} juge", f"{name} judges"))
        for case in cases:
            judged.append(asking.judge(case))
            progress(len(judged), len(cases))
    found = {each.case.id: each.outcome for each in judged}
    agreed = agreement(found, votes) if votes is not None else None
    judgement = Judgement(
        one=pair[0], other=pair[1], split=split, judge=name, request=asking.request, judged=tuple(judged),
        tally=asking.tally, agreement=agreed,
    )  # fmt: skip
    names = names_in(compared, judgement)
    value = write_judgement(folder, judgement, names)
    output.say(_after(asking.tally))
    title = tr(f"{name} juge {names[0]} et {names[1]} · partie « {split} »", f"{name} judges {names[0]} and {names[1]} · split “{split}”")  # fmt: skip
    shown = table(("Verdict", "Questions"), rows_of(judgement, names), title=title)
    where = tr(f"Rapport : {folder / 'judge.md'}", f"Report: {folder / 'judge.md'}")
    return {**value, "report": str(folder / "judge.md")}, shown, *conclusion(judgement, names), where


def votes_in(path: Path, split: str, pair: tuple[str, str], cases: Sequence[Any]) -> Mapping[str, list[str]]:
    """The votes of people on these very answers: question → "one", "other" or "tie" for each vote.

    A study of other models is passed over, and so are questions whose answers are not the ones that people saw.

    Raises:
        InputError: there is no such file, or it is none of votes.
        WorldError: it cannot be read.
    """
    from app.feedback.report import file_of
    from app.feedback.store import FeedbackStore

    query = """SELECT main, reference, item.id AS item, main_answer, reference_answer, main_left, choice
        FROM vote JOIN shown USING (ticket) JOIN person ON person.id = shown.person
        JOIN item ON item.study = person.study AND item.id = shown.item JOIN study ON study.id = item.study
        WHERE split = ?"""
    asked = {f"{split}/{case.id}": case for case in cases}
    votes: dict[str, list[str]] = defaultdict(list)
    for row in FeedbackStore(file_of(path)).rows(query, split):
        answers = {row["main"]: row["main_answer"], row["reference"]: row["reference_answer"]}
        case = asked.get(row["item"])
        if case is None or [answers.get(name) for name in pair] != [case.one, case.other]:
            continue
        sides = (row["main"], row["reference"]) if row["main_left"] else (row["reference"], row["main"])
        preferred = dict(zip(("left", "right"), sides, strict=True)).get(row["choice"])
        votes[case.id].append({pair[0]: "one", pair[1]: "other"}.get(preferred or "", "tie"))
    return votes


def _before(asking: Any, cases: Sequence[Any], name: str) -> str:
    """What it will cost, before it does."""
    texts = asking.missing(cases)
    known = 2 * sum(not case.identical for case in cases) - len(texts)
    read = sum(map(len, texts)) // CHARACTERS_PER_TOKEN
    most = len(texts) * asking.request.longest
    kept = tr(f" ({known} déjà là)", f" ({known} there already)") if known else ""
    return tr(
        f"{len(cases)} questions dans les deux ordres : {len(texts)} appels à {name}{kept}, environ {number(read)} jetons lus "
        f"et {number(most)} écrits au plus.",
        f"{len(cases)} questions in both orders: {len(texts)} calls to {name}{kept}, about {number(read)} tokens read and "
        f"{number(most)} written at most.",
    )


def _after(tally: Any) -> str:
    """What it did cost."""
    counted = tr("jetons non comptés par le serveur", "tokens not counted by the server")
    if tally.tokens_read or tally.tokens_written:
        counted = tr(f"{number(tally.tokens_read)} jetons lus, {number(tally.tokens_written)} écrits",
                     f"{number(tally.tokens_read)} tokens read, {number(tally.tokens_written)} written")  # fmt: skip
    if not tally.calls:
        return tr("Aucun appel : tout était gardé.", "No call: all was kept.")
    again = tr(f", {tally.retries} nouvel(s) essai(s)", f", {tally.retries} more tries") if tally.retries else ""
    return tr(f"{tally.calls} appels{again}, {counted}.", f"{tally.calls} calls{again}, {counted}.")
