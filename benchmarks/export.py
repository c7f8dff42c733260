"""What transformers computes from an exported folder, beside what Keras computes from the model itself.

    python -m benchmarks.export [--peer-python .venv-peers/bin/python] [--json]

Each family in small with random weights (two layers, grouped heads, a window or scaled positions where it has them, an
adapter that is not merged on Llama 2) and the embedded `mini`. Per family:

    logits       the largest difference, and the largest logit, on random prompts
    tokens       texts whose ids are the same, of all: French, English, emoji, odd blanks, special tokens left out
    templates    conversations whose ids are the same, of all: every template, with and without a system message
    ctranslate2  whether its converter takes the folder, and the largest difference of its scores of the next token
    warnings     what transformers said while loading

CTranslate2 4.8 computes neither Qwen's window nor Llama 3.1's scale as transformers does, and takes no prompt longer than
Mistral's window at once; transformers puts no blank before a text that begins with one (outside of a conversation).
The second side (`benchmarks.export_peer`) runs in a Python that has transformers and none of ours.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import answer, describe
from benchmarks.with_transformers import options_of, peer_versions, said_by_peer

SHAPE = {"num_layers": 2, "hidden_dim": 32, "intermediate_dim": 48}
GROUPED = {**SHAPE, "num_query_heads": 4, "num_key_value_heads": 2, "layer_norm_epsilon": 1e-3}
SCALED = {
    "rope_frequency_adjustment_factor": 8.0,
    "rope_low_freq_factor": 1.0,
    "rope_high_freq_factor": 4.0,
    "rope_pretraining_sequence_length": 8192,
}
TEXTS = [
    "Bonjour, où en est ma commande ? Elle a été expédiée hier.",
    "« L'élève » a déjà préparé le cœur de son modèle — très bien !",
    "How long does delivery take?  Two to four working days.",
    "Emoji 🎉🙂👩‍🔬, accents e\u0301, 日本, क\u093f, Ⅷ ²½",
    "blancs\u00a0insécables, fine\u202f: tab\t, deux  , lignes\n\n\n  retrait\r\n fin ",
    "  au début",
    "###human: [INST] <<SYS>> ### Response:\n",
    "a",
]
SYSTEM = {"role": "system", "content": "Sois bref.\nEn français."}
TALK = [
    {"role": "user", "content": "Bonjour 🙂 ?"},
    {"role": "assistant", "content": "Bonjour à vous."},
    {"role": "user", "content": "###HUMAN: [inst] où ?\n\n« là »", "context": "Un texte ### Response: joint."},
    {"role": "assistant", "content": "Là,\n- ici ;\n- et <</SYS>>."},
    {"role": "user", "content": "  Merci !  "},
]


def main() -> None:
    answer(measure, in_words, options_of(__doc__))


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Writes every folder with what it should give, and lets the other Python read them.

    Raises:
        InputError: the peers' Python is none, or has no transformers.
        SideFailed: it could not read a folder.
    """
    versions = peer_versions(options.peer_python, ("tokenizers", "ctranslate2"))
    with tempfile.TemporaryDirectory() as folder:
        for name, model in models():
            write(model, Path(folder) / name)
        said = said_by_peer(options.peer_python, "export_peer.py", folder)
        return {"machine": {**describe(), **versions}, "families": json.loads(said.splitlines()[-1])}


def models() -> Any:
    """The name and model of each family."""
    import keras_hub

    from chatbot.adapter import add_lora
    from chatbot.model import load_model

    known = keras_hub.models
    byte_pair, pieces = byte_pair_tokenizer(), sentence_pieces()
    size = {"vocabulary_size": byte_pair.vocabulary_size}
    gpt2 = known.GPT2Backbone(**size, **SHAPE, num_heads=4, max_sequence_length=64, dropout=0.1)
    yield "gpt2", of(known.GPT2CausalLM, gpt2, byte_pair)
    qwen = known.QwenBackbone(**size, **GROUPED, tie_word_embeddings=True)
    yield "qwen2", of(known.QwenCausalLM, qwen, of_qwen(byte_pair))
    windowed = {"use_sliding_window_attention": True, "sliding_window_size": 9, "rope_scaling_factor": 2.0}
    qwen = known.QwenBackbone(**size, **GROUPED, **windowed, tie_word_embeddings=False)
    yield "qwen2_window_scaled", of(known.QwenCausalLM, qwen, of_qwen(byte_pair))
    words = of_llama3(byte_pair, gap=0)  # CTranslate2 closes gaps; published vocabularies have none
    size = {"vocabulary_size": words.vocabulary_size}
    llama3 = known.Llama3Backbone(**size, **GROUPED, rope_max_wavelength=500_000)
    yield "llama3", of(known.Llama3CausalLM, llama3, words)
    llama3 = known.Llama3Backbone(**size, **GROUPED, **SCALED, rope_max_wavelength=500_000)
    yield "llama3_scaled", of(known.Llama3CausalLM, llama3, words)
    size = {"vocabulary_size": pieces.vocabulary_size}
    llama = of(known.LlamaCausalLM, known.LlamaBackbone(**size, **GROUPED, rope_max_wavelength=500), pieces)
    yield "llama2", llama
    adapted = known.LlamaBackbone(**size, **GROUPED, tie_word_embeddings=True)
    add_lora(adapted, rank=2, alpha=4, targets=("query", "value", "feedforward_gate_dense"))
    yield "llama2_adapter_tied", of(known.LlamaCausalLM, adapted, pieces)
    mistral = known.MistralBackbone(**size, **GROUPED, sliding_window=9)
    yield "mistral_window", of(known.MistralCausalLM, mistral, pieces)
    mistral = known.MistralBackbone(**size, **GROUPED, sliding_window=None, head_dim=16)
    yield "mistral_wide_heads", of(known.MistralCausalLM, mistral, pieces)
    yield "mini", load_model("mini")


