"""Floating-point operations of a trained GPT-2 token, counted from the shapes, and what a chip can do in a second."""

from dataclasses import dataclass

# Dense matrix products (no sparsity) in float16 or bfloat16 with float32 sums, operations per second; the makers' data
# sheets (the two GeForce: NVIDIA's Ada and Ampere GA102 whitepapers). The longer name goes first.
_BOTH, _HALF = ("bfloat16", "float16"), ("float16",)
PEAKS = (
    ("H200", 989e12, _BOTH),  # SXM
    ("H100 PCIe", 756e12, _BOTH),
    ("H100 NVL", 835e12, _BOTH),
    ("H100", 989e12, _BOTH),  # SXM: "NVIDIA H100 80GB HBM3"
    ("A100", 312e12, _BOTH),
    ("L40S", 362e12, _BOTH),
    ("L4", 121e12, _BOTH),
    ("T4", 65e12, _HALF),
    ("V100-SXM2", 125e12, _HALF),
    ("V100-PCIE", 112e12, _HALF),
    ("GeForce RTX 4090", 165e12, _BOTH),
    ("GeForce RTX 3090", 71e12, _BOTH),
)


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The sizes of a GPT-2 with tied embeddings and a feed-forward of 4 × hidden; the defaults are its 124M."""

    layers: int = 12
    hidden: int = 768
    heads: int = 12
    vocabulary: int = 50_257

    @property
    def kernels(self) -> int:
        """Parameters that a token is multiplied with: 4·d² of attention and 8·d² of feed-forward in each layer, and
        the head. Embeddings that are only looked up, biases and normalisations are left out (0.7 % of GPT-2).
        """
        return 12 * self.layers * self.hidden**2 + self.vocabulary * self.hidden

    def adapter(self, rank: int) -> int:
        """Parameters of LoRA on query and value: two matrices (d, rank) and (rank, d) for each."""
        return 4 * self.layers * self.hidden * rank


def per_token(shape: Shape, seen: float, rank: int | None = None) -> float:
    """Operations that training on one token needs, forward and backward, every position being trained.

    All weights: ``6·N + 12·L·d·T``: two per kernel forward, four backward; attention's two products over T places,
    forward and twice backward (Kaplan et al. 2020, section 2.1; Chowdhery et al. 2022, appendix B). As there, the half
    that a causal mask hides is not taken off, and what is computed twice to save memory is not added.

    LoRA: ``4·N + 6·A + 12·L·d·T``. Frozen kernels get no gradient: two per kernel forward, two backward through the
    activations; the adapters' A parameters take six. That nothing goes below the query and value of the first layer is
    not taken off (3·d² of N, 0.6 % of the whole for GPT-2). What one side does beyond need is not added: Keras adds
    the adapter to the kernel before it multiplies, and so takes a whole gradient of each adapted kernel (4·L·d², 5 %).

    Args:
        shape: sizes.
        seen: T, places of the text that a token belongs to; in a packed row the mean length of a text, not the row's.
        rank: of the adapters on query and value; None trains all weights.
    """
    attention = 12 * shape.layers * shape.hidden * seen
    if rank is None:
        return 6 * shape.kernels + attention
    return 4 * shape.kernels + 6 * shape.adapter(rank) + attention


def peak_of(device: str, precision: str) -> float | None:
    """Operations per second of a chip in a Keras dtype policy; None where it is not known.

    Args:
        device: its name, as the driver gives it. A slice of a chip (MIG) has no known peak.
        precision: "mixed_bfloat16", "mixed_float16", "float32".
    """
    kind = precision.removeprefix("mixed_")
    if "MIG" in device:
        return None
    words = f"{device} ".replace("-", " ")
    for name, peak, kinds in PEAKS:
        if f" {name.replace('-', ' ')} " in f" {words}":
            return peak if kind in kinds else None
    return None
