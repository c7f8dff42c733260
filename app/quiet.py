"""Importing the big libraries without their banners.

TensorFlow's C++ part writes several lines to the error stream while it loads, before any setting of ours counts. The
stream is set aside for the time of the import; real errors are Python exceptions and pass.
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def load_keras() -> None:
    """Imports Keras, KerasHub and their backend, silently."""
    # Its Python part warns whenever something is compiled for a new shape; ours are few, and on purpose.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    with _error_stream_aside():
        import keras_hub  # noqa: F401


def load_tfds() -> None:
    """Imports TensorFlow and its data sets, silently, and keeps their progress bars and advice away."""
    with _error_stream_aside():
        import tensorflow  # noqa: F401
        import tensorflow_datasets as tfds
        from absl import logging as absl_logging
    tfds.disable_progress_bar()
    absl_logging.set_verbosity(absl_logging.ERROR)


@contextmanager
def _error_stream_aside() -> Iterator[None]:
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
