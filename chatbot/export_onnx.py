"""A model as ONNX, for browsers (transformers.js, onnxruntime-web) and for onnxruntime anywhere.

    FOLDER/
        onnx/model.onnx               float32
        onnx/model_quantized.onnx     int8: a quarter of the size (transformers.js: dtype "q8")
        config.json tokenizer.json …  as `chatbot.export` writes them

The graph is made from the model's arrays (`chatbot.onnx_graph`); neither PyTorch nor tf2onnx has a part in it.

int8 narrows the matrices alone, with a scale per output; what is computed with them stays float32. Measured on a run of
`mini` on the embedded set (boutique_commande, 12 epochs), float32 and int8:

    test        22 questions   2.8084  2.8077 bits per byte    22 of 22 greedy answers the same
    recall      24             0.0129  0.0128                  24 of 24
    validation  24             0.0139  0.0139                  24 of 24

The likeliest next token is the same at 99.6 % of the places (test) and at all of them (the others). So int8, 14 MB
instead of 54, is what a page in the browser loads.
"""

from pathlib import Path
from typing import Any, Literal

from chatbot.errors import InputError, cannot_write
from chatbot.export import facts_of_export, require_exportable, require_free, write_description
from chatbot.files import folder_written_whole
from chatbot.language import number, tr
from chatbot.model import LanguageModel
from chatbot.onnx_graph import decoder_graph
from chatbot.plain_weights import plain_weights

OnnxWidth = Literal["float32", "int8"]
FILES: dict[OnnxWidth, str] = {"float32": "model.onnx", "int8": "model_quantized.onnx"}  # as transformers.js names them
MOST_PARAMETERS = 250_000_000  # 1 GB in float32, which a browser's tab can just hold; a file of ONNX ends at 2 GB


def export_onnx(model: LanguageModel, folder: Path) -> dict[str, Any]:
    """Writes a model as ONNX in both widths, whole or not at all.

    Args:
        model: as `load_model` gives it; adapters are written merged, a quantised base wide.
        folder: to write; it must not exist, or be empty.

    Returns:
        Facts, as `chatbot.export.export_transformers` does.

    Raises:
        InputError: a family, a tokenizer or a quantisation that cannot be written, too many parameters, a folder that is
            taken, no `onnx`.
        WorldError: the disk refuses.
    """
    require_free(folder)
    graphs: dict[OnnxWidth, bytes] = {width: onnx_bytes(model, width) for width in FILES}
    try:
        with folder_written_whole(folder, replace=True) as temporary:
            write_description(model, temporary)
            (temporary / "onnx").mkdir()
            for width, content in graphs.items():
                (temporary / "onnx" / FILES[width]).write_bytes(content)
    except OSError as error:
        raise cannot_write(folder, error) from error
    return facts_of_export(model, folder)


def onnx_bytes(model: LanguageModel, width: OnnxWidth) -> bytes:
    """The file of a model.

    Raises:
        InputError: a family or a quantisation that cannot be written, too many parameters, no `onnx`.
    """
    require_exportable(model)
    _require_small(model)
    _require_onnx()
    weights = plain_weights(model.causal_lm.backbone, model.context, width)
    if weights is None:
        raise InputError(
            tr(f"{model.name} : l'export vers ONNX ne connaît pas cette variante (fenêtre de Qwen).\n"
               "Il écrit GPT-2, Llama, Mistral et Qwen 2 sans fenêtre.",
               f"{model.name}: the export to ONNX does not know this variant (Qwen's window).\n"
               "It writes GPT-2, Llama, Mistral, and Qwen 2 without a window.")
        )  # fmt: skip
    return decoder_graph(weights).SerializeToString()


def _require_small(model: LanguageModel) -> None:
    if model.parameters > MOST_PARAMETERS:
        raise InputError(
            tr(f"{model.name} : {number(model.parameters / 1e6)} millions de paramètres, "
               f"{number(MOST_PARAMETERS / 1e6)} au plus pour un navigateur.\n"
               "Prenez un modèle plus petit, ou --to transformers.",
               f"{model.name}: {number(model.parameters / 1e6)} million parameters, "
               f"{number(MOST_PARAMETERS / 1e6)} at most for a browser.\n"
               "Take a smaller model, or --to transformers.")
        )  # fmt: skip


def _require_onnx() -> None:
    try:
        import onnx  # noqa: F401
    except ImportError as error:
        raise InputError(
            tr("Il manque la bibliothèque onnx : pip install onnx", "The library onnx is missing: pip install onnx")
        ) from error
