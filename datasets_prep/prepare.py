"""From sources to a prepared folder: the whole story of this floor, read top to bottom.

    prepare(PrepareConfig(sources=("embedded",), out=Path("data/embedded")), say=print)

Every row that a source gives is kept in one split or rejected with its reason: read = kept + rejected. The texts wait
on disk between the steps (`spool`), so that a million rows need no more memory than what splitting asks of each.
"""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO

from chatbot.dialogue import Dialogue, write_dialogues
from chatbot.errors import InputError, cannot_write
from chatbot.files import folder_written_whole, json_line, write_json, write_text
from chatbot.language import number, tr
from datasets_prep.chosen import Source, chosen_sources
from datasets_prep.config import PrepareConfig, check_config
from datasets_prep.leak import leaks
from datasets_prep.manifest import cleaning_of, manifest_of
from datasets_prep.mixture import copies, written
from datasets_prep.outcome import Outcome
from datasets_prep.own_licence import declaration_lines
from datasets_prep.paraphrases import join_paraphrases
from datasets_prep.personal import MASKS
from datasets_prep.prepared import CLEANING, MANIFEST, REJECTED, REPAIRS, REPORT, is_prepared
from datasets_prep.repair_log import write_repairs
from datasets_prep.repairs import repairs_in_words
from datasets_prep.report import leak_lines, report_of
from datasets_prep.rows import Rejected
from datasets_prep.several_answers import several_answers
from datasets_prep.sift import Say, Sieve
from datasets_prep.sifted import Sifted, reasons_in_words
from datasets_prep.spec import Shares, SplitRule, Splits
from datasets_prep.splits import shared_answers
from datasets_prep.spool import Kept, Spool

__all__ = ["PrepareConfig", "prepare"]


def prepare(config: PrepareConfig, say: Say = lambda line: None) -> Path:
    """Reads, sifts, splits and writes; returns the prepared folder, `config.out`.

    Args:
        config: all the options.
        say: told each step, in the user's language.

    Raises:
        InputError: an option, a file or the output folder is wrong; nothing is written.
        WorldError: the network or the disk failed; nothing is written.
    """
    check_config(config)
    _check_output(config)
    with Spool() as spool, _rejections() as rejections:
        outcome = _sift_and_split(config, spool, rejections, say)
        _write(config, outcome, spool, rejections)
    lines = ", ".join(f"{split} {number(count)}" for split, count in outcome.lines().items())
    say(tr(f"{config.out} : {lines}.", f"{config.out}: {lines}."))
    return config.out


def split_all(sifted: Sequence[Sifted], shares: Shares, seed: int) -> Splits:
    """The splits of all sources together; those under the same rule are split as one set.

    Raises:
        InputError: a split with a share comes out empty.
    """
    by_rule: dict[SplitRule, list[Kept]] = {}
    for one in sifted:
        by_rule.setdefault(one.source.split_rule, []).extend(one.kept)
    splits: Splits = {}
    for rule, kept in by_rule.items():
        for split, part in rule.split(kept, shares, seed).items():
            splits.setdefault(split, []).extend(part)
    for split, share in shares._asdict().items():
        if share and not splits[split]:
            raise InputError(
                tr(
                    f"La partie {split} serait vide. Ajoutez des données, ou changez --shares.",
                    f"The split {split} would be empty. Add data, or change --shares.",
                )
            )
    return splits


def _sift_and_split(config: PrepareConfig, spool: Spool, rejections: "_Rejections", say: Say) -> Outcome:
    sources = chosen_sources(config.sources, config.from_file, config.said, say)
    _say_declared(sources, say)
    sieve = Sieve(config, spool, rejections.add, say)
    sifted = []
    for source in sources:
        say(tr(f"{source.words} : lecture…", f"{source.words}: reading…"))
        sifted.append(sieve.read(source))
    boilerplate = sieve.near(sifted)
    for one in sifted:
        say(_news(one))
    merged_groups = join_paraphrases(sifted)
    splits = split_all(sifted, config.shares, config.seed)
    outcome = Outcome(
        sifted=sifted, splits=splits, merged_groups=merged_groups, boilerplate=boilerplate, duplicates=sieve.duplicates
    )
    outcome.several_answers, outcome.several_answers_shown = several_answers(sifted, spool)
    _weigh(config, outcome, spool, rejections, say)
    outcome.shared_answers = shared_answers(splits)
    _say_kinship(merged_groups, outcome.shared_answers["test"], len(splits["test"]), say)
    if config.show_leak:
        thresholds = {"near_question": config.near_question, "near_answer": config.near_answer}
        outcome.leak = leaks(splits, spool, **thresholds, seed=config.seed)
        for line in leak_lines(outcome.leak):
            say(line)
    return outcome


def _say_declared(sources: Sequence[Source], say: Say) -> None:
    """What the user declares holds for all of his files: he must see which."""
    declared = {source.words: source.given.licence for source in sources if source.given.licence}
    if declared:
        for line in declaration_lines(next(iter(declared.values())), list(declared)):
            say(line)


