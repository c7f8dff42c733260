"""`causette push dataset`: a prepared set to a data-set repository of the Hub, where its licences allow it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.options import Json, Prepared
from app.output import Output
from app.push_options import DryRun, Out, Overwrite, Public, Repo, Tag
from chatbot.errors import InputError
from chatbot.language import tr

if TYPE_CHECKING:
    from datasets_prep.spec import Licence


def push_dataset(
    folder: Prepared,
    repo: Repo,
    public: Public = False,
    private: Annotated[bool, typer.Option("--private", help=tr(
        "Pour un jeu dont on ne sait pas s'il peut être transmis : un dépôt que vous seuls voyez, sous votre responsabilité.",
        "For a set of which nobody knows whether it may be passed on: a repository that you alone see, at your own risk."))] = False,
    tag: Tag = None,
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
    out: Out = None,
    json: Json = False,
) -> None:  # fmt: skip
    from tempfile import TemporaryDirectory

    from app.hub.asked import Asked
    from app.hub.dataset_parcel import dataset_parcel
    from app.hub.deliver import check_asked, deliver
    from datasets_prep.prepared import PreparedSet

    output = Output(json)
    manifest = PreparedSet.open(folder).manifest
    at_own_risk = check_allowed(manifest, folder, public=public, private=private)
    asked = Asked(
        repo=repo, public=public, must_be_private=private, overwrite=overwrite, tag=tag, dry_run=dry_run, out=out, record=folder
    )  # fmt: skip
    check_asked(asked)
    _tell_before(manifest, output, at_own_risk)
    with TemporaryDirectory(prefix="causette-") as work:
        deliver(dataset_parcel(folder, Path(work), repo=repo, private=at_own_risk), asked, output)


def check_allowed(manifest: Mapping[str, Any], folder: Path, *, public: bool, private: bool) -> bool:
    """Whether the ledger lets a set go only into a private repository, at the user's own risk.

    Args:
        manifest: of the set.
        folder: of it, as it is told.
        public: whether everybody is to read it.
        private: whether the user answers for what is not known.

    Raises:
        InputError: both; a source that may not be passed on; one of which it is not known, and nobody answers for it.
    """
    from datasets_prep.ledger import licences_of, strictest

    if public and private:
        raise InputError(
            tr("--public et --private s'excluent : gardez l'un des deux.",
               "--public and --private exclude each other: keep one of them.")
        )  # fmt: skip
    licences = licences_of(manifest)
    answer = strictest(licences).redistribution
    listed = _listed({name: one for name, one in licences.items() if one.redistribution == answer})
    if answer == "no":
        raise InputError(
            tr(f"{folder} : n'est pas envoyé, même en privé (l'hébergeur est un tiers). Ne peut être transmis : {listed}.\n"
               "Préparez le jeu sans cette source, ou demandez l'accord de qui en a les droits.",
               f"{folder}: not sent, not even in private (who hosts it is a third party). May not be passed on: {listed}.\n"
               "Prepare the set without that source, or ask whoever holds the rights.")
        )  # fmt: skip
    if answer == "unknown" and not private:
        cure = _cure(manifest)
        raise InputError(
            tr(f"{folder} : n'est pas envoyé, on ne sait pas si ceci peut être transmis : {listed}.\n"
               f"{cure[0]}Si vous en avez le droit : --private, un dépôt que vous seuls voyez, sous votre responsabilité.",
               f"{folder}: not sent, nobody knows whether this may be passed on: {listed}.\n"
               f"{cure[1]}If you have the right to: --private, a repository that you alone see, at your own risk.")
        )  # fmt: skip
    return answer == "unknown"


def _cure(manifest: Mapping[str, Any]) -> tuple[str, str]:
    """What opens the way where all that is unknown is of the user's own files: he may declare their licence."""
    from datasets_prep.sources import SOURCES

    unknown = {source["set"] for source in manifest["sources"] if source["licence"]["redistribution"] == "unknown"}
    if not all(name in SOURCES and "licence" in SOURCES[name].takes for name in unknown):
        return "", ""
    return (
        "Si ces données sont à vous, préparez-les de nouveau en déclarant leur licence : causette prepare … --licence "
        "cc-by-4.0 --replace. ",
        "If these data are yours, prepare them again and declare their licence: causette prepare … --licence cc-by-4.0 "
        "--replace. ",
    )


def _listed(licences: Mapping[str, "Licence"]) -> str:
    """ "corona_tweets (« Other » sur Kaggle)"."""
    return ", ".join(f"{name} ({one.to_json()['stated']})" for name, one in licences.items())


def _tell_before(manifest: Mapping[str, Any], output: Output, at_own_risk: bool) -> None:
    """What the sender should know before anything leaves."""
    from app.hub.card_manifest import for_strangers, source_title

    if at_own_risk:
        output.warn(
            tr("licence inconnue, envoi privé sous votre responsabilité ; la fiche le dit. Ne rendez pas ce dépôt public.\n"
               "Si le dépôt est celui d'une organisation, ses membres le voient aussi.",
               "unknown licence, sent in private at your own risk; the card says so. Do not make this repository public.\n"
               "If the repository is an organisation's, its members see it too.")
        )  # fmt: skip
    if manifest.get("options", {}).get("keep_personal"):
        output.warn(
            tr("les données personnelles n'ont pas été masquées à la préparation (--keep-personal).",
               "personal data were not masked in the preparation (--keep-personal).")
        )  # fmt: skip
    sources = for_strangers(manifest)["sources"]
    for name, note in dict.fromkeys((source_title(one), one["licence"]["personal_data"]) for one in sources):
        output.say(tr(f"Données personnelles, {name} : {note}", f"Personal data, {name}: {note}"))
