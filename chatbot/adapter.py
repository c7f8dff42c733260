"""Adapters: small trainable matrices beside frozen kernels (LoRA, Hu et al. 2021), complete on disk and apart from the base.

    runs/NAME/adapter/
        adapter.json            method, rank, alpha, targets, base model and its fingerprint, template
        adapter.safetensors     every trained variable, float32, under its path in the backbone

KerasHub's `enable_lora` leaves the biases of the adapted layers trainable but does not save them. Here they are frozen:
what trains is what the file holds, entirely. A quantised base is never written again with the adapter merged in: it
would be rounded a second time, which costs a tenth of what was learnt.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from chatbot.errors import InputError
from chatbot.files import folder_written_whole, read_json, write_json
from chatbot.language import tr
from chatbot.narrowing import Bits, quantise
from chatbot.quantisation import dense_layers, quantised, whole_kernel, whole_table

Method = Literal["full", "lora", "qlora-int8", "qlora-int4"]
ALL = "all"  # as a target: every kernel
SAMPLED = 4096  # values of each variable that a fingerprint looks at


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """What must be known to put an adapter beside its base again.

    Args:
        method: lora, qlora-int8 or qlora-int4; the last two narrow the base's kernels.
        rank: of the two matrices.
        alpha: their product is multiplied by alpha / rank.
        targets: names of the adapted layers.
        base: the base model, as the user named it.
        base_fingerprint: of the base's weights, narrowed where they are; see `fingerprint`.
        template: name of the chat template.
        exchanges: questions of the longest dialogue it was fine-tuned on.
    """

    method: Method
    rank: int
    alpha: float
    targets: tuple[str, ...]
    base: str
    base_fingerprint: str
    template: str
    exchanges: int | None = None

    @classmethod
    def read(cls, folder: Path) -> "Adapter":
        """The note of an adapter's folder.

        Raises:
            InputError: it is missing, or no such note.
        """
        path = folder / "adapter.json"
        try:
            values = read_json(path)
            adapter = cls(**{**values, "targets": tuple(values["targets"])})
            if adapter.method not in get_args(Method)[1:] or not adapter.rank > 0 or not adapter.alpha > 0:
                raise ValueError(f"method {adapter.method!r}, rank {adapter.rank!r}, alpha {adapter.alpha!r}")
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise InputError(
                tr(f"{path} : note d'adaptateur illisible ({error}).\nCopiez à nouveau le dossier entier, ou relancez "
                   "l'entraînement.",
                   f"{path}: the note of the adapter cannot be read ({error}).\nCopy the whole folder again, or train again.")
            ) from error  # fmt: skip
        return adapter


def bits_of(method: Method) -> Bits | None:
    """To how many bits a method narrows its base; None: not at all."""
    bits: dict[str, Bits] = {"qlora-int8": "int8", "qlora-int4": "int4"}
    return bits.get(method)


def prepare(backbone: Any, method: Method, *, rank: int, alpha: float, targets: Sequence[str]) -> str:
    """Makes a base what `method` trains: nothing for full; else narrowed where asked for (unless it was while it was
    read), frozen, adapters added.

    Returns:
        The fingerprint of the base.

    Raises:
        InputError: no layer has the name of a target.
    """
    if (bits := bits_of(method)) and not quantised(backbone):
        quantise(backbone, bits)
    base = fingerprint(backbone)
    if method != "full":
        add_lora(backbone, rank=rank, alpha=alpha, targets=targets)
    return base


def add_lora(backbone: Any, *, rank: int, alpha: float, targets: Sequence[str]) -> int:
    """Freezes a backbone and adds an adapter to every layer whose name is in `targets`.

    Returns:
        How many layers were adapted.

    Raises:
        InputError: no layer has such a name.
    """
    layers = [layer for layer in backbone._flatten_layers(include_self=False) if layer.weights]
    kernels = dense_layers(backbone)
    adapted = [
        layer
        for layer in layers
        if hasattr(layer, "enable_lora")
        and (layer.name in targets or (ALL in targets and any(layer is one for one in kernels)))
    ]
    unknown = sorted(set(targets) - {layer.name for layer in adapted} - {ALL})
    if unknown:
        known = ", ".join(sorted({layer.name for layer in layers if hasattr(layer, "enable_lora")}))
        raise InputError(
            tr(f"lora.targets : aucune couche ne s'appelle {', '.join(unknown)}. Couches possibles : {known}, ou all.",
               f"lora.targets: no layer is called {', '.join(unknown)}. Possible layers: {known}, or all.")
        )  # fmt: skip
    for layer in layers:
        layer.trainable = False
    for layer in adapted:
        layer.trainable = True
        layer.enable_lora(rank, lora_alpha=alpha)
        for variable in layer.variables:
            variable.trainable = variable.path.rpartition("/")[2].startswith("lora_")
    return len(adapted)


def save_adapter(folder: Path, adapter: Adapter, backbone: Any) -> None:
    """Writes the folder whole: the note, and every trained variable of the backbone."""
    from safetensors.numpy import save_file

    values = {variable.path: np.array(variable) for variable in backbone.trainable_variables}
    assert len(values) == len(backbone.trainable_variables), "two variables of one path"
    with folder_written_whole(folder, replace=True) as whole:  # one of a training killed at its very end
        write_json(whole / "adapter.json", asdict(adapter))
        save_file(values, whole / "adapter.safetensors")
        (whole / "adapter.safetensors").chmod((whole / "adapter.json").stat().st_mode)


def put_beside(backbone: Any, adapter: Adapter, folder: Path) -> None:
    """Makes a base model the fine-tuned one: narrows it where the adapter was trained so, and puts the adapter beside it.

    Args:
        backbone: the base, perhaps narrowed already.
        adapter: the note of `folder`.
        folder: the adapter's.

    Raises:
        InputError: the base is another one, or the file is not of this adapter.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    base = prepare(backbone, adapter.method, rank=adapter.rank, alpha=adapter.alpha, targets=adapter.targets)
    if base != adapter.base_fingerprint:
        raise InputError(
            tr(f"{folder} : cet adaptateur a été appris sur d'autres poids que ceux de {adapter.base}.\n"
               "Remettez le modèle de départ d'origine à cette place, ou corrigez « base » dans adapter.json.",
               f"{folder}: this adapter was learnt on other weights than those of {adapter.base}.\n"
               "Put the original base model back there, or mend `base` in adapter.json.")
        )  # fmt: skip
    wanted = {variable.path: variable for variable in backbone.trainable_variables}
    path = folder / "adapter.safetensors"
    try:
        values = load_file(path)
        if {k: v.shape for k, v in values.items()} != {k: tuple(v.shape) for k, v in wanted.items()}:
            raise ValueError(tr("d'autres couches ou d'autres tailles", "other layers or other sizes"))
        if not all(np.isfinite(value).all() for value in values.values()):
            raise ValueError(tr("des valeurs infinies", "infinite values"))
    except (OSError, ValueError, SafetensorError) as error:
        raise InputError(
            tr(f"{path} : adaptateur illisible ({error}).\nCopiez à nouveau le dossier entier, ou relancez l'entraînement.",
               f"{path}: this adapter cannot be read ({error}).\nCopy the whole folder again, or train again.")
        ) from error  # fmt: skip
    for name, variable in wanted.items():
        variable.assign(values[name])


