"""The weights of a folder in the transformers format, one array at a time, into a KerasHub backbone.

KerasHub's own converters know no Llama 2, lose the epsilon of Llama's norms and the rotary scaling that transformers 5
writes, round Mistral to float16, and want files of the tokenizer that transformers no longer writes. Here:

    chatbot.transformers_config    config.json → Architecture, and what cannot be computed is refused
    chatbot.transformers_tokens    the tokenizer's files → one of our tokenizers
    Weights                        *.safetensors (one or many): names and shapes are compared with the configuration
                                   before anything is built; then each array is read, and handed to `put`
"""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import numpy as np

from chatbot.errors import InputError
from chatbot.files import read_json
from chatbot.language import tr
from chatbot.weight_places import Place, Sizes, places

INDEX, WHOLE = "model.safetensors.index.json", "model.safetensors"
# What takes an array: (layer, attribute, the float32 array in Keras' own shape).
Put = Callable[[Any, str, np.ndarray], None]
FLOATS = ("F32", "F16", "BF16", "F64")
# What a file may hold beside the weights: masks and angles that are computed, and a head that is the embedding.
BUFFERS = ("rotary_emb.inv_freq", "attn.bias", "attn.masked_bias", "lm_head.weight")


def put(layer: Any, attribute: str, array: np.ndarray) -> None:
    """Gives a weight its value: where all arrays pass on their way into a model."""
    getattr(layer, attribute).assign(array)


class Weights:
    """The arrays of a folder, read when they are asked for: opening it reads the names and shapes alone.

    Use it in a ``with``. Args: the folder, and what the user calls it.
    """

    def __init__(self, folder: Path, name: str):
        self.folder, self.name = folder, name
        self._stack = ExitStack()
        self._file_of: dict[str, Any] = {}

    def __enter__(self) -> Self:
        import ml_dtypes  # noqa: F401  gives NumPy the type bfloat16, which safetensors asks it for
        from safetensors import safe_open

        index = self.folder / INDEX
        files = sorted(set(read_json(index)["weight_map"].values())) if index.is_file() else [WHOLE]
        for file in files:
            if not (self.folder / file).is_file() or Path(file).name != file:
                raise InputError(
                    tr(f"{self.name} : il manque {file}.\nCopiez à nouveau le dossier entier.",
                       f"{self.name}: {file} is missing.\nCopy the whole folder again.")
                )  # fmt: skip
            opened = self._stack.enter_context(safe_open(self.folder / file, framework="np"))
            self._file_of.update(dict.fromkeys(opened.keys(), opened))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def require(self, sizes: Sizes) -> None:
        """Compares names and shapes with those that a model of these sizes has.

        Raises:
            InputError: one is missing, has another shape, is no float, or has no place in the model.
        """
        wanted = list(places(sizes))
        for place in wanted:
            key = self._key(place.name)
            if key is None:
                raise self._refused(place.name, tr("absent des fichiers de poids", "missing from the files of weights"))
            stored = self._file_of[key].get_slice(key)
            if (shape := tuple(stored.get_shape())) != place.shape:
                raise self._refused(
                    key,
                    tr(f"de forme {_by(shape)} ; config.json annonce {_by(place.shape)}",
                       f"has shape {_by(shape)}; config.json announces {_by(place.shape)}"),
                )  # fmt: skip
            if stored.get_dtype() not in FLOATS:
                raise self._refused(
                    key, tr(f"de type {stored.get_dtype()}, non un flottant", f"of type {stored.get_dtype()}, no float")
                )
        used = {self._key(place.name) for place in wanted}
        if others := sorted(key for key in self._file_of if key not in used and not key.endswith(BUFFERS)):
            raise self._refused(others[0], tr("sans place dans ce modèle", "without a place in this model"))
        if sizes.tied and (head := self._key("lm_head.weight")) and not self._same(head, wanted[0]):
            raise self._refused(
                head,
                tr("différent des plongements, auxquels config.json le lie (tie_word_embeddings)",
                   "other than the embeddings that config.json ties it to (tie_word_embeddings)"),
            )  # fmt: skip

    def fill(self, backbone: Any, sizes: Sizes, put: Put = put) -> None:
        """Hands every array to `put`, one at a time, as float32 in the shape that Keras has for it."""
        for place in places(sizes):
            layer = place.layer(backbone)
            put(layer, place.attribute, place.to_keras(self._read(place)))

    def _read(self, place: Place) -> np.ndarray:
        key = self._key(place.name)
        assert key is not None
        if place.part == (0, 1):
            return self._file_of[key].get_tensor(key).astype("float32")
        stored = self._file_of[key].get_slice(key)
        return stored[(..., place.columns())].astype("float32")

    def _key(self, name: str) -> str | None:
        """The name as the files have it: GPT-2's first files say "wte.weight" for "transformer.wte.weight"."""
        bare = name.removeprefix("transformer.")
        return name if name in self._file_of else bare if bare in self._file_of else None

    def _same(self, head: str, embedding: Place, rows: int = 4096) -> bool:
        """Whether the head is the embedding, compared by some rows at a time."""
        one, other = (self._file_of[key].get_slice(key) for key in (head, self._key(embedding.name) or ""))
        if one.get_shape() != other.get_shape():
            return False
        height = one.get_shape()[0]
        slices = (slice(k, min(k + rows, height)) for k in range(0, height, rows))
        return all(np.array_equal(one[some], other[some]) for some in slices)

    def _refused(self, key: Any, reason: str) -> InputError:
        return InputError(
            tr(f"{self.name} : les poids ne sont pas ceux que config.json annonce.\n{key} : {reason}.",
               f"{self.name}: the weights are not those that config.json announces.\n{key}: {reason}.")
        )  # fmt: skip


def _by(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))
