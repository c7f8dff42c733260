"""From sources to a prepared folder: the whole story of this floor, read top to bottom.

    prepare(PrepareConfig(sources=("embedded",), out=Path("data/embedded")), say=print)

Every row that a source gives is kept in one split or rejected with its reason: read = kept + rejected.
"""

import json
from pathlib import Path
from typing import Any

from chatbot.dialogue import Dialogue, write_dialogues
from chatbot.errors import InputError, WorldError
from chatbot.files import folder_written_whole, write_json, write_text
from chatbot.language import number, tr
from datasets_prep.config import PrepareConfig, check_config
from datasets_prep.dedupe import SeenDialogues
from datasets_prep.manifest import manifest_of
from datasets_prep.paraphrases import paraphrases_joined
from datasets_prep.prepared import MANIFEST, REJECTED, REPAIRS, is_prepared
from datasets_prep.repair_log import write_repairs
from datasets_prep.repairs import repairs_in_words
from datasets_prep.sift import Say, Sifted, reasons_in_words, sift
from datasets_prep.sources import chosen_sources
from datasets_prep.spec import Shares, SplitRule, Splits
from datasets_prep.splits import shared_answers

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
    sources = chosen_sources(
        config.sources, config.from_file, config.columns,
        encoding=config.encoding, separator=config.separator, no_header=config.no_header,
    )  # fmt: skip
    seen = SeenDialogues(near_question=config.near_question, near_answer=config.near_answer)
    sifted = []
    for source in sources:
        say(tr(f"{source.name} : lecture…", f"{source.name}: reading…"))
        sifted.append(sift(source, config.limits, seen, say))
        say(_news(sifted[-1]))
    sifted, merged_groups = paraphrases_joined(sifted)
    splits = split_all(sifted, config.shares, config.seed)
    shared = shared_answers(splits)
    _say_kinship(merged_groups, shared["test"], len(splits["test"]), say)
    _write(config, sifted, splits, merged_groups=merged_groups, shared_answers=shared)
    listed = ", ".join(f"{split} {number(len(dialogues))}" for split, dialogues in splits.items())
    say(tr(f"{config.out} : {listed}.", f"{config.out}: {listed}."))
    return config.out


def split_all(sifted: list[Sifted], shares: Shares, seed: int) -> Splits:
    """The splits of all sources together; those under the same rule are split as one set.

    Raises:
        InputError: a split with a share comes out empty.
    """
    by_rule: dict[SplitRule, list[Dialogue]] = {}
    for one in sifted:
        by_rule.setdefault(one.source.split_rule, []).extend(one.kept)
    splits: Splits = {}
    for rule, dialogues in by_rule.items():
        for split, part in rule.split(dialogues, shares, seed).items():
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
    name, read, kept = sifted.source.name, number(sifted.read), number(len(sifted.kept))
    rejected = number(len(sifted.rejected))
    reasons = f" ({reasons_in_words(sifted.rejected)})" if sifted.rejected else ""
    news = tr(
        f"{name} : lues {read} = gardées {kept} + rejetées {rejected}{reasons}.",
        f"{name}: read {read} = kept {kept} + rejected {rejected}{reasons}.",
    )
    if not (repairs := sifted.reading.guessed.get("repairs")):
        return news
    repaired = repairs_in_words(repairs)
    return news + tr(f"\n{name} : réparations : {repaired}.", f"\n{name}: repairs: {repaired}.")


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


def _write(config: PrepareConfig, sifted: list[Sifted], splits: Splits, **kinship: Any) -> None:
    """The prepared folder, whole or not at all."""
    rejected = [row.to_json(one.source.name) for one in sifted for row in one.rejected]
    try:
        with folder_written_whole(config.out, replace=config.replace) as folder:
            for split, dialogues in splits.items():
                write_dialogues(folder / f"{split}.jsonl", dialogues)
            write_text(folder / REJECTED, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rejected))
            write_repairs(folder / REPAIRS, [(one.source.name, one.reading) for one in sifted])
            write_json(folder / MANIFEST, manifest_of(config, sifted, splits, folder, **kinship))
    except OSError as error:
        raise WorldError(
            tr(
                f"{config.out} : écriture impossible ({error.strerror}). Rien n'a été écrit.",
                f"{config.out}: cannot be written ({error.strerror}). Nothing was written.",
            )
        ) from error
