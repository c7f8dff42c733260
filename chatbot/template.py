"""Chat templates: how a dialogue becomes the one text that a language model reads.

A template is a value. `render` gives segments with their trainable flag; `prompt` gives what comes before an answer,
and is a prefix of `render`, segment by segment, hence id by id. Nothing later searches a text for "### Response".

Example, ``HUMAN_ASSISTANT.render`` (↵ is a line feed, ■ the end token)::

    text        "###human: Bonjour↵###assistant:"  " Bonjour à vous."■
    trainable   no                                 yes, the end token too
"""

from collections.abc import Sequence
from dataclasses import dataclass

from chatbot.dialogue import Dialogue, Message, check_turns


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A piece of text, encoded on its own.

    Args:
        text: the characters.
        trainable: whether the model learns to write them.
        start: whether the tokenizer's start token (if it has one) comes before.
        end: whether the end token comes after; it is trained when the text is.
        tokens: what in the text is one special token, where the tokenizer has one of that name; else it is mere text.
    """

    text: str
    trainable: bool = False
    start: bool = False
    end: bool = False
    tokens: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ChatTemplate:
    """How each turn is written.

    Args:
        name: its name in recipes and run folders.
        system: pattern of the system message, with ``{content}``.
        user: pattern of a request, with ``{content}``; what follows it is the answer.
        user_with_context: the same for a request that comes with a text, with ``{content}`` and ``{context}``.
        answer: pattern of an answer, with ``{content}``.
        between: text between an answer and the next request.
        markers: what announces a turn. Typed by a user or met in data, a marker is broken up, so that text can never
            pass for structure; written by a model, it ends the answer.
        system_inside_first_request: whether the system message is written inside the first request's pattern
            (Llama 2, Mistral) and not before it.
        start_each_turn: whether each request begins with the start token (Llama 2), and not the first alone.
        tokens: markers that are special tokens where the tokenizer has them (Llama 3, Mistral from version 0.2 on).
        end: the special token that ends an answer, of a template that is made for tokenizers with all of `tokens`; by
            default the tokenizer's own.
    """

    name: str
    system: str
    user: str
    user_with_context: str
    answer: str
    between: str
    markers: tuple[str, ...]
    system_inside_first_request: bool = False
    start_each_turn: bool = False
    tokens: tuple[str, ...] = ()
    end: str = ""

    def render(self, dialogue: Dialogue) -> tuple[Segment, ...]:
        """All segments of a dialogue, answers trainable."""
        return self._segments(dialogue.messages)

    def prompt(self, messages: Sequence[Message]) -> tuple[Segment, ...]:
        """The segments before the answer to `messages`, which must end with a request.

        Raises:
            ValueError: the turns are not in order, or the last one is not the user's.
        """
        check_turns(messages)
        if messages[-1].role != "user":
            raise ValueError("a prompt must end with the user's message")
        return self._segments(messages)

    @property
    def stop_texts(self) -> tuple[str, ...]:
        """Texts that end an answer when a model writes them instead of its end token."""
        return tuple("\n" + marker if marker.startswith("#") else marker for marker in self.markers)

    @property
    def around_answer(self) -> tuple[str, str]:
        """What the pattern puts before and after an answer; it is no part of the answer itself."""
        before, _, after = self.answer.partition("{content}")
        return before, after

    def _segments(self, messages: Sequence[Message]) -> tuple[Segment, ...]:
        segments: list[Segment] = []
        system = ""
        for message in messages:
            content = self._harmless(message.content)
            if message.role == "system":
                system = self.system.format(content=content)
            elif message.role == "user":
                text = self._request(content, self._harmless(message.context), system)
                first = not segments
                text = text if first else self.between + text
                segments.append(Segment(text=text, start=first or self.start_each_turn, tokens=self.tokens))
                system = ""
            else:
                segments.append(Segment(text=self.answer.format(content=content), trainable=True, end=True))
        return tuple(segments)

    def _request(self, content: str, context: str, system: str) -> str:
        inside = system if self.system_inside_first_request else ""
        pattern = self.user_with_context if context else self.user
        text = pattern.format(content=inside + content, context=context)
        return text if self.system_inside_first_request else system + text

    def _harmless(self, content: str) -> str:
        """Breaks up markers that stand in a content ("###human:" → "# ##human:"), so they stay mere text."""
        for marker in self.markers:
            if marker.lower() in content.lower():
                content = _break_up(content, marker)
        return content


def _break_up(content: str, marker: str) -> str:
    """Puts a blank after the first character of each `marker` in `content`, whatever its case."""
    lowered, wanted, pieces, start = content.lower(), marker.lower(), [], 0
    # lower() may change the length of rare letters (İ): compare slices of the same text only.
    if len(lowered) != len(content):
        lowered, wanted = content, marker
    while (found := lowered.find(wanted, start)) >= 0:
        pieces += [content[start : found + 1], " "]
        start = found + 1
    return "".join(pieces) + content[start:]


ALPACA = ChatTemplate(
    name="alpaca",
    system="{content}\n\n",
    user="### Instruction:\n{content}\n\n### Response:\n",
    user_with_context="### Instruction:\n{content}\n\n### Input:\n{context}\n\n### Response:\n",
    answer="{content}",
    between="\n\n",
    markers=("### Instruction:", "### Input:", "### Response:"),
)
HUMAN_ASSISTANT = ChatTemplate(
    name="human_assistant",
    system="{content}\n",
    user="###human: {content}\n###assistant:",
    user_with_context="###human: {content}\n{context}\n###assistant:",
    answer=" {content}",
    between="\n",
    markers=("###human:", "###assistant:"),
)
LLAMA2 = ChatTemplate(
    name="llama2",
    system="<<SYS>>\n{content}\n<</SYS>>\n\n",
    user="[INST] {content} [/INST]",
    user_with_context="[INST] {content}\n\n{context} [/INST]",
    answer=" {content} ",
    between="",
    markers=("[INST]", "[/INST]", "<<SYS>>", "<</SYS>>"),
    system_inside_first_request=True,
    start_each_turn=True,
)
MISTRAL = ChatTemplate(
    name="mistral",
    system="{content}\n\n",
    user="[INST] {content}[/INST]",
    user_with_context="[INST] {content}\n\n{context}[/INST]",
    answer=" {content}",
    between="",
    markers=("[INST]", "[/INST]"),
    system_inside_first_request=True,
    tokens=("[INST]", "[/INST]"),
)
LLAMA3 = ChatTemplate(
    name="llama3",
    system="<|start_header_id|>system<|end_header_id|>\n\n{content}<|eot_id|>",
    user="<|start_header_id|>user<|end_header_id|>\n\n{content}<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
    user_with_context="<|start_header_id|>user<|end_header_id|>\n\n{content}\n\n{context}<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\n",
    answer="{content}",
    between="",
    markers=("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
    tokens=("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
    end="<|eot_id|>",
)
PLAIN = ChatTemplate(
    name="plain",
    system="{content}\n",
    user="{content}\n",
    user_with_context="{content}\n{context}\n",
    answer="{content}",
    between="\n",
    markers=(),
)

TEMPLATES = {template.name: template for template in (ALPACA, HUMAN_ASSISTANT, LLAMA2, LLAMA3, MISTRAL, PLAIN)}
