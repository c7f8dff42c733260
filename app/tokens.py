"""Dialogues as the tokens of a model: each one as text, learnt or not, and how many there are."""

from collections.abc import Sequence

from chatbot.dialogue import Dialogue
from chatbot.encoding import encode_many, encode_segments
from chatbot.template import ChatTemplate
from chatbot.tokenizer import TextTokenizer
from datasets_prep.atlas.lengths import Length, TokenMeasure


def masked_tokens(dialogue: Dialogue, template: ChatTemplate, tokenizer: TextTokenizer) -> list[tuple[str, bool]]:
    """Each token as text, and whether it is learnt."""
    ids, trainable = encode_segments(tokenizer, template.render(dialogue))
    texts = ["■" if i == tokenizer.end_id else tokenizer.token_bytes(i).decode("utf-8", errors="replace") for i in ids]
    return list(zip(texts, trainable, strict=True))


def measure_of(model: str, tokenizer: TextTokenizer, template: ChatTemplate, context: int) -> TokenMeasure:
    """A model's tokenizer, template and context as an atlas takes them."""
    return TokenMeasure(
        model=model,
        template=template.name,
        limit=context,
        lengths=lambda dialogues: lengths_of(dialogues, template, tokenizer),
        view=lambda dialogue: masked_tokens(dialogue, template, tokenizer),
    )


def lengths_of(dialogues: Sequence[Dialogue], template: ChatTemplate, tokenizer: TextTokenizer) -> list[Length]:
    """How many tokens of each dialogue are read and learnt."""
    import numpy as np

    lengths: list[Length] = []
    for _, trainable, sizes in encode_many(tokenizer, map(template.render, dialogues)):
        learnt = np.add.reduceat(trainable, np.cumsum(sizes) - sizes, dtype=int)
        lengths += map(Length, (sizes - 1).tolist(), learnt.tolist())  # the last token is written, never read
    return lengths
