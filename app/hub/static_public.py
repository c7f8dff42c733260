"""What a public static Space opens to all, told before it is sent: the weights, and what they may have kept of the data."""

from pathlib import Path

from app.hub.pushed import pushed
from app.output import Output
from chatbot.language import tr
from chatbot.locate import EMBEDDED


def warn_of_opening(run: str, output: Output) -> None:
    """Warns of a model that is not known to be public, and of data that may not be passed on.

    Args:
        run: run or preset folder, or a model's name.
        output: where it is told.
    """
    from app.exhibits.exhibits import exhibits_of
    from app.hub.space_shown import redistributable

    folder = Path(run)
    noted = pushed(folder, "model") if folder.is_dir() else None
    if noted and not is_public(run):
        output.warn(tr(f"{noted.repo} est privé, ou rien ne dit qu'il soit public : avec --static --public, tous pourront "
                       "télécharger les poids entiers du modèle.",
                       f"{noted.repo} is private, or nothing says that it is public: with --static --public everybody can "
                       "download the model's whole weights."))  # fmt: skip
    elif folder.is_dir() and not noted:
        output.warn(tr("--static --public : tous pourront télécharger les poids entiers du modèle.",
                       "--static --public: everybody can download the model's whole weights."))  # fmt: skip
    exhibits = exhibits_of(run)
    if exhibits.data and not redistributable(exhibits):
        output.warn(tr("Les licences du jeu ne disent pas qu'il peut être transmis, et des poids peuvent garder des textes qu'ils "
                       "ont lus : vérifiez avant d'ouvrir la page à tous.",
                       "The set's licences do not say that it may be passed on, and weights may keep texts that they have "
                       "read: check before the page is open to all."))  # fmt: skip


def is_public(model: str) -> bool:
    """Whether the model's repository is known to be open to all: as its last push noted it.

    A model read by its name (``hf://``) is not known to be: it may be private, and be read with a token.
    """
    if model in EMBEDDED:
        return True
    noted = pushed(Path(model), "model")
    return bool(noted and getattr(noted, "public", False))
