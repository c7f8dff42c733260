"""Figures that documents show: there, and the ones that they were copied from."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from chatbot.language import tr
from livrables.checks.check import Check, Place
from livrables.checks.documents import BUILD, Page, older_than
from livrables.checks.reading import LeadsOut, inside, is_below, sha256_of
from livrables.fact import Source
from livrables.places import generated, places_of
from livrables.press import pictures_in

NEAR = 4.0  # mean difference of two drawings, of 255, that other fonts and versions make


def picture_checks(
    page: Page, copied: Mapping[str, Path] | None, drawn: Path, *, root: Path, changed: Mapping[Source, Path]
) -> Iterator[Check]:
    """Of every figure of a document.

    Args:
        page: the document.
        copied: name below the document's folder → the file that a build copies there; None where nobody knows.
        drawn: folder of the figures that a build draws itself, which other versions of its libraries draw otherwise.
        root: the team's folder, which its own pictures may lie anywhere below, as for a build.
        changed: sources that are no longer what was read, and their files.
    """
    yield from _own_pictures(page, root)
    what = tr("figure, contre celle d'où elle est copiée", "figure, against the one that it was copied from")
    for name in _ours(page):
        if "://" in name:
            continue
        place = Place(kind="pictures", where=f"{page.name} · {name}")
        try:
            file = inside(page.file.parent, name)
        except LeadsOut as error:
            yield place.broken(what, str(error), BUILD)
            continue
        if not file.is_file():
            yield place.broken(what, tr("la figure manque", "the figure is missing"), BUILD)
        elif copied is None or name not in copied:
            yield place.unverified(
                what, tr("ajoutée par l'équipe, ou d'origine inconnue", "added by the team, or of unknown origin")
            )
        elif not copied[name].is_file():
            yield place.unverified(what, tr("l'original n'est pas là", "the original is not there"))
        elif sha256_of(file) == sha256_of(copied[name]) or (
            copied[name].is_relative_to(drawn) and alike(file, copied[name])
        ):
            yield place.holds(what)
        else:
            near = [
                one
                for one, at in changed.items()
                if copied[name].is_relative_to(drawn) or is_below(at.parent, copied[name])
            ]
            reason = tr("ce n'est pas la même image", "it is not the same picture")
            yield place.broken(what, reason, BUILD, stale=older_than(page, near))


def _ours(page: Page) -> list[str]:
    """The pictures outside of the team's places, each once."""
    return list(dict.fromkeys(pictures_in(generated(page.text))))


def _own_pictures(page: Page, root: Path) -> Iterator[Check]:
    """Those that the team put into its own places: nothing tells where they come from."""
    what = tr("figure d'une place de l'équipe", "figure in a place of the team's")
    texts = [place.text for place in places_of(page.text, page.file).values()]
    names = dict.fromkeys(name for text in texts for name in pictures_in(text))
    for name in names:
        if "://" in name or name in _ours(page):
            continue
        reason = tr("image de l'équipe", "the team's picture")
        file = page.file.parent / name
        if not is_below(root, file):
            reason += tr(
                f", hors de {root.name} : les pages ne la montrent pas",
                f", outside of {root.name}: the pages do not show it",
            )
        elif not file.is_file():
            reason += tr(", qui manque", ", which is missing")
        yield Place(kind="pictures", where=f"{page.name} · {name}").unverified(what, reason)


def alike(one: Path, other: Path) -> bool:
    """Whether two drawings show the same, but for fonts and antialiasing."""
    import numpy as np
    from PIL import Image

    try:
        with Image.open(one) as first, Image.open(other) as second:
            if first.size != second.size:
                return False
            left, right = (np.asarray(image.convert("L"), "float32") for image in (first, second))
    except (OSError, ValueError, Image.DecompressionBombError):
        return False
    return float(np.abs(left - right).mean()) < NEAR
