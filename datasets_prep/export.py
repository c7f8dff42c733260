"""A split of a prepared set as one file that others read: text with dialogue marks, CSV or JSON Lines, by its ending."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from chatbot.dialogue import Dialogue, write_dialogues
from chatbot.errors import InputError, cannot_write, no_file
from chatbot.files import write_whole
from chatbot.language import tr
from datasets_prep.prepared import PreparedSet
from datasets_prep.turns_text import write_turns

ENDINGS = (".txt", ".csv", ".jsonl")


def export(folder: Path, out: Path, split: str, *, replace: bool = False) -> int:
    """Writes a split to `out`, whole or not at all; returns how many dialogues it holds.

    A ``.txt`` keeps all turns, ``.jsonl`` all turns and the lineage, ``.csv`` the last question and answer of each,
    with the text that came with the question and the system message.

    Raises:
        InputError: no prepared set, no such split, an ending of another kind, or `out` exists and is not to be replaced.
        WorldError: the disk refuses.
    """
    check_out(out, ENDINGS, replace=replace)
    dialogues = PreparedSet.open(folder).split(split)
    try:
        return _WRITERS[out.suffix.lower()](out, dialogues)
    except OSError as error:
        raise cannot_write(out, error) from error


def check_out(out: Path, endings: Sequence[str], *, replace: bool) -> None:
    """Looks at a file that is to be written, before any work is done for it.

    Raises:
        InputError: its name ends otherwise, it is a folder, or it exists and is not to be replaced.
    """
    if out.suffix.lower() not in endings:
        known = ", ".join(endings)
        raise InputError(tr(f"{out} : terminaison attendue : {known}.", f"{out}: expected ending: {known}."))
    if out.is_dir():
        raise no_file(out)
    if out.exists() and not replace:
        raise InputError(
            tr(
                f"{out} : existe déjà. Ajoutez --replace pour le remplacer.",
                f"{out}: already exists. Add --replace to replace it.",
            )
        )


def _write_text(out: Path, dialogues: Iterable[Dialogue]) -> int:
    counted = _Counted(dialogues)

    def write(temporary: Path) -> None:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(write_turns(counted))

    write_whole(out, write)
    return counted.count


def _write_csv(out: Path, dialogues: Iterable[Dialogue]) -> int:
    counted = _Counted(dialogues)

    def write(temporary: Path) -> None:
        with temporary.open("w", encoding="utf-8-sig", newline="") as file:  # the mark tells Excel that it is UTF-8
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(("question", "answer", "context", "system"))
            rows.writerows((each.question, each.answer, each.messages[-2].context, _system(each)) for each in counted)

    write_whole(out, write)
    return counted.count


def _system(dialogue: Dialogue) -> str:
    first = dialogue.messages[0]
    return first.content if first.role == "system" else ""


class _Counted:
    """Dialogues, counted as they go by."""

    def __init__(self, dialogues: Iterable[Dialogue]) -> None:
        self._dialogues = dialogues
        self.count = 0

    def __iter__(self) -> Iterator[Dialogue]:
        for dialogue in self._dialogues:
            self.count += 1
            yield dialogue


_WRITERS: dict[str, Callable[[Path, Iterable[Dialogue]], int]] = {
    ".txt": _write_text,
    ".csv": _write_csv,
    ".jsonl": write_dialogues,
}
