"""A prepared set that came from the Hub: its splits put where `PreparedSet` looks for them, and compared with its manifest."""

from pathlib import Path

from chatbot.errors import InputError
from chatbot.language import tr

FOLDER = "jsonl/"  # of the splits, in the repository


def place(path: str) -> str:
    """Where a file of the repository lies in the prepared folder."""
    return path.removeprefix(FOLDER)


def make_prepared(folder: Path, name: str) -> None:
    """Makes a downloaded set (``jsonl/train.jsonl``…) a prepared folder, and checks it.

    Raises:
        InputError: its files are not those that its manifest announces.
    """
    from datasets_prep.prepared import PreparedSet

    splits = sorted((folder / FOLDER).glob("*.jsonl"))
    if not splits:
        raise InputError(
            tr(f"{name} : ce jeu a un manifeste, et aucun fichier jsonl/*.jsonl.\n"
               "L'envoi en est sans doute incomplet : demandez à son auteur de le refaire (causette push dataset).",
               f"{name}: this set has a manifest, and no file jsonl/*.jsonl.\n"
               "It was probably not sent whole: ask its author to send it again (causette push dataset).")
        )  # fmt: skip
    for path in splits:
        path.rename(folder / path.name)
    (folder / FOLDER).rmdir()
    try:
        PreparedSet.open(folder)
    except InputError as error:
        what = str(error).split("\n")[0].replace(f"{folder}", name)
        raise InputError(
            tr(f"{name} : le jeu reçu n'est pas celui que son manifeste annonce.\n{what}",
               f"{name}: the set received is not the one that its manifest announces.\n{what}")
        ) from error  # fmt: skip
