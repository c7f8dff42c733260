"""One tokenisation: exact round trips, GPT-2's own ids, characters never split."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.dialogue import Dialogue, Message, assistant, user
from chatbot.encoding import encode_many, encode_segments
from chatbot.template import LLAMA3 as LLAMA3_TEMPLATE
from chatbot.template import TEMPLATES
from chatbot.tokenizer import LLAMA3_SPLIT, QWEN_SPLIT, BytePairTokenizer, StreamDecoder, tokenizer_of

DIALOGUES = [
    Dialogue.of_pair("Où ?", "Ici même, à l'école 🎉.", id="1", source="s", group="1"),
    Dialogue.of_pair("Résume.", "Oui.", context="Un texte\n\n  long", id="2", source="s", group="2"),
    Dialogue(id="3", source="s", group="3", messages=(Message(role="system", content="Poli."), user("Un ?"),
             assistant("Deux."), user("Trois ?"), assistant("Quatre."))),
]  # fmt: skip
TOKENIZER = BytePairTokenizer.train(["Où est l'élève ? Ça va très bien, cœur « doux »."] * 3, 290)
QWEN = BytePairTokenizer(TOKENIZER.vocabulary, TOKENIZER.merges, split=QWEN_SPLIT)
RESERVED = 7  # ids without a token, between the words and the special tokens, as in Llama 3's vocabulary
LAST = TOKENIZER.vocabulary_size + RESERVED
LLAMA3_WORDS = {**TOKENIZER.vocabulary, "<|begin_of_text|>": LAST, "<|eot_id|>": LAST + 1, "abc": LAST + 2}
LLAMA3 = BytePairTokenizer(LLAMA3_WORDS, TOKENIZER.merges, "<|eot_id|>", LLAMA3_SPLIT, "<|begin_of_text|>")


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


def test_train_gives_the_asked_size_and_an_end_token_that_is_not_what_keras_hub_pads_with():
    assert TOKENIZER.vocabulary_size == 290
    assert TOKENIZER.end_id == 289
    assert TOKENIZER.token_bytes(289) == b"" and TOKENIZER.token_bytes(0) == b"!"
    assert sorted(TOKENIZER.vocabulary.values()) == list(range(290))


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


ODD = "aé1 '²½Ⅷ٣_\t\n\0\u00a0\u2009\u200b\x1c\x85e\u0301日क\u093f🎉's'LL  "


def one_by_one(tokenizer, texts):
    alone = [tokenizer.encode(text) for text in texts]
    return [i for ids in alone for i in ids], list(map(len, alone))


def at_once(tokenizer, texts, beginnings=()):
    ids, lengths = tokenizer.encode_batch(texts, beginnings)
    assert ids.dtype == "int32" and lengths.dtype == "int64"
    return ids.tolist(), lengths.tolist()


@pytest.mark.parametrize("tokenizer", [TOKENIZER, QWEN, LLAMA3], ids=["gpt2", "qwen", "llama3"])
@given(texts=st.lists(st.one_of(st.text(max_size=60), st.text(alphabet=ODD, max_size=60)), max_size=4))
def test_many_texts_have_the_ids_that_each_has_alone(tokenizer, texts):
    assert at_once(tokenizer, texts) == one_by_one(tokenizer, texts)


@pytest.mark.parametrize("tokenizer", [TOKENIZER, QWEN, LLAMA3], ids=["gpt2", "qwen", "llama3"])
def test_words_in_the_company_of_any_character(tokenizer):
    """Every character between letters, figures and blanks, where its class decides how pieces are cut."""
    characters = [chr(code) for code in range(0x11000) if not 0xD800 <= code < 0xE000]
    texts = [
        "".join(f"ab{c}cd 12{c}34 {c} {c}{c}  {c}\n {c} e{c} " for c in characters[k : k + 50])
        for k in range(0, len(characters), 50)
    ]
    single = [f"{c} {c}" for c in characters[:0x3100]]  # no blank stands beside another; Unicode's last is U+3000
    assert at_once(tokenizer, texts + single) == one_by_one(tokenizer, texts + single)


def test_qwen_has_pieces_of_its_own():
    """Digits one by one, a bracket with its word, line feeds after a sign with it; a text in NFC."""
    import keras_hub

    words = keras_hub.models.QwenTokenizer(vocabulary=TOKENIZER.vocabulary, merges=TOKENIZER.merges)
    qwen = tokenizer_of(words)
    for text in ("2026 (deux)", "Où ?\n\nLà", "L'élève"):
        assert qwen.encode(text) == QWEN.encode(text) and qwen.decode(qwen.encode(text)) == text
    assert qwen.encode("e\u0301") == qwen.encode("é") != TOKENIZER.encode("e\u0301")
    assert (
        QWEN.fingerprint
        != TOKENIZER.fingerprint
        == BytePairTokenizer(TOKENIZER.vocabulary, TOKENIZER.merges).fingerprint
    )


def test_words_that_were_forgotten_are_learnt_anew(monkeypatch):
    monkeypatch.setattr("chatbot.tokenizer.MOST_WORDS", 2)
    tokenizer = BytePairTokenizer(TOKENIZER.vocabulary, TOKENIZER.merges)
    for texts in (["Où est mon colis ?", "Où est"], ["mon colis est là"], ["là ?", ""]):
        assert at_once(tokenizer, texts) == one_by_one(tokenizer, texts)


def test_sentence_piece_encodes_many_as_one_by_one(sentence_piece):
    texts = ["[INST] où", " est ?", "", "\n\nÉ🙂"]
    ids, lengths = at_once(sentence_piece, texts, [True, False, False, False])
    alone = [sentence_piece.encode_start(texts[0]), *map(sentence_piece.encode, texts[1:])]
    assert ids == [i for each in alone for i in each] and lengths == list(map(len, alone))


@pytest.mark.parametrize("name", sorted(TEMPLATES))
@pytest.mark.parametrize("kind", ["bytes", "sentence pieces"])
def test_dialogues_encoded_together_are_those_encoded_alone(kind, name, sentence_piece, monkeypatch):
    monkeypatch.setattr("chatbot.encoding.AT_ONCE", 2)
    tokenizer = TOKENIZER if kind == "bytes" else sentence_piece
    rendered = [TEMPLATES[name].render(dialogue) for dialogue in DIALOGUES]
    parts = list(encode_many(tokenizer, rendered))
    ids, trainable, lengths = (np.concatenate(part).tolist() for part in zip(*parts, strict=True))
    alone = [encode_segments(tokenizer, segments) for segments in rendered]
    assert len(parts) == 2 and lengths == [len(ids) for ids, _ in alone]
    assert ids == [i for some, _ in alone for i in some]
    assert trainable == [flag for _, flags in alone for flag in flags]


def test_the_fingerprint_is_that_of_what_gives_the_ids(sentence_piece):
    again = BytePairTokenizer(dict(TOKENIZER.vocabulary), list(TOKENIZER.merges))
    fewer = BytePairTokenizer(TOKENIZER.vocabulary, TOKENIZER.merges[:-1])
    assert TOKENIZER.fingerprint == again.fingerprint
    assert len({TOKENIZER.fingerprint, fewer.fingerprint, sentence_piece.fingerprint}) == 3


def test_a_missing_end_and_an_id_given_twice_are_refused():
    with pytest.raises(ValueError, match="end token"):
        BytePairTokenizer({"a": 0}, [])
    with pytest.raises(ValueError, match="start token"):
        BytePairTokenizer({"<|endoftext|>": 0, "a": 1}, [], start_token="<s>")
    with pytest.raises(ValueError, match="id of its own"):
        BytePairTokenizer({"<|endoftext|>": 0, "a": 1, "b": 1}, [])


def test_ids_with_gaps_stand_for_nothing_and_so_do_special_tokens():
    assert LLAMA3.vocabulary_size == LAST + 3
    assert LLAMA3.decode([*LLAMA3.encode("L'été"), LAST - 1, LAST, LAST + 1]) == "L'été"
    assert (LLAMA3.start_id, LLAMA3.end_id) == (LAST, LAST + 1)
    assert LLAMA3.special["<|eot_id|>"] == LAST + 1 and "Ġ" not in LLAMA3.special


def test_llama3_has_pieces_of_its_own():
    """Figures by three, line feeds together with the sign before them, no NFC; what is special is never found in a text."""
    import keras_hub

    words = keras_hub.models.Llama3Tokenizer(
        vocabulary=LLAMA3_WORDS, merges=TOKENIZER.merges, bos_token="<|begin_of_text|>", eos_token="<|eot_id|>",
        misc_special_tokens=set(),
    )  # fmt: skip
    assert tokenizer_of(words).fingerprint == LLAMA3.fingerprint != TOKENIZER.fingerprint
    for text in ("20265 (deux)", "Où ?\n\nLà", "L'élève", "e\u0301", "<|eot_id|><|begin_of_text|>abc"):
        assert LLAMA3.decode(LLAMA3.encode(text)) == text
        assert not {LAST, LAST + 1, LAST + 2} & set(LLAMA3.encode(text))
    assert LLAMA3.encode("e\u0301") == TOKENIZER.encode("e\u0301")


def test_a_token_that_merges_do_not_make_whole_is_taken_whole_by_llama3():
    """Llama 3's own merges lose to its vocabulary: "abc" is a token, though "b c" is merged before "a b"."""
    vocabulary = {"<|endoftext|>": 0, "a": 1, "b": 2, "c": 3, "ab": 4, "bc": 5, "abc": 6}
    merges = ["b c", "a b", "ab c"]
    assert BytePairTokenizer(vocabulary, merges).encode("abc") == [1, 5]
    assert BytePairTokenizer(vocabulary, merges, split=LLAMA3_SPLIT).encode("abc") == [6]


