"""Which sides are compared, in groups: the peers of one group take their turns together, each group after the other."""

from dataclasses import dataclass, replace
from typing import Any

from benchmarks.sides.worker import Side

GUIDE_LENGTH = 128  # the length of the guide's own preprocessor
SHIPPED_DROPOUT = 0.1  # of GPT-2's presets and configuration
TRL = ("trl_float32", "trl_bfloat16")
EXTRA = (
    "trl_as_shipped", "keras_hub_as_shipped", "trl_at_once", "trl_phrasebank", "keras_hub_128", "keras_hub_jax",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Group:
    """Peers that are measured together, and the data sets they go through in each round."""

    name: str
    peers: tuple[Side, ...]

    @property
    def data(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(data for peer in self.peers for data in peer.ratios))


def our_side(options: Any, python: str) -> Side:
    """Ours on both data sets; precision "auto" becomes what the device is fastest with."""
    ratios = {"medquad": "", "phrasebank": ""}
    setting = {"rows": options.rows, "context": options.context, "precision": options.precision}
    return Side(name="ours", module="ours", python=python, ratios=ratios, **setting)


def strict_groups(ours: Side, precision: str, peer_python: str) -> list[Group]:
    """The same work on all sides: no dropout; ours alone computes scores, activations and normalisations twice.

    Args:
        ours: our side.
        precision: the one it chose; KerasHub gets the same.
        peer_python: where PyTorch is.
    """
    both = {data: f"keras_hub_{data}" for data in ours.ratios}
    keras_hub = replace(ours, name="keras_hub", module="keras_hub", precision=precision, ratios=both)
    trl = replace(ours, module="trl", python=peer_python, accumulated=True)
    trl_sides = tuple(
        replace(trl, name=name, precision=name.removeprefix("trl_"), ratios={"medquad": name}) for name in TRL
    )
    return [Group(name="keras_hub", peers=(keras_hub,)), Group(name="trl", peers=trl_sides)]


def extra_groups(keras_hub: Side, trl: Side) -> list[Group]:
    """The peers as they come, and in other settings.

    Args:
        keras_hub: the strict side.
        trl: the faster one of the strict sides.
    """
    shipped = {"dropout": SHIPPED_DROPOUT}
    short = {"context": GUIDE_LENGTH, "rows": keras_hub.rows * keras_hub.context // GUIDE_LENGTH}
    trl_shipped = replace(
        trl, name="trl_as_shipped", ratios={"medquad": "trl_as_shipped"}, checkpointing=True, **shipped
    )
    keras_hub_shipped = replace(
        keras_hub, name="keras_hub_as_shipped", ratios=_suffixed(keras_hub, "as_shipped"), **shipped
    )
    others = [
        replace(trl, name="trl_at_once", ratios={"medquad": "trl_at_once"}, accumulated=False),
        replace(trl, name="trl_phrasebank", ratios={"phrasebank": "trl_phrasebank"}),
        replace(keras_hub, name="keras_hub_128", ratios={"phrasebank": "keras_hub_phrasebank_128"}, **short),
        replace(keras_hub, name="keras_hub_jax", ratios=_suffixed(keras_hub, "jax"), backend="jax"),
    ]
    return [Group(name=side.name, peers=(side,)) for side in (trl_shipped, keras_hub_shipped, *others)]


def _suffixed(side: Side, suffix: str) -> dict[str, str]:
    return {data: f"{name}_{suffix}" for data, name in side.ratios.items()}
