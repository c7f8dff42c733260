"""`causette export` and `causette merge`: the model loaded and written in the form asked for, and what to know of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.decoding import left_behind
from chatbot.export import export_transformers, require_free
from chatbot.language import number, tr
from chatbot.model import LanguageModel, load_model, merge


def export_model(name: str, to: str, out: Path) -> tuple[dict[str, Any], str]:
    """Writes a model as "transformers" or "onnx"; returns its facts and the lines to show.

    Raises:
        InputError, WorldError: as `load_model`, `export_transformers` and `export_onnx`.
    """
    require_free(out)  # before a model is loaded for nothing
    facts = {"to": to, **_export(to)(load_model(name), out)}
    size = sum(facts["files"].values()) / 1e6
    widths = "float32" if to == "transformers" else tr("float32 et int8", "float32 and int8")
    stop = "  ".join(map(repr, facts["stop"])) or tr("aucun", "none")
    lines = [
        tr(f"Dossier : {out} ({number(size)} Mo)", f"Folder: {out} ({number(size)} MB)"),
        tr(f"{facts['architecture']}, {number(facts['parameters'])} paramètres, {widths}, contexte de {number(facts['context'])} jetons",
           f"{facts['architecture']}, {number(facts['parameters'])} parameters, {widths}, context of {number(facts['context'])} tokens"),
        tr(f"Gabarit : {facts['template']} ; fin d'une réponse : {facts['end']}",
           f"Template: {facts['template']}; end of an answer: {facts['end']}"),
        tr(f"Textes d'arrêt, à donner à qui génère : {stop}", f"Stop texts, to give to what generates: {stop}"),
    ]  # fmt: skip
    return facts, "\n".join(lines) + left_behind(name)


def _export(to: str) -> Callable[[LanguageModel, Path], dict[str, Any]]:
    if to == "transformers":
        return export_transformers
    from chatbot.export_onnx import export_onnx

    return export_onnx


def merge_run(name: str, out: Path) -> tuple[dict[str, Any], str]:
    """Writes a fine-tuned adapter and its base as one preset; returns its facts and the lines to show.

    Raises:
        InputError, WorldError: as `chatbot.model.merge`.
    """
    model = merge(name, out)
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    facts = {"folder": str(out), "parameters": model.parameters, "template": model.template.name, "bytes": size}
    shown = tr(
        f"Préréglage : {out} ({number(size / 1e6)} Mo), {number(model.parameters)} paramètres, float32.\n"
        f"Il se passe du modèle de départ : causette chat {out}",
        f"Preset: {out} ({number(size / 1e6)} MB), {number(model.parameters)} parameters, float32.\n"
        f"It does without its base model: causette chat {out}",
    )
    return facts, shown + left_behind(name)
