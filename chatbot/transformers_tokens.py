"""The tokenizer of a folder in the transformers format, as one of ours: same ids, no Keras.

    tokenizer.model                       SentencePiece (Llama 1 and 2, Mistral), taken as it is
    tokenizer.json                        SentencePiece written out as merges: the model is put together again; or
                                          byte-level BPE (GPT-2, Llama 3, Qwen 2), by the pieces that merges never cross
    vocab.json, merges.txt                byte-level BPE of GPT-2 and Qwen 2, where nothing else is
    tokenizer_config.json, added_tokens.json, special_tokens_map.json    tokens that were added, and which of them end a text

Added tokens that look like structure ("<|im_start|>", "[INST]") are never found in a text: typed by a user, they stay
text. Added words are, in a SentencePiece tokenizer; byte-level BPE with added words is refused.
"""

import json
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from chatbot.errors import InputError
from chatbot.files import read_json
from chatbot.language import tr
from chatbot.tokenizer import LLAMA3_SPLIT, QWEN_SPLIT, BytePairTokenizer, SentencePieceTokenizer, TextTokenizer
from chatbot.weight_places import Family, Sizes

_STRUCTURE = re.compile(r"<.*>|\[.*\]", re.DOTALL)
SPLITS: dict[Family, str | None] = {"gpt2": None, "llama": LLAMA3_SPLIT, "qwen2": QWEN_SPLIT}


def read_tokenizer(folder: Path, sizes: Sizes, name: str) -> TextTokenizer:
    """The tokenizer of a model of these sizes.

    Raises:
        InputError: no file of a tokenizer, or one of a kind that is not known here.
    """
    files = _Files(folder, name)
    models = sorted(folder.glob("tokenizer.model*")) if sizes.family in ("llama", "mistral") else []
    kind = files.whole.get("model", {})
    byte_level = kind.get("type") == "BPE" and not kind.get("byte_fallback")  # Llama 3 may have a tokenizer.model too
    lists = (folder / "vocab.json").is_file() and (folder / "merges.txt").is_file()
    if models and not byte_level:
        tokenizer: TextTokenizer = _with_added(models[0].read_bytes(), files, sizes.vocabulary)
    elif kind.get("byte_fallback"):
        tokenizer = _with_added(_proto_of(files), files, sizes.vocabulary)
    elif sizes.family in SPLITS and (files.whole or (lists and sizes.family != "llama")):
        tokenizer = _byte_pairs(files, sizes)
    else:
        raise _refused(
            name,
            tr("Il lui faut tokenizer.model ou un tokenizer.json de sa famille.",
               "It needs tokenizer.model, or a tokenizer.json of its family."),
        )  # fmt: skip
    if tokenizer.vocabulary_size > sizes.vocabulary:
        raise _refused(
            name,
            tr(f"Il a {tokenizer.vocabulary_size} jetons, le modèle n'en a que {sizes.vocabulary}.",
               f"It has {tokenizer.vocabulary_size} tokens, the model only {sizes.vocabulary}."),
        )  # fmt: skip
    return tokenizer


def _refused(name: str, reason: str) -> InputError:
    return InputError(
        tr(f"{name} : le tokenizer de ce modèle ne peut pas être chargé.\n{reason}",
           f"{name}: the tokenizer of this model cannot be loaded.\n{reason}")
    )  # fmt: skip


@dataclass(frozen=True)
class Added:
    """A token that stands in no merge. `word`: whether it is met in a text."""

    id: int
    text: str
    word: bool


class _Files:
    """What the JSON files of a tokenizer say; absent ones say nothing."""

    def __init__(self, folder: Path, name: str):
        self.folder, self.name = folder, name
        self.whole = self._read("tokenizer.json")
        self.config = self._read("tokenizer_config.json")
        self.named = {**self._read("special_tokens_map.json"), **self.config}

    def _read(self, file: str) -> dict[str, Any]:
        path = self.folder / file
        return read_json(path) if path.is_file() else {}

    def token(self, role: str) -> str | None:
        """The text of "bos_token", "eos_token", …; None where none is named."""
        value = self.named.get(role)
        return value["content"] if isinstance(value, dict) else value

    def added(self) -> list[Added]:
        """The added tokens by id, from whichever file has them."""
        listed = [(each["id"], each["content"], each["special"]) for each in self.whole.get("added_tokens", [])]
        if not listed:
            decoder = self.config.get("added_tokens_decoder", {})
            listed = [(int(key), each["content"], each["special"]) for key, each in decoder.items()]
        if not listed:
            special = json.dumps(self.named, ensure_ascii=False)
            listed = [(key, text, json.dumps(text) in special) for text, key in self._read("added_tokens.json").items()]
        return [
            Added(key, text, word=not special and not _STRUCTURE.fullmatch(text.strip()))
            for key, text, special in sorted(listed)
        ]


