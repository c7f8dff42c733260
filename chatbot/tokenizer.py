"""One tokenisation for training, scoring and talking.

KerasHub's byte-level BPE gives other ids inside `fit` (tf.data) than inside `generate` (eager Python), and neither
equals GPT-2's on ``"\\n\\n"``. Causette therefore tokenises once, here, with the `tokenizers` library on the preset's
own vocabulary and merges: ids go into the models, never strings.

Ordinary text never becomes structure: a user who types ``<|endoftext|>`` gets the pieces ``<``, ``|``, ``endo``…,
because special tokens are not part of the inner tokenizer and are only ever placed by id.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

END_OF_TEXT = "<|endoftext|>"
MOST_WORDS = 2**18  # remembered for `encode_batch`; then all are forgotten
LONGEST_WORD = 40  # characters; a longer one, such as a line of Chinese, is hardly met again, and not remembered
# What merges never cross in Qwen 2 (its `tokenizer.json`): digits one by one, a sign or a blank before a word with it.
QWEN_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# The same in Llama 3, but for figures by three. A piece that is a token is not cut further, whatever the merges say.
LLAMA3_SPLIT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
SPLIT_OF = {  # KerasHub's tokenizers that do not cut a text into GPT-2's pieces
    "Llama3Tokenizer": LLAMA3_SPLIT,
    **dict.fromkeys(("QwenTokenizer", "Qwen3Tokenizer", "QwenMoeTokenizer", "Qwen3MoeTokenizer"), QWEN_SPLIT),
}
_WORD_BEGINS = re.compile(r"(?<=\S)(?= )")
_BLANKS = re.compile(r"\s ")


class TextTokenizer(Protocol):
    """What the rest of Causette asks of a tokenizer, whatever the model family."""

    end_id: int
    start_id: int | None
    vocabulary_size: int
    special: dict[str, int]  # tokens that no text has: "<|eot_id|>", "</s>"; only a template can place them

    @property
    def fingerprint(self) -> str: ...

    def ending_with(self, token: str) -> "TextTokenizer": ...

    def encode(self, text: str) -> list[int]: ...

    def encode_start(self, text: str) -> list[int]: ...

    def encode_batch(self, texts: Sequence[str], beginnings: Sequence[bool] = ()) -> tuple[Any, Any]:
        """Ids of all texts, one after the other: (ids,) int32; and how many each has: (texts,) int64.

        Args:
            texts: the texts.
            beginnings: for each of them, whether it is encoded by `encode_start`; none is unless said.
        """

    def decode(self, ids: Sequence[int]) -> str: ...

    def token_bytes(self, token_id: int) -> bytes: ...


def _words(text: str) -> list[str]:
    """A text cut where a blank follows a letter, a figure or a sign: "où est-il ?" → "où", " est-il", " ?".

    GPT-2's pieces, which merges never cross, hold a blank at their beginning or are blank (Radford et al. 2019,
    `encoder.py`), and so do Qwen's: one begins there whatever stands around, so a word has the same ids alone as in the text.
    """
    if "\0" in text or _BLANKS.search(text):
        return _WORD_BEGINS.split(text)
    return text.replace(" ", "\0 ").split("\0")  # the same, three times as fast


def _joined(ids: list[list[int]]) -> tuple[Any, Any]:
    """Ids of many texts as `encode_batch` gives them."""
    import numpy as np

    lengths = np.fromiter(map(len, ids), "int64", len(ids))
    return np.fromiter(chain.from_iterable(ids), "int32", int(lengths.sum())), lengths


def _byte_of_unit() -> dict[str, int]:
    """GPT-2's printable stand-in for each byte, inverted (Radford et al. 2019, `bytes_to_unicode`)."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    units = {chr(byte): byte for byte in printable}
    others = (byte for byte in range(256) if byte not in set(printable))
    units.update({chr(256 + offset): byte for offset, byte in enumerate(others)})
    return units


