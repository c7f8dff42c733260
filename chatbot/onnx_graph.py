"""The forward pass of `chatbot.decoder` as an ONNX graph, with the inputs and outputs that transformers.js and optimum
expect of a decoder with a past:

    input_ids, position_ids              (batch, new) int64
    attention_mask                       (batch, past + new) int64
    past_key_values.N.key, .value        (batch, key heads, past, head width) float32; past may be 0
    →  logits                            (batch, 1, vocabulary): of the last place alone, all that an answer needs
       present.N.key, .value             (batch, key heads, past + new, head width)

A prompt of 200 tokens would else cost 200 × 16,000 logits. Only standard operators: every runtime reads them. A matrix in
int8 is made wide by DequantizeLinear, one scale per output; a runtime that folds constants does it once, on loading.
"""

from typing import Any

import numpy as np

from chatbot.plain_weights import Block, Linear, Norm, PlainWeights

OPSET, FORMAT = 20, 9  # Gelu came with opset 20, which files of format 9 may hold
FAR = -1e9  # added to the score of a place that may not be seen


def decoder_graph(weights: PlainWeights) -> Any:
    """The graph of a model, an `onnx.ModelProto`; its matrices are in the width that the weights have."""
    from onnx import TensorProto, helper

    graph = _Graph(weights)
    logits, presents = graph.decoder()
    shape = ("batch", weights.key_heads, "past", weights.head_width)
    inputs = [
        ("input_ids", ("batch", "new")),
        ("attention_mask", ("batch", "total")),
        ("position_ids", ("batch", "new")),
    ]
    given = [helper.make_tensor_value_info(name, TensorProto.INT64, dims) for name, dims in inputs]
    given += [
        helper.make_tensor_value_info(f"past_key_values.{number}.{kind}", TensorProto.FLOAT, shape)
        for number in range(len(weights.blocks))
        for kind in ("key", "value")
    ]
    vocabulary = weights.head.outs
    told = [helper.make_tensor_value_info(logits, TensorProto.FLOAT, ("batch", 1, vocabulary))]
    told += [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, (*shape[:2], "total", shape[3])) for name in presents
    ]
    whole = helper.make_graph(graph.nodes, "decoder", given, told, graph.constants)
    opsets = [helper.make_opsetid("", OPSET)]
    return helper.make_model(whole, producer_name="causette", ir_version=FORMAT, opset_imports=opsets)


