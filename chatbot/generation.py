"""Generation by Keras itself, for accelerators and for families that `chatbot.decoder` does not know.

The key/value cache is in our own hands: KerasHub's `generate` cannot stream. Two compiled functions do all the work, and
are compiled once per *length bucket*, never once per prompt:

* ``prefill``: the padded prompts go through the model in one pass and fill the cache;
* ``step``: one token per row in, the next one out. The sampler runs inside, so that one small integer per row is all
  that leaves the compiled code.

Padded positions of a prompt are harmless: each is overwritten before anything attends to it. Prompts of different
lengths share a batch: steps begin at the shortest one, and a row that still has prompt left is fed its own tokens.

This is the only file here that knows the Keras backend.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from chatbot.likelihood import Scored, own_scores, scored_row
from chatbot.sampling import Sampling
from chatbot.stream import Line, Place, TokenStream, stopping

SMALLEST_BUCKET = 64


def bucket_of(length: int, limit: int) -> int:
    """The smallest of 64, 128, 256, … that holds `length`, but at most `limit` (the model's own)."""
    bucket = SMALLEST_BUCKET
    while bucket < length:
        bucket *= 2
    return min(bucket, limit)


class Generator:
    """Streams token ids from a KerasHub causal language model.

    Args:
        causal_lm: the task, with its weights.
        end_id: the token that ends an answer.
        limit: the longest sequence of the model.
    """

    at_once = 2  # answers that may be asked for at the same time; more would only make each slower
    compiled_by_shape = True  # of its prompts and cache, and by kind of sampling

    def __init__(self, causal_lm: Any, end_id: int, limit: int):
        self._causal_lm = causal_lm
        self._backbone = causal_lm.backbone
        self.end_id = end_id
        self.limit = limit
        self._line = Line(self.at_once)
        self._prefill = _compiled(causal_lm, self._prefill_body)
        self._step = _compiled(causal_lm, self._step_body)

    def stream(self, prompt: Sequence[int], sampling: Sampling) -> Iterator[int]:
        """Ids of the answer to one prompt, one by one, the end token (which is the last) included.

        Stops at the end token, after `max_new_tokens`, or when the model's context is full.
        """
        return self._scored(prompt, sampling, 0, [])

    def _scored(self, prompt: Sequence[int], sampling: Sampling, likely: int, scores: list[Scored]) -> Iterator[int]:
        for tokens in self.stream_batch([prompt], sampling, likely, [scores]):
            yield int(tokens[0])

    def bursts(self, prompt: Sequence[int], sampling: Sampling, likely: int = 0) -> TokenStream:
        """The same ids, each as soon as it is there, once it is this answer's turn; their probabilities if `likely` is
        not 0, for which another step is compiled when it is first asked for.

        Raises:
            ValueError: the prompt is empty or does not fit.
            BusyError: too many wait already.
        """
        self._layout([prompt], sampling)
        place, scores = self._line.join(), list[Scored]()
        ids = self._scored(prompt, sampling, likely, scores)
        return TokenStream(self._in_turn(place, ids), place.leave, scores)

    def _in_turn(self, place: Place, ids: Iterator[int]) -> Iterator[list[int]]:
        try:
            if place.wait():
                for token in ids:
                    yield [token]
                    if place.left:
                        break
        finally:
            place.leave()
        if place.error:
            raise place.error

    def give_up(self) -> None:
        """Ends all answers, those that wait too; their readers get an error."""
        self._line.give_up(stopping())

    def stream_batch(
        self,
        prompts: Sequence[Sequence[int]],
        sampling: Sampling,
        likely: int = 0,
        scores: Sequence[list[Scored]] = (),
    ) -> Iterator[np.ndarray]:
        """One array of (rows,) ids per step; -1 where a row is still in its prompt or already done.

        Args:
            prompts: at least one id each, and shorter than the model's limit.
            sampling: how tokens are chosen; all rows share one stream of random numbers.
            likely: how many of the likeliest tokens are told beside each one; 0 tells no probabilities.
            scores: a list per row, which gets the probabilities of each id before the id is yielded.
        """
        tokens, lengths, last = self._layout(prompts, sampling)
        state = self._start(tokens, lengths, sampling)
        random = np.random.default_rng(sampling.seed)
        done = np.zeros(len(prompts), dtype=bool)
        for index in range(int(lengths.min()), int(last.max())):
            drawn = random.random(len(prompts), dtype="float32")
            chosen, state, told = self._advance(tokens[:, index - 1], index - 1, drawn, sampling, state, likely > 0)
            writes = (index >= lengths) & (index < last) & ~done
            tokens[writes, index] = chosen[writes]
            for row in np.flatnonzero(writes).tolist() if likely else ():
                scores[row].append(scored_row(told, row, likely))
            if writes.any():
                yield np.where(writes, chosen, -1)
            done |= writes & ((chosen == self.end_id) | (index == last - 1))
            if done.all():
                return

    def generate_batch(self, prompts: Sequence[Sequence[int]], sampling: Sampling) -> list[list[int]]:
        """Whole answers, without streaming; the end token is included where it was written."""
        answers: list[list[int]] = [[] for _ in prompts]
        for tokens in self.stream_batch(prompts, sampling):
            for row in np.flatnonzero(tokens >= 0):
                answers[row].append(int(tokens[row]))
        return answers

    def warm_up(self, prompts: Sequence[Sequence[int]], sampling: Sampling) -> None:
        """Compiles what answering these prompts needs, by one step, so that nobody waits (or is timed) for it."""
        tokens, lengths, _ = self._layout(prompts, sampling)
        state = self._start(tokens, lengths, sampling)
        self._advance(tokens[:, 0], 0, np.zeros(len(prompts), "float32"), sampling, state)

    def _layout(
        self, prompts: Sequence[Sequence[int]], sampling: Sampling
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Token buffer (rows, bucket) with the prompts in it, their lengths, and one past each row's last token."""
        lengths = np.array([len(prompt) for prompt in prompts])
        if lengths.min() < 1 or lengths.max() >= self.limit:
            raise ValueError(f"prompts must have 1 to {self.limit - 1} tokens. Received: {lengths.tolist()}")
        last = np.minimum(lengths + sampling.max_new_tokens, self.limit)
        tokens = np.zeros((len(prompts), bucket_of(int(last.max()), self.limit)), dtype="int32")
        for row, prompt in enumerate(prompts):
            tokens[row, : len(prompt)] = prompt
        return tokens, lengths, last

    # -- the compiled part ------------------------------------------------------------------------------------------

    def _start(self, tokens: np.ndarray, lengths: np.ndarray, sampling: Sampling) -> tuple[Any, Any]:
        """Fills the cache with the prompts; returns (cache, tokens already seen)."""
        rows, length = tokens.shape
        seen = np.zeros((rows, self._vocabulary_size if sampling.repetition_penalty != 1.0 else 1), dtype=bool)
        if sampling.repetition_penalty != 1.0:
            for row in range(rows):
                seen[row, tokens[row, : lengths[row]]] = True
        prompt = tokens[:, : bucket_of(int(lengths.max()), length)]
        cache = self._prefill(prompt, np.zeros(self._cache_shape(rows, length), dtype=self._causal_lm.compute_dtype))
        return cache, seen

    def _advance(
        self, tokens, index: int, drawn, sampling: Sampling, state, scored: bool = False
    ) -> tuple[np.ndarray, Any, list[np.ndarray]]:
        """One step for all rows: feeds `tokens` at position `index`, returns the ids chosen for the next one, and what
        `own_scores` tells of them where that is asked for."""
        cache, seen = state
        chosen, cache, seen, *told = self._step(
            tokens[:, None].astype("int32"),
            cache,
            np.int32(index),
            seen,
            drawn,
            np.float32(sampling.temperature),
            np.int32(sampling.top_k or self._vocabulary_size),
            np.float32(sampling.top_p),
            np.float32(sampling.repetition_penalty),
            static=(
                sampling.temperature == 0.0,
                sampling.repetition_penalty != 1.0,
                sampling.ordered(self._vocabulary_size),
                scored,
            ),
        )
        return np.asarray(chosen), (cache, seen), [np.asarray(each) for each in told]

    @property
    def _vocabulary_size(self) -> int:
        return self._backbone.token_embedding.input_dim

    def _cache_shape(self, rows: int, length: int) -> tuple[int, ...]:
        backbone = self._backbone
        heads = getattr(backbone, "num_key_value_heads", None) or getattr(backbone, "num_heads", None)
        query_heads = getattr(backbone, "num_heads", None) or backbone.num_query_heads
        width = getattr(backbone, "head_dim", None) or backbone.hidden_dim // query_heads
        return rows, backbone.num_layers, 2, length, heads or query_heads, width

    def _prefill_body(self, static, prompt, cache):
        _, _, cache = self._causal_lm.call_with_cache(prompt, cache, 0)
        return cache

    def _step_body(self, static, tokens, cache, index, seen, drawn, temperature, top_k, top_p, penalty):
        """Shapes: tokens (rows, 1), seen (rows, vocabulary) bool, drawn (rows,) uniform in [0, 1); the rest scalars."""
        from keras import ops

        greedy, penalised, count, scored = static

        def body(position, cache, logits):
            new_logits, _, cache = self._causal_lm.call_with_cache(tokens, cache, position)
            return position + 1, cache, ops.cast(new_logits[:, 0], "float32")

        # XLA on TensorFlow compiles anew for each value of a scalar argument used as a slice position
        # (tensorflow#76070). As the variable of a one-turn loop it stays a value.
        empty = ops.zeros((tokens.shape[0], self._vocabulary_size), dtype="float32")
        _, cache, logits = ops.while_loop(lambda position, *_: position < index + 1, body, (index, cache, empty))
        own = logits
        if penalised:
            logits = ops.where(seen, ops.where(logits > 0, logits / penalty, logits * penalty), logits)
        chosen = ops.argmax(logits, axis=-1) if greedy else _draw(logits, count, drawn, temperature, top_k, top_p)
        chosen = ops.cast(chosen, "int32")
        if penalised:
            seen = ops.logical_or(seen, ops.one_hot(chosen, self._vocabulary_size, dtype="bool"))
        return chosen, cache, seen, *(own_scores(own, chosen) if scored else ())


def _draw(logits, count, drawn, temperature, top_k, top_p):
    """Draws one id per row by inverting the distribution, cut to `top_k` and `top_p`.

    Args:
        logits: (rows, vocabulary) float32.
        count: how many of the likeliest tokens may be chosen from; at least `top_k`.
        drawn: (rows,) uniform numbers; the same numbers choose the same tokens on every backend.
        temperature: scalar, above 0.
        top_k: scalar, the vocabulary's size for no limit.
        top_p: scalar.
    """
    from keras import ops

    values, ids = ops.top_k(logits, k=count)  # sorted, likeliest first
    total = ops.logsumexp(logits / temperature, axis=-1, keepdims=True)
    probabilities = ops.exp(values / temperature - total)
    before = ops.cumsum(probabilities, axis=-1) - probabilities  # probability of all likelier tokens
    rank = ops.arange(count)[None, :]
    kept = ops.logical_and(before < top_p, rank < top_k)
    kept = ops.logical_or(kept, rank == 0)
    probabilities = ops.where(kept, probabilities, 0.0)
    cumulated = ops.cumsum(probabilities, axis=-1)
    wanted = drawn[:, None] * cumulated[:, -1:]
    place = ops.sum(ops.cast(cumulated <= wanted, "int32"), axis=-1, keepdims=True)
    last_kept = ops.sum(ops.cast(kept, "int32"), axis=-1, keepdims=True) - 1
    return ops.take_along_axis(ids, ops.minimum(place, last_kept), axis=-1)[:, 0]


def _compiled(causal_lm: Any, body: Callable[..., Any]) -> Callable[..., Any]:
    """`body(static, *arrays)` compiled by the current backend; called as ``function(*arrays, static=…)``."""
    import keras

    return _compiled_jax(causal_lm, body) if keras.backend.backend() == "jax" else _compiled_tensorflow(body)


def _compiled_tensorflow(body: Callable[..., Any]) -> Callable[..., Any]:
    import tensorflow as tf

    # Nothing here needs AutoGraph, and Python 3.11 cannot parse code in two threads at once (python/cpython#106905).
    function = tf.function(body, jit_compile=True, autograph=False)
    return lambda *arrays, static=(): function(static, *(tf.convert_to_tensor(array) for array in arrays))


def _compiled_jax(causal_lm: Any, body: Callable[..., Any]) -> Callable[..., Any]:
    import jax
    import keras

    variables = causal_lm.variables

    def pure(static, values, *arrays):
        mapping = list(zip(variables, values, strict=True))
        with keras.StatelessScope(state_mapping=mapping):
            return body(static, *arrays)

    function = jax.jit(pure, static_argnums=0)
    return lambda *arrays, static=(): function(static, [variable.value for variable in variables], *arrays)


def on_accelerator() -> bool:
    """Whether Keras computes on something better than the processor."""
    import keras

    if keras.backend.backend() == "jax":
        import jax

        return jax.default_backend() != "cpu"
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU") or tf.config.list_physical_devices("TPU"))
