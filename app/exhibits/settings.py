"""The options of a training with what each is for.

`RunConfig` explains them in French, for the recipe reference; their English lines are here, and a test holds that none
is missing.
"""

from typing import Any

from pydantic import BaseModel

from app.page.exhibits import Said
from app.page.trained import Setting
from training.config import RunConfig
from training.runs import flat

SHOWN_ELSEWHERE = ("data", "out", "model", "method")  # in the facts of the run, by name and without a path
ENGLISH = {
    "template": "Template; by default the one noted with the base model.",
    "tracking": "Tracking services beside TensorBoard, where they are installed: [wandb], [mlflow] or [wandb, mlflow].",
    "memory": "Memory allowed, such as 15GB: rows, accumulation and checkpointing are then chosen after a measured trial.",
    "distribute": "Several devices: the rows shared out among them (data), or the weights (model, JAX only).",
    "lora.rank": "Rank of the two small matrices added beside each adapted kernel (Hu et al. 2021).",
    "lora.alpha": "The adapter's output is multiplied by alpha / rank.",
    "lora.targets": "Adapted layers: query, key, value, attention_output, feedforward_intermediate_dense… or all.",
    "lora.dropout": "Share of the adapter's inputs switched off while training.",
    "fit.epochs": "Passes over the training dialogues.",
    "fit.max_steps": "Ends after so many steps, whatever the number of epochs.",
    "fit.rows": "Rows of tokens processed together (a micro-batch).",
    "fit.row_length": "Tokens of a row; by default just enough for the longest dialogue, at least 256, at most the context.",
    "fit.accumulation": "Micro-batches accumulated for one step of the optimizer.",
    "fit.learning_rate": "Learning rate at its peak.",
    "fit.warmup": "Share of the steps during which the learning rate rises from zero; it falls afterwards as a cosine.",
    "fit.weight_decay": "Decay of the kernels by AdamW.",
    "fit.clip_norm": "Largest norm of the gradient; 0 not to clip it.",
    "fit.dropout": "Share of the activations switched off while training.",
    "fit.evaluate_every": "Steps between two validations; by default one per epoch, at least four in all.",
    "fit.validation_dialogues": "Validation dialogues measured, at most; always the same ones, drawn by the seed.",
    "fit.patience": "Validations without progress before stopping early.",
    "fit.save_every": "Steps between two states written for --resume.",
    "fit.samples": "Validation questions put to the model before the training and at each validation; 0: none.",
    "fit.precision": "Arithmetic of the layers; auto chooses by the device.",
    "fit.compile": "Compiling the step by XLA; auto: with a GPU or JAX; a processor with TensorFlow is faster without.",
    "fit.checkpointing": "Computing each layer again on the way back instead of keeping it; auto: only where `memory` needs it.",
    "fit.seed": "Seed: order of the rows, activations switched off, the adapter at the start.",
}


def settings_of(config: RunConfig) -> tuple[Setting, ...]:
    """All options but those shown elsewhere, in the order of the recipe reference."""
    values = flat(config.model_dump(mode="json"))
    docs, defaults = _docs_and_defaults()
    return tuple(
        Setting(key=key, value=value, default=defaults[key], doc=Said(docs[key], ENGLISH[key]))
        for key, value in values.items()
        if key not in SHOWN_ELSEWHERE
    )


def _docs_and_defaults() -> tuple[dict[str, str], dict[str, Any]]:
    """Key → its French line, and its default as JSON values."""
    defaults = flat(RunConfig(data=".", out=".").model_dump(mode="json"))  # type: ignore[arg-type]
    docs: dict[str, str] = {}
    for name, field in RunConfig.model_fields.items():
        if isinstance(field.default, BaseModel):
            inner = type(field.default).model_fields
            docs |= {f"{name}.{key}": " ".join((one.description or "").split()) for key, one in inner.items()}
        else:
            docs[name] = " ".join((field.description or "").split())
    return docs, defaults
