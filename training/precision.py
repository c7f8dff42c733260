"""How to train on the device at hand: arithmetic (a Keras dtype policy) and compilation, by measurement, not by hope."""

import platform
import time
from pathlib import Path

from chatbot.errors import InputError
from chatbot.language import tr


def device_name() -> str:
    """What the current backend computes on, in words: "NVIDIA H200", "CPU (Intel Xeon …)"."""
    gpu = _gpu()
    return gpu[0] if gpu else f"CPU ({_cpu_name()})"


def choose_precision(asked: str = "auto") -> str:
    """The dtype policy to use.

    bfloat16 on GPUs of compute capability 8.0 and above (below, it is emulated: a T4 reports support and crawls),
    float16 with loss scaling on older ones; on a CPU bfloat16 only where it has units for it (AMX, AVX512-BF16) *and*
    a short measurement finds its matrix products at least twice as fast; else float32.
    """
    if asked != "auto":
        return asked
    gpu = _gpu()
    if gpu:
        return "mixed_bfloat16" if gpu[1] >= (8, 0) else "mixed_float16"
    return "mixed_bfloat16" if _cpu_has_bfloat16() and _bfloat16_gain() >= 2.0 else "float32"


def choose_compilation(asked: str | bool = "auto") -> bool:
    """Whether a training step is compiled by XLA.

    On a CPU, TensorFlow's own graph is no slower than XLA and is ready sooner (`python -m benchmarks.step` measures it);
    JAX has nothing else, and GPUs gain by it.
    """
    import keras

    if asked != "auto":
        return bool(asked)
    return keras.backend.backend() == "jax" or _gpu() is not None


def choose_checkpointing(asked: str | bool, compiled: bool) -> bool:
    """Whether layers are computed again in the backward pass.

    Raises:
        InputError: asked for where it saves nothing: on a CPU XLA takes the barrier away before it joins equal
            computations, so that it keeps what was to be computed again (measured on TensorFlow and JAX).
    """
    if asked is not True:
        return False
    if not can_checkpoint(compiled):
        raise InputError(
            tr("fit.checkpointing : sans effet sur un processeur avec XLA (JAX, ou fit.compile=true) ; prenez\n"
               "KERAS_BACKEND=tensorflow et fit.compile=false, ou retirez-le.",
               "fit.checkpointing: without effect on a CPU with XLA (JAX, or fit.compile=true); take\n"
               "KERAS_BACKEND=tensorflow and fit.compile=false, or leave it out.")
        )  # fmt: skip
    return True


def gpu_at_hand() -> bool:
    """Whether the current backend computes on a GPU."""
    return _gpu() is not None


def can_checkpoint(asked_compilation: str | bool) -> bool:
    """Whether `choose_checkpointing` would not refuse."""
    return not choose_compilation(asked_compilation) or gpu_at_hand()


def _gpu() -> tuple[str, tuple[int, int]] | None:
    """Name and compute capability of the first GPU, or None."""
    import keras

    if keras.backend.backend() == "jax":
        import jax

        devices = [d for d in jax.devices() if d.platform == "gpu"]
        if not devices:
            return None
        major, _, minor = str(getattr(devices[0], "compute_capability", "0.0")).partition(".")
        return devices[0].device_kind, (int(major), int(minor or 0))
    import tensorflow as tf

    devices = tf.config.list_physical_devices("GPU")
    if not devices:
        return None
    details = tf.config.experimental.get_device_details(devices[0])
    return details.get("device_name", "GPU"), tuple(details.get("compute_capability", (0, 0)))


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # Windows and macOS have no such file
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _cpu_has_bfloat16() -> bool:
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return "amx_bf16" in flags or "avx512_bf16" in flags


def _bfloat16_gain(size: int = 1024, repeats: int = 5) -> float:
    """How many times faster a bfloat16 matrix product is than a float32 one; takes a fraction of a second."""
    from keras import ops

    def seconds(dtype: str) -> float:
        matrix = ops.ones((size, size), dtype)
        times = []
        for _ in range(repeats):
            began = time.perf_counter()
            ops.convert_to_numpy(ops.matmul(matrix, matrix)[:1, :1])
            times.append(time.perf_counter() - began)
        return min(times)

    return seconds("float32") / seconds("bfloat16")
