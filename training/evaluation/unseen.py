"""Whether the questions asked are ones that a run has not learnt, shown by fingerprints or not claimed.

In the very set that a run was trained on, its own splits say which questions were learnt. In any other, that training's
questions are read, where they still lie, and compared with those asked; where they are gone nothing can be shown, and a
comparison that cannot be trusted is refused.
"""

from collections.abc import Sequence
from pathlib import Path

from chatbot.dialogue import Message
from chatbot.errors import InputError
from chatbot.language import tr
from chatbot.locate import EMBEDDED
from datasets_prep.prepared import PreparedSet
from datasets_prep.rows import normalised
from training.run_list import is_run
from training.runs import RunFolder

COMPARED_SPLITS = ("train", "recall", "test")


def comparable(runs: Sequence[RunFolder], data: PreparedSet) -> tuple[tuple[str, ...], list[str]]:
    """The splits on which runs can be compared with others, and what must be said beside the result.

    Only in the very set that all of them were trained on are the questions of `train` and `recall` learnt ones; in
    another, or in the same one prepared anew, `test` is all that can be asked. What a run began from is looked at too,
    where it is a run itself: what that one learnt is in its weights.

    Raises:
        InputError: a question of the test split was learnt by a run, or nobody can know whether it was.
    """
    remarks = []
    known = [base for run in runs for base in lineage(run)]
    elsewhere = {run.path: run for run in known if _fingerprints(run) != data.manifest["fingerprints"]}
    for path, run in elsewhere.items():
        _check_unseen(run, data)
        remarks.append(
            tr(f"{path} a appris un autre jeu (ou celui-ci préparé autrement) : seule la partie test est comparée ; "
               "aucune de ses questions n'est, mot pour mot, dans cet autre jeu.",
               f"{path} learnt another set (or this one prepared otherwise): only the test split is compared; none "
               "of its questions stands, word for word, in that other set.")
        )  # fmt: skip
    if elsewhere:
        return ("test",), remarks
    for run in runs:
        if run.share_seen < 1:
            seen = int(100 * run.share_seen)  # down: nearly all is not all
            remarks.append(
                tr(f"{run.path} n'a lu que {seen} % des lignes d'entraînement : une partie seulement des questions "
                   "dites apprises lui a été montrée.",
                   f"{run.path} read {seen}% of the training rows only: not all of the questions called learnt were shown "
                   "to it.")
            )  # fmt: skip
    return tuple(split for split in COMPARED_SPLITS if split in data.splits), remarks


def lineage(run: RunFolder) -> list[RunFolder]:
    """A run, the run that it began from, and so on.

    Raises:
        InputError: one of them is no longer whole.
    """
    found = [run]
    while is_run(Path(found[-1].config.model)):
        base = RunFolder.open(Path(found[-1].config.model))
        if any(base.path == one.path for one in found):
            break
        found.append(base)
    return found


def unknown_reading(names: Sequence[str]) -> list[str]:
    """What must be said of models of which nothing tells what they have read; nothing for `mini`, whose card does."""
    told = [name for name in names if not is_run(Path(name)) and name not in EMBEDDED]
    if not told:
        return []
    return [
        tr(f"Rien ne montre que ces modèles n'ont pas lu les questions posées avant d'être pris ici : {', '.join(told)}.",
           f"Nothing shows that these models had not read the questions asked before they were taken here: {', '.join(told)}.")
    ]  # fmt: skip


def _fingerprints(run: RunFolder) -> dict[str, str]:
    return dict(run.data_manifest["fingerprints"])


def _check_unseen(run: RunFolder, data: PreparedSet) -> None:
    try:
        learnt = PreparedSet.open(run.config.data)
        if learnt.manifest["fingerprints"] != run.data_manifest["fingerprints"]:
            raise InputError("")
    except InputError as error:
        raise InputError(
            tr(f"Comparaison refusée : {run.path} a été entraîné sur un autre jeu que {data.folder}, et ce jeu "
               f"({run.config.data}) n'est plus là tel quel : rien ne montre que les questions du test n'ont pas été "
               "apprises.\nRemettez ce jeu à sa place, ou comparez sur lui (sans --data).",
               f"Comparison refused: {run.path} was trained on another set than {data.folder}, and that set "
               f"({run.config.data}) is no longer there as it was: nothing shows that the test questions were not "
               "learnt.\nPut that set back, or compare on it (without --data).")
        ) from error  # fmt: skip
    asked = {_request(dialogue.messages[-2]) for dialogue in data.split("test")}
    learnt_dialogues = (dialogue for split in ("train", "validation") for dialogue in learnt.split(split))
    requests = (message for dialogue in learnt_dialogues for message in dialogue.messages if message.role == "user")
    seen = {_request(message) for message in requests} & asked
    if seen:
        raise InputError(
            tr(f"Comparaison refusée : {len(seen)} question(s) de la partie test de {data.folder} étaient dans "
               f"l'entraînement de {run.path}. La première : « {min(seen)[:80]} ».\n"
               "Comparez sur le jeu de l'entraînement (sans --data), ou préparez un jeu sans ces questions.",
               f"Comparison refused: {len(seen)} question(s) of the test split of {data.folder} were in the training of "
               f"{run.path}. The first: “{min(seen)[:80]}”.\n"
               "Compare on the set of the training (without --data), or prepare a set without these questions.")
        )  # fmt: skip


def _request(message: Message) -> str:
    return normalised("\n".join([message.context, message.content]))
