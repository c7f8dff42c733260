"""What the sender of a model should know before anything leaves: what is read of its folder, without Keras."""

from collections.abc import Mapping
from pathlib import Path

from app.hub.card_subject import DAMAGED, subject_of
from app.output import Output
from chatbot.files import read_json
from chatbot.language import tr
from chatbot.tokenizer import END_OF_TEXT
from datasets_prep.ledger import strictest
from datasets_prep.spec import Licence


def tell_before(model: str, output: Output, *, public: bool, adapter: bool) -> None:
    """Warns of data that may not be published, and of an old preset that others cannot use with KerasHub alone.

    Args:
        model: a run, a preset folder, "mini".
        output: where it is told.
        public: whether everybody is to read it.
        adapter: whether the adapter alone is sent.

    Raises:
        InputError: no such model.
        WorldError: one that must be downloaded, without network.
    """
    subject = subject_of(model, adapter=adapter, transformers=False, repo="")
    if public:
        _of_data(subject.licences, output)
    if not adapter and subject.folder and _ends_with_padding(subject.folder):
        output.warn(
            tr("le jeton de fin de ce modèle a le numéro 0, dont KerasHub remplit ses lignes : son generate() seul ne répondra rien. "
               "Un nouvel entraînement depuis le mini d'aujourd'hui y remédie ; avec Causette, tout va.",
               "the end token of this model has the number 0, with which KerasHub pads: its own generate() will answer nothing. "
               "Training again from today's mini cures it; with Causette all is well.")
        )  # fmt: skip


def _ends_with_padding(folder: Path) -> bool:
    """Whether a GPT-2 of an earlier `pretrain` has the end token first in its vocabulary, where KerasHub's padding is."""
    try:
        family = read_json(folder / "tokenizer.json")["class_name"]
        vocabulary = read_json(folder / "assets" / "tokenizer" / "vocabulary.json")
        return bool(family == "GPT2Tokenizer" and vocabulary.get(END_OF_TEXT) == 0)
    except DAMAGED:  # another family, or a folder of which the loading will say more
        return False


def _of_data(licences: Mapping[str, Licence], output: Output) -> None:
    if not licences or strictest(licences).redistribution == "yes":
        return
    forbidden, unknown = (
        ", ".join(
            f"{name} ({one.to_json()['stated']})" for name, one in licences.items() if one.redistribution == answer
        )
        for answer in ("no", "unknown")
    )
    told = [
        tr(f"transmission interdite : {forbidden}", f"may not be passed on: {forbidden}") if forbidden else "",
        tr(f"transmission inconnue : {unknown}", f"not known whether it may be passed on: {unknown}") if unknown else "",
    ]  # fmt: skip
    listed = tr(" ; ", "; ").join(filter(None, told))
    output.warn(
        tr(f"dépôt public, et les données de ce modèle ne sont pas toutes à transmettre ; {listed}.\n"
           "Des poids peuvent garder des textes de leurs données. Sans --public, un nouveau dépôt est privé.",
           f"a public repository, and not all data of this model are to be passed on; {listed}.\n"
           "Weights may keep texts of their data. Without --public a new repository is private.")
    )  # fmt: skip