def _weigh(config: PrepareConfig, outcome: Outcome, spool: Spool, rejections: "_Rejections", say: Say) -> None:
    """Sets how many times each training dialogue is written; those written never are rejected, not lost."""
    weighted = [one for one in outcome.sifted if one.source.weight != 1]
    for one in weighted:
        own = {each.number for each in one.kept}
        train = [each for each in outcome.splits["train"] if each.number in own]
        times = copies(train, one.source.weight, config.seed)
        left = {place for place, count in times.items() if not count}
        outcome.copies = {**outcome.copies, **{place: count for place, count in times.items() if count}}
        outcome.splits["train"] = [each for each in outcome.splits["train"] if each.number not in left]
        one.kept = [each for each in one.kept if each.number not in left]
        for place in sorted(left):
            row = spool.rejected(place, "left_by_weight")
            one.note_rejected(row)
            rejections.add(one.source.name, row)
        name, aside, lines = one.source.words, number(len(left)), number(sum(times.values()))
        say(
            tr(
                f"{name} : lignes d'entraînement après son poids : {lines} (laissées de côté : {aside}).",
                f"{name}: training lines after its weight: {lines} (left aside: {aside}).",
            )
        )


def _check_output(config: PrepareConfig) -> None:
    out = config.out
    if not out.exists():
        return
    if not config.replace:
        raise InputError(
            tr(
                f"{out} : existe déjà. Choisissez un autre --out, ou ajoutez --replace pour le remplacer.",
                f"{out}: already exists. Choose another --out, or add --replace to replace it.",
            )
        )
    if not is_prepared(out) and not (out.is_dir() and not any(out.iterdir())):
        raise InputError(
            tr(
                f"{out} : n'est pas un jeu préparé, --replace n'y touche pas. Choisissez un autre --out.",
                f"{out}: not a prepared set, --replace leaves it alone. Choose another --out.",
            )
        )


def _news(sifted: Sifted) -> str:
    name, read, kept = sifted.source.words, number(sifted.read), number(len(sifted.kept))
    rejected = number(sifted.rejected.total())
    reasons = f" ({reasons_in_words(sifted.rejected)})" if sifted.rejected else ""
    news = tr(
        f"{name} : lues {read} = gardées {kept} + rejetées {rejected}{reasons}.",
        f"{name}: read {read} = kept {kept} + rejected {rejected}{reasons}.",
    )
    if repairs := sifted.reading.guessed.get("repairs"):
        repaired = repairs_in_words(repairs)
        news += tr(f"\n{name} : réparations : {repaired}.", f"\n{name}: repairs: {repaired}.")
    if masks := sum(sifted.tally.counts[kind] for kind in MASKS):
        hidden = number(masks)
        news += tr(
            f"\n{name} : données personnelles masquées : {hidden} (--keep-personal les laisse).",
            f"\n{name}: personal data masked: {hidden} (--keep-personal leaves it).",
        )
    return news


def _say_kinship(merged_groups: int, shared: int, test: int, say: Say) -> None:
    merged, known, rows = number(merged_groups), number(shared), number(test)
    if merged_groups:
        say(
            tr(
                f"Questions de même réponse gardées ensemble (groupes réunis : {merged}).",
                f"Questions with one answer kept together (groups joined: {merged}).",
            )
        )
    if shared:
        say(
            tr(
                f"test : {rows} réponses, dont {known} déjà dans train sous d'autres questions.",
                f"test: {known} of {rows} answers are in train too, under other questions.",
            )
        )


class _Rejections:
    """The rejected rows, in a temporary file until the folder is written."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def add(self, source: str, row: Rejected) -> None:
        self._file.write(json_line(row.to_json(source)).encode())

    def write(self, path: Path) -> None:
        self._file.seek(0)
        with path.open("wb") as file:
            shutil.copyfileobj(self._file, file)


@contextmanager
def _rejections() -> Iterator[_Rejections]:
    with tempfile.TemporaryFile() as file:
        yield _Rejections(file)


def _write(config: PrepareConfig, outcome: Outcome, spool: Spool, rejections: _Rejections) -> None:
    """The prepared folder, whole or not at all."""
    try:
        with folder_written_whole(config.out, replace=config.replace) as folder:
            for split in outcome.splits:
                write_dialogues(folder / f"{split}.jsonl", _dialogues(outcome, split, spool))
            rejections.write(folder / REJECTED)
            readings = [(one.source.name, one.reading) for one in outcome.sifted]
            write_repairs(folder / REPAIRS, readings, keep_personal=config.keep_personal)
            manifest, cleaning = manifest_of(config, outcome, folder), cleaning_of(outcome)
            write_json(folder / MANIFEST, manifest)
            write_json(folder / CLEANING, cleaning)
            write_text(folder / REPORT, report_of(manifest, cleaning))
    except OSError as error:
        raise cannot_write(config.out, error) from error


def _dialogues(outcome: Outcome, split: str, spool: Spool) -> Iterator[Dialogue]:
    """The lines of a split: each dialogue under its final group, its copies under ids of their own."""
    times = outcome.copies if split == "train" else {}
    for each, copy in written(outcome.splits[split], times):
        yield replace(spool[each.number], id=each.id if copy == 1 else f"{each.id}~{copy}", group=each.group)