class BytePairTokenizer:
    """Byte-level BPE of GPT-2, Llama 3 and Qwen 2: every string has ids, and ids give the string back, byte for byte.

    Args:
        vocabulary: token → id, each id once; must hold the end token. Ids may have gaps (reserved tokens).
        merges: merge rules, "left right", in order of priority (the `#version` head of a file may be among them:
            KerasHub keeps it when it reads a folder in the transformers format).
        end_token: the token that ends a text (and an answer).
        split: regular expression of the pieces that merges never cross: `LLAMA3_SPLIT`, or `QWEN_SPLIT`, which is
            applied to the text in NFC; by default GPT-2's.
        start_token: the token that begins a text; GPT-2 and Qwen were trained without.

    Raises:
        ValueError: the start or end token is missing, or two tokens have one id.
    """

    def __init__(
        self,
        vocabulary: dict[str, int],
        merges: Sequence[str],
        end_token: str = END_OF_TEXT,
        split: str | None = None,
        start_token: str | None = None,
    ):
        for role, token in (("end", end_token), ("start", start_token)):
            if token is not None and token not in vocabulary:
                raise ValueError(f"the vocabulary must hold the {role} token {token!r}")
        self._token_of_id = {token_id: token for token, token_id in vocabulary.items()}
        if len(self._token_of_id) < len(vocabulary) or min(self._token_of_id) < 0:
            raise ValueError("every token must have an id of its own, 0 or more")
        self.vocabulary = vocabulary
        self.merges = [merge for merge in merges if merge and not merge.startswith("#version")]
        self.split = split
        self.vocabulary_size = max(self._token_of_id) + 1
        self.end_token, self.start_token = end_token, start_token
        self.end_id = vocabulary[end_token]
        self.start_id = None if start_token is None else vocabulary[start_token]
        self._byte_of_unit = _byte_of_unit()
        made = {merge.replace(" ", "") for merge in self.merges} | self._byte_of_unit.keys()
        self.special = {token: at for token, at in vocabulary.items() if token not in made}
        self.special |= {token: vocabulary[token] for token in (end_token, start_token) if token is not None}
        self._inner = self._tokenizer({token: at for token, at in vocabulary.items() if token not in self.special})

    def _tokenizer(self, vocabulary: dict[str, int]) -> Any:
        """These merges on a vocabulary, by the `tokenizers` library."""
        from tokenizers import Regex, Tokenizer, decoders, normalizers, pre_tokenizers
        from tokenizers.models import BPE

        pairs = []
        for merge in self.merges:
            left, _, right = merge.partition(" ")
            pairs.append((left, right))
        inner = Tokenizer(BPE(vocab=vocabulary, merges=pairs, ignore_merges=self.split == LLAMA3_SPLIT))
        inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=self.split is None)
        if self.split is not None:
            pieces = pre_tokenizers.Split(Regex(self.split), "isolated")
            inner.pre_tokenizer = pre_tokenizers.Sequence([pieces, inner.pre_tokenizer])
        if self.split == QWEN_SPLIT:
            inner.normalizer = normalizers.NFC()
        inner.decoder = decoders.ByteLevel()
        return inner

    def ending_with(self, token: str) -> "BytePairTokenizer":
        """The same with another end token."""
        return BytePairTokenizer(self.vocabulary, self.merges, token, self.split, self.start_token)

    @classmethod
    def from_files(cls, vocabulary_file: str | Path, merges_file: str | Path) -> "BytePairTokenizer":
        """Reads `vocab.json` and `merges.txt` (or `vocabulary.json`, `merges.txt` of a KerasHub preset)."""
        vocabulary = json.loads(Path(vocabulary_file).read_text(encoding="utf-8"))
        lines = Path(merges_file).read_text(encoding="utf-8").split("\n")
        return cls(vocabulary, lines)

    @classmethod
    def train(cls, texts: Iterable[str], vocabulary_size: int) -> "BytePairTokenizer":
        """Learns a vocabulary of `vocabulary_size` tokens (fewer if the texts are too short); the end token is the last, as
        in GPT-2.

        It must not be id 0, with which KerasHub pads: its `generate` would take the room left after a question for the end
        of the answer.
        """
        from tokenizers import Tokenizer, pre_tokenizers, trainers
        from tokenizers.models import BPE

        learner = Tokenizer(BPE())
        learner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
        trainer = trainers.BpeTrainer(
            vocab_size=vocabulary_size,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            special_tokens=[END_OF_TEXT],
            show_progress=False,
        )
        learner.train_from_iterator(texts, trainer)
        model = json.loads(learner.to_str())["model"]
        merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
        # The trainer puts the special token first.
        vocabulary = {token: at - 1 for token, at in model["vocab"].items() if token != END_OF_TEXT}
        return cls({**vocabulary, END_OF_TEXT: len(vocabulary)}, merges)

    def to_str(self) -> str:
        """The JSON of the `tokenizers` library, in which special tokens are tokens that no merge makes."""
        return self._tokenizer(self.vocabulary).to_str()

    def encode(self, text: str) -> list[int]:
        return self._inner.encode(text, add_special_tokens=False).ids

    def encode_start(self, text: str) -> list[int]:
        """Ids of a text's beginning: for this tokenizer, as anywhere."""
        return self.encode(text)

    def encode_batch(self, texts: Sequence[str], beginnings: Sequence[bool] = ()) -> tuple[Any, Any]:
        """`encode` for many texts: new words on all processors, those met before from memory.

        A corpus says the same words again and again: 2.7 million in MedQuAD, of which 78 thousand differ.
        """
        words = [_words(text) for text in texts]
        if len(self._ids_of_word) > MOST_WORDS:
            self._ids_of_word.clear()
        new = list(set(chain.from_iterable(words)) - self._ids_of_word.keys())
        encoded = self._inner.encode_batch_fast(new, add_special_tokens=False)
        self._ids_of_word.update((word, each.ids) for word, each in zip(new, encoded, strict=True))
        ids = [list(chain.from_iterable(map(self._ids_of_word.__getitem__, own))) for own in words]
        for word in new:
            if len(word) > LONGEST_WORD:
                del self._ids_of_word[word]
        return _joined(ids)

    @cached_property
    def _ids_of_word(self) -> dict[str, list[int]]:
        return {}

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of all that the ids depend on."""
        more = [each for each in (self.split, self.start_id) if each is not None]
        content = json.dumps([self.vocabulary, self.merges, self.end_id, *more], ensure_ascii=False)
        return _fingerprint("tokenizers", content.encode())

    def decode(self, ids: Sequence[int]) -> str:
        return b"".join(map(self.token_bytes, ids)).decode("utf-8", errors="replace")

    def token_bytes(self, token_id: int) -> bytes:
        """The bytes a token stands for; a special token, and an id without a token, stand for none."""
        token = self._token_of_id.get(token_id, "")
        if token in self.special:
            return b""
        return bytes(self._byte_of_unit[unit] for unit in token)


class SentencePieceTokenizer:
    """Llama and Mistral: a SentencePiece model, whose rare characters are spelt in byte pieces like ``<0xE9>``.

    Args:
        proto: the serialised model (the bytes of `tokenizer.model` or `vocabulary.spm`).
    """

    def __init__(self, proto: bytes):
        import sentencepiece

        self._inner = sentencepiece.SentencePieceProcessor(model_proto=proto)
        self.proto = proto
        self.vocabulary_size = self._inner.get_piece_size()
        self.end_id = self._inner.eos_id()
        self.start_id: int | None = self._inner.bos_id() if self._inner.bos_id() >= 0 else None
        self.unknown_id = self._inner.unk_id()
        ids = range(self.vocabulary_size)
        self.special = {self._inner.id_to_piece(each): each for each in ids if self._inner.is_control(each)}

    def ending_with(self, token: str) -> "SentencePieceTokenizer":
        """The same with another end token."""
        from sentencepiece import sentencepiece_model_pb2

        model = sentencepiece_model_pb2.ModelProto.FromString(self.proto)  # type: ignore[attr-defined]
        model.trainer_spec.eos_piece = token
        return SentencePieceTokenizer(model.SerializeToString())

    def piece(self, token_id: int) -> str:
        """The piece as the model writes it: "▁Bonjour", "<0xE9>", "</s>"."""
        return self._inner.id_to_piece(token_id)

    def encode(self, text: str) -> list[int]:
        """Ids of a segment in the middle of a text: no dummy blank is put before it."""
        # SentencePiece puts a blank before each string it gets. A line feed is one byte piece on its own, so encoding
        # after one and dropping it gives the ids that the segment has inside a longer text.
        return self._inner.encode("\n" + text)[len(self._inner.encode("\n")) :]

    def encode_start(self, text: str) -> list[int]:
        """Ids of a text's beginning, with the blank that SentencePiece puts before it: what Llama 2 was trained on."""
        return self._inner.encode(text)

    def encode_batch(self, texts: Sequence[str], beginnings: Sequence[bool] = ()) -> tuple[Any, Any]:
        """`encode` or, for beginnings, `encode_start`, for many texts, on all processors."""
        beginnings = beginnings or [False] * len(texts)
        whole = [text if begins else "\n" + text for text, begins in zip(texts, beginnings, strict=True)]
        before = len(self._inner.encode("\n"))
        encoded = self._inner.encode(whole, num_threads=-1)  # as many as there are processors
        return _joined([ids if begins else ids[before:] for ids, begins in zip(encoded, beginnings, strict=True)])

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of all that the ids depend on."""
        return _fingerprint("sentencepiece", self.proto)

    def decode(self, ids: Sequence[int]) -> str:
        return b"".join(map(self.token_bytes, ids)).decode("utf-8", errors="replace")

    def token_bytes(self, token_id: int) -> bytes:
        """The bytes a piece stands for; a control piece, and an id without a piece, stand for none."""
        inner = self._inner
        if token_id >= self.vocabulary_size or any(
            none(token_id) for none in (inner.is_control, inner.is_unknown, inner.is_unused)
        ):
            return b""
        piece = self._inner.id_to_piece(token_id)
        if self._inner.is_byte(token_id):
            return bytes([int(piece[3:-1], 16)])
        return piece.replace("▁", " ").encode("utf-8")


class StreamDecoder:
    """Turns ids into text one by one and never emits half a character.

    A byte-level token may end in the middle of a UTF-8 character: its bytes wait here until the rest comes.
    """

    def __init__(self, tokenizer: TextTokenizer):
        import codecs

        self._tokenizer = tokenizer
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def push(self, token_id: int) -> str:
        """The characters that became whole with this token (perhaps none)."""
        return self._decoder.decode(self._tokenizer.token_bytes(token_id))

    def flush(self) -> str:
        """What is left at the end: a replacement sign if a character stayed incomplete."""
        return self._decoder.decode(b"", final=True)

    def stream(self, ids: Iterable[int]) -> Iterator[str]:
        for token_id in ids:
            if text := self.push(token_id):
                yield text
        if text := self.flush():
            yield text


def _fingerprint(library: str, content: bytes) -> str:
    """The library's version is part of it: another one may cut a text otherwise."""
    return hashlib.sha256(f"{library} {version(library)}\n".encode() + content).hexdigest()


def tokenizer_of(keras_hub_tokenizer: Any) -> TextTokenizer:
    """Our tokenizer on the vocabulary of a KerasHub one.

    Raises:
        TypeError: it is neither byte-level BPE nor SentencePiece.
    """
    kind = type(keras_hub_tokenizer).__name__
    if hasattr(keras_hub_tokenizer, "merges"):
        end = getattr(keras_hub_tokenizer, "end_token", None) or END_OF_TEXT
        split, start = SPLIT_OF.get(kind), None
        if kind == "MistralTekkenTokenizer":
            split = keras_hub_tokenizer.split_pattern
        if kind in ("Llama3Tokenizer", "MistralTekkenTokenizer"):
            start = keras_hub_tokenizer.start_token
        vocabulary, merges = dict(keras_hub_tokenizer.vocabulary), list(keras_hub_tokenizer.merges)
        return BytePairTokenizer(vocabulary, merges, end, split, start)
    if getattr(keras_hub_tokenizer, "proto", None):
        return SentencePieceTokenizer(keras_hub_tokenizer.proto)
    raise TypeError(f"no byte-level BPE and no SentencePiece tokenizer: {kind}")
