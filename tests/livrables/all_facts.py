"""Material with everything in it, and with nothing: made field by field from the types, so that a new field is there too."""

import types
from dataclasses import fields, is_dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Union, get_args, get_origin, get_type_hints

from livrables.fact import Fact, Source, unmeasured
from livrables.material import Material, Picture

SOURCE = Source(path=PurePosixPath("runs/faq/metrics.json"), sha256="0123456789abcdef" * 4, date="2026-10-01")


def everything(folder: Path) -> Material:
    """Every fact measured, two of whatever there may be several of."""
    return _made(Material, "material", folder, full=True)


def nothing(folder: Path) -> Material:
    """Nothing measured, nothing there."""
    return _made(Material, "material", folder, full=False)


def _made(kind: Any, name: str, folder: Path, *, full: bool) -> Any:
    """A value of a type, named after its place."""
    origin, inner = get_origin(kind), get_args(kind)
    if kind is Fact:
        return _fact(name, full)
    if kind is Picture:
        return Picture(file=folder / "picture.png", caption=f"Figure {name}", source=SOURCE)
    if kind is Source:
        return SOURCE
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(
            **{one.name: _made(hints[one.name], f"{name}.{one.name}", folder, full=full) for one in fields(kind)}
        )
    if origin is tuple:
        return _tuple(inner, name, folder, full)
    if origin is dict:
        return {key: _made(inner[1], f"{name}.{key}", folder, full=True) for key in ("train", "test") if full}
    if origin in (Union, types.UnionType):
        return _made(inner[0], name, folder, full=full) if full else None
    return {Path: Path(name.rsplit(".", 1)[-1]), bool: full, str: _text(name) if full else ""}[kind]


def _text(name: str) -> str:
    """A text named after its place; the few that templates compare are what a real comparison says."""
    real = {
        "main": "runs/faq",
        "sides.1": "runs/faq",
        "reference": "mini",
        "sides.0": "mini",
        "splits.0.split": "test",
        "splits.1.split": "recall",
    }
    return next((text for end, text in real.items() if name.endswith(f".{end}")), name)


def _tuple(inner: tuple[Any, ...], name: str, folder: Path, full: bool) -> tuple[Any, ...]:
    if inner[-1] is not Ellipsis:
        return tuple(_made(kind, f"{name}.{place}", folder, full=full) for place, kind in enumerate(inner))
    return tuple(_made(inner[0], f"{name}.{place}", folder, full=True) for place in range(2) if full)


def _fact(name: str, full: bool) -> Fact:
    if not full:
        return unmeasured(name, f"causette {name}")
    return Fact(key=name, value=1, text=f"valeur de {name}", source=SOURCE, pointer="/value")
