"""Our tokenizers as the files that transformers, vLLM, CTranslate2 and llama.cpp read.

`tokenizer.json` holds a tokenizer whole, and transformers takes it as it is (``PreTrainedTokenizerFast``). The files
that came before it are written too: `vocab.json` and `merges.txt` (KerasHub reads GPT-2 from them), `tokenizer.model`
(llama.cpp reads Llama and Mistral from it).

The ids are ours, with one exception: the `tokenizers` library puts no blank before a text that begins with one, where
SentencePiece does. Conversations are not touched by it: our templates write that blank themselves.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chatbot.errors import InputError
from chatbot.files import write_json, write_text
from chatbot.language import tr
from chatbot.tokenizer import BytePairTokenizer, SentencePieceTokenizer, TextTokenizer


def special_tokens(tokenizer: TextTokenizer) -> dict[str, str]:
    """The texts of the special tokens, by the names that transformers gives them; padding is done with the end token."""
    if isinstance(tokenizer, SentencePieceTokenizer):
        ids = {"bos_token": tokenizer.start_id, "eos_token": tokenizer.end_id, "unk_token": tokenizer.unknown_id}
        named = {name: tokenizer.piece(place) for name, place in ids.items() if place is not None}
    else:
        assert isinstance(tokenizer, BytePairTokenizer)
        # GPT-2 begins with nothing; its readers want every name to be a token.
        named = dict.fromkeys(("bos_token", "eos_token", "unk_token"), tokenizer.end_token)
        if tokenizer.start_token is not None:
            named["bos_token"] = tokenizer.start_token
    return {**named, "pad_token": named["eos_token"]}


def known_to_readers(tokenizer: TextTokenizer, tokens: Sequence[str]) -> list[str]:
    """The special tokens that a reader of the files finds in a text: those with a name, and a template's own."""
    own = [token for token in tokens if token in tokenizer.special]
    return list(dict.fromkeys([*special_tokens(tokenizer).values(), *own]))


def write_tokenizer(
    tokenizer: TextTokenizer, folder: Path, *, context: int, chat_template: str, tokens: Sequence[str] = ()
) -> None:
    """Writes a tokenizer and its chat template.

    Args:
        tokenizer: ours.
        folder: an existing folder.
        context: the longest sequence of the model, in tokens.
        chat_template: in Jinja.
        tokens: special tokens that the template places.

    Raises:
        InputError: a SentencePiece model with other settings than Llama's.
    """
    if isinstance(tokenizer, SentencePieceTokenizer):
        whole = _of_sentence_piece(tokenizer, tokens)
        (folder / "tokenizer.model").write_bytes(tokenizer.proto)
    else:
        assert isinstance(tokenizer, BytePairTokenizer)
        whole = _of_byte_pairs(tokenizer, tokens)
        write_json(folder / "vocab.json", tokenizer.vocabulary)
        write_text(folder / "merges.txt", "\n".join(["#version: 0.2", *tokenizer.merges, ""]))
    special = special_tokens(tokenizer)
    write_text(folder / "tokenizer.json", whole.to_str(pretty=True))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        **special,
        "model_max_length": context,
        "clean_up_tokenization_spaces": False,  # blanks before signs are French typography, and stay
        "chat_template": chat_template,  # where it was read before it had a file
    }
    write_json(folder / "tokenizer_config.json", config)
    write_json(folder / "special_tokens_map.json", special)
    write_text(folder / "chat_template.jinja", chat_template)


def _of_byte_pairs(tokenizer: BytePairTokenizer, tokens: Sequence[str]) -> Any:
    """A `tokenizers.Tokenizer` that finds special tokens in a text, which our own does not."""
    from tokenizers import Tokenizer

    whole = Tokenizer.from_str(tokenizer.to_str())
    _add_special(whole, known_to_readers(tokenizer, tokens))
    if tokenizer.start_token is not None:
        _begin_with(whole, tokenizer.start_token, tokenizer.vocabulary[tokenizer.start_token])
    return whole


def _add_special(whole: Any, tokens: Sequence[str]) -> None:
    from tokenizers import AddedToken

    whole.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in tokens])


def _begin_with(whole: Any, start: str, token: int) -> None:
    """Makes a reader put the start token before every text."""
    from tokenizers import processors

    pair = f"{start} $A {start} $B"
    whole.post_processor = processors.TemplateProcessing(
        single=f"{start} $A", pair=pair, special_tokens=[(start, token)]
    )


def _of_sentence_piece(tokenizer: SentencePieceTokenizer, tokens: Sequence[str]) -> Any:
    """The same merges for the `tokenizers` library: a blank before the first text, rare characters in bytes."""
    from sentencepiece import sentencepiece_model_pb2
    from tokenizers import AddedToken, Tokenizer, decoders, pre_tokenizers
    from tokenizers.models import BPE

    proto = sentencepiece_model_pb2.ModelProto.FromString(tokenizer.proto)  # type: ignore[attr-defined]
    _require_settings_of_llama(proto)
    vocabulary = {piece.piece: place for place, piece in enumerate(proto.pieces)}
    special = special_tokens(tokenizer)
    whole = Tokenizer(
        BPE(
            vocab=vocabulary, merges=merges_of(proto), unk_token=special["unk_token"], fuse_unk=True, byte_fallback=True
        )
    )
    whole.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="first", split=False)
    whole.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    _add_special(whole, known_to_readers(tokenizer, tokens))
    words = [piece.piece for piece in proto.pieces if piece.type == piece.USER_DEFINED]
    whole.add_tokens([AddedToken(word, normalized=False, special=False) for word in words])
    if start := special.get("bos_token"):
        _begin_with(whole, start, vocabulary[start])
    return whole


def merges_of(proto: Any) -> list[tuple[str, str]]:
    """SentencePiece keeps the pieces with their scores, not the merges: every cut of a piece into two others is one.

    It joins the pair whose piece has the highest score (Kudo and Richardson 2018, `bpe_model.cc`), so merges go by it.
    """
    scores = {piece.piece: piece.score for piece in proto.pieces if piece.type == piece.NORMAL}
    merges = [
        (-score, piece[:cut], piece[cut:])
        for piece, score in scores.items()
        for cut in range(1, len(piece))
        if piece[:cut] in scores and piece[cut:] in scores
    ]
    return [(left, right) for _, left, right in sorted(merges, key=lambda merge: merge[0])]


def _require_settings_of_llama(proto: Any) -> None:
    """Raises InputError for a SentencePiece model that is no byte-pair one, or that changes a text before it cuts it."""
    trained, normal = proto.trainer_spec, proto.normalizer_spec
    kept = not normal.precompiled_charsmap and not normal.remove_extra_whitespaces and normal.add_dummy_prefix
    if trained.model_type == trained.BPE and trained.byte_fallback and kept:
        return
    raise InputError(
        tr("Ce tokenizer SentencePiece n'a pas les réglages de Llama (BPE, octets de secours, texte inchangé).\n"
           "L'export ne l'écrit pas : gardez ce modèle au format KerasHub.",
           "This SentencePiece tokenizer has not Llama's settings (BPE, byte fallback, text unchanged).\n"
           "The export does not write it: keep this model in KerasHub's format.")
    )  # fmt: skip
