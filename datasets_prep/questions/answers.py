"""What a model answered, kept on disk by content: a run that was killed goes on where it was, and nothing is paid twice."""

import hashlib
import json
import os
from pathlib import Path

from chatbot.errors import WorldError, disk_reason
from chatbot.files import read_json, write_json
from chatbot.language import tr
from datasets_prep.questions.client import Messages, ModelAddress, Reply

CACHE = "CAUSETTE_CACHE"


def cache_folder() -> Path:
    """Where answers are kept: ``$CAUSETTE_CACHE/llm``, else ``~/.cache/causette/llm``."""
    root = os.environ.get(CACHE)
    return (Path(root) if root else Path.home() / ".cache" / "causette") / "llm"


class KeptAnswers:
    """Answers by the SHA-256 of all that was asked: address, model, messages. The key is no part of it.

    Args:
        folder: where they lie, one small file each.
        address: of the model that gives them.
    """

    def __init__(self, folder: Path, address: ModelAddress) -> None:
        self._folder, self._address = folder, address

    def get(self, messages: Messages) -> Reply | None:
        """The answer kept for these messages; None when there is none, or its file is damaged."""
        try:
            record = read_json(self._path(messages))
            return Reply(str(record["text"]), record["tokens_read"], record["tokens_written"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, messages: Messages, reply: Reply) -> None:
        """Keeps an answer, whole or not at all.

        Raises:
            WorldError: the disk refuses.
        """
        try:
            write_json(self._path(messages), reply._asdict())
        except OSError as error:
            reason = disk_reason(error)
            raise WorldError(
                tr(
                    f"{self._folder} : écriture impossible ({reason}). Donnez un autre dossier par {CACHE}.",
                    f"{self._folder}: cannot be written ({reason}). Give another folder by {CACHE}.",
                )
            ) from error

    def _path(self, messages: Messages) -> Path:
        asked = json.dumps([self._address.url, self._address.model, list(messages)], ensure_ascii=False, sort_keys=True)
        digest = hashlib.sha256(asked.encode()).hexdigest()
        return self._folder / digest[:2] / f"{digest}.json"
