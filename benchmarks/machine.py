"""What a measurement was made on, in words that travel with the numbers."""

import importlib.metadata
import os
import platform

from training.precision import device_name


def describe() -> dict[str, str | int]:
    """Processor, cores, system and versions; nothing that identifies the machine."""
    packages = ("tensorflow", "jax", "keras", "keras-hub")
    return {
        "device": device_name(),
        "cores": os.cpu_count() or 0,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in packages},
    }
