"""Talking to a model: messages in, a streamed answer out.

from chatbot.runner import ModelRunner
print(ModelRunner("mini").predict("Bonjour, qui êtes-vous ?"))
"""

import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING

from chatbot.chat import Answer, Finish, Reply
from chatbot.cut import Cut, StopFilter
from chatbot.dialogue import Message, user
from chatbot.encoding import encode_segments
from chatbot.errors import BusyError, InputError, TooLongError
from chatbot.generation import Generator, on_accelerator
from chatbot.language import tr
from chatbot.likelihood import Scored, check_likely, written
from chatbot.model import LanguageModel, load_model
from chatbot.sampling import Sampling
from chatbot.stream import TokenStream
from chatbot.template import Segment
from chatbot.tokenizer import StreamDecoder

if TYPE_CHECKING:  # Numba takes a second to import
    from chatbot.engine import Engine
    from chatbot.plain_weights import Width


class ChatModel:
    """A language model one can talk to.

    Args:
        model: with its weights as they are now.
        width: of the weights in memory while talking: "float32", "bfloat16", "int8". Narrower ones are read faster.

    Raises:
        InputError: a narrower width for a model that only Keras can compute.
    """

    def __init__(self, model: LanguageModel, width: "Width" = "float32"):
        self.model = model
        self.generator = generator_of(model, width)

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def context(self) -> int:
        return self.model.context

    @property
    def parameters(self) -> int:
        return self.model.parameters

    @property
    def exchanges(self) -> int | None:
        return self.model.exchanges

    @property
    def at_once(self) -> int:
        return self.generator.at_once

    def reply(
        self,
        messages: Sequence[Message],
        sampling: Sampling | None = None,
        stop: Sequence[str] = (),
        *,
        likely: int = 0,
    ) -> Reply:
        """Streams the answer to the last message; it is being computed from now on.

        Args:
            messages: turns so far, the last one the user's. The oldest are dropped when the context is too small.
            sampling: how tokens are chosen; greedy by default.
            stop: texts that end the answer, besides those of the template; they are no part of it.
            likely: how many of the likeliest tokens are told beside each one written, 20 at most; 0 tells no
                probabilities. `answer.tokens` then are all that the model wrote up to where its answer ended: the end
                token (an empty text) and a stop text too.

        Raises:
            InputError: the last message is empty, or does not fit into the context alone.
            BusyError: too many wait for an answer already.
            ValueError: `likely` is out of its range.
        """
        return self.replies(messages, [sampling or Sampling()], stop, likely)[0]

    def replies(
        self, messages: Sequence[Message], samplings: Sequence[Sampling], stop: Sequence[str] = (), likely: int = 0
    ) -> list[Reply]:
        """`reply` once per sampling (all of one length), to one prompt; all or none."""
        prompt, dropped = fit_window(self.model, messages, samplings[0].max_new_tokens)
        return self._replies([prompt], samplings, Cut(self.model.template, stop), dropped, likely)

    def continuations(
        self, texts: Sequence[str], samplings: Sequence[Sampling], stop: Sequence[str] = ()
    ) -> list[Reply]:
        """What the model writes after each text, once per sampling; all or none.

        Args:
            texts: given to the model as they are, without turns or template; after an empty one it begins a text.
            samplings: how tokens are chosen.
            stop: texts that end it; they are no part of it.

        Raises:
            InputError: a text does not fit into the context.
            BusyError: too many wait for an answer already.
        """
        tokenizer, most = self.model.tokenizer, self.model.context - 1
        prompts = [encode_segments(tokenizer, [Segment(text=text, start=True)])[0] for text in texts]
        longest = max(map(len, prompts))
        if longest > most:
            raise too_long(longest, most, self.model.context)
        return self._replies([ids or [tokenizer.end_id] for ids in prompts], samplings, Cut(None, stop), 0)

    def _replies(
        self, prompts: Sequence[list[int]], samplings: Sequence[Sampling], cut: Cut, dropped: int, likely: int = 0
    ) -> list[Reply]:
        check_likely(likely)
        replies: list[Reply] = []
        try:
            for prompt, sampling in product(prompts, samplings):
                began = time.perf_counter()  # it is computed from now on, whenever its reader comes
                stream = self.generator.bursts(prompt, sampling, likely)
                answer = Answer(prompt_tokens=len(prompt), dropped_turns=dropped)
                replies.append(Reply(self._pieces(stream, cut, answer, began), answer, stream.cancel))
        except BusyError:
            for reply in replies:
                reply.cancel()
            raise
        return replies

    def give_up(self) -> None:
        """Ends all answers that are being computed or wait for it."""
        self.generator.give_up()

    def answers(self, conversations: Sequence[Sequence[Message]], sampling: Sampling) -> list[Answer]:
        """Whole answers to many conversations at once; faster than one by one, the same text.

        `seconds` of each is its share of the batch's time.
        """
        windows = [fit_window(self.model, messages, sampling.max_new_tokens) for messages in conversations]
        began = time.perf_counter()
        batch = self.generator.generate_batch([prompt for prompt, _ in windows], sampling)
        share = (time.perf_counter() - began) / len(windows)
        cut, answers = Cut(self.model.template), []
        for (prompt, dropped), ids in zip(windows, batch, strict=True):
            answer = Answer(prompt_tokens=len(prompt), dropped_turns=dropped)
            for _ in self._shown(iter([ids]), cut, answer):
                pass
            answer.seconds, answer.first_seconds = share, 0.0
            answers.append(answer)
        return answers

    def warm_up(self, conversations: Sequence[Sequence[Message]], sampling: Sampling) -> None:
        """Compiles what answering these together needs, so that the first answer does not wait for it."""
        windows = [fit_window(self.model, messages, sampling.max_new_tokens)[0] for messages in conversations]
        self.generator.warm_up(windows, sampling)

    def _pieces(self, stream: TokenStream, cut: Cut, answer: Answer, began: float) -> Iterator[str]:
        answer.finish = "cancelled"  # unless the stream reaches its end below
        try:
            for piece in self._shown(stream, cut, answer, stream.scores):
                if not answer.first_seconds:
                    answer.first_seconds = time.perf_counter() - began
                answer.seconds = time.perf_counter() - began
                yield piece
            answer.seconds = time.perf_counter() - began
            if stream.cancelled:
                answer.finish = "cancelled"
        finally:
            stream.cancel()  # after a stop text, or when its reader leaves, nobody wants the rest: it frees its place

    def _shown(
        self, bursts: Iterator[list[int]], cut: Cut, answer: Answer, scores: Sequence[Scored] = ()
    ) -> Iterator[str]:
        """Decoded text, a piece per burst of ids, without end token, stop texts and the template's blank; fills `answer`."""
        tokenizer = self.model.tokenizer
        decoder, stop = StreamDecoder(tokenizer), StopFilter(cut.stop_texts)
        finish: Finish = "length"
        for burst in bursts:
            shown = len(answer.text)
            for token in burst:
                answer.new_tokens += 1
                if scores:
                    answer.tokens.append(written(tokenizer, token, scores[answer.new_tokens - 1]))
                if token == tokenizer.end_id:
                    finish = "end"
                    break
                text = stop.push(decoder.push(token))
                answer.text += text if answer.text else cut.first(text)
                if stop.stopped:
                    finish = "stop"
                    break
            if len(answer.text) > shown:
                yield answer.text[shown:]
            if finish != "length":
                break
        rest = "" if stop.stopped else stop.push(decoder.flush()) + stop.flush()
        if rest := rest if answer.text else cut.first(rest):
            answer.text += rest
            yield rest
        answer.text = cut.whole(answer.text)
        answer.finish = finish


