"""Dialogues as the tokens of a model: each one as text, learnt or not, and how many there are."""

from collections.abc import Sequence

from chatbot.dialogue import Dialogue
from chatbot.template import ChatTemplate
from chatbot.tokenizer import TextTokenizer, encode_segments
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
    """How many tokens of each dialogue are read and learnt: what `encode_segments` gives, for many at once.

    All segments but the beginnings are counted in one call.
    """
    rendered = [template.render(dialogue) for dialogue in dialogues]
    inner = iter(tokenizer.count_batch([one.text for segments in rendered for one in segments if not one.start]))
    start = tokenizer.start_id is not None
    lengths = []
    for segments in rendered:
        read = learnt = 0
        for one in segments:
            inside = len(tokenizer.encode_start(one.text)) if one.start else next(inner)
            tokens = inside + (one.start and start) + one.end
            read, learnt = read + tokens, learnt + tokens * one.trainable
        lengths.append(Length(read - 1, learnt))  # the last token is written, never read
    return lengths
