"""The team's own text: marked places in a document that every rebuild leaves as they are, byte for byte.

<!-- équipe : contexte -->
*À écrire : le besoin, les utilisateurs.*
<!-- /équipe : contexte -->

Marks are HTML comments: a reader of the Markdown does not see them. Everything between the two belongs to the team.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from chatbot.errors import InputError
from chatbot.language import tr

NAME = r"[\w-]+(?: [\w-]+)*"
_BLANK = "[ \t\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}]*"
_MARK = re.compile(rf"<!--{_BLANK}(/?){_BLANK}(?:équipe|team){_BLANK}:{_BLANK}({NAME}){_BLANK}-->", re.IGNORECASE)
_LIKE = re.compile(r"<!?-*[ \t\u00a0\u202f]*/?[ \t\u00a0\u202f]*([ée]quipe|team)\b.*-->|<!--[ \t\u00a0\u202f]*/?[ \t\u00a0\u202f]*([ée]quipe|team)\b",
                   re.IGNORECASE)  # fmt: skip
_HINT = re.compile(r"^\*(?:À écrire|To write)\b.*\*$")


@dataclass(frozen=True, kw_only=True)
class Place:
    """What stands between two marks.

    Args:
        text: exactly as it is in the file, line ends included.
        line: of the opening mark, from 1.
    """

    name: str
    text: str
    line: int


def places_of(markdown: str, file: Path) -> dict[str, Place]:
    """The places of a document that the team may have changed.

    Args:
        markdown: all of it.
        file: where it stands, for the messages.

    Raises:
        InputError: a mark is damaged, doubled, nested or without its other half: the line, and the cure.
    """
    found: dict[str, Place] = {}
    opened: re.Match[str] | None = None
    for mark in _marks(markdown, file):
        line = _line(markdown, mark.start())
        if not mark[1]:
            if opened:
                raise _unclosed(file, _line(markdown, opened.start()), opened[2])
            if mark[2] in found:
                raise _doubled(file, line, mark[2], found[mark[2]].line)
            opened = mark
        elif opened is None or opened[2] != mark[2]:
            raise _unopened(file, line, mark[2])
        else:
            begin = _line(markdown, opened.start())
            found[mark[2]] = Place(name=mark[2], text=markdown[opened.end() : mark.start()], line=begin)
            opened = None
    if opened:
        raise _unclosed(file, _line(markdown, opened.start()), opened[2])
    return found


def place_text(name: str, text: str) -> str:
    """A place with its marks; `text` as `Place.text` holds it."""
    word = tr("équipe", "team")
    return f"<!-- {word} : {name} -->{text}<!-- /{word} : {name} -->"


def blank(hint: str, example: str) -> str:
    """What an unwritten place shows: what should be written there, and an example where the template has one."""
    asked = tr(f"*À écrire\N{NO-BREAK SPACE}: {hint}*", f"*To write: {hint}*")
    return f"\n\n{asked}\n\n" + (f"{example.strip()}\n\n" if example.strip() else "")


def is_written(text: str, blanks: tuple[str, ...], noted: str = "") -> bool:
    """Whether the team has written something there.

    Args:
        text: of the place.
        blanks: what unwritten places of that name show now.
        noted: `digest` of what was shown when the file was built; "" where nobody knows.
    """
    own = _settled(text)
    if not own or digest(text) == noted or own in map(_settled, blanks):
        return False
    return not (_HINT.match(own) and "\n" not in own)


def generated(markdown: str) -> str:
    """The document without what is the team's: to tell whether someone changed a line outside of the places."""
    inside, kept, last = False, [], 0
    for mark in _MARK.finditer(markdown):
        if not inside:
            kept.append(markdown[last : mark.end()])
        inside, last = not mark[1], mark.start() if mark[1] else mark.end()
    return "".join([*kept, markdown[last:]])


def digest(text: str) -> str:
    """Of a text, whatever its line ends: an editor on Windows changes them all."""
    return hashlib.sha256(_settled(text).encode()).hexdigest()


def kept(places: Mapping[str, Place]) -> str:
    """The appendix of texts whose place has left the template: nothing that a team wrote is thrown away."""
    told = tr("Ces textes de l'équipe étaient à des places que le modèle du document n'a plus. Déplacez-les, ou effacez-les "
              "avec leurs marques.",
              "These texts of the team stood in places that the document's template no longer has. Move them, or delete them "
              "with their marks.")  # fmt: skip
    blocks = [f"### {place.name}\n\n{place_text(place.name, place.text)}" for place in places.values()]
    return "\n\n".join([f"## {tr('Textes conservés', 'Texts kept')}", told, *blocks]) + "\n"


def _settled(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _marks(markdown: str, file: Path) -> Iterator[re.Match[str]]:
    """Well-formed marks in their order.

    Raises:
        InputError: something looks like a mark and is none.
    """
    for like in _LIKE.finditer(markdown):
        if not _MARK.match(markdown, like.start()):
            raise _damaged(file, _line(markdown, like.start()), like[0])
    yield from _MARK.finditer(markdown)


def _line(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1


def _damaged(file: Path, line: int, seen: str) -> InputError:
    seen = seen if len(seen) <= 60 else seen[:59] + "…"
    return _error(file, line, tr(f"marque abîmée : {seen}", f"damaged mark: {seen}"),
                  tr("Écrivez-la comme à l'origine, par exemple <!-- équipe : contexte --> puis <!-- /équipe : contexte -->.",
                     "Write it as it was, for example <!-- team : context --> then <!-- /team : context -->."))  # fmt: skip


def _doubled(file: Path, line: int, name: str, first: int) -> InputError:
    return _error(file, line, tr(f"la place « {name} » est déjà ouverte à la ligne {first}", f"the place “{name}” is already opened on line {first}"),
                  tr("Réunissez les deux textes dans une seule place.", "Bring both texts together in one place."))  # fmt: skip


def _unclosed(file: Path, line: int, name: str) -> InputError:
    return _error(file, line, tr(f"la place « {name} » n'est pas fermée", f"the place “{name}” is not closed"),
                  tr(f"Ajoutez après votre texte la ligne <!-- /équipe : {name} -->", f"Add after your text the line <!-- /team : {name} -->"))  # fmt: skip


def _unopened(file: Path, line: int, name: str) -> InputError:
    return _error(file, line, tr(f"la place « {name} » est fermée ici sans avoir été ouverte", f"the place “{name}” is closed here, and was not opened"),
                  tr(f"Ajoutez avant votre texte la ligne <!-- équipe : {name} -->", f"Add before your text the line <!-- team : {name} -->"))  # fmt: skip


def _error(file: Path, line: int, what: str, cure: str) -> InputError:
    blank = tr("\N{NO-BREAK SPACE}", "")
    return InputError(tr(f"{file}, ligne {line}{blank}: {what}. {cure} Rien n'a été écrit.",
                         f"{file}, line {line}: {what}. {cure} Nothing was written."))  # fmt: skip
