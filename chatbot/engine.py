"""Several conversations with one model at once: requests join and leave the running batch between two tokens.

One thread computes as long as anything is asked. In a round it reads a piece of one prompt, if one is waiting to be
read, and then advances every running answer by one token: nobody waits for another's answer to end, and a long prompt
delays the others by a piece only.

A slot keeps what its last conversation has read. Its next turn, whose prompt begins alike, reads only what is new.
"""

import threading
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from queue import SimpleQueue

import numpy as np

from chatbot.decoder import MANY_ROWS, Decoder
from chatbot.likelihood import Scored, scored
from chatbot.sampling import Sampling, choose
from chatbot.stream import WAITING, TokenStream, gathered, line_is_full, stopping

PIECE = 128  # tokens of a prompt read in a round, while others wait for their next token
LONGEST_PIECE = 512  # while nobody does
WORTH_KEEPING = 8  # tokens; for less, a slot's conversation is not taken for the same one


@dataclass(eq=False)
class _Request:
    """A prompt and the answer on its way."""

    prompt: list[int]
    sampling: Sampling
    last: int  # one past the last place that may be written
    random: np.random.Generator
    seen: set[int]
    likely: int = 0  # of the likeliest tokens that are told beside each one written
    scores: list[Scored] = field(default_factory=list)
    ids: SimpleQueue = field(default_factory=SimpleQueue)  # each id, then None, or the exception that ended it
    cancelled: bool = False

    def leave(self, error: Exception | None = None) -> None:
        """Nobody waits for the answer any more; who still waits for an id comes to the end, or gets the error."""
        self.cancelled = True
        self.ids.put(error)


@dataclass(eq=False)
class _Slot:
    """Where a conversation's keys and values lie.

    Args:
        number: of the decoder's slots.
        tokens: the conversation as far as it has been read.
        unread: the rest of a prompt, or the newest token of an answer.
        request: what it is busy with; None when free.
        used: when it was last given out, as a count.
    """

    number: int
    tokens: list[int] = field(default_factory=list)
    unread: list[int] = field(default_factory=list)
    request: _Request | None = None
    used: int = 0