def merged_into(backbone: Any, adapted: Any) -> None:
    """Gives a float backbone the kernels that an adapted one multiplies with, quantisation included.

    So the merged model is the one that was trained and measured, not the base before it was narrowed.

    Args:
        backbone: the base, freshly loaded.
        adapted: the same base with its adapter.
    """
    for target, source in zip(dense_layers(backbone), dense_layers(adapted), strict=True):
        target._kernel.assign(whole_kernel(source))
    tables = [
        [layer for layer in each._flatten_layers(include_self=False) if hasattr(layer, "_embeddings")]
        for each in (backbone, adapted)
    ]
    for target, source in zip(*tables, strict=True):
        target._embeddings.assign(whole_table(source))


def merge_in_place(backbone: Any) -> None:
    """Adds the adapters to the kernels of a base that is not quantised, so that talking costs nothing more."""
    for layer in backbone._flatten_layers(include_self=False):
        if not getattr(layer, "lora_enabled", False):
            continue
        if hasattr(layer, "_kernel"):
            layer._kernel.assign(whole_kernel(layer))
        else:
            layer._embeddings.assign(whole_table(layer))
        layer.lora_enabled, layer.lora_rank, layer.lora_alpha = False, None, None
        for variable in [v for v in layer.weights if v.path.rpartition("/")[2].startswith("lora_")]:
            layer._untrack_variable(variable)


def fingerprint(backbone: Any) -> str:
    """sha256 over shapes and some thousand values of each weight: tells another base, in a moment, also at 7 billion.

    A base that differs in other values only is not told.
    """
    import hashlib

    from keras import ops

    digest = hashlib.sha256()
    for variable in backbone.weights:
        step = max(1, int(np.prod(variable.shape)) // SAMPLED)
        some = ops.reshape(ops.convert_to_tensor(variable), (-1,))[::step]
        digest.update(str(tuple(variable.shape)).encode())
        digest.update(np.ascontiguousarray(ops.convert_to_numpy(some), "float32").tobytes())
    return digest.hexdigest()
