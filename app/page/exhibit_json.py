"""The values that the tabs show, to JSON and back: so they are carried to a place without data and training code."""

import dataclasses
import types
from dataclasses import asdict
from typing import Any, Union, get_args, get_origin, get_type_hints


def to_json(value: Any) -> Any:
    """A value of `exhibits` or of `trained` as JSON values."""
    return asdict(value)


def from_json(kind: Any, value: Any) -> Any:
    """`to_json` undone; `kind` is the value's class. Keys of later versions are passed over.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType) and types.NoneType in inner and len(inner) == 2:
        return None if value is None else from_json(next(one for one in inner if one is not types.NoneType), value)
    if origin is tuple:
        kinds = [inner[0]] * len(value) if inner[1:] == (...,) else inner
        return tuple(from_json(one, each) for one, each in zip(kinds, value, strict=True))
    if dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{name: from_json(hints[name], value[name]) for name in hints if name in value})  # type: ignore[operator]
    return value
