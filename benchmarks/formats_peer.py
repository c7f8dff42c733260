"""The other side of `benchmarks.formats`: transformers makes tiny models with tokenizers, saves them as it does, and says
what it computes. Needs none of ours.

    python formats_peer.py FOLDER CORPUS      FOLDER/NAME/{model/, logits.npz, ids.json} for each model
"""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

TEXTS = [
    "Bonjour, où en est ma commande ? Elle a été expédiée hier.",
    "« L'élève » a déjà préparé le cœur de son modèle — très bien !",
    "How long does delivery take?  Two to four working days.",
    "2026 jours, 1234567 €, 3,14159 et ½ Ⅷ",
    "Emoji 🎉🙂👩‍🔬, accents e\u0301, 日本, क\u093f",
    "blancs\u00a0insécables, fine\u202f: tab\t, deux  , lignes\n\n\n  retrait\r\n fin ",
    "<|eot_id|> </s> <s> [INST] <|endoftext|> <|im_start|>user <0x0A> <unk>",
    "###human: [INST] <<SYS>> ### Response:\n",
    "a",
    "",
]
TALK = [
    {"role": "user", "content": "Bonjour 🙂 ?"},
    {"role": "assistant", "content": "Bonjour à vous."},
    {"role": "user", "content": "Où est « là » ?\n\nIci ?"},
]
# The chat templates of the instructed models, as their repositories have them, without tools.
LLAMA3_CHAT = """\
{% for message in messages %}{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + \
message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}\
{{ content }}{% endfor %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}"""
MISTRAL_CHAT = """\
{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + \
'[/INST]' }}{% else %}{{ ' ' + message['content'] | trim + eos_token }}{% endif %}{% endfor %}"""
LLAMA3_SPLIT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
SHAPE = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
SCALED = {
    "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 16,
}  # fmt: skip


def main() -> None:
    out, corpus = Path(sys.argv[1]), Path(sys.argv[2]).read_text(encoding="utf-8")
    for name, make in models(corpus).items():
        folder = out / name
        (folder / "model").mkdir(parents=True)
        make(folder)


def models(corpus: str) -> dict[str, Callable[[Path], None]]:
    """Name of each model → what writes its folder."""
    import torch
    import transformers as t

    pieces, tekken = sentence_pieces(corpus), sentence_pieces(corpus, control=768)
    gpt2, qwen, llama3 = byte_pairs(corpus)
    half, bf16 = torch.float16, torch.bfloat16
    grouped = {**SHAPE, "num_key_value_heads": 2}
    llama, mistral = (t.LlamaConfig, t.LlamaForCausalLM), (t.MistralConfig, t.MistralForCausalLM)
    old = {"rope_theta": 500000.0, "rope_scaling": {**SCALED}}
    v3 = {"sliding_window": None, "rope_theta": 1e6, "head_dim": 16, "rms_norm_eps": 1e-5}

    def of(kind: Any, words: Any, config: dict[str, Any], **save: Any) -> Callable[[Path], None]:
        return lambda folder: write(folder, kind, words(folder), config, **save)

    return {
        "llama2": of(llama, from_pieces(pieces, keep=True), {**SHAPE, "rms_norm_eps": 1e-5}),
        "llama2_grouped_json_only": of(llama, from_pieces(pieces), {**grouped, "rms_norm_eps": 1e-5}),
        "llama2_sharded_bf16": of(llama, from_pieces(pieces, keep=True), grouped, dtype=bf16, shards="40KB"),
        "llama2_tied_f16": of(llama, from_pieces(pieces), {**grouped, "tie_word_embeddings": True}, dtype=half),
        "llama2_linear": of(llama, from_pieces(pieces), {**SHAPE, "rope_scaling": {"rope_type": "linear", "factor": 4.0}}),
        "llama2_added_words": of(llama, from_pieces(pieces, added=True), grouped, padded=64),
        "llama3": of(llama, llama3, {**grouped, "rope_theta": 500000.0, "rms_norm_eps": 1e-5}, chat=LLAMA3_CHAT),
        "llama3_scaled_tied": of(llama, llama3, {**grouped, "rope_parameters": {"rope_theta": 5e5, **SCALED},
                                                 "tie_word_embeddings": True}, chat=LLAMA3_CHAT),
        "llama3_scaled_old_config": of(llama, llama3, {**grouped, **old}, chat=LLAMA3_CHAT, old=old),
        "mistral_window": of(mistral, from_pieces(pieces, keep=True), {**grouped, "sliding_window": 9}),
        "mistral_v3": of(mistral, from_pieces(tekken, keep=True), {**grouped, **v3}, dtype=bf16, chat=MISTRAL_CHAT),
        "mistral_v3_json_only": of(mistral, from_pieces(tekken), {**grouped, **v3}, chat=MISTRAL_CHAT),
        "gpt2": of((t.GPT2Config, t.GPT2LMHeadModel), gpt2, {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_inner": 80,
                                                            "n_positions": 64}),
        "qwen2": of((t.Qwen2Config, t.Qwen2ForCausalLM), qwen, {**grouped, "rope_theta": 1e6}),
        "qwen2_tied_bf16": of((t.Qwen2Config, t.Qwen2ForCausalLM), qwen, {**grouped, "tie_word_embeddings": True},
                              dtype=bf16, padded=64),
    }  # fmt: skip


