"""A fact's value read again from where it came from, for `verify`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chatbot.errors import InputError
from chatbot.language import tr
from livrables.fact import Fact, Value
from livrables.reading import UNREADABLE, Reader


def follow(fact: Fact, folder: Path, *, votes: Mapping[str, Any] | None = None, reader: Reader | None = None) -> Value:
    """What stands today where a fact says that its value was read.

    Args:
        fact: one that was measured.
        folder: of the work.
        votes: what `app.feedback.report.facts_of` says today; facts of votes cannot be followed without.
        reader: of that folder, to read each file once for many facts; by default one of its own.

    Raises:
        InputError: the fact has no source, or its file or place is gone.
    """
    if fact.source is None:
        raise InputError(
            tr(f"{fact.key} : aucun fichier d'origine à relire.", f"{fact.key}: no file of origin to read again.")
        )
    file = folder / fact.source.path
    known = reader or Reader(folder, votes)
    known.below(file)
    if not file.is_file():
        raise InputError(
            tr(f"{fact.key} : {fact.source.path} n'existe plus sous {folder}.",
               f"{fact.key}: {fact.source.path} is no longer below {folder}.")
        )  # fmt: skip
    try:
        return known.value(file, fact.pointer)
    except UNREADABLE as error:
        raise InputError(
            tr(f"{fact.key} : rien à lire dans {fact.source.path} à la place « {fact.pointer} ».",
               f"{fact.key}: nothing to read in {fact.source.path} at “{fact.pointer}”.")
        ) from error  # fmt: skip