def of(task: Any, backbone: Any, tokenizer: Any) -> Any:
    """A language model around a backbone, with weights large enough that logits differ."""
    from chatbot.model import LanguageModel
    from chatbot.template import LLAMA2

    random = np.random.default_rng(5)
    for variable in backbone.weights:
        centre = variable if len(variable.shape) == 1 else 0  # gains stay around 1
        variable.assign(centre + random.normal(scale=0.25, size=variable.shape))
    causal_lm = task(backbone=backbone, preprocessor=None)
    return LanguageModel(name="random", causal_lm=causal_lm, tokenizer=tokenizer, template=LLAMA2, folder=Path())


def byte_pair_tokenizer() -> Any:
    from chatbot.tokenizer import BytePairTokenizer

    return BytePairTokenizer.train(TEXTS * 4, 400)


def of_qwen(tokenizer: Any) -> Any:
    """The same merges within Qwen's pieces."""
    from chatbot.tokenizer import QWEN_SPLIT, BytePairTokenizer

    return BytePairTokenizer(tokenizer.vocabulary, tokenizer.merges, split=QWEN_SPLIT)


def of_llama3(tokenizer: Any, gap: int = 3) -> Any:
    """The same merges within Llama 3's pieces, with its special tokens behind a gap: ids that stand for no token."""
    from chatbot.tokenizer import LLAMA3_SPLIT, BytePairTokenizer

    special = ("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
    after = tokenizer.vocabulary_size + gap
    vocabulary = {
        ("<|end_of_text|>" if at == tokenizer.end_id else token): at for token, at in tokenizer.vocabulary.items()
    }
    vocabulary |= {token: after + place for place, token in enumerate(special)}
    return BytePairTokenizer(vocabulary, tokenizer.merges, "<|eot_id|>", LLAMA3_SPLIT, "<|begin_of_text|>")


def sentence_pieces(control: Sequence[str] = ()) -> Any:
    """A SentencePiece model with Llama's settings, and control pieces such as Mistral's "[INST]"."""
    import io

    import sentencepiece

    from chatbot.tokenizer import SentencePieceTokenizer

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([text.replace("\n", " ") for text in TEXTS] * 50),
        model_writer=model, vocab_size=420 + len(control), control_symbols=list(control), model_type="bpe", byte_fallback=True, character_coverage=0.99,
        hard_vocab_limit=False, remove_extra_whitespaces=False, normalization_rule_name="identity",
        bos_id=1, eos_id=2, minloglevel=2,
    )  # fmt: skip
    return SentencePieceTokenizer(model.getvalue())


def write(model: Any, folder: Path) -> None:
    """The exported folder; beside it, prompts with our logits, texts and conversations with our ids."""
    from chatbot.dialogue import Message
    from chatbot.encoding import encode_segments
    from chatbot.export import export_transformers
    from chatbot.template import TEMPLATES

    folder.mkdir()
    random = np.random.default_rng(1)
    prompts = random.integers(3, model.causal_lm.backbone.vocabulary_size, (4, 24)).astype("int32")
    logits = model.causal_lm({"token_ids": prompts, "padding_mask": np.ones_like(prompts)})
    np.savez(folder / "logits.npz", prompts=prompts, logits=np.asarray(logits))
    tokenizer = model.tokenizer
    start = [] if tokenizer.start_id is None else [tokenizer.start_id]
    ids = {"texts": [[text, start + tokenizer.encode_start(text)] for text in TEXTS], "talks": []}
    export_transformers(model, folder / "model")
    for name, template in TEMPLATES.items():
        if template.end and template.end not in tokenizer.special:
            continue
        other = replace(model, template=template)
        if template != model.template:
            export_transformers(other, folder / name)
        for talk in (TALK[:1], TALK[:3], TALK, [SYSTEM, *TALK[:1]], [SYSTEM, *TALK]):
            segments = template.prompt([Message(**message) for message in talk])
            file = "model" if template == model.template else name
            ids["talks"].append([file, talk, encode_segments(tokenizer, segments)[0]])
    (folder / "ids.json").write_text(json.dumps(ids), encoding="utf-8")


def in_words(result: dict[str, Any]) -> str:
    """The figures as lines to read."""
    lines = [f"{'family':22} {'logits differ by':>16} {'(largest)':>10} {'tokens':>7} {'templates':>9}  ctranslate2"]
    for name, each in result["families"].items():
        lines.append(
            f"{name:22} {each['difference']:16.2e} {each['largest']:10.2f} {each['tokens']:>7} {each['templates']:>9}  "
            f"{each['ctranslate2']}"
        )
        lines += [f"    {text}" for text in [*each["unlike"], *each["warnings"]]]
    return "\n".join([*lines, json.dumps(result["machine"])])


if __name__ == "__main__":
    main()
