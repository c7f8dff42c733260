"""One tokenisation: exact round trips, GPT-2's own ids, characters never split."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.tokenizer import BytePairTokenizer, StreamDecoder, encode_segments

TOKENIZER = BytePairTokenizer.train(["Où est l'élève ? Ça va très bien, cœur « doux »."] * 3, 290)


@given(st.text(max_size=200))
def test_round_trip_of_any_text(text):
    assert TOKENIZER.decode(TOKENIZER.encode(text)) == text


@given(st.text(max_size=100))
def test_a_stream_gives_the_same_text_and_never_half_a_character(text):
    ids = TOKENIZER.encode(text)
    pieces = list(StreamDecoder(TOKENIZER).stream(ids))
    assert "".join(pieces) == text
    if "\N{REPLACEMENT CHARACTER}" not in text:
        assert all("\N{REPLACEMENT CHARACTER}" not in piece for piece in pieces)


def test_an_accent_is_two_byte_tokens_and_appears_once_whole():
    plain = BytePairTokenizer.train(["abc"], 257)  # bytes only
    decoder = StreamDecoder(plain)
    first, second = plain.encode("é")
    assert decoder.push(first) == ""
    assert decoder.push(second) == "é"
    decoder.push(first)
    assert decoder.flush() == "\N{REPLACEMENT CHARACTER}"


def test_end_token_typed_by_a_user_is_text():
    ids = TOKENIZER.encode("<|endoftext|>")
    assert TOKENIZER.end_id not in ids
    assert TOKENIZER.decode(ids) == "<|endoftext|>"


def test_train_gives_the_asked_size_and_end_token_zero():
    assert TOKENIZER.vocabulary_size == 290
    assert TOKENIZER.end_id == 0
    assert TOKENIZER.token_bytes(0) == b""


@pytest.fixture(scope="module")
def sentence_piece(tmp_path_factory):
    """A small SentencePiece model with Llama's settings: a blank before each text, rare characters in bytes."""
    import io

    import sentencepiece

    from chatbot.tokenizer import SentencePieceTokenizer

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["[INST] Bonjour, où est ma commande ? [/INST] Elle arrive. Bonsoir !"] * 50),
        model_writer=model, vocab_size=300, model_type="bpe", byte_fallback=True, character_coverage=1.0,
        hard_vocab_limit=False, remove_extra_whitespaces=False, normalization_rule_name="identity", bos_id=1, eos_id=2, minloglevel=2,
    )  # fmt: skip
    return SentencePieceTokenizer(model.getvalue())


def test_sentence_piece_segments_have_the_ids_of_the_whole_text(sentence_piece):
    """Llama 2 was trained on "<s>▁[INST] …": the blank stands before the text, and before no other segment."""
    from chatbot.dialogue import Dialogue
    from chatbot.template import LLAMA2

    dialogue = Dialogue.of_pair("où est ma commande ?", "Elle arrive.", id="1", source="s", group="g")
    ids, trainable = encode_segments(sentence_piece, LLAMA2.render(dialogue))
    whole = sentence_piece.encode_start("[INST] où est ma commande ? [/INST] Elle arrive. ")
    assert ids == [sentence_piece.start_id, *whole, sentence_piece.end_id]
    assert sentence_piece.decode(whole).startswith(" [INST]")
    assert sentence_piece.decode([i for i, t in zip(ids, trainable, strict=True) if t]) == " Elle arrive. "
    assert sentence_piece.decode(sentence_piece.encode("É🙂")) == "É🙂"


ODD = "aé1 '²½Ⅷ٣_\t\n\u00a0\u2009\u200b\x1c\x85e\u0301日क\u093f🎉's'LL"


@given(st.one_of(st.text(max_size=60), st.text(alphabet=ODD, max_size=60)))
def test_counts_are_those_of_the_ids(text):
    assert TOKENIZER.count_batch([text, text]) == [len(TOKENIZER.encode(text))] * 2


def test_counts_in_the_company_of_any_character():
    """Every character between letters, figures and blanks, where its class decides how pieces are cut."""
    characters = [chr(code) for code in range(0x11000) if not 0xD800 <= code < 0xE000]
    texts = [
        "".join(f"ab{c}cd 12{c}34 {c} {c}{c}\n" for c in characters[k : k + 50]) for k in range(0, len(characters), 50)
    ]
    assert TOKENIZER.count_batch(texts) == [len(ids) for ids in TOKENIZER.encode_batch(texts)]


def test_encode_batch_equals_encode():
    texts = ["Où ?", "", "cœur\n\n« oui »"]
    assert TOKENIZER.encode_batch(texts) == [TOKENIZER.encode(text) for text in texts]


def test_gaps_and_missing_end_are_refused():
    with pytest.raises(ValueError, match="end token"):
        BytePairTokenizer({"a": 0}, [])
    with pytest.raises(ValueError, match="without a gap"):
        BytePairTokenizer({"<|endoftext|>": 0, "a": 2}, [])


def test_gpt2_ids(shared_data):
    """Known ids of GPT-2, the double line feed (which KerasHub gets wrong) included."""
    folder = shared_data / "gpt2_tokenizer"
    gpt2 = BytePairTokenizer.from_files(folder / "vocab.json", folder / "merges.txt")
    assert gpt2.vocabulary_size == 50257 and gpt2.end_id == 50256
    assert gpt2.encode("Hello world") == [15496, 995]
    assert gpt2.encode("a\n\nb") == [64, 198, 198, 65]
    assert gpt2.decode(gpt2.encode("L'élève\n\nest là…")) == "L'élève\n\nest là…"
