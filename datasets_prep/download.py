"""Where the public sets live (Kaggle, the Hugging Face Hub, TFDS), what of them is on disk already, and how to get them.

What is on disk is used without a network. Else the site is asked first whether it answers: the libraries themselves
may wait for minutes (TFDS: 205 s without a network). What fails is told with the address and the line to use instead.
"""

import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from chatbot.errors import WorldError, disk_reason
from chatbot.language import tr

PATIENCE = 5  # seconds for a site to take the call, and again to answer
# What a disk refuses; all other errors of a download are told as those of the network.
OF_THE_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS}


class Upstream(Protocol):
    """A place that a set is downloaded from, once: the libraries keep what they got."""

    @property
    def site(self) -> str:
        """The name of the place, for the user."""

    @property
    def address(self) -> str:
        """What must answer before a download."""

    @property
    def by_hand(self) -> str:
        """Where a user finds the file in a browser."""

    @property
    def file(self) -> str:
        """What the user then has, a file or a folder."""

    def on_disk(self) -> Path | None:
        """Where an earlier download lies; asks no network."""

    def fetch(self) -> Path:
        """Downloads; raises whatever the library raises."""


@dataclass(frozen=True, kw_only=True)
class KaggleFile:
    """A file of a Kaggle data set; public ones need no account.

    Args:
        handle: "owner/name".
        file: its name in the data set.
    """

    handle: str
    file: str
    site: str = "Kaggle"
    address: str = "https://www.kaggle.com"

    @property
    def by_hand(self) -> str:
        return f"https://www.kaggle.com/datasets/{self.handle}"

    def on_disk(self) -> Path | None:
        """The newest complete version that kagglehub holds."""
        from kagglehub.config import get_cache_folder

        folder = Path(get_cache_folder()) / "datasets" / self.handle
        marks = folder.glob(f".complete/*/{self.file}.complete")  # kagglehub writes them once a file is whole
        versions = sorted((int(mark.parent.name) for mark in marks if mark.parent.name.isdigit()), reverse=True)
        files = (folder / "versions" / str(version) / self.file for version in versions)
        return next((file for file in files if file.is_file()), None)

    def fetch(self) -> Path:
        import kagglehub

        return Path(kagglehub.dataset_download(self.handle, path=self.file))

    def revision(self, path: Path) -> str:
        """Kaggle's version number: the folder that kagglehub stores the file in; without it where Colab stores it."""
        version = f", version {path.parent.name}" if path.parent.parent.name == "versions" else ""
        return f"Kaggle {self.handle}{version}"


@dataclass(frozen=True, kw_only=True)
class HubFile:
    """A file of a data set repository on the Hugging Face Hub (or on the server that HF_ENDPOINT names).

    Args:
        repository: "owner/name".
        path: of the file in the repository.
    """

    repository: str
    path: str
    site: str = "Hugging Face"

    @property
    def address(self) -> str:
        from huggingface_hub.constants import ENDPOINT

        return ENDPOINT

    @property
    def by_hand(self) -> str:
        return f"https://huggingface.co/datasets/{self.repository}/resolve/main/{self.path}"

    @property
    def file(self) -> str:
        return self.path.rpartition("/")[2]

    def on_disk(self) -> Path | None:
        from huggingface_hub import try_to_load_from_cache

        found = try_to_load_from_cache(self.repository, self.path, repo_type="dataset")
        return Path(found) if isinstance(found, str) else None

    def fetch(self) -> Path:
        from huggingface_hub import hf_hub_download

        return Path(hf_hub_download(self.repository, self.path, repo_type="dataset", etag_timeout=PATIENCE))

    def revision(self, path: Path) -> str:
        """The commit: the folder after "snapshots" in the Hub's cache."""
        parts = path.parts
        return f"Hub {self.repository}, {parts[parts.index('snapshots') + 1]}" if "snapshots" in parts else ""


@dataclass(frozen=True, kw_only=True)
class TfdsSet:
    """A configuration of a TFDS data set whose download holds the texts in a better form than TFDS serves them.

    Args:
        name: "scientific_papers/arxiv".
        version: of the set in TFDS.
        archive_folder: the folder that the downloaded archive unpacks to; TFDS leaves it among its downloads.
        by_hand: address of that archive.
    """

    name: str
    version: str
    archive_folder: str
    by_hand: str
    site: str = "TFDS (Google Drive)"
    address: str = "https://drive.google.com"

    @property
    def file(self) -> str:
        return f"{self.archive_folder}.zip"

    def on_disk(self) -> Path | None:
        """The folder of the original texts, else that of TFDS's own records."""
        home = Path(os.environ.get("TFDS_DATA_DIR") or Path.home() / "tensorflow_datasets")
        found = sorted(home.glob(f"downloads/extracted/*/{self.archive_folder}"))
        originals = [folder for folder in found if "incomplete" not in folder.parent.name]
        records = home / self.name / self.version
        return originals[0] if originals else records if (records / "dataset_info.json").is_file() else None

    def fetch(self) -> Path:
        import tensorflow_datasets as tfds

        tfds.builder(f"{self.name}:{self.version}").download_and_prepare()
        path = self.on_disk()
        if path is None:
            raise FileNotFoundError(self.name)
        return path

    def revision(self, path: Path) -> str:
        return f"TFDS {self.name}:{self.version}"


def on_disk_or_downloaded(upstream: Upstream, title: str, source: str, others: Sequence[Upstream] = ()) -> Path:
    """The file or folder of an upstream.

    Args:
        upstream: where it lives.
        title: what the user is told that it is: "MedQuAD".
        source: what the user types for it: "medquad".
        others: the files of the same page that the source reads with it.

    Raises:
        WorldError: it is not on disk and cannot be downloaded.
    """
    if found := upstream.on_disk():
        return found
    try:
        _check_connection(upstream.address)
        return upstream.fetch()
    except Exception as error:  # requests, the three libraries and the disk each raise their own
        if isinstance(error, OSError) and error.errno in OF_THE_DISK:
            raise _not_stored(title, error) from error
        raise _not_downloaded((upstream, *others), title, source, error) from error


def bytes_of(path: Path) -> int:
    """The size of a file, or of all files in a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def _check_connection(address: str) -> None:
    """Any answer at all will do. Raises requests.RequestException."""
    import requests

    requests.head(address, timeout=(PATIENCE, PATIENCE))


def _not_stored(title: str, error: OSError) -> WorldError:
    reason = disk_reason(error) + (f" ({error.filename})" if error.filename else "")
    return WorldError(
        tr(
            f"{title} n'a pas pu être gardé sur le disque : {reason}.",
            f"{title} could not be kept on the disk: {reason}.",
        )
    )


def _not_downloaded(upstreams: Sequence[Upstream], title: str, source: str, error: Exception) -> WorldError:
    site, by_hand = upstreams[0].site, upstreams[0].by_hand
    files = tr(" et ", " and ").join(upstream.file for upstream in upstreams)
    given = upstreams[0].file if len(upstreams) == 1 else "."
    command = f"causette prepare {source} --from {given} --out data/{source.partition(':')[0]}"
    return WorldError(
        tr(
            f"{title} n'a pas pu être téléchargé depuis {site} ({type(error).__name__}). "
            f"Téléchargez {files} à la main : {by_hand}\npuis lancez : {command}",
            f"{title} could not be downloaded from {site} ({type(error).__name__}). "
            f"Download {files} by hand: {by_hand}\nthen run: {command}",
        )
    )
