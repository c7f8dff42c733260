"""`causette export`: the model loaded and written in the format asked for, and what to know of the folder."""

from pathlib import Path
from typing import Any

from chatbot.export import export_transformers, require_free
from chatbot.language import number, tr
from chatbot.model import load_model


def export_model(name: str, to: str, out: Path) -> tuple[dict[str, Any], str]:
    """Writes a model; returns its facts and the lines to show.

    Raises:
        InputError, WorldError: as `load_model` and `export_transformers`.
    """
    require_free(out)  # before a model is loaded for nothing
    facts = {"to": to, **export_transformers(load_model(name), out)}
    size = sum(facts["files"].values()) / 1e6
    stop = "  ".join(map(repr, facts["stop"])) or tr("aucun", "none")
    lines = [
        tr(f"Dossier : {out} ({number(size)} Mo)", f"Folder: {out} ({number(size)} MB)"),
        tr(f"{facts['architecture']}, {number(facts['parameters'])} paramètres, float32, contexte de {number(facts['context'])} jetons",
           f"{facts['architecture']}, {number(facts['parameters'])} parameters, float32, context of {number(facts['context'])} tokens"),
        tr(f"Gabarit : {facts['template']} ; fin d'une réponse : {facts['end']}",
           f"Template: {facts['template']}; end of an answer: {facts['end']}"),
        tr(f"Textes d'arrêt, à donner à qui génère : {stop}", f"Stop texts, to give to what generates: {stop}"),
    ]  # fmt: skip
    return facts, "\n".join(lines)
