"""Which files of a repository come: what a model or a data set needs, nothing that is code or may hold some.

An allow-list: a kind of file that is not known here stays where it is, and is told.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from app.hub.download import RemoteFile
from app.hub.pushed import RECORD
from chatbot.language import tr

FOLDERS = ("assets", "adapter", "causette")  # beside the root; of a KerasHub preset, of an adapter, of a run's facts
TEXTS = (".json", ".txt", ".model", ".spm", ".md")
WEIGHTS = (".safetensors", ".weights.h5")
LICENCES = ("license", "licence", "notice")
PICKLES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib", ".npy", ".npz", ".msgpack")
ARCHIVES = (".keras", ".pb", ".h5", ".tar", ".gz", ".zip")
CODE = (".py", ".ipynb", ".sh", ".so", ".dll", ".js", ".exe")
TABLES = (".csv", ".tsv", ".jsonl", ".json", ".csv.gz", ".tsv.gz", ".txt", ".pdf", ".parquet")


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What comes, and what does not.

    Args:
        taken: files to download.
        left: places of the others, with the reason.
    """

    taken: tuple[RemoteFile, ...]
    left: tuple[tuple[str, str], ...]

    @property
    def size(self) -> int:
        """Bytes to download."""
        return sum(file.size for file in self.taken)

    def has_left(self, *suffixes: str) -> str | None:
        """The first of the files left that ends so."""
        return next((path for path, _ in self.left if path.lower().endswith(suffixes)), None)


def of_a_model(files: Sequence[RemoteFile]) -> Chosen:
    """The files of a KerasHub preset, of a model in the transformers format, or of an adapter."""
    places = {file.path for file in files}
    preset = "task.json" in places or "adapter/adapter.json" in places
    return _chosen(files, lambda path: _why_not_in_model(path, preset))


def of_a_prepared_set(files: Sequence[RemoteFile]) -> Chosen:
    """The files of a set that Causette sent: its manifest and its splits as JSONL."""

    def why_not(path: PurePosixPath) -> str | None:
        wanted = path.as_posix() in ("manifest.json", "README.md") or (
            path.parent.as_posix() == "jsonl" and path.suffix == ".jsonl"
        )
        return None if wanted else tr("les mêmes dialogues, ou inutile ici", "the same dialogues, or of no use here")

    return _chosen(files, why_not)


def of_a_data_set(files: Sequence[RemoteFile]) -> Chosen:
    """The data files of any other data set, and its card."""

    def why_not(path: PurePosixPath) -> str | None:
        name = path.name.lower()
        if path.as_posix() == "README.md" or name.startswith(LICENCES) or name.endswith(TABLES):
            return None
        return _kind_refused(name)

    return _chosen(files, why_not)


def _chosen(files: Sequence[RemoteFile], why_not: Callable[[PurePosixPath], str | None]) -> Chosen:
    taken, left = [], []
    for file in sorted(files, key=lambda file: file.path):
        if any(part.startswith(".") for part in file.path.split("/")) and is_plain(file.path):
            continue  # .gitattributes: the Hub's own
        reason = why_not(PurePosixPath(file.path)) if is_plain(file.path) else tr("nom refusé", "refused name")
        if file.path.lower() == RECORD:  # in a folder of ours it says where that folder came from
            reason = tr("inutile ici", "of no use here")
        if reason is None:
            taken.append(file)
        else:
            left.append((file.path, reason))
    return Chosen(taken=tuple(taken), left=tuple(left))


def is_plain(path: str) -> bool:
    """Whether a place stays below the folder that it is written into, on every system, and can be shown."""
    return (
        path.isprintable()
        and not ({"", ".", ".."} & set(path.split("/")))
        and not any(sign in path for sign in '\\:*?"<>|\0')
    )


def _why_not_in_model(path: PurePosixPath, preset: bool) -> str | None:
    name, folder = path.name.lower(), path.parts[0] if len(path.parts) > 1 else ""
    if folder and folder not in FOLDERS:
        if folder == "transformers" and preset:
            return tr("le même modèle, pour transformers", "the same model, for transformers")
        return _kind_refused(name)
    if name.startswith("consolidated"):
        return tr("les mêmes poids une seconde fois", "the same weights a second time")
    if name.endswith((*TEXTS, *WEIGHTS)) or name.startswith(("tokenizer.model.v", *LICENCES)):
        return None
    return _kind_refused(name)


def _kind_refused(name: str) -> str:
    if name.endswith(PICKLES):
        return tr("peut exécuter du code", "can run code")
    if name.endswith(CODE):
        return tr("du code", "code")
    if name.endswith(ARCHIVES):
        return tr(
            "archive ou autre format, qui peut contenir du code", "an archive or another format, which may hold code"
        )
    return tr("inutile ici", "of no use here")
