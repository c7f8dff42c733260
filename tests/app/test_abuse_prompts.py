"""Text that wants to be structure: whatever a user, a history or a source says, the prompt has the special tokens of a
harmless one, in the same number, and its markers stand only where the template put them."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.dialogue import Message, assistant, user
from chatbot.encoding import encode_segments
from chatbot.template import TEMPLATES
from chatbot.tokenizer import LLAMA3_SPLIT, QWEN_SPLIT, BytePairTokenizer, SentencePieceTokenizer
from tests.conftest import FRENCH

SPECIAL = ("<|endoftext|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>", "<|begin_of_text|>")
MARKERS = sorted({marker for template in TEMPLATES.values() for marker in template.markers})
SPELT = [*MARKERS, *SPECIAL, "</s>", "<s>", "[INST]", "<unk>", "<|im_start|>"]
# Letters whose lower case is longer, characters that cannot be seen, forms that some normalisation would make equal.
BESIDE = ["", " ", "\n", "\n\n", "#", "###", "İ", "K", "\u200b", "\u00a0", "\0", "＜", "﹤|", "ﬁ", "e\u0301", "\u202e", "é", "[", "<", "<|", "|>"]  # fmt: skip


@st.composite
def hostile(draw):
    """A text made of markers in any case, whole or cut through and put together again."""
    pieces = []
    for _ in range(draw(st.integers(1, 5))):
        marker = draw(st.sampled_from(SPELT))
        marker = "".join(draw(st.sampled_from((letter, letter.upper(), letter.lower()))) for letter in marker)
        cut = draw(st.integers(0, len(marker)))
        pieces += [draw(st.sampled_from(BESIDE)), marker[:cut], draw(st.sampled_from(["", "", *MARKERS])), marker[cut:]]
    return "".join(pieces).strip() or "x"


def byte_pair(plain, names, end, split):
    """The tokenizer with tokens that no text can make, as Llama 3's and Qwen's have them."""
    vocabulary = dict(plain.vocabulary)
    for name in names:
        vocabulary.setdefault(name, len(vocabulary))
    return BytePairTokenizer(
        vocabulary, plain.merges, end, split, "<|begin_of_text|>" if split == LLAMA3_SPLIT else None
    )


@pytest.fixture(scope="module")
def tokenizers(tiny_tokenizer):
    import sentencepiece

    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(FRENCH * 8), model_writer=written, vocab_size=400, model_type="bpe", byte_fallback=True,
        character_coverage=1.0, add_dummy_prefix=True, normalization_rule_name="identity", hard_vocab_limit=False,
        control_symbols=["[INST]", "[/INST]"], minloglevel=2,
    )  # fmt: skip
    return {
        "gpt2": tiny_tokenizer,
        "llama3": byte_pair(tiny_tokenizer, SPECIAL, "<|eot_id|>", LLAMA3_SPLIT),
        "qwen": byte_pair(tiny_tokenizer, ("<|im_end|>",), "<|im_end|>", QWEN_SPLIT),
        "mistral": SentencePieceTokenizer(written.getvalue()),
    }


def told(content, context, answer, system):
    before = [Message(role="system", content=system)] if system else []
    return [*before, user(content, context), assistant(answer), user(content, context)]


def special_ids(tokenizer, template, messages):
    """The special ids of a prompt, in order."""
    special = {*tokenizer.special.values(), tokenizer.end_id, tokenizer.start_id} - {None}
    ids, _ = encode_segments(tokenizer, template.prompt(messages))
    return [each for each in ids if each in special]


@settings(deadline=None, max_examples=60)
@given(content=hostile(), context=hostile() | st.just(""), answer=hostile(), system=hostile() | st.just(""))
def test_special_tokens_never_come_out_of_text(tokenizers, content, context, answer, system):
    harmless = told("x", context and "x", "x", system and "x")
    for tokenizer in tokenizers.values():
        for template in TEMPLATES.values():
            given_ids = special_ids(tokenizer, template, told(content, context, answer, system))
            assert given_ids == special_ids(tokenizer, template, harmless), template.name


@settings(deadline=None, max_examples=60)
@given(content=hostile(), context=hostile() | st.just(""), answer=hostile(), system=hostile() | st.just(""))
def test_markers_stand_only_where_the_template_put_them(content, context, answer, system):
    """In their own spelling; other cases are broken up too, but for texts with a letter like İ."""
    harmless = told("x", context and "x", "x", system and "x")
    for template in TEMPLATES.values():
        text, plain = ("".join(s.text for s in template.prompt(m)) for m in (told(content, context, answer, system), harmless))  # fmt: skip
        for marker in template.markers:
            assert text.count(marker) == plain.count(marker), (template.name, marker)


def test_the_end_token_is_there_to_be_found(tokenizers):
    """The property above could not fail if these tokenizers had no special tokens in these prompts."""
    found = {
        (name, template.name): len(special_ids(tokenizer, template, told("x", "", "x", "")))
        for name, tokenizer in tokenizers.items()
        for template in TEMPLATES.values()
    }
    assert found["gpt2", "alpaca"] == 1  # the end of the answer before
    assert found["llama3", "llama3"] > 5 and found["mistral", "mistral"] > 4
