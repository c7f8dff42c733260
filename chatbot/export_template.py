"""Our chat templates in Jinja, the language that transformers, vLLM and llama.cpp read them in.

What `jinja_of` writes renders a list of messages to the text whose ids are those of `encode_segments` on
``ChatTemplate.prompt`` (or ``render``, when the last message is an answer), for every template, with or without a system
message, a ``context`` beside a request's ``content``, and any number of turns. `tests/chatbot/test_export.py` holds the
texts, `benchmarks.export` the ids.

The ids can differ in two places, both inside a conversation and neither of them structure:

- We encode segment by segment, a reader of the text all at once. Between an answer and the next request stands the end
  token; between a request and its answer nothing does, and blanks on both sides become one run of blanks, which
  byte-level BPE may cut elsewhere. It takes ``alpaca`` or ``plain`` and an earlier answer that begins with a blank, or
  ``plain`` and an earlier request that ends with one. The others put a sign before the answer's own blank.
- A special token typed as text (``<|endoftext|>``) is mere text to our tokenizer, which no text can be to theirs: here
  it is broken up like a marker ("<|endoftext|>" → "< |endoftext|>").
"""

import json
from collections.abc import Sequence
from string import Formatter, Template

from chatbot.template import ChatTemplate

# `_harmless` of chatbot/template.py: a blank after the first character of each marker, whatever its case. Lower case
# may be longer than the text (İ): then places do not agree, and only markers written as they are count.
HARMLESS = """\
{%- macro harmless(content) -%}
{%- set made = namespace(text=content) -%}
{%- for marker in $markers -%}
{%- set lowered = made.text | lower -%}
{%- set agree = lowered | length == made.text | length -%}
{%- set pieces = lowered.split(marker | lower) if agree else made.text.split(marker) -%}
{%- set walk = namespace(out='', done=0, place=0) -%}
{%- for piece in pieces[:-1] -%}
{%- set found = walk.place + piece | length -%}
{%- set walk.out = walk.out ~ made.text[walk.done:found + 1] ~ ' ' -%}
{%- set walk.done = found + 1 -%}
{%- set walk.place = found + marker | length -%}
{%- endfor -%}
{%- set made.text = walk.out ~ made.text[walk.done:] -%}
{%- endfor -%}
{%- for token in $special -%}
{%- set made.text = made.text | replace(token, token[0] ~ ' ' ~ token[1:]) -%}
{%- endfor -%}
{{- made.text -}}
{%- endmacro -%}
"""
TURNS = """\
{%- set with_system = messages | length > 0 and messages[0].role == 'system' -%}
{%- set turns = messages[1:] if with_system else messages -%}
{%- set system = '' -%}
{%- if with_system -%}
{%- set content = harmless(messages[0].content) -%}
{%- set system = $system -%}
{%- endif -%}
{%- for message in turns -%}
{%- if message.role != ['user', 'assistant'][loop.index0 % 2] -%}
{{- raise_exception('turns must be user, assistant, user, ... after an optional system message') -}}
{%- endif -%}
{%- if message.role == 'assistant' -%}
{%- set content = harmless(message.content) -%}
{{- $answer ~ eos_token -}}
{%- else -%}
{%- set inside = $inside if loop.first else '' -%}
{%- set before = $before if loop.first else $between -%}
{%- set content = inside ~ harmless(message.content) -%}
{%- set context = harmless(message.context or '') -%}
{{- ($start if $starts else '') ~ before ~ ($with_context if context else $request) -}}
{%- endif -%}
{%- endfor -%}"""


def jinja_of(template: ChatTemplate, *, start: bool, blank: bool, special: Sequence[str]) -> str:
    """The template in Jinja.

    An answer is called for by the request's own pattern, so that ``add_generation_prompt`` changes nothing.

    Args:
        template: ours.
        start: whether the tokenizer has a start token.
        blank: whether it puts a blank before the first text, as SentencePiece does (what stands after a start token is
            no first text to transformers).
        special: the special tokens that a reader of the text would find in it.
    """
    begins = ["bos_token"] * start + ["' '"] * blank
    system_inside = template.system_inside_first_request
    parts = {
        "markers": json.dumps(list(template.markers)),
        "special": json.dumps(list(special)),
        "system": _expression(template.system),
        "answer": _expression(template.answer),
        "inside": "system" if system_inside else "''",
        "before": "''" if system_inside else "system",
        "between": json.dumps(template.between),
        "starts": "true" if template.start_each_turn else "loop.first",
        "start": " ~ ".join(begins) or "''",
        "with_context": _expression(template.user_with_context),
        "request": _expression(template.user),
    }
    return Template(HARMLESS + TURNS).substitute(parts)


def _expression(pattern: str) -> str:
    """A pattern of `str.format` as a Jinja expression: "[INST] {content}" → "[INST] " ~ content."""
    pieces = []
    for text, field, _, _ in Formatter().parse(pattern):
        pieces += [json.dumps(text)] if text else []
        pieces += [field] if field else []
    return " ~ ".join(pieces)
