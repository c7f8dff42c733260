"""What may stand in `team.yaml`, and what cannot stand there together."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from chatbot.language import tr
from chatbot.yaml_model import Place, nearest
from livrables.days import figures_of, read_day
from livrables.names import place_among, tidy

DELIVERABLES = range(1, 9)
LONGEST_NAME = 80


def _day(value: Any) -> Any:
    try:
        return value if isinstance(value, date) else read_day(value)
    except (ValueError, TypeError, AttributeError) as error:
        raise PydanticCustomError("date", "no date") from error


def _named(value: str) -> str:
    name = tidy(value)
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise PydanticCustomError("string", "no name")
    return name


def _folder(value: str) -> str:
    return str(PurePosixPath(value.strip().replace("\\", "/")))


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Day = Annotated[date, BeforeValidator(_day)]
Name = Annotated[str, AfterValidator(_named)]
Folder = Annotated[str, AfterValidator(_folder)]
Address = Annotated[str, AfterValidator(str.strip)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class MemberEntry(_Part):
    name: Name
    github: Address = ""

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value


class Repositories(_Part):
    code: Address = ""
    model: Address = ""
    dataset: Address = ""
    space: Address = ""


class WorkEntry(_Part):
    run: Folder | None = None
    data: Annotated[list[Folder], BeforeValidator(_listed)] = []
    runs: Folder = "runs"
    searches: Folder = "searches"


class TeamFile(_Part):
    """`team.yaml` as it is written; `livrables.team` makes a `Team` of it."""

    name: Name
    domain: Name
    start: Day
    weeks: int = Field(default=2, ge=1, le=52)
    periods: int = Field(default=8, ge=1, le=52)
    members: list[MemberEntry] = Field(min_length=1, max_length=50)
    managers: list[Name] = []
    dates: dict[int, Day] = {}
    repositories: Repositories = Repositories()
    work: WorkEntry = WorkEntry()

    @property
    def names(self) -> list[str]:
        return [member.name for member in self.members]


def contradictions(file: TeamFile) -> list[tuple[Place, str]]:
    """What does not fit the rest of the file, with its place in it."""
    return [*_twice(file), *_managers(file), *_dates(file), *_paths(file)]


def _twice(file: TeamFile) -> Iterator[tuple[Place, str]]:
    for place, name in enumerate(file.names):
        if name.casefold() in (other.casefold() for other in file.names[:place]):
            yield (
                ("members", place, "name"),
                tr(f"deux membres s'appellent « {name} » ; ajoutez une initiale", f"two members are called `{name}`; add an initial"),
            )  # fmt: skip


def _managers(file: TeamFile) -> Iterator[tuple[Place, str]]:
    for place, name in enumerate(file.managers):
        if place_among(name, file.names) is None:
            yield ("managers", place), unknown_member(name, file.names)


def unknown_member(name: str, names: Sequence[str]) -> str:
    """What is told of a name that no member bears."""
    known, near = ", ".join(names), nearest(name, names)
    return tr(f"« {name} » n'est pas un membre de l'équipe{near}. Membres : {known}",
              f"`{name}` is no member of the team{near}. Members: {known}")  # fmt: skip


def _dates(file: TeamFile) -> Iterator[tuple[Place, str]]:
    start, last = file.start, DELIVERABLES[-1]
    for number, day in file.dates.items():
        if number not in DELIVERABLES:
            yield (
                ("dates", number),
                tr(f"pas de livrable {number} : de 1 à {last}", f"no deliverable {number}: 1 to {last}"),
            )
        elif day < start:
            yield (
                ("dates", number),
                tr(f"le livrable {number} serait à rendre le {figures_of(day)}, avant le début ({figures_of(start)})",
                   f"deliverable {number} would be due on {figures_of(day)}, before the start ({figures_of(start)})"),
            )  # fmt: skip


def _paths(file: TeamFile) -> Iterator[tuple[Place, str]]:
    work = file.work
    given: list[tuple[Place, str | None]] = [(("work", key), getattr(work, key)) for key in ("run", "runs", "searches")]
    given += [(("work", "data", place), path) for place, path in enumerate(work.data)]
    for place, path in given:
        if path is not None and _outside(path):
            yield (
                place,
                tr(f"« {path} » : il faut un chemin à l'intérieur du dossier du travail, comme runs/faq",
                   f"`{path}`: a path within the folder of the work is needed, such as runs/faq"),
            )  # fmt: skip


def _outside(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return path.startswith(("/", "~")) or ".." in parts or ":" in path or not path.isprintable()
