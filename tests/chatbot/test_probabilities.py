"""What the model itself held likely, beside each token of an answer; pinned to Keras' own forward pass."""

import numpy as np
import pytest

from chatbot.dialogue import user
from chatbot.generation import Generator
from chatbot.likelihood import MOST, scored
from chatbot.runner import ChatModel, fit_window
from chatbot.sampling import Sampling

QUESTION = [user("Où est ma commande ?")]
GREEDY = Sampling(max_new_tokens=12)
DRAWN = Sampling(temperature=1.6, top_k=40, top_p=0.9, repetition_penalty=1.3, seed=4, max_new_tokens=12)


@pytest.fixture(scope="module", params=["our decoder", "Keras"])
def chat(tiny_model, request):
    chat = ChatModel(tiny_model)
    if request.param == "Keras":
        chat.generator = Generator(tiny_model.causal_lm, tiny_model.tokenizer.end_id, tiny_model.context)
    return chat


def ids_of(chat, sampling):
    prompt, _ = fit_window(chat.model, QUESTION, sampling.max_new_tokens)
    return prompt, [token for burst in chat.generator.bursts(prompt, sampling) for token in burst]


def keras_softmax(model, ids):
    """(length, vocabulary): at each place, what the model thinks of the next token."""
    from keras import ops

    ids = np.array([ids])
    hidden = model.causal_lm.backbone({"token_ids": ids, "padding_mask": np.ones_like(ids)})
    logits = model.causal_lm.backbone.token_embedding(hidden, reverse=True)
    return ops.convert_to_numpy(ops.softmax(ops.cast(logits, "float32"), axis=-1))[0]


@pytest.mark.parametrize("sampling", [GREEDY, DRAWN], ids=["greedy", "drawn"])
def test_they_are_the_softmax_of_keras_forward_pass(chat, sampling):
    reply = chat.reply(QUESTION, sampling, likely=5)
    reply.text()
    prompt, ids = ids_of(chat, sampling)
    expected = keras_softmax(chat.model, prompt + ids)[len(prompt) - 1 : -1]
    decode = chat.model.tokenizer.decode
    assert len(reply.answer.tokens) == len(ids) == reply.answer.new_tokens
    for token, written, row in zip(ids, reply.answer.tokens, expected, strict=True):
        best = np.argsort(-row, kind="stable")[:5]
        assert written.text == decode([token])
        assert written.probability == pytest.approx(row[token], rel=1e-3)
        assert [each.text for each in written.likeliest] == [decode([each]) for each in best]
        assert [each.probability for each in written.likeliest] == pytest.approx(row[best].tolist(), rel=1e-3)
    greedy = [written.text == written.likeliest[0].text for written in reply.answer.tokens]
    assert all(greedy) == (sampling is GREEDY)  # a drawn token may be among the others, or none of them


@pytest.mark.parametrize("sampling", [GREEDY, DRAWN], ids=["greedy", "drawn"])
def test_the_text_is_the_same_with_and_without(chat, sampling):
    bare, told = chat.reply(QUESTION, sampling), chat.reply(QUESTION, sampling, likely=1)
    assert bare.text() == told.text()
    assert bare.answer.tokens == [] and {len(each.likeliest) for each in told.answer.tokens} == {1}
    everything = chat.reply(QUESTION, sampling, likely=MOST)
    assert everything.text() == bare.text() and {len(each.likeliest) for each in everything.answer.tokens} == {MOST}


def test_they_come_while_the_answer_does(chat):
    reply = chat.reply(QUESTION, GREEDY, likely=2)
    next(reply.pieces)
    early = len(reply.answer.tokens)
    reply.cancel()
    for _ in reply:
        pass
    assert 1 <= early <= len(reply.answer.tokens) == reply.answer.new_tokens


def test_the_tokens_are_the_answer_s_and_what_ended_it(chat):
    reply = chat.reply(QUESTION, GREEDY, likely=1)
    whole = reply.text()
    joined = "".join(each.text for each in reply.answer.tokens)
    assert joined.strip() == whole.strip() or "\ufffd" in joined
    stop = whole[4:6]
    cut = chat.reply(QUESTION, GREEDY, stop=[stop], likely=1)
    assert cut.text() == whole[: whole.index(stop)] and cut.answer.finish == "stop"
    written = "".join(each.text for each in cut.answer.tokens)
    assert stop in written and stop not in "".join(each.text for each in cut.answer.tokens[:-1])


def test_the_end_token_is_an_empty_text(chat, monkeypatch):
    """Of a model that is made to end its answer after three tokens."""
    _, ids = ids_of(chat, GREEDY)
    end = next(token for place, token in enumerate(ids) if place >= 3 and token not in ids[:place])
    monkeypatch.setattr(chat.generator, "end_id", end)
    tokenizer = chat.model.tokenizer
    monkeypatch.setattr(tokenizer, "end_id", end)
    monkeypatch.setattr(tokenizer, "special", {tokenizer._token_of_id[end]: end})
    reply = chat.reply(QUESTION, GREEDY, likely=1)
    reply.text()
    assert reply.answer.finish == "end" and len(reply.answer.tokens) == ids.index(end) + 1
    assert reply.answer.tokens[-1].text == "" and reply.answer.tokens[-1].probability > 0


def test_half_a_character_shows_as_such(tiny_model):
    """A byte of a character that the vocabulary spells in bytes; the answer's text has the whole character."""
    from chatbot.chat import Answer
    from chatbot.cut import Cut

    ids = tiny_model.tokenizer.encode("à 😀")
    scores = [scored(np.zeros(tiny_model.tokenizer.vocabulary_size, "float32"), token, 1) for token in ids]
    answer = Answer()
    list(ChatModel(tiny_model)._shown(iter([ids]), Cut(None), answer, scores))
    assert answer.text == "à 😀"
    assert [each.text for each in answer.tokens][-1] == "\ufffd" and len(answer.tokens) == len(ids)


def test_probabilities_of_many_answers_at_once_are_each_its_own(chat):
    alone = [chat.reply(QUESTION, sampling, likely=3) for sampling in (GREEDY, DRAWN)]
    texts = [reply.text() for reply in alone]
    both = chat.replies(QUESTION, [GREEDY, DRAWN], likely=3)
    assert [reply.text() for reply in both] == texts
    for one, other in zip(alone, both, strict=True):
        assert [each.text for each in one.answer.tokens] == [each.text for each in other.answer.tokens]
        assert [each.probability for each in one.answer.tokens] == pytest.approx(
            [each.probability for each in other.answer.tokens], rel=1e-3
        )


def test_a_row_that_is_all_but_certain():
    logits = np.full(8, -200.0, "float32")
    logits[3] = 100.0
    assert scored(logits, 3, 2).likeliest[0] == (3, 1.0)
    assert 0 < scored(logits, 5, 2).probability < 1e-120  # no zero: its logarithm is told


@pytest.mark.parametrize("likely", [-1, MOST + 1])
def test_out_of_range(tiny_model, likely):
    with pytest.raises(ValueError, match="likely"):
        ChatModel(tiny_model).reply(QUESTION, GREEDY, likely=likely)