class Engine:
    """Streams token ids to any number of callers.

    Args:
        decoder: the model; its slots are how many answers run at the same time.
        end_id: the token that ends an answer.
        limit: the longest sequence.
        waiting: how many more requests may wait.
    """

    compiled_by_shape = False

    def __init__(self, decoder: Decoder, end_id: int, limit: int, waiting: int = WAITING):
        self.decoder, self.end_id, self.limit = decoder, end_id, min(limit, decoder.weights.places)
        self._slots = [_Slot(number) for number in range(decoder.slots)]
        self._waiting: deque[_Request] = deque()
        self._most_waiting = waiting
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._given_out = 0

    @property
    def at_once(self) -> int:
        """How many answers run at the same time."""
        return len(self._slots)

    def stream(self, prompt: Sequence[int], sampling: Sampling) -> Iterator[int]:
        """Ids of the answer to one prompt, one by one, the end token (which is the last) included.

        Stops at the end token, after `max_new_tokens`, or when the model's context is full; closing the iterator, or
        letting it go, frees its slot before the next token.

        Raises:
            ValueError: the prompt is empty or does not fit.
            BusyError: too many wait already.
        """
        return _one_by_one(self.bursts(prompt, sampling))

    def bursts(self, prompt: Sequence[int], sampling: Sampling, likely: int = 0) -> TokenStream:
        """The same ids, all at a time that have come since the last were taken; their probabilities if `likely` is not 0.

        Raises:
            ValueError, BusyError: as `stream`.
        """
        (request,) = self._enter([prompt], sampling, self._most_waiting, likely)
        return TokenStream(_received(request), request.leave, request.scores)

    def generate_batch(self, prompts: Sequence[Sequence[int]], sampling: Sampling) -> list[list[int]]:
        """Whole answers, without streaming, in the order of the prompts; the end token is included where it was written.

        As many run at the same time as there are slots. Each draws its own random numbers, from the same seed.
        """
        requests = self._enter(prompts, sampling, most_waiting=None)
        try:
            return [list(_one_by_one(_received(request))) for request in requests]
        finally:  # one failed, or the user pressed Ctrl-C: the others are of no use either
            for request in requests:
                request.leave()

    def give_up(self) -> None:
        """Ends all answers, those that wait too; their readers get an error."""
        with self._lock:
            running = [slot.request for slot in self._slots if slot.request is not None]
            for request in (*running, *self._waiting):
                request.leave(stopping())

    def warm_up(self, prompts: Sequence[Sequence[int]], sampling: Sampling) -> None:
        """Compiles what answering needs, so that nobody waits (or is timed) for it; all prompts need the same."""
        lengths = (1, min(MANY_ROWS, self.limit - 1))
        self.generate_batch([[self.end_id] * length for length in lengths], Sampling(max_new_tokens=1))

    # -- the callers' side ------------------------------------------------------------------------------------------

    def _enter(
        self, prompts: Sequence[Sequence[int]], sampling: Sampling, most_waiting: int | None, likely: int = 0
    ) -> list[_Request]:
        lengths = [len(prompt) for prompt in prompts]
        if not lengths or min(lengths) < 1 or max(lengths) >= self.limit:
            raise ValueError(f"prompts must have 1 to {self.limit - 1} tokens. Received: {lengths}")
        requests = [
            _Request(
                prompt=list(prompt),
                sampling=sampling,
                last=min(len(prompt) + sampling.max_new_tokens, self.limit),
                random=np.random.default_rng(sampling.seed),
                seen=set(prompt) if sampling.repetition_penalty != 1.0 else set(),
                likely=likely,
            )
            for prompt in prompts
        ]
        with self._lock:
            free = sum(slot.request is None for slot in self._slots)
            waiting = sum(not request.cancelled for request in self._waiting)
            if most_waiting is not None and waiting + len(requests) > free + most_waiting:
                raise line_is_full(waiting)
            self._waiting += requests
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="engine")
                self._thread.start()
        return requests

    # -- the computing side -----------------------------------------------------------------------------------------

    def _run(self) -> None:
        """Rounds, until nothing is asked any more; the next request begins another thread."""
        while True:
            with self._lock:
                self._admit()
                busy = [slot for slot in self._slots if slot.request is not None]
                if not busy:
                    self._thread = None
                    return
            try:
                self._round(busy)
            except BaseException as error:  # whatever happened, nobody may wait for ever: each caller raises it
                for slot in busy:
                    self._leave(slot, error)
                    slot.tokens = []

    def _admit(self) -> None:
        """Waiting requests take free slots, first come, first served."""
        self._waiting = deque(request for request in self._waiting if not request.cancelled)
        for slot in self._slots:
            if slot.request is not None and slot.request.cancelled:
                self._leave(slot)
        while self._waiting and any(slot.request is None for slot in self._slots):
            request = self._waiting.popleft()
            slot, known = self._slot_for(request.prompt)
            slot.tokens, slot.unread, slot.request = request.prompt[:known], request.prompt[known:], request
            self._given_out += 1
            slot.used = self._given_out

    def _slot_for(self, prompt: list[int]) -> tuple[_Slot, int]:
        """A free slot, and how many tokens of the prompt it need not read: that of the same conversation, else the one
        unused for longest, with the beginning of a running conversation copied where it is the same."""
        known = {slot.number: _common(slot.tokens, prompt) for slot in self._slots}
        free = [slot for slot in self._slots if slot.request is None]
        best = max(free, key=lambda slot: (known[slot.number], -slot.used))
        if known[best.number] >= WORTH_KEEPING:
            return best, known[best.number]
        oldest = min(free, key=lambda slot: slot.used)
        other = max(self._slots, key=lambda slot: known[slot.number])
        if known[other.number] < WORTH_KEEPING:
            return oldest, 0
        self.decoder.copy_slot(other.number, oldest.number, known[other.number])
        return oldest, known[other.number]

    def _round(self, busy: list[_Slot]) -> None:
        reading = [slot for slot in busy if len(slot.unread) > 1]
        running = [slot for slot in busy if len(slot.unread) == 1]
        if reading:
            first = min(reading, key=lambda slot: slot.used)
            self._advance([first], PIECE if running else LONGEST_PIECE)
        if running:
            self._advance(running, 1)

    def _advance(self, slots: list[_Slot], most: int) -> None:
        """Reads up to `most` unread tokens of each slot; those that have read all get their next one."""
        pieces = [slot.unread[:most] for slot in slots]
        tokens = [token for piece in pieces for token in piece]
        numbers = [slot.number for slot, piece in zip(slots, pieces, strict=True) for _ in piece]
        places = [len(slot.tokens) + at for slot, piece in zip(slots, pieces, strict=True) for at in range(len(piece))]
        ends = np.cumsum([len(piece) for piece in pieces]) - 1
        done = [slot for slot, piece in zip(slots, pieces, strict=True) if len(piece) == len(slot.unread)]
        wanted = [int(end) for slot, end in zip(slots, ends, strict=True) if slot in done]
        logits = self.decoder.forward(tokens, numbers, places, wanted)
        for slot, piece in zip(slots, pieces, strict=True):
            slot.tokens += piece
            del slot.unread[: len(piece)]
        for slot, row in zip(done, logits, strict=True):
            self._write(slot, row)

    def _write(self, slot: _Slot, logits: np.ndarray) -> None:
        """Chooses a slot's next token and hands it over."""
        request = slot.request
        assert request is not None
        own = logits.copy() if request.likely else logits  # a penalty is written over them
        chosen = choose(logits, request.sampling, float(request.random.random(dtype="float32")), request.seen)
        if request.sampling.repetition_penalty != 1.0:
            request.seen.add(chosen)
        if request.likely:
            request.scores.append(scored(own, chosen, request.likely))
        slot.unread = [chosen]
        request.ids.put(chosen)
        if chosen == self.end_id or len(slot.tokens) + 1 >= request.last:
            self._leave(slot)

    def _leave(self, slot: _Slot, error: BaseException | None = None) -> None:
        if slot.request is not None:
            slot.request.ids.put(error)
        slot.request, slot.unread = None, []


def _received(request: _Request) -> Generator[list[int]]:
    try:
        yield from gathered(request.ids)
    finally:
        request.cancelled = True


def _one_by_one(bursts: Iterator[list[int]]) -> Generator[int]:
    for burst in bursts:
        yield from burst


def _common(tokens: Sequence[int], prompt: Sequence[int]) -> int:
    """How many tokens both begin with; the prompt's last one must be read in any case."""
    pairs = zip(tokens, prompt[:-1], strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
