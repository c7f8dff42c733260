"""README.md of a Space: the header that tells the Hub how to run it, and a page that tells visitors what it is."""

import sys
from collections.abc import Mapping
from typing import Any

from app.hub.card_text import HUB, link
from app.hub.space_model import ModelAt
from app.hub.space_requirements import ZERO_GPU
from chatbot.language import tr
from training.evaluation.markdown import inline

LONGEST_DESCRIPTION = 60  # characters that the Hub takes
ZERO_GPU_PYTHON = "3.12"  # ZeroGPU has its own Pythons, of which this one is the nearest to what we are tested with


def header(title: str, model: ModelAt, gradio: str, hardware: str | None) -> dict[str, Any]:
    """The keys of the header, by the Hub's configuration reference of Spaces.

    Args:
        title: of the Space.
        model: that it shows.
        gradio: version.
        hardware: asked for, if any.
    """
    python = ZERO_GPU_PYTHON if hardware == ZERO_GPU else f"{sys.version_info.major}.{sys.version_info.minor}"
    found: dict[str, Any] = {
        "title": title, "emoji": "💬", "colorFrom": "green", "colorTo": "yellow",
        "sdk": "gradio", "sdk_version": gradio, "python_version": python, "app_file": "app.py",
        "pinned": False, "license": "apache-2.0", "startup_duration_timeout": "1h",
        "short_description": short_description(title),
    }  # fmt: skip
    if hardware:
        found["suggested_hardware"] = hardware
    if not model.embedded:
        found["models"] = [model.repo]
        if model.ahead:
            found["preload_from_hub"] = [f"{model.repo} {','.join(model.ahead)} {model.revision}"]
    return found


def short_description(title: str) -> str:
    """At most 60 characters, cut where the title is too long."""
    said = tr(f"Discuter avec {title}, un modèle Causette", f"Chat with {title}, a Causette model")
    return said if len(said) <= LONGEST_DESCRIPTION else said[: LONGEST_DESCRIPTION - 1].rstrip() + "…"


def card(values: Mapping[str, Any], model: ModelAt, about: Mapping[str, Any], hardware: str | None) -> str:
    """The whole file.

    Args:
        values: of the header.
        model: that is shown.
        about: `AboutExhibit` as JSON: base, data and their licences.
        hardware: asked for, if any.
    """
    import yaml

    front = yaml.safe_dump(dict(values), allow_unicode=True, sort_keys=False, width=1000)
    paragraphs = [f"# {inline(values['title'])}", _what(model), *_data(about), _limits(hardware), _how(model)]
    return f"---\n{front}---\n\n" + "\n\n".join(paragraphs) + "\n"


def _what(model: ModelAt) -> str:
    if model.embedded:
        return tr("Une page pour discuter avec « mini », le petit modèle fourni avec Causette. Il est dans ce Space.",
                  "A page to chat with “mini”, the small model that comes with Causette. It is in this Space.")  # fmt: skip
    named = link(model.repo, f"{HUB}/{model.repo}")
    at = model.revision[:7]
    return tr(f"Une page pour discuter avec le modèle {named}, à sa révision `{at}`. Elle a été écrite par Causette.",
              f"A page to chat with the model {named}, at its revision `{at}`. Causette wrote it.")  # fmt: skip


def _data(about: Mapping[str, Any]) -> list[str]:
    if not about.get("data"):
        return []
    data = inline(about["data"])
    licences = ", ".join(inline(tr(one["fr"], one["en"])) for one in about.get("data_licences", ()))
    names = ", ".join(map(inline, about.get("attributions", ())))
    said = tr(f"## Données\n\nLe modèle a appris du jeu « {data} ».",
              f"## Data\n\nThe model has learnt from the set “{data}”.")  # fmt: skip
    said += tr(f" Licence : {licences}.", f" Licence: {licences}.") if licences else ""
    said += tr(f" À nommer : {names}.", f" To be named: {names}.") if names else ""
    return [said]


def _limits(hardware: str | None) -> str:
    said = [tr("## Limites\n\nUn petit modèle se trompe souvent : vérifiez ce qu'il dit. Ne lui confiez rien de personnel. "
               "La page ne garde aucune conversation.",
               "## Limits\n\nSmall models are often wrong: check what it says. Tell it nothing personal. "
               "The page keeps no conversation.")]  # fmt: skip
    if hardware == ZERO_GPU:
        said.append(tr("Sur ZeroGPU, le modèle calcule sur le processeur : ces cartes ne sont prêtées qu'à PyTorch.",
                       "On ZeroGPU the model computes on the processor: its cards are lent to PyTorch alone."))  # fmt: skip
    said.append(tr("Le code de ce Space est sous licence Apache 2.0 ; le modèle et les données ont les leurs.",
                   "The code of this Space is under the Apache 2.0 licence; the model and the data have their own."))  # fmt: skip
    return "\n\n".join(said)


def _how(model: ModelAt) -> str:
    private = "" if model.embedded else tr(
        " Si le modèle est privé, la variable HF_TOKEN doit tenir un jeton qui peut le lire.",
        " If the model is private, the variable HF_TOKEN must hold a token that can read it.")  # fmt: skip
    return tr(f"## Chez vous\n\n`pip install -r requirements.txt`, puis `python app.py` : la page est à "
              f"http://127.0.0.1:7860.{private} Ce qui se règle est en tête d'`app.py`.",
              f"## On your machine\n\n`pip install -r requirements.txt`, then `python app.py`: the page is at "
              f"http://127.0.0.1:7860.{private} What can be set stands at the top of `app.py`.")  # fmt: skip
