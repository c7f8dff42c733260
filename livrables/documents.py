"""From material to documents: a template per deliverable, the team's own text kept, every number with its source."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from chatbot.errors import InputError, cannot_read
from chatbot.files import read_json, write_json, write_whole
from chatbot.language import current_language, tr
from livrables.deliverable import COURSE, Document
from livrables.drafting import Before, Draft, draft
from livrables.fact import Fact
from livrables.material import Material, Picture
from livrables.own import Own
from livrables.places import digest, generated
from livrables.tasks import Task
from livrables.team import Team

FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Written:
    """A document as it stands on disk.

    Args:
        files: Markdown, and DOCX and PDF where they were asked for.
        facts: all that it prints, in the order of the text.
        places: of the team's own text: name → whether something was written there.
        aside: the file as somebody had changed it by hand outside of the places; None where nobody had.
    """

    document: Document
    files: tuple[Path, ...]
    facts: tuple[Fact, ...]
    places: dict[str, bool]
    aside: Path | None = None

    @property
    def missing(self) -> tuple[Fact, ...]:
        """What nobody has measured."""
        return tuple(fact for fact in self.facts if not fact.measured)


def render(
    document: Document, *, team: Team, tasks: Sequence[Task], material: Material, before: Before | str, today: date,
    own: Own | None = None, gantt: Picture | None = None,
) -> Draft:  # fmt: skip
    """The Markdown of a document, the facts it prints, and its pictures.

    Args:
        document: which.
        team: whose.
        tasks: theirs.
        material: what was found in their work folder.
        before: the Markdown that stood there, whose marked places are carried over; "" for none.
        today: the day it is built.
        own: facts of the team's own files.
        gantt: the tasks' diagram.

    Raises:
        InputError: the marks of the team's places are damaged: with the line and the cure; nothing is lost.
    """
    scope = {"document": document, "team": team, "tasks": tuple(tasks), "material": material, "today": today,
             "own": own, "gantt": gantt, "course": COURSE}  # fmt: skip
    stood = Before(markdown=before) if isinstance(before, str) else before
    return draft(document.deliverable.key, stem=document.path.name, before=stood, scope=scope)


def stands(file: Path) -> Before:
    """The document that is there, as it was last built and as the team has changed it since.

    Raises:
        InputError: it is no UTF-8 text, or cannot be read.
    """
    if not file.is_file():
        return Before(file=file)
    try:
        markdown = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(tr(f"{file} : ce texte n'est pas en UTF-8. Enregistrez-le en UTF-8, puis recommencez ; rien n'a été écrit.",
                            f"{file}: not UTF-8 text. Save it as UTF-8 and try again; nothing was written.")) from error  # fmt: skip
    except OSError as error:
        raise cannot_read(file, error) from error
    return Before(markdown=markdown, file=file, blanks=noted(file).get("blanks", {}))


def noted(file: Path) -> dict[str, Any]:
    """`NAME.facts.json` beside a document; {} where there is none that can be read."""
    beside = file.with_suffix(".facts.json")
    try:
        found = read_json(beside)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and found.get("format") == FORMAT else {}


def write(document: Document, out: Path, drafted: Draft, *, today: date) -> Written:
    """Writes the Markdown, its figures and `facts.json` beside; each whole or not at all.

    Args:
        document: which.
        out: the folder of the deliverables.
        drafted: what `render` gives.
        today: the day it is built.
    """
    file = (out / document.path).with_name(f"{document.path.name}.md")
    old, stood = noted(file), stands(file)
    aside = keep_changed(file, drafted, old)
    write_pictures(drafted, file.parent)
    if stood.markdown != drafted.markdown:
        write_whole(file, lambda temporary: temporary.write_bytes(drafted.markdown.encode()))
    write_json(file.with_suffix(".facts.json"), _facts_json(document, drafted, today, old.get("made", {})))
    return Written(document=document, files=(file,), facts=drafted.facts, places=drafted.places, aside=aside)


def _facts_json(document: Document, drafted: Draft, today: date, made: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "document": f"{document.path.as_posix()}.md",
        "built": today.isoformat(),
        "language": current_language(),
        "facts": [fact.to_json() for fact in drafted.facts],
        "places": drafted.places,
        "blanks": drafted.blanks,
        "generated": drafted.generated,
        "made": dict(made),
    }


def keep_changed(file: Path, drafted: Draft, old: Mapping[str, Any]) -> Path | None:
    """Keeps a copy of a document in which a line outside of the team's places was changed by hand.

    Args:
        file: Markdown that is about to be replaced.
        drafted: by what.
        old: what `noted` found beside it.
    """
    before = stands(file).markdown
    if not before or digest(generated(before)) in (old.get("generated"), drafted.generated):
        return None
    return keep_aside(file)


def keep_aside(file: Path) -> Path:
    """Copies a file to `NAME.avant.md` beside it, or to the first of `NAME.avant-2.md`… that is free or the same."""
    content, count = file.read_bytes(), 1
    while True:
        name = f"{file.stem}.avant{'' if count == 1 else f'-{count}'}{file.suffix}"
        kept = file.with_name(name)
        if not kept.exists():
            write_whole(kept, lambda temporary: temporary.write_bytes(content))
            return kept
        if kept.read_bytes() == content:
            return kept
        count += 1


def write_pictures(drafted: Draft, folder: Path) -> None:
    """Copies the figures of a document beside it, where they are not the same already."""
    for name, picture in drafted.pictures.items():
        content, target = picture.read_bytes(), folder / name
        if not target.is_file() or target.read_bytes() != content:
            write_whole(target, lambda temporary, content=content: temporary.write_bytes(content))  # type: ignore[misc]
