"""What a push tells: the list of its files with their sizes, and what became of them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.hub.asked import Asked, Sent
from app.hub.parcel import Parcel
from app.hub.planning import named
from app.output import Output, table
from chatbot.language import number, tr

LONG = 40  # files of a list that is no longer read line by line
CROWD = 10  # files of a folder that then stand in one line


def size_told(octets: int) -> str:
    """27,0 Mo."""
    for unit, size in ((tr("Go", "GB"), 10**9), (tr("Mo", "MB"), 10**6), (tr("ko", "kB"), 10**3)):
        if octets >= size:
            return f"{number(octets / size, 1)}\N{NO-BREAK SPACE}{unit}"
    return f"{number(octets)}\N{NO-BREAK SPACE}{tr('octet', 'byte') if octets == 1 else tr('octets', 'bytes')}"


def files_told(count: int) -> str:
    """1 fichier, 23 fichiers."""
    return number(count) + (tr(" fichier", " file") if count == 1 else tr(" fichiers", " files"))


def _listed(sizes: Iterable[tuple[str, int]]) -> list[tuple[str, str]]:
    """The files with their sizes; of a long list each big folder in one line, so that the others are seen."""
    files = list(sizes)
    folders = Counter(path.partition("/")[0] for path, _ in files if "/" in path)
    big = {folder for folder, count in folders.items() if count > CROWD} if len(files) > LONG else set()
    rows = [(path, size_told(size)) for path, size in files if path.partition("/")[0] not in big]
    for folder in sorted(big):
        inside = [size for path, size in files if path.startswith(f"{folder}/")]
        rows.append((f"{folder}/ ({files_told(len(inside))})", size_told(sum(inside))))
    return rows


def tell_written(parcel: Parcel, folder: Path, asked: Asked, output: Output) -> None:
    """The files of a dry run."""
    files = [{"path": item.path, "bytes": item.size} for item in parcel.items]
    facts: dict[str, Any] = {"repo": asked.repo, "folder": str(folder), "files": files, "bytes": parcel.size}
    rows = [*_listed((item.path, item.size) for item in parcel.items), (files_told(len(files)), size_told(parcel.size))]
    output.result(
        facts,
        table([tr("Fichier", "File"), tr("Taille", "Size")], rows),
        tr(f"Rien n'a été envoyé. Ce qui le serait à {asked.repo} : {folder}",
           f"Nothing was sent. What would be, to {asked.repo}: {folder}"),
    )  # fmt: skip


def tell_sent(parcel: Parcel, sent: Sent, output: Output) -> None:
    """What was sent, what stayed, and where it is."""
    sizes = {item.path: item.size for item in parcel.items}
    if not sent.sent and not sent.removed:
        output.result(asdict(sent), _nothing_new(sent))
        return
    rows = _listed((path, sizes[path]) for path in sent.sent)
    rows += [(path, tr("retiré", "removed")) for path in sent.removed]
    stayed = tr(
        f"Déjà là, inchangés : {number(sent.unchanged)} fichiers.",
        f"There already, the same: {number(sent.unchanged)} files.",
    )
    left = tr(
        f"Laissés là, car aucun envoi ne les y a mis : {named(sent.left)}.",
        f"Left there, for no push brought them: {named(sent.left)}.",
    )
    output.result(
        asdict(sent),
        table([tr("Fichier", "File"), tr("Taille", "Size")], rows),
        *([stayed] if sent.unchanged else []),
        *([left] if sent.left else []),
        tr(f"Envoyé : {sent.url}\nÉtiquette : {sent.tag} (commit {sent.commit[:7]})",
           f"Sent: {sent.url}\nTag: {sent.tag} (commit {sent.commit[:7]})"),
    )  # fmt: skip


def _nothing_new(sent: Sent) -> str:
    tagged = tr(f", étiquette {sent.tag}", f", tag {sent.tag}") if sent.tag else ""
    return tr(
        f"Rien de nouveau à envoyer : {sent.url} a déjà tout, {files_told(sent.unchanged)} (commit {sent.commit[:7]}{tagged}).",
        f"Nothing new to send: {sent.url} has it all already, {files_told(sent.unchanged)} (commit {sent.commit[:7]}{tagged}).",
    )
