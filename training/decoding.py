"""`decoding.json`: the way of decoding that `causette sweep` found best for a run, for as long as its weights are those.

{"format": 1, "sampling": {"temperature", "top_p", "repetition_penalty"}, "weights": sha256, and facts of the sweep}

The longest answer is none of its values: the sweep limits it to save time, whoever talks to the model does not.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chatbot.files import read_json, write_json
from chatbot.language import tr
from chatbot.sampling import Sampling
from training.runs import RunFolder

FORMAT = 1
VALUES = ("temperature", "top_p", "repetition_penalty")


@dataclass(frozen=True)
class Decoding:
    """What a run says of its decoding.

    Args:
        values: of `Sampling`; none where they are not to be used.
        why_not: the sentence that tells why they are not.
    """

    values: Mapping[str, float] = field(default_factory=dict)
    why_not: str = ""


def write_decoding(run: RunFolder, way: Sampling, facts: Mapping[str, Any]) -> None:
    """Notes a way of decoding as that of the run's present weights, with facts of how it was found."""
    sampling = {name: getattr(way, name) for name in VALUES}
    write_json(run.decoding_file, {"format": FORMAT, "sampling": sampling, "weights": weights_of(run), **facts})


def decoding_of(run: RunFolder) -> Decoding:
    """The run's way of decoding: no values where no sweep was made, where the file is none, or is of other weights."""
    file = run.decoding_file
    if not file.exists():
        return Decoding()
    try:
        found = read_json(file)
        if found["format"] != FORMAT:
            raise ValueError(f"format {found['format']}")
        values = {name: float(found["sampling"][name]) for name in VALUES}
        Sampling(**values)  # type: ignore[arg-type]
        weights = found["weights"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"{type(error).__name__} : {error}"
        return Decoding(
            why_not=tr(f"{file} : illisible, le décodage du run est ignoré ({reason}). Refaites-le : causette sweep {run.path}",
                       f"{file}: cannot be read, the run's decoding is ignored ({reason}). Make it again: causette sweep {run.path}")
        )  # fmt: skip
    if weights != weights_of(run):
        return Decoding(
            why_not=tr(f"{file} : trouvé pour d'autres poids que ceux de {run.path}, ignoré. Refaites-le : causette sweep {run.path}",
                       f"{file}: found for other weights than those of {run.path}, ignored. Make it again: causette sweep {run.path}")
        )  # fmt: skip
    return Decoding(values)


def weights_of(run: RunFolder) -> str:
    """sha256 of the files that its answers depend on; reads them, and loads no model."""
    digest = hashlib.sha256()
    for path in run.answering_files:
        digest.update(path.relative_to(run.path).as_posix().encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
