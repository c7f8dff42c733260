"""Templates: a prompt is a prefix of its rendering, text never becomes structure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.dialogue import Dialogue, Message, assistant, user
from chatbot.encoding import encode_segments
from chatbot.template import ALPACA, HUMAN_ASSISTANT, LLAMA2, MISTRAL, PLAIN, TEMPLATES
from chatbot.tokenizer import BytePairTokenizer

words = st.sampled_from(
    ["Bonjour", "où", "l'élève", "œuvre", "« oui »", "\n", "  ", "###human:", "### Response:", "[INST]", "[/INST]", "<|endoftext|>",
     "#", "### ", "İ", "é", "🙂", "{content}", "<<SYS>>", ":", "¿qué?", "日本"]
)  # fmt: skip
texts = st.lists(words, min_size=1, max_size=6).map(" ".join) | st.text(min_size=1, max_size=30)


@st.composite
def dialogues(draw) -> Dialogue:
    turns = draw(st.integers(1, 3))
    messages = [Message(role="system", content=draw(texts))] if draw(st.booleans()) else []
    for _ in range(turns):
        messages += [user(draw(texts), draw(st.sampled_from(["", "un contexte"]))), assistant(draw(texts))]
    return Dialogue(id="d", source="s", group="g", messages=tuple(messages))


@given(dialogue=dialogues(), template=st.sampled_from(list(TEMPLATES.values())))
def test_prompt_is_a_prefix_of_render_at_every_turn(dialogue, template):
    rendered = template.render(dialogue)
    for end, message in enumerate(dialogue.messages, start=1):
        if message.role == "user":
            prompt = template.prompt(dialogue.messages[:end])
            assert rendered[: len(prompt)] == prompt
            assert rendered[len(prompt)].trainable and rendered[len(prompt)].end
            assert not prompt[-1].trainable


@given(dialogue=dialogues(), template=st.sampled_from(list(TEMPLATES.values())))
def test_only_answers_are_trainable(dialogue, template):
    answers = [m for m in dialogue.messages if m.role == "assistant"]
    trainable = [s for s in template.render(dialogue) if s.trainable]
    assert len(trainable) == len(answers)
    assert all(segment.end for segment in trainable)


@given(content=texts, template=st.sampled_from(list(TEMPLATES.values())))
def test_markers_typed_by_a_user_are_broken_up(content, template):
    alone = template.prompt([user("x")])[0].text
    text = template.prompt([user(content)])[0].text
    for marker in template.markers:
        assert text.lower().count(marker.lower()) == alone.lower().count(marker.lower())


def test_forms_as_documented():
    pair = Dialogue.of_pair("Bonjour ?", "Bonjour à vous.", id="1", source="s", group="g")
    assert "".join(s.text for s in HUMAN_ASSISTANT.render(pair)) == "###human: Bonjour ?\n###assistant: Bonjour à vous."
    assert "".join(s.text for s in ALPACA.render(pair)) == (
        "### Instruction:\nBonjour ?\n\n### Response:\nBonjour à vous."
    )
    with_input = Dialogue.of_pair("Résumez", "Court.", context="Un long texte", id="1", source="s", group="g")
    assert "### Input:\nUn long texte\n\n### Response:\nCourt." in "".join(s.text for s in ALPACA.render(with_input))
    system = Dialogue(
        id="1", source="s", group="g", messages=(Message(role="system", content="Sois bref"), user("Q"), assistant("R"))
    )
    assert [s.text for s in LLAMA2.render(system)] == ["[INST] <<SYS>>\nSois bref\n<</SYS>>\n\nQ [/INST]", " R "]
    assert [s.text for s in MISTRAL.render(system)] == ["[INST] Sois bref\n\nQ[/INST]", " R"]
    assert [s.text for s in PLAIN.render(pair)] == ["Bonjour ?\n", "Bonjour à vous."]


def test_llama2_starts_each_turn_and_mistral_once():
    two = Dialogue(id="1", source="s", group="g", messages=(user("a"), assistant("b"), user("c"), assistant("d")))
    assert [s.start for s in LLAMA2.render(two)] == [True, False, True, False]
    assert [s.start for s in MISTRAL.render(two)] == [True, False, False, False]


def test_aligned_tokens_and_mask():
    """The example of `encode_segments`: ids and flags out of one traversal."""
    tokenizer = BytePairTokenizer.train(["Bonjour."] * 9, 300)
    pair = Dialogue.of_pair("Bonjour", "Bonjour.", id="1", source="s", group="g")
    ids, trainable = encode_segments(tokenizer, HUMAN_ASSISTANT.render(pair))
    learnt = [i for i, flag in zip(ids, trainable, strict=True) if flag]
    assert tokenizer.decode(learnt) == " Bonjour."
    assert learnt[-1] == tokenizer.end_id
    prompt, flags = encode_segments(tokenizer, HUMAN_ASSISTANT.prompt([user("Bonjour")]))
    assert ids[: len(prompt)] == prompt and not any(flags)


def test_a_prompt_must_end_with_the_user():
    with pytest.raises(ValueError, match="must end with the user"):
        PLAIN.prompt([user("a"), assistant("b")])
    with pytest.raises(ValueError, match=r"user, assistant"):
        PLAIN.prompt([assistant("a")])