def _byte_pairs(files: _Files, sizes: Sizes) -> BytePairTokenizer:
    """Byte-level BPE, within the pieces of the model's family."""
    split = SPLITS[sizes.family]
    if files.whole:
        model = files.whole["model"]
        merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
        vocabulary = dict(model["vocab"])
        _require_pieces(files, split)
    else:
        vocabulary = read_json(files.folder / "vocab.json")
        merges = (files.folder / "merges.txt").read_text(encoding="utf-8").split("\n")
    for added in files.added():
        if added.word:
            raise _refused(
                files.name,
                tr(f"Des mots lui ont été ajoutés ({added.text!r}), ce qui n'est pas pris en charge pour sa famille.",
                   f"Words were added to it ({added.text!r}), which is not supported for its family."),
            )  # fmt: skip
        if added.id < sizes.vocabulary:  # a token without a row of its own can never be met
            vocabulary[added.text] = added.id
    llama = sizes.family == "llama"
    end = files.token("eos_token") or ("<|end_of_text|>" if llama else "<|endoftext|>")
    start = files.token("bos_token") or "<|begin_of_text|>" if llama else None
    for token in filter(None, (end, start)):
        if token not in vocabulary:
            raise _refused(files.name, tr(f"Il n'a pas de jeton {token}.", f"It has no token {token}."))
    return BytePairTokenizer(vocabulary, merges, end, split, start)


def _require_pieces(files: _Files, split: str | None) -> None:
    """Raises InputError where a tokenizer.json cuts a text otherwise than its family."""
    whole, model = files.whole, files.whole["model"]
    before = whole.get("pre_tokenizer") or {}
    steps = before.get("pretokenizers", [before])
    patterns = [step["pattern"].get("Regex") for step in steps if step.get("type") == "Split"]
    levels = [step for step in steps if step.get("type") == "ByteLevel"]
    normal = (whole.get("normalizer") or {}).get("type")
    alike = (
        model.get("type", "BPE") == "BPE"
        and patterns == ([] if split is None else [split])
        and len(levels) == 1
        and len(steps) == len(patterns) + 1
        and not levels[0].get("add_prefix_space")
        and levels[0].get("use_regex", True) == (split is None)
        and normal == ("NFC" if split == QWEN_SPLIT else None)
        and bool(model.get("ignore_merges", split == LLAMA3_SPLIT)) == (split == LLAMA3_SPLIT)
    )
    if not alike:
        raise _refused(
            files.name,
            tr("Son tokenizer.json ne découpe pas les textes comme ceux de sa famille (GPT-2, Llama 3, Qwen 2).",
               "Its tokenizer.json does not cut texts as those of its family do (GPT-2, Llama 3, Qwen 2)."),
        )  # fmt: skip