class _Graph:
    """Nodes and constants as they are added; each method gives the name of what it computes."""

    def __init__(self, weights: PlainWeights):
        self.weights = weights
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._named: dict[tuple[Any, ...], str] = {}

    def op(self, kind: str, *inputs: str, to: tuple[str, ...] | int = 1, **attributes: Any) -> Any:
        """Adds a node; its output's name, or the names where there are several."""
        from onnx import helper

        names = to if isinstance(to, tuple) else tuple(f"{kind}_{len(self.nodes)}_{each}" for each in range(to))
        self.nodes.append(helper.make_node(kind, list(inputs), list(names), **attributes))
        return names[0] if len(names) == 1 else names

    def constant(self, array: np.ndarray) -> str:
        from onnx import numpy_helper

        name = f"weight_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(array, order="C"), name))
        return name

    def number(self, *values: float, kind: str = "int64", scalar: bool = False) -> str:
        """A small constant, written once."""
        key = (values, kind, scalar)
        if key not in self._named:
            self._named[key] = self.constant(np.array(values[0] if scalar else values, kind))
        return self._named[key]

    def decoder(self) -> tuple[str, list[str]]:
        """The whole: logits, and the presents' names."""
        w = self.weights
        table = self._matrix(w.embedding, turned=False)
        x = self.op("Gather", table, "input_ids")
        if w.positions is not None:
            x = self.op("Add", x, self.op("Gather", self.constant(w.positions), "position_ids"))
        turns, unseen, presents = self._turns(), self._unseen(), list[str]()
        for number, block in enumerate(w.blocks):
            present = (f"present.{number}.key", f"present.{number}.value")
            mixed = self._attention(self._norm(x, block.attention_norm), block, number, present, turns, unseen)
            x = self.op("Add", x, self._linear(mixed, block.attention_output))
            x = self.op("Add", x, self._feedforward(self._norm(x, block.feedforward_norm), block))
            presents += present
        last = self.op("Gather", x, self.number(-1, scalar=True), axis=1)  # (batch, hidden)
        head = table if w.head is w.embedding else self._matrix(w.head, turned=False)
        logits = self.op("Gemm", self._norm(last, w.norm), head, transB=1)
        return self.op("Unsqueeze", logits, self.number(1), to=("logits",)), presents

    def _matrix(self, linear: Linear, *, turned: bool) -> str:
        """(outs, ins), or turned (ins, outs); float32 from here on."""
        name = self.constant(linear.weight.T if turned else linear.weight)
        if linear.weight.dtype == np.int8:
            return self.op("DequantizeLinear", name, self.constant(linear.scale), axis=int(turned))
        return name

    def _linear(self, x: str, linear: Linear) -> str:
        """(batch, new, ins) → (batch, new, outs)."""
        product = self.op("MatMul", x, self._matrix(linear, turned=True))
        return self.op("Add", product, self.constant(linear.bias)) if linear.bias.any() else product

    def _norm(self, x: str, norm: Norm) -> str:
        gain = self.constant(norm.gain)
        if norm.offset is not None:
            return self.op("LayerNormalization", x, gain, self.constant(norm.offset), axis=-1, epsilon=norm.epsilon)
        mean = self.op("ReduceMean", self.op("Mul", x, x), self.number(-1), keepdims=1)
        root = self.op("Sqrt", self.op("Add", mean, self.number(norm.epsilon, kind="float32")))
        return self.op("Mul", self.op("Div", x, root), gain)

    def _feedforward(self, x: str, block: Block) -> str:
        inner = self._linear(x, block.up)
        if block.gate is None:
            return self._linear(self.op("Gelu", inner, approximate="tanh"), block.down)
        gate = self._linear(x, block.gate)
        inner = self.op("Mul", inner, self.op("Mul", gate, self.op("Sigmoid", gate)))
        return self._linear(inner, block.down)

    def _attention(
        self, x: str, block: Block, number: int, present: tuple[str, str], turns: tuple[str, str] | None, unseen: str
    ) -> str:
        """Queries of the new places on the keys and values of all; (batch, new, heads × width)."""
        w = self.weights
        sizes = [heads * w.head_width for heads in (w.heads, w.key_heads, w.key_heads)]
        query, key, value = self.op("Split", self._linear(x, block.attention), self.number(*sizes), to=3, axis=-1)
        query, key, value = self._heads(query, w.heads), self._heads(key, w.key_heads), self._heads(value, w.key_heads)
        if turns:
            query, key = self._turned(query, turns), self._turned(key, turns)
        past = f"past_key_values.{number}"
        key = self.op("Concat", f"{past}.key", key, to=present[:1], axis=2)
        value = self.op("Concat", f"{past}.value", value, to=present[1:], axis=2)
        query = self.op("Mul", query, self.number(w.head_width**-0.5, kind="float32"))
        group, axes = w.heads // w.key_heads, [0, 1, 3, 2]
        if group > 1:  # (batch, key heads, group, new, width) on (batch, key heads, 1, total, width)
            query = self.op("Reshape", query, self.number(0, w.key_heads, group, -1, w.head_width))
            key, value = self.op("Unsqueeze", key, self.number(2)), self.op("Unsqueeze", value, self.number(2))
            axes, unseen = [0, 1, 2, 4, 3], self.op("Unsqueeze", unseen, self.number(2))
        scores = self.op("Add", self.op("MatMul", query, self.op("Transpose", key, perm=axes)), unseen)
        mixed = self.op("MatMul", self.op("Softmax", scores, axis=-1), value)
        if group > 1:
            mixed = self.op("Reshape", mixed, self.number(0, w.heads, -1, w.head_width))
        return self.op(
            "Reshape", self.op("Transpose", mixed, perm=[0, 2, 1, 3]), self.number(0, 0, w.heads * w.head_width)
        )

    def _heads(self, x: str, heads: int) -> str:
        """(batch, new, heads × width) → (batch, heads, new, width)."""
        apart = self.op("Reshape", x, self.number(0, 0, heads, self.weights.head_width))
        return self.op("Transpose", apart, perm=[0, 2, 1, 3])

    def _turns(self) -> tuple[str, str] | None:
        """Cosine and sine of the new places, (batch, 1, new, width / 2); None where positions are learnt."""
        if self.weights.rotation is None:
            return None
        cosine, sine = (
            self.op("Unsqueeze", self.op("Gather", self.constant(table), "position_ids"), self.number(1))
            for table in self.weights.rotation
        )
        return cosine, sine

    def _turned(self, x: str, turns: tuple[str, str]) -> str:
        """The two halves of each head turned by the place's angle (Su et al. 2021)."""
        cosine, sine = turns
        half = self.weights.head_width // 2
        one, two = self.op("Split", x, self.number(half, half), to=2, axis=-1)
        first = self.op("Sub", self.op("Mul", one, cosine), self.op("Mul", two, sine))
        second = self.op("Add", self.op("Mul", two, cosine), self.op("Mul", one, sine))
        return self.op("Concat", first, second, axis=-1)

    def _unseen(self) -> str:
        """What is added to scores, (batch, 1, new, total): places after one's own, padding, beyond the window."""
        new, total = (
            self.op("Gather", self.op("Shape", name), self.number(1, scalar=True))
            for name in ("input_ids", "attention_mask")
        )
        zero, one = self.number(0, scalar=True), self.number(1, scalar=True)
        seen = self.op("Range", zero, total, one)  # (total,)
        own = self.op("Unsqueeze", self.op("Range", self.op("Sub", total, new), total, one), self.number(1))  # (new, 1)
        allowed = self.op("LessOrEqual", seen, own)
        if self.weights.window < self.weights.places:
            from_here = self.op("Sub", own, self.number(self.weights.window, scalar=True))
            allowed = self.op("And", allowed, self.op("Greater", seen, from_here))
        real = self.op("Unsqueeze", self._bool("attention_mask"), self.number(1, 2))
        allowed = self.op("And", allowed, real)
        return self.op("Where", allowed, self.number(0.0, kind="float32"), self.number(FAR, kind="float32"))

    def _bool(self, name: str) -> str:
        return self.op("Not", self.op("Equal", name, self.number(0)))
