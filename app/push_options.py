"""The options that all of `causette push` share."""

from pathlib import Path
from typing import Annotated

import typer

from chatbot.language import tr

Repo = Annotated[str, typer.Option(metavar=tr("QUI/NOM", "WHO/NAME"), help=tr(
    "Dépôt : votre nom ou celui d'une organisation, puis un nom.", "Repository: your name or an organisation's, then a name."))]  # fmt: skip
Public = Annotated[bool, typer.Option("--public", help=tr(
    "Visible de tous ; sinon, seuls vous et votre organisation le voyez.",
    "Visible to all; else only you and your organisation see it."))]  # fmt: skip
Overwrite = Annotated[bool, typer.Option("--overwrite", help=tr(
    "Remplace aussi ce que d'autres ont changé dans le dépôt.", "Also replaces what others changed in the repository."))]  # fmt: skip
Tag = Annotated[str | None, typer.Option(metavar=tr("NOM", "NAME"), show_default="v1, v2…", help=tr(
    "Étiquette de cet envoi.", "Tag of this push."))]  # fmt: skip
DryRun = Annotated[bool, typer.Option("--dry-run", help=tr(
    "N'envoie rien : écrit dans un dossier exactement ce qui serait envoyé, et en donne la liste.",
    "Sends nothing: writes exactly what would be sent into a folder, and lists it."))]  # fmt: skip
Out = Annotated[Path | None, typer.Option(metavar=tr("DOSSIER", "FOLDER"), show_default=tr("hub/NOM", "hub/NAME"), help=tr(
    "Dossier de --dry-run.", "Folder of --dry-run."))]  # fmt: skip
