"""Compiling ahead: so that the first question does not wait, and then no other does either.

Our own decoder is compiled once. Keras compiles for seconds per shape of its work (prompt's bucket, cache's bucket) and
per kind of sampling. The shape of a first question is compiled before the page is announced, the others after, in the
order in which they will be met.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Self

from chatbot.chat import Chat
from chatbot.generation import bucket_of
from chatbot.runner import ChatModel
from chatbot.sampling import Sampling

LONGEST_PROMPT = 512  # tokens; a model that reads more compiles that when it is asked for


class WarmUp:
    """Compiles in a thread of its own from the moment it is made; leaving the `with` block drops what is left.

    Args:
        chat: the model.
        sampling: what the page starts with.
    """

    def __init__(self, chat: Chat, sampling: Sampling):
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="warm-up", initializer=_step_back)
        self._steps = [self._pool.submit(step) for step in steps_for(chat, sampling)]

    def wait_for_first(self) -> None:
        """Until a short first question is answered without delay. Raises what the model raised."""
        for step in self._steps[:1]:
            step.result()

    def wait(self) -> None:
        """Until nothing is left to compile."""
        for step in self._steps:
            step.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def steps_for(chat: Chat, sampling: Sampling) -> list[Callable[[], None]]:
    """What there is to compile; nothing where a server computes."""
    if not isinstance(chat, ChatModel):
        return []
    shapes = [
        (length, kind)
        for kind in kinds_of(sampling)
        for length in prompt_lengths(chat.context, sampling.max_new_tokens)
    ]
    if not chat.generator.compiled_by_shape:
        shapes = shapes[:1]
    return [partial(chat.generator.warm_up, [[0] * length], kind) for length, kind in shapes]


def _step_back() -> None:
    """Lets the answers go before the compiling: on Linux, niceness belongs to the thread."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 5)


def prompt_lengths(context: int, max_new_tokens: int) -> list[int]:
    """One prompt length for each pair of compiled shapes, in order: 1, 65, 97, 129 and 257 for 512 and 160."""
    longest = context - min(max_new_tokens, context // 4)
    shapes: dict[tuple[int, int], int] = {}
    for length in range(1, min(longest, LONGEST_PROMPT) + 1):
        cache = bucket_of(min(length + max_new_tokens, context), context)
        shapes.setdefault((bucket_of(length, cache), cache), length)
    return list(shapes.values())


def kinds_of(sampling: Sampling) -> Iterator[Sampling]:
    """The given sampling, then one for each other step that compiles anew: drawn or greedy, with or without penalty."""
    yield sampling
    other = replace(sampling, temperature=0.0 if sampling.temperature else 0.7)
    penalty = 1.0 if sampling.repetition_penalty != 1.0 else 1.2
    yield other
    yield replace(sampling, repetition_penalty=penalty)
    yield replace(other, repetition_penalty=penalty)
