"""`causette pull`: a model or a data set of the Hub at a pinned revision, checked before anything is loaded."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.options import Json
from chatbot.language import tr

if TYPE_CHECKING:
    from app.hub.pull import Received


def pull(
    repo: Annotated[str, typer.Argument(metavar=tr("QUI/NOM", "WHO/NAME"), help=tr("Dépôt du Hub.", "Repository of the Hub."))],
    dataset: Annotated[bool, typer.Option("--dataset", help=tr("Un jeu de données.", "A data set."))] = False,
    revision: Annotated[str | None, typer.Option(show_default="main", help=tr(
        "Commit, étiquette ou branche.", "Commit, tag or branch."))] = None,
    out: Annotated[Path | None, typer.Option(metavar=tr("DOSSIER", "FOLDER"), show_default=tr(
        "runs/NOM, ou data/NOM", "runs/NAME, or data/NAME"), help=tr("Dossier à écrire.", "Folder to write."))] = None,
    json: Json = False,
) -> None:  # fmt: skip
    from app.hub.pull import Wanted
    from app.hub.pull import pull as pull_from_hub
    from app.output import Output

    output = Output(json)
    received = pull_from_hub(Wanted(repo=repo, dataset=dataset, revision=revision or "main", out=out), output)
    output.result(_as_json(received), _shown(received))


def _as_json(received: "Received") -> dict[str, Any]:
    note = received.note
    return {
        "folder": str(received.folder), "kind": note.kind, "repo": note.repo, "revision": note.revision,
        "commit": note.commit, "files": list(received.files), "bytes": received.size, "new": received.new,
        "left": [{"path": path, "reason": reason} for path, reason in received.left],
    }  # fmt: skip


def _shown(received: "Received") -> str:
    from app.hub.told import size_told

    note, folder = received.note, received.folder
    if not received.new:
        first = tr(f"{folder} est déjà {note.repo} au commit {note.commit[:12]} : rien à télécharger.",
                   f"{folder} is {note.repo} at commit {note.commit[:12]} already: nothing to download.")  # fmt: skip
    else:
        first = tr(f"{folder} : {note.repo} au commit {note.commit[:12]}, {size_told(received.size)}, vérifié.",
                   f"{folder}: {note.repo} at commit {note.commit[:12]}, {size_told(received.size)}, checked.")  # fmt: skip
    return f"{first}\n{_what_next(received)}"


def _what_next(received: "Received") -> str:
    folder = received.folder
    if received.prepared is None:
        return tr(f"Discuter avec lui : causette chat {folder}", f"Talk to it: causette chat {folder}")
    if received.prepared:
        return tr(f"Le regarder : causette inspect {folder}\nL'apprendre : causette train --data {folder} --out runs/{folder.name}",
                  f"Look at it: causette inspect {folder}\nLearn it: causette train --data {folder} --out runs/{folder.name}")  # fmt: skip
    return _to_prepare(folder)


def _to_prepare(folder: Path) -> str:
    """How to go on with a data set that Causette did not make."""
    from app.hub.choosing import LICENCES

    files = [
        path for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in ("README.md", "hub.json")
    ]
    files = [path for path in files if not path.name.lower().startswith(LICENCES)]
    tables = [path for path in files if path.suffix == ".parquet"]
    readable = [path for path in files if path not in tables]
    lines = [tr("Ses conditions et sa licence : README.md.", "Its conditions and licence: README.md.")]
    if readable:
        lines.append(tr(f"Le préparer : causette prepare {readable[0]} --out data/{folder.name}-prepare",
                        f"Prepare it: causette prepare {readable[0]} --out data/{folder.name}-prepared"))  # fmt: skip
    if tables:
        table = tables[0]
        code = f"import pandas; pandas.read_parquet('{table}').to_csv('{table.with_suffix('.csv')}', index=False)"
        lines.append(tr("Un fichier Parquet se convertit d'abord, puis « causette prepare » le lit :",
                        "A Parquet file is converted first, then `causette prepare` reads it:"))  # fmt: skip
        lines.append(f'python -c "{code}"')
    return "\n".join(lines)
