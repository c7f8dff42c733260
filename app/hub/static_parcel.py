"""A Space without a server: the page of ``app/space/static`` and the model as ONNX, which computes in the visitor's browser.

README.md              how the Hub serves it, and what it is
index.html page.js …   the page, as it stands in this package
facts.json             what the page needs to know of this model
model/                 decoder, vocabulary, merges
vendor/                ONNX Runtime Web, with its licences
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.exhibits.exhibits import exhibits_of
from app.hub.parcel import Item, Parcel, folder_items, item, parcel
from app.hub.pushed import pushed
from app.hub.space_shown import none_shown, redistributable
from app.hub.static_card import static_card
from app.hub.static_public import is_public
from app.output import Output
from app.page.trained import AboutExhibit, Exhibits
from chatbot.errors import InputError
from chatbot.export import sizes_of
from chatbot.export_onnx import FILES, OnnxWidth, onnx_bytes
from chatbot.language import number, tr
from chatbot.locate import EMBEDDED
from chatbot.model import LanguageModel, load_model
from chatbot.sampling import Sampling
from chatbot.tokenizer import BytePairTokenizer
from training.decoding import decoding_of
from training.run_list import is_run
from training.runs import RunFolder

PAGE = Path(__file__).resolve().parents[1] / "space" / "static"
VOCABULARY, MERGES = "model/vocab.json", "model/merges.txt"
RUNTIME = "vendor/ort-wasm-simd-threaded.wasm.gz"
LONGEST_ANSWER = 160  # tokens, at first: as in the terminal


def static_parcel(
    model: str, *, repo: str, title: str, say: Callable[[str], object], width: OnnxWidth = "int8"
) -> Parcel:
    """Everything of the Space; it names no file of this machine and needs no other repository.

    Args:
        model: anything that `load_model` takes; a run also gives its examples, its decoding and its licences.
        repo: of the Space, "owner/name".
        title: of the page.
        say: told what is being done.
        width: of the weights that a visitor downloads; int8 was measured to change nothing (`chatbot.export_onnx`).

    Raises:
        InputError: no such model, a family or a tokenizer that the page does not know, too many parameters.
        WorldError: a download failed.
    """
    loaded = load_model(model)
    tokenizer = _tokenizer(loaded)
    say(tr(f"Écriture du modèle en ONNX ({width})…", f"Writing the model as ONNX ({width})…"))
    files = [
        item(f"model/{FILES[width]}", onnx_bytes(loaded, width)),
        item(VOCABULARY, json.dumps(tokenizer.vocabulary, ensure_ascii=False).encode()),
        item(MERGES, "\n".join(tokenizer.merges).encode()),
    ]
    page = folder_items(PAGE)
    runtime = next(each for each in page if each.path == RUNTIME)
    exhibits = exhibits_of(model)
    facts = _facts(loaded, tokenizer, exhibits.about) | {
        "name": _name(model, title, exhibits.about), "title": title, "repo": _repo(model), "sampling": _sampling(model, say),
        "examples": _examples(model, exhibits, say),
        "weights": width, "files": _named(files, runtime),
    }  # fmt: skip
    weight = sum(file["bytes"] for file in facts["files"].values()) / 1e6
    say(
        tr(
            f"Le visiteur téléchargera {number(weight, 1)} Mo, une fois.",
            f"A visitor will download {number(weight, 1)} MB, once.",
        )
    )
    card = static_card(
        title=title,
        repo=repo,
        model=facts["repo"] if is_public(model) else "",
        about=exhibits.about,
        megabytes=weight,
        ours=model in EMBEDDED,
    )
    told = json.dumps(facts, ensure_ascii=False, indent=1) + "\n"
    return parcel("space", title, item("README.md", card.encode()), item("facts.json", told.encode()), *files, *page)


def _tokenizer(model: LanguageModel) -> BytePairTokenizer:
    """The page cuts texts as GPT-2 does, and knows no special token inside a text."""
    tokenizer = model.tokenizer
    if (
        not isinstance(tokenizer, BytePairTokenizer)
        or tokenizer.split
        or set(model.template.tokens) & set(tokenizer.special)
    ):
        raise InputError(
            tr(f"{model.name} : la page statique ne connaît que le tokenizer de GPT-2 (mini, gpt2_base_en, et ce qui en vient).\n"
               "Pour ce modèle, envoyez un Space Gradio : sans --static.",
               f"{model.name}: the static page only knows GPT-2's tokenizer (mini, gpt2_base_en, and what comes from them).\n"
               "For this model push a Gradio Space: without --static.")
        )  # fmt: skip
    return tokenizer


def _named(files: list[Item], runtime: Item) -> dict[str, dict[str, Any]]:
    """What the page downloads: it refuses a file that is not as long, and keeps it under its hash."""
    names = dict(zip(("model", "vocabulary", "merges", "runtime"), [*files, runtime], strict=True))
    return {name: {"path": each.path, "bytes": each.size, "sha256": each.sha256} for name, each in names.items()}


def _facts(model: LanguageModel, tokenizer: BytePairTokenizer, about: AboutExhibit) -> dict[str, Any]:
    sizes, template = sizes_of(model.causal_lm.backbone), model.template
    return {
        "name": about.name, "base": about.base, "parameters": model.parameters, "context": model.context,
        "exchanges": model.exchanges, "layers": sizes.layers, "heads": sizes.key_heads, "width": sizes.head_width,
        "startId": tokenizer.start_id, "endId": tokenizer.end_id, "special": sorted(tokenizer.special),
        "template": {
            "name": template.name, "user": template.user, "answer": template.answer, "between": template.between,
            "markers": template.markers, "start_each_turn": template.start_each_turn,
        },
        "stopTexts": template.stop_texts, "attributions": about.attributions,
        "licences": [{"fr": one.fr, "en": one.en} for one in about.data_licences],
    }  # fmt: skip


def _repo(model: str) -> str:
    """The model's repository on the Hub, where it is known."""
    if model.startswith("hf://"):
        return model.removeprefix("hf://")
    push = pushed(Path(model), "model")
    return push.repo if push else ""


def _name(model: str, title: str, about: AboutExhibit) -> str:
    """Of the model on the page: a folder's name tells a visitor nothing, that of its repository or of the page does."""
    known = _repo(model).rpartition("/")[2]
    return known or (title if Path(model).is_dir() and model not in EMBEDDED else about.name)


def _sampling(model: str, say: Callable[[str], object]) -> dict[str, float]:
    """How the page chooses tokens at first: as the run says, else as the terminal does."""
    found = decoding_of(RunFolder(Path(model))) if is_run(Path(model)) else None
    if found and found.why_not:
        say(found.why_not)
    way = Sampling(max_new_tokens=LONGEST_ANSWER, **(dict(found.values) if found else {}))  # type: ignore[arg-type]
    names = ("temperature", "top_k", "top_p", "repetition_penalty", "max_new_tokens")
    return {name: getattr(way, name) for name in names}


def _examples(model: str, exhibits: Exhibits, say: Callable[[str], object]) -> list[str]:
    """Questions to try, where the licence ledger lets the data be passed on."""
    from app.page_content import examples_of  # Gradio comes with it

    if not redistributable(exhibits):
        if exhibits.data:
            say(none_shown())
        return []
    return examples_of(Path(model), Output())