def _with_added(proto: bytes, files: _Files, rows: int) -> SentencePieceTokenizer:
    """A SentencePiece model with the tokens that were added to it, and the end token that the files name."""
    from sentencepiece import sentencepiece_model_pb2

    model = sentencepiece_model_pb2.ModelProto.FromString(proto)  # type: ignore[attr-defined]
    ids = {piece.piece: place for place, piece in enumerate(model.pieces)}
    end = files.token("eos_token") or model.trainer_spec.eos_piece
    for added in files.added():
        if ids.get(added.text) == added.id:
            continue
        if added.id >= rows and not added.word and added.text != end:
            continue  # a token without a row of its own, such as a "<pad>" that was never trained, can never be met
        if added.id < len(model.pieces) or added.text in ids:
            raise _refused(
                files.name,
                tr(f"Ses fichiers ne sont pas d'accord sur le jeton {added.id} ({added.text!r}).",
                   f"Its files disagree about token {added.id} ({added.text!r})."),
            )  # fmt: skip
        while len(model.pieces) < added.id:
            model.pieces.add(piece=f"<unused_{len(model.pieces)}>", score=0, type=model.SentencePiece.UNUSED)
        kind = model.SentencePiece.USER_DEFINED if added.word else model.SentencePiece.CONTROL
        model.pieces.add(piece=added.text, score=0, type=kind)
        ids[added.text] = added.id
    if end not in ids:
        raise _refused(files.name, tr(f"Il n'a pas de jeton {end}.", f"It has no token {end}."))
    model.trainer_spec.eos_piece = end
    model.trainer_spec.vocab_size = len(model.pieces)
    return SentencePieceTokenizer(model.SerializeToString())


def _proto_of(files: _Files) -> bytes:
    """The SentencePiece model that a tokenizer.json was made from.

    SentencePiece joins the two pieces whose union scores highest; the file lists the unions in that order, each with all
    its cuts. Where it does not, it was no SentencePiece model, and would give other ids.
    """
    from sentencepiece import sentencepiece_model_pb2

    from chatbot.export_tokens import merges_of

    whole, model = files.whole, files.whole["model"]
    special = {each["content"] for each in whole.get("added_tokens", []) if each["special"]}
    pairs = [tuple(merge.split(" ") if isinstance(merge, str) else merge) for merge in model["merges"]]
    pairs = [(left, right) for left, right in pairs if left + right not in special]
    rank = {piece: -float(place) for place, piece in enumerate(dict.fromkeys(map("".join, pairs)))}
    unknown = model.get("unk_token") or files.token("unk_token") or "<unk>"
    proto = sentencepiece_model_pb2.ModelProto()  # type: ignore[attr-defined]
    kinds = proto.SentencePiece
    for place, (piece, token) in enumerate(sorted(model["vocab"].items(), key=lambda item: item[1])):
        if token != place:
            raise _refused(files.name, tr("Ses jetons ont des trous.", "Its tokens have gaps."))
        kind = kinds.UNKNOWN if piece == unknown else kinds.CONTROL if piece in special else kinds.NORMAL
        if re.fullmatch("<0x[0-9A-F]{2}>", piece):
            kind = kinds.BYTE
        proto.pieces.add(piece=piece, score=rank.get(piece, -float(len(rank) + place)), type=kind)
    trained, normal = proto.trainer_spec, proto.normalizer_spec
    trained.model_type, trained.byte_fallback, trained.vocab_size = trained.BPE, True, len(proto.pieces)
    trained.unk_piece, trained.bos_piece = unknown, files.token("bos_token") or "<s>"
    trained.eos_piece, trained.pad_id = files.token("eos_token") or "</s>", -1
    normal.name, normal.add_dummy_prefix = "identity", True
    normal.remove_extra_whitespaces, normal.escape_whitespaces = False, True
    listed = list(map("".join, pairs))
    in_order = all(a == b or rank[a] > rank[b] for a, b in pairwise(listed))
    if not (_blank_first(whole) and in_order and set(pairs) == set(merges_of(proto))):
        raise _refused(
            files.name,
            tr("Son tokenizer.json n'est pas celui d'un modèle SentencePiece ; ajoutez tokenizer.model au dossier.",
               "Its tokenizer.json is not that of a SentencePiece model; add tokenizer.model to the folder."),
        )  # fmt: skip
    return proto.SerializeToString()


def _blank_first(whole: dict[str, Any]) -> bool:
    """Whether a tokenizer.json puts a blank before a text and cuts it nowhere: in its present form, or in that of 2023."""
    before, normal = whole.get("pre_tokenizer"), whole.get("normalizer")
    if before and not normal:
        scheme = before.get("prepend_scheme", "always" if before.get("add_prefix_space") else "never")
        return before["type"] == "Metaspace" and scheme != "never" and not before.get("split", True)
    steps = [step.get("type") for step in (normal or {}).get("normalizers", [])]
    return not before and steps == ["Prepend", "Replace"]