def generator_of(model: LanguageModel, width: "Width" = "float32") -> "Engine | Generator":
    """What computes the model's answers: our decoder on a processor, where it knows the family; Keras everywhere else.

    Raises:
        InputError: see `ChatModel`.
    """
    end_id, context = model.tokenizer.end_id, model.context
    if not on_accelerator():
        from chatbot.plain_weights import plain_weights

        if weights := plain_weights(model.causal_lm.backbone, context, width):
            from chatbot.decoder import Decoder, room_for
            from chatbot.engine import Engine

            return Engine(Decoder(weights, room_for(weights)), end_id, context)
    if width != "float32":
        raise InputError(
            tr(f"{model.name} : les poids en {width} ne sont possibles que sur un processeur, pour GPT-2, Llama, Mistral et "
               "Qwen. Retirez --weights.",
               f"{model.name}: weights in {width} are possible only on a processor, for GPT-2, Llama, Mistral and Qwen. "
               "Leave out --weights.")
        )  # fmt: skip
    return Generator(model.causal_lm, end_id, context)


def fit_window(model: LanguageModel, messages: Sequence[Message], max_new_tokens: int) -> tuple[list[int], int]:
    """The prompt's ids, and how many of the oldest messages had to go to leave room for an answer.

    Room is kept for `max_new_tokens`, but for at most a quarter of the context. A system message stays.

    Raises:
        InputError: the last message is empty, or does not fit alone.
    """
    if not messages or not messages[-1].content.strip():
        raise InputError(tr("Le message est vide : écrivez une question.", "The message is empty: write a question."))
    room = model.context - min(max_new_tokens, model.context // 4)
    system = [message for message in messages[:1] if message.role == "system"]
    turns = list(messages[len(system) :])

    def prompt(dropped_pairs: int) -> list[int]:
        return encode_segments(model.tokenizer, model.template.prompt([*system, *turns[2 * dropped_pairs :]]))[0]

    # Fewer turns, fewer tokens: a long history is halved a few times instead of encoded once per turn.
    pairs = (len(turns) - 1) // 2
    dropped = bisect_left(range(pairs), True, key=lambda pairs: len(prompt(pairs)) <= room)
    ids = prompt(dropped)
    if len(ids) > room:
        raise too_long(len(ids), room, model.context)
    return ids, 2 * dropped


def too_long(tokens: int, room: int, context: int) -> TooLongError:
    """The error for a text that has more tokens than the model has room for."""
    return TooLongError(
        tr(f"Le message fait {tokens} jetons, le modèle en lit {room} au plus (contexte {context}).\n"
           "Raccourcissez-le, ou prenez un modèle au contexte plus long.",
           f"The message has {tokens} tokens, the model reads {room} at most (context {context}).\n"
           "Shorten it, or take a model with a longer context.")
    )  # fmt: skip


class ModelRunner:
    """A model in two lines, before and after fine-tuning.

    Args:
        name: anything `load_model` takes.
    """

    def __init__(self, name: str = "mini"):
        self.chat = ChatModel(load_model(name))

    def predict(self, question: str, **sampling: object) -> str:
        """The answer to one question; keyword arguments are those of `Sampling`."""
        return self.chat.reply([user(question)], Sampling(**sampling)).text()  # type: ignore[arg-type]
