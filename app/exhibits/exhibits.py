"""From a model's name to all that the page shows about it: `exhibits_of`, and what it may still look up later."""

from dataclasses import dataclass, replace
from pathlib import Path

from app.exhibits.about import about_exhibit
from app.exhibits.atlas import AtlasJob
from app.exhibits.data import data_exhibit
from app.exhibits.dialogues import TrainingDialogues
from app.exhibits.training import training_exhibit
from app.page.exhibits import Said
from app.page.trained import Exhibits
from chatbot.errors import InputError
from training.runs import RunFolder

NO_RUN = Said(
    "Ce modèle n'a pas été entraîné ici : il n'a ni jeu de données ni courbes à montrer. Ouvrez la page sur un dossier d'entraînement (causette serve runs/NOM) pour les voir.",
    "This model was not trained here: it has neither data nor curves to show. Open the page on a run folder (causette serve runs/NAME) to see them.",
)
DAMAGED = Said(
    "Le dossier de cet entraînement est incomplet ou illisible : ses données et ses courbes ne peuvent pas être montrées.",
    "The folder of this run is incomplete or cannot be read: its data and curves cannot be shown.",
)


@dataclass(frozen=True, kw_only=True)
class Showing:
    """What the three tabs are built with.

    Args:
        exhibits: all that is known at once.
        dialogues: the training dialogues; None where the set is not at hand.
        atlas: words and lengths, which take a while; None likewise.
    """

    exhibits: Exhibits
    dialogues: TrainingDialogues | None = None
    atlas: AtlasJob | None = None


def showing(model: str) -> Showing:
    """All that the page can show of a model; the same object serves the pages of both languages."""
    exhibits = exhibits_of(model)
    if exhibits.data is None or exhibits.data.missing:
        return Showing(exhibits=exhibits)
    folder = RunFolder(Path(model)).config.data
    return Showing(
        exhibits=exhibits, dialogues=TrainingDialogues(folder, model), atlas=AtlasJob(folder=folder, model=model)
    )


def exhibits_of(model: str, *, dialogues: int = 0) -> Exhibits:
    """What is known of a model from its folder and from that of its data, without computing anything.

    Args:
        model: as given to `causette serve`: a run folder, or any other model.
        dialogues: training dialogues to carry along, for a page that will not have the set; none where its licences
            forbid to pass it on.
    """
    path = Path(model)
    if not (path / "config.yaml").is_file():
        return Exhibits(model=model, about=about_exhibit(model, None), why=NO_RUN)
    try:
        run = RunFolder.open(path)
        data = data_exhibit(run.data_manifest, run.config.data)
        found = Exhibits(model=model, data=data, training=training_exhibit(run), about=about_exhibit(model, run))
    except (InputError, OSError, ValueError, KeyError, TypeError):
        return Exhibits(model=model, about=about_exhibit(model, None), why=DAMAGED)
    if dialogues and not data.missing and dict(data.terms).get("redistribution") == "yes":
        carried = TrainingDialogues(run.config.data, model).first(dialogues)
        return replace(found, data=replace(data, dialogues=carried))
    return found