def write(
    folder: Path, kind: Any, words: Any, config: dict[str, Any], *, dtype: Any = None, shards: str = "5GB", padded: int = 1,
    chat: str | None = None, old: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    """A model with random weights, saved as `dtype`, with the logits and ids that transformers computes."""
    import torch

    configure, model_of = kind
    rows = -(-len(words) // padded) * padded
    config = {**config, "bos_token_id": words.bos_token_id, "eos_token_id": words.eos_token_id}
    model = model_of(configure(vocab_size=rows, **config)).eval()
    torch.manual_seed(3)
    with torch.no_grad():
        for value in model.parameters():
            centre = value.clone() if value.ndim == 1 else 0  # gains stay around 1
            value.copy_(centre + torch.randn(value.shape) * 0.25)
    model.to(dtype or torch.float32).save_pretrained(folder / "model", max_shard_size=shards)
    if old:  # as transformers 4 wrote it
        path = folder / "model" / "config.json"
        written = json.loads(path.read_text())
        del written["rope_parameters"]
        path.write_text(json.dumps({**written, **old}))
    prompts = np.random.default_rng(1).integers(3, rows, (4, 40))
    with torch.no_grad():
        # Read again: the angles of the rotary positions were rounded with the weights.
        model = model_of.from_pretrained(folder / "model", dtype=torch.float32).eval()
        _, logits = (
            model(torch.tensor(prompts)).logits.numpy() for _ in range(2)
        )  # the first pass: see export_peer.py
    np.savez(folder / "logits.npz", prompts=prompts.astype("int32"), logits=logits)
    ids = {text: words(text, add_special_tokens=False, split_special_tokens=True)["input_ids"] for text in TEXTS}
    talk = words.apply_chat_template(TALK, chat_template=chat, return_dict=False) if chat else None
    (folder / "ids.json").write_text(json.dumps({"texts": list(ids.items()), "talk": talk}), encoding="utf-8")


def sentence_pieces(corpus: str, control: int = 0) -> bytes:
    """A SentencePiece model with Llama's settings; with `control` control pieces more, as in Mistral's third version."""
    import sentencepiece

    names = ["[INST]", "[/INST]", "[TOOL_CALLS]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_RESULTS]"]
    names += [f"[control_{place}]" for place in range(8, control + 2)]
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus.split("\n")), model_writer=model, vocab_size=1600 + control, model_type="bpe",
        byte_fallback=True, character_coverage=0.999, remove_extra_whitespaces=False, split_digits=True,
        normalization_rule_name="identity", allow_whitespace_only_pieces=True, bos_id=1, eos_id=2, minloglevel=2,
        control_symbols=names[:control],
    )  # fmt: skip
    return model.getvalue()


