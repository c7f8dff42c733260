"""The shape of manifest.json, as far as its readers rely on it: a manifest changed by hand is told, and never crashes one.

What is not named here may stand in a manifest and is not looked at; what may be left out has a default.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from datasets_prep.spec import Answer

LONGEST = 80  # characters of a place that is told
MOST = 2**53  # of what is counted: above it a share could not be computed
Count = Annotated[int, Field(ge=0, lt=MOST)]
Counts = dict[str, Count]
Weight = Annotated[float, Field(gt=0, lt=MOST)]
SplitName = Annotated[str, Field(pattern=r"^[\w-]+$")]


class _Shape(BaseModel):
    model_config = ConfigDict(strict=True)  # "12" is no number, 1 no text


class _Licence(_Shape):
    stated: str
    attribution: str
    redistribution: Answer
    commercial_use: Answer
    personal_data: str
    link: str
    checked: str
    share_alike: Answer = "unknown"
    identifier: str = ""


class _OfRows(_Shape):
    read: Count
    kept: Count
    rejected: Count
    by_reason: Counts
    by_split: Counts


class _OfAll(_OfRows):
    copies: Count


class _Source(_Shape):
    name: str
    set: str
    part: str
    title: str
    language: str
    origin: str
    revision: str
    weight: Weight
    licence: _Licence
    counts: _OfRows


class _Boilerplate(_Shape):
    answers: Count
    sentences: Count
    cut: bool


class _Cleaning(_Shape):
    normalised: Count
    masked: Counts
    boilerplate: _Boilerplate


class _Terms(_Shape):
    redistribution: Answer
    commercial_use: Answer
    share_alike: Answer
    attributions: list[str]


class _Leak(_Shape):
    test: Count
    either: Count


class ManifestShape(_Shape):
    """What every reader finds in a manifest."""

    created: str
    sources: Annotated[list[_Source], Field(min_length=1)]
    counts: _OfAll
    fingerprints: Annotated[dict[SplitName, str], Field(min_length=1)]
    # Not yet in the sets of earlier versions.
    languages: Counts = {}
    cleaning: _Cleaning | None = None
    duplicates: dict[Literal["exact_duplicate", "near_duplicate"], Counts] = {}
    terms: _Terms | None = None
    leak: dict[str, _Leak] = {}

    @model_validator(mode="after")
    def _same_splits(self) -> Self:
        if self.counts.by_split.keys() != self.fingerprints.keys():
            raise ValueError("counts.by_split ≠ fingerprints")
        return self


def fault_of(manifest: Mapping[str, Any]) -> str:
    """Where a manifest has not that shape, first of all: "counts.read", "sources.0.licence"; "" where it has it."""
    try:
        ManifestShape.model_validate(manifest)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(map(str, fault["loc"])) or fault["msg"].removeprefix("Value error, ")
        return "".join(filter(str.isprintable, where))[:LONGEST]  # a key may be any text
    return ""
