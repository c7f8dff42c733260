"""Every recipe, in its small form: a tiny model of the same architecture and kind of tokenizer, in the format it comes in.

What is checked is that the recipe's own options train, are saved and come back: its method, targets, template and
optimisation. True sizes are for `benchmarks.memory`.
"""

import http.server
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import keras_hub
import numpy as np
import pytest
import yaml

from benchmarks.export import byte_pair_tokenizer, sentence_pieces
from chatbot.adapter import Adapter
from chatbot.export import export_transformers
from chatbot.model import LanguageModel, load_model, save_preset
from chatbot.quantisation import dense_layers
from chatbot.template import HUMAN_ASSISTANT
from datasets_prep.prepare import PrepareConfig, prepare
from tests.chatbot.shapes import GROUPED, SHAPE
from training.config import RECIPES, load_config
from training.fit import train

MODELS = keras_hub.models
GPT2 = ["gpt2", "gpt2_lora", "gpt2-medquad-cpu", "gpt2-medquad-t4", "gpt2-medquad-gpu", "gpt2-medium"]
EMBEDDED = ["demo", "petit", "mini"]
FORMATS = ["keras", "transformers"]
CASES = [
    *((name, "GPT2", "keras") for name in [*EMBEDDED, *GPT2]),
    ("french-gpt2", "GPT2", "transformers"),
    *(("llama2-marches-publics", "Llama", form) for form in FORMATS),
    *(("mistral-ecommerce", "Mistral", form) for form in FORMATS),
]
SMALL = ("fit.max_steps=2", "fit.row_length=64", "fit.validation_dialogues=2", "fit.samples=1", "fit.precision=float32")


def test_no_recipe_is_forgotten():
    assert {path.stem for path in RECIPES.glob("*.yaml")} == {name for name, *_ in CASES}


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Twelve questions on procurement law and on a shop, as an instruction/response CSV."""
    folder = tmp_path_factory.mktemp("recipes")
    rows = [f"Quel est le délai du marché n° {n} ?;Le délai du marché {n} est de {n + 3} jours." for n in range(12)]
    (folder / "faq.csv").write_text("\n".join(["instruction;response", *rows]) + "\n", encoding="utf-8")
    sources = (str(folder / "faq.csv"),)
    out = folder / "faq"
    prepare(PrepareConfig(sources=sources, out=out, seed=2, near_question=1.0, near_answer=1.0))
    return out


def tiny(family: str) -> LanguageModel:
    tokenizer = byte_pair_tokenizer() if family == "GPT2" else sentence_pieces()
    size = tokenizer.vocabulary_size
    if family == "GPT2":
        shape = {**SHAPE, "intermediate_dim": 128, "num_heads": 4, "max_sequence_length": 128}
        words = MODELS.GPT2Tokenizer(vocabulary=tokenizer.vocabulary, merges=tokenizer.merges)
    else:
        shape = GROUPED
        words = getattr(MODELS, f"{family}Tokenizer")(proto=tokenizer.proto)
    backbone = getattr(MODELS, f"{family}Backbone")(vocabulary_size=size, **shape)
    preprocessor = getattr(MODELS, f"{family}CausalLMPreprocessor")(words, sequence_length=128)
    task = getattr(MODELS, f"{family}CausalLM")(backbone=backbone, preprocessor=preprocessor)
    return LanguageModel(name=family, causal_lm=task, tokenizer=tokenizer, template=HUMAN_ASSISTANT, folder=Path())


@pytest.fixture(scope="module")
def presets(tmp_path_factory):
    """(family, format) → the folder of a tiny model; made once."""
    made: dict[tuple[str, str], Path] = {}

    def of(family: str, form: str) -> Path:
        if (family, form) not in made:
            folder = tmp_path_factory.mktemp("tiny") / f"{family}-{form}"
            model = tiny(family)
            if form == "keras":
                save_preset(model.causal_lm, folder, {"template": "human_assistant"})
            else:
                export_transformers(model, folder)
                (folder / "causette.json").unlink()  # as it comes from the Hub
            made[family, form] = folder
        return made[family, form]

    return of


@pytest.mark.parametrize(("name", "family", "form"), CASES)
def test_a_recipe_trains_and_comes_back(name, family, form, data, presets, tmp_path):
    base = presets(family, form)
    config = load_config(name, {"data": data, "out": tmp_path / "run", "model": str(base)}, SMALL)
    recipe = yaml.safe_load((RECIPES / f"{name}.yaml").read_text(encoding="utf-8"))
    assert config.method == recipe["method"] and config.fit.learning_rate == recipe["fit"]["learning_rate"]
    run = train(config)
    assert run.metrics["weights_moved"] > 0 and run.metrics["steps"] in (1, 2)
    model = load_model(str(run.path))
    assert model.template.name == recipe.get("template", "human_assistant")
    if config.method == "full":
        assert model.adapter is None
        return
    adapter = Adapter.read(run.path / "adapter")
    assert (adapter.method, adapter.rank, adapter.alpha) == (config.method, config.lora.rank, config.lora.alpha)
    layers = dense_layers(load_model(str(run.path), merge=False).causal_lm.backbone)
    adapted = [layer for layer in layers if layer.lora_enabled]
    assert len(adapted) == (len(layers) if "all" in config.lora.targets else 4)
    bits = config.method.partition("-")[2] or None
    assert {layer.quantization_mode for layer in layers} == {bits}
    if bits is None:
        return
    assert not any(np.array_equal(layer.lora_kernel_b, np.zeros(layer.lora_kernel_b.shape)) for layer in adapted)


class Hub(http.server.BaseHTTPRequestHandler):
    """What of the Hugging Face Hub the download of a model asks for."""

    protocol_version = "HTTP/1.1"
    folder: Path

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        if self.path.startswith("/api/models/"):
            files = sorted(self.folder.iterdir())
            known: object = {
                "id": "owner/name",
                "sha": "a" * 40,
                "siblings": [{"rfilename": file.name} for file in files],
            }
            if "/tree/" in self.path:
                sizes = [{"type": "file", "path": file.name, "size": file.stat().st_size, "oid": "b"} for file in files]
                known = sizes
            self._send(json.dumps(known).encode(), "application/json", body)
            return
        data = (self.folder / self.path.rpartition("/")[2]).read_bytes()
        self._send(data, "application/octet-stream", body)

    def _send(self, data: bytes, kind: str, body: bool) -> None:
        self.send_response(200)
        head = {
            "Content-Type": kind,
            "Content-Length": str(len(data)),
            "ETag": f'"{hash(data)}"',
            "X-Repo-Commit": "a" * 40,
        }
        for name, value in head.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


def test_the_french_recipe_takes_its_model_from_the_hub(data, presets, tmp_path):
    """By its own address, from a Hub on this machine; afterwards, without one, from the disk."""
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), type("Here", (Hub,), {"folder": presets("GPT2", "transformers")})
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = {**os.environ, "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}", "HF_HUB_DISABLE_XET": "1"}
    environment |= {"HF_HOME": str(tmp_path / "hub"), "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    words = [sys.executable, "-m", "app", "train", "--recipe", "french-gpt2", "--data", str(data), "--out"]
    words += [str(tmp_path / "run"), *(word for change in SMALL for word in ("--set", change))]
    try:
        done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=300, check=False)
    finally:
        server.shutdown()
    assert done.returncode == 0, done.stderr[-2000:]
    note = json.loads((tmp_path / "run" / "preset" / "causette.json").read_text(encoding="utf-8"))
    assert note["base"] == "hf://dbddv01/gpt2-french-small"
