"""Memory as users write it and as it is measured: the device's on a GPU, the process's on a CPU.

On a GPU the allocator of TensorFlow or JAX knows the most it ever had in use; CUDA's own context, some hundred MB, is
not in it. On a CPU it is the highest resident memory of the whole process, Python and its libraries included: it never
comes down again, so one process can measure one training.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from chatbot.errors import InputError
from chatbot.language import number, tr

_UNITS = {letter + middle: base**power
          for power, letter in ((2, "m"), (3, "g"), (4, "t")) for middle, base in (("", 1000), ("i", 1024))}  # fmt: skip


def bytes_of(text: str, where: str = "--memory") -> int:
    """Bytes of "15GB", "15 Go", "1,5 To", "12000MB" (powers of 1000), "12GiB", "12 Gio" (of 1024).

    Raises:
        InputError: it is nothing of the kind, or 0.
    """
    found = re.fullmatch(r"(\d+(?:[.,]\d+)?)\s*([mgt]i?)[bo]", text.strip().lower())
    size = int(float(found[1].replace(",", ".")) * _UNITS[found[2]]) if found else 0
    if size <= 0:
        raise InputError(
            tr(f"{where} : memory : une taille comme 15GB, 12 Gio ou 8000MB (reçu : « {text} »).",
               f"{where}: memory: a size like 15GB, 12 GiB or 8000MB (received: “{text}”).")
        )  # fmt: skip
    return size


def in_words(size: int) -> str:
    """A number of bytes for a reader: "11,24 Go", "812 Mo"."""
    if size < 1e9:
        return f"{number(size / 1e6)} {tr('Mo', 'MB')}"
    return f"{number(size / 1e9, 2)} {tr('Go', 'GB')}"


@dataclass(frozen=True)
class Peak:
    """The most memory that was held at one time."""

    bytes: int | None  # None where the system does not tell
    on_gpu: bool


def peak() -> Peak:
    """Of the first GPU that the backend computes on, as its allocator counts, else of this process."""
    import keras

    if keras.backend.backend() == "jax":
        import jax

        device = jax.devices()[0]
        statistics = device.memory_stats() if device.platform == "gpu" else None
        if statistics:
            return Peak(statistics["peak_bytes_in_use"], on_gpu=True)
    elif keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        if tf.config.list_physical_devices("GPU"):
            return Peak(tf.config.experimental.get_memory_info("GPU:0")["peak"], on_gpu=True)
    return Peak(peak_bytes(), on_gpu=False)


def peak_bytes() -> int | None:
    """The most memory that this process held at one time; None where the system does not tell."""
    try:
        # Linux: the maximum of getrusage also knows what the parent held when it started this process.
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        pass
    try:
        import resource
    except ImportError:  # Windows has no such figure in the standard library
        return None
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return highest if sys.platform == "darwin" else highest * 1024