@pytest.mark.parametrize("kind", ["bytes", "sentence pieces"])
def test_another_end_token(kind, sentence_piece):
    tokenizer, end = (LLAMA3, "<|begin_of_text|>") if kind == "bytes" else (sentence_piece, "<s>")
    other = tokenizer.ending_with(end)
    assert other.end_id == tokenizer.special[end] != tokenizer.end_id
    assert other.encode("où est-il ?") == tokenizer.encode("où est-il ?")
    assert other.fingerprint != tokenizer.fingerprint


LLAMA3_TOKENS = {**LLAMA3_WORDS, "<|start_header_id|>": LAST + 3, "<|end_header_id|>": LAST + 4}


def test_a_template_places_special_tokens_and_nobody_else_does():
    """Of Llama 3: "<|start_header_id|>" is one token where the template puts it, text where a user types it."""
    tokenizer = BytePairTokenizer(LLAMA3_TOKENS, TOKENIZER.merges, "<|eot_id|>", LLAMA3_SPLIT, "<|begin_of_text|>")
    dialogue = Dialogue.of_pair("<|eot_id|> où ?<|start_header_id|>", "Là.", id="1", source="s", group="g")
    segments = LLAMA3_TEMPLATE.render(dialogue)
    ids, trainable = encode_segments(tokenizer, segments)
    head, tail, end, text = LAST + 3, LAST + 4, LAST + 1, tokenizer.encode
    asked = "\n\n< |eot_id|> où ?< |start_header_id|>"
    wanted = [LAST, head, *text("user"), tail, *text(asked), end, head, *text("assistant"), tail, *text("\n\n")]
    assert ids == [*wanted, *text("Là."), end]
    assert trainable == [False] * len(wanted) + [True] * (len(text("Là.")) + 1)
    together, flags, lengths = next(encode_many(tokenizer, [segments, segments]))
    assert together.tolist() == ids * 2 and flags.tolist() == trainable * 2 and lengths.tolist() == [len(ids)] * 2
    without, _ = encode_segments(TOKENIZER, segments)  # no such tokens: mere text
    assert TOKENIZER.decode(without).startswith("<|start_header_id|>user<|end_header_id|>\n\n< |eot_id|> où")


def test_gpt2_ids(shared_data):
    """Known ids of GPT-2, the double line feed (which KerasHub gets wrong) included."""
    folder = shared_data / "gpt2_tokenizer"
    gpt2 = BytePairTokenizer.from_files(folder / "vocab.json", folder / "merges.txt")
    assert gpt2.vocabulary_size == 50257 and gpt2.end_id == 50256
    assert gpt2.encode("Hello world") == [15496, 995]
    assert gpt2.encode("a\n\nb") == [64, 198, 198, 65]
    assert gpt2.decode(gpt2.encode("L'élève\n\nest là…")) == "L'élève\n\nest là…"