def from_pieces(proto: bytes, *, keep: bool = False, added: bool = False) -> Callable[[Path], Any]:
    """What saves the tokenizer of a SentencePiece model: with tokenizer.model, or as transformers 5 does, without."""

    def words(folder: Path) -> Any:
        import transformers

        source = folder / "source"
        source.mkdir()
        (source / "tokenizer.model").write_bytes(proto)
        names = {"tokenizer_class": "LlamaTokenizer", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
        (source / "tokenizer_config.json").write_text(json.dumps(names))
        (source / "config.json").write_text('{"model_type": "llama"}')
        made = transformers.AutoTokenizer.from_pretrained(source)
        if added:
            made.add_tokens(["<|im_start|>", "<|im_end|>"], special_tokens=True)
            made.add_tokens(["commande"])
        made.save_pretrained(folder / "model")
        if keep:
            (folder / "model" / "tokenizer.model").write_bytes(proto)
        return made

    return words


def byte_pairs(corpus: str) -> list[Callable[[Path], Any]]:
    """What saves the tokenizers of GPT-2, Qwen 2 and Llama 3, each learnt within its own pieces."""
    import transformers
    from tokenizers import Regex, Tokenizer, decoders, pre_tokenizers, processors, trainers
    from tokenizers.models import BPE

    level = pre_tokenizers.ByteLevel
    pieces = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(LLAMA3_SPLIT), "isolated"), level(add_prefix_space=False, use_regex=False)]
    )

    def learnt(cut: Any, special: list[str]) -> dict[str, Any]:
        learner = Tokenizer(BPE())
        learner.pre_tokenizer = cut
        learner.train_from_iterator(
            corpus.split("\n\n"),
            trainers.BpeTrainer(
                vocab_size=1500, initial_alphabet=level.alphabet(), special_tokens=special, show_progress=False
            ),
        )
        return json.loads(learner.to_str())["model"]

    def merges(model: dict[str, Any]) -> list[tuple[str, ...]]:
        return [tuple(pair) for pair in model["merges"]]

    def llama3(folder: Path) -> Any:
        model = learnt(pieces, [])
        whole = Tokenizer(BPE(vocab=model["vocab"], merges=merges(model), ignore_merges=True))
        whole.pre_tokenizer, whole.decoder = pieces, decoders.ByteLevel()
        names = ["<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>", "<|start_header_id|>",
                 "<|end_header_id|>", "<|reserved_special_token_1|>", "<|eot_id|>"]  # fmt: skip
        whole.add_special_tokens(names)
        start = ("<|begin_of_text|>", whole.token_to_id("<|begin_of_text|>"))
        whole.post_processor = processors.TemplateProcessing(single=f"{start[0]} $A", special_tokens=[start])
        return saved(
            transformers.PreTrainedTokenizerFast(tokenizer_object=whole, bos_token=start[0], eos_token="<|eot_id|>"),
            folder,
        )

    def gpt2(folder: Path) -> Any:
        model = learnt(level(add_prefix_space=False), ["<|endoftext|>"])
        return saved(transformers.GPT2Tokenizer(vocab=model["vocab"], merges=merges(model)), folder)

    def qwen(folder: Path) -> Any:
        model = learnt(pieces, ["<|endoftext|>"])  # Qwen's own pieces are set by its class
        made = transformers.Qwen2Tokenizer(vocab=model["vocab"], merges=merges(model))
        made.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
        made.eos_token = "<|im_end|>"
        return saved(made, folder)

    return [gpt2, qwen, llama3]


def saved(words: Any, folder: Path) -> Any:
    words.save_pretrained(folder / "model")
    return words


if __name__ == "__main__":
    main()
