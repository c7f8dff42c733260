"""Screenshots of the page that a team put into `captures/`."""

from pathlib import Path

from chatbot.language import tr
from livrables.parts import Picture
from livrables.reading import Reader

SIGNATURES = {".png": b"\x89PNG\r\n", ".jpg": b"\xff\xd8\xff", ".jpeg": b"\xff\xd8\xff"}


def captures_in(reader: Reader, folder: Path) -> tuple[list[Picture], list[str]]:
    """The screenshots by name, and what is to be said of files that are none."""
    found, remarks = [], []
    for file in sorted(folder.iterdir()) if folder.is_dir() else ():
        signature = SIGNATURES.get(file.suffix.lower())
        if file.name.startswith(".") or not file.is_file():
            continue
        if signature and _begins_with(file, signature):
            source = reader.source(file) if reader.inside(file) else None
            found.append(Picture(file=file, caption=_caption(file.stem), source=source))
        elif signature or file.suffix.lower() not in (".md", ".txt"):
            remarks.append(
                tr(f"{file} : ni PNG ni JPEG, ignoré. Enregistrez la capture dans l'un de ces formats.",
                   f"{file}: neither PNG nor JPEG, ignored. Save the screenshot in one of these formats.")
            )  # fmt: skip
    return found, remarks


def _begins_with(file: Path, signature: bytes) -> bool:
    with file.open("rb") as opened:
        return opened.read(len(signature)) == signature


def _caption(stem: str) -> str:
    """ "02-page_discussion" → "Page discussion": files are numbered to be in order."""
    words = stem.lstrip("0123456789").replace("-", " ").replace("_", " ").strip() or stem
    return words[0].upper() + words[1:]
