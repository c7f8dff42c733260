"""`causette push space`: a page for a model that was sent, to a Space of the Hub."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.options import Domain, Json, Model
from app.output import Output
from app.push_options import DryRun, Out, Overwrite, Public, Repo, Tag
from chatbot.errors import InputError
from chatbot.language import tr

if TYPE_CHECKING:
    from app.hub.deliver import Asked, Sent
    from app.hub.parcel import Parcel


def push_space(
    run: Model,
    repo: Repo,
    model: Annotated[str | None, typer.Option(metavar=tr("QUI/NOM", "WHO/NAME"), show_default=tr(
        "celui où le modèle a été envoyé", "where the model was sent"), help=tr(
        "Dépôt du modèle sur le Hub.", "The model's repository on the Hub."))] = None,
    revision: Annotated[str | None, typer.Option(show_default=tr("le dernier envoi", "the last push"), help=tr(
        "Révision (commit) du modèle.", "Revision (commit) of the model."))] = None,
    static: Annotated[bool, typer.Option("--static", help=tr(
        "Page gratuite : le modèle calcule dans le navigateur du visiteur.",
        "A free page: the model computes in the visitor's browser."))] = False,
    hardware: Annotated[str | None, typer.Option(show_default=tr("cpu-basic", "cpu-basic"), help=tr(
        "Matériel du Space : cpu-basic, zero-a10g, t4-small…", "The Space's hardware: cpu-basic, zero-a10g, t4-small…"))] = None,
    secret: Annotated[list[str] | None, typer.Option("--secret", metavar=tr("NOM[=VARIABLE]", "NAME[=VARIABLE]"), help=tr(
        "Secret du Space, lu dans une variable d'environnement.", "Secret of the Space, read from an environment variable."))] = None,
    domain: Domain = None,
    public: Public = False,
    tag: Tag = None,
    overwrite: Overwrite = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", help=tr(
        "N'attend pas que la page réponde.", "Does not wait for the page to answer."))] = False,
    dry_run: DryRun = False,
    out: Out = None,
    json: Json = False,
) -> None:  # fmt: skip
    from app.hub.deliver import Asked, Opening, check_asked, deliver
    from app.hub.space_secrets import is_there, renew, secrets_of

    output = Output(json)
    given = {"--model": model, "--revision": revision, "--hardware": hardware, "--secret": secret, "--domain": domain}
    if static:
        check_static({name for name, value in given.items() if value})
    check_hardware(hardware)
    check_domain(domain)
    check_found(run, model, revision, static=static)
    opening = Opening(sdk="static" if static else "gradio", hardware=hardware, secrets=secrets_of(secret or ()))
    asked = Asked(
        repo=repo, public=public, overwrite=overwrite, tag=tag, dry_run=dry_run, out=out,
        record=Path(run) if Path(run).is_dir() else None, opening=opening,
    )  # fmt: skip
    check_asked(asked)
    there = not static and not dry_run and is_there(repo, output.say)
    if static and public:
        from app.hub.static_public import warn_of_opening

        warn_of_opening(run, output)
    if static:
        output.say(tr("Le modèle est lu…", "Reading the model…"))
        from app.quiet import load_keras

        load_keras()
        from app.hub.static_parcel import static_parcel

        parcel = static_parcel(run, repo=repo, title=title_of(repo), say=output.say)
    else:
        parcel = gradio_parcel(run, model, revision, domain, asked, output, there=there)
    sent = deliver(parcel, replace(asked, opening=replace(opening, secrets={})) if there else asked, output)
    if sent and there:
        renew(repo, opening.secrets, output)
    if sent:
        _see_it_run(sent, asked, output, wait=not no_wait)


def gradio_parcel(
    run: str, model: str | None, revision: str | None, domain: str | None, asked: "Asked", output: Output, *, there: bool
) -> "Parcel":  # fmt: skip
    """The page that Gradio serves, with the model from its own repository.

    Args:
        run: of the command line, as the three that follow.
        model: of ``--model``.
        revision: of ``--revision``.
        domain: of ``--domain``.
        asked: the options of every push.
        output: where it is said what the page will be.
        there: whether the Space exists, and has its secrets.

    Raises:
        InputError: there is no such model, or the Space could not read it.
        WorldError: the Hub does not answer.
    """
    from app.hub.space_model import model_of, pinned
    from app.hub.space_parcel import Page, space_parcel
    from app.hub.space_secrets import TOKEN, check_readable
    from app.hub.space_shown import shown_of

    assert asked.opening
    secrets, hardware = asked.opening.secrets, asked.opening.hardware
    found, private = pinned(model_of(run, model, revision), look=not asked.dry_run)
    if private and not there and not asked.dry_run:
        check_readable(found.repo, secrets)
    _warn_of_token(secrets.get(TOKEN), output)
    if hardware == "zero-a10g":
        output.say(tr("ZeroGPU ne prête ses cartes qu'à PyTorch : le modèle y calcule sur le processeur.",
                      "ZeroGPU lends its cards to PyTorch alone: the model computes on the processor there."))  # fmt: skip
    return space_parcel(
        Page(
            title=title_of(asked.repo), model=found, shown=shown_of(run, found.repo, domain, output), hardware=hardware,
        )
    )  # fmt: skip


def title_of(repo: str) -> str:
    """Of the Space: the repository's name."""
    return repo.rpartition("/")[2]


def check_hardware(hardware: str | None) -> None:
    """Refuses what the Hub does not have.

    Raises:
        InputError: it lists what there is.
    """
    if hardware is None:
        return
    from huggingface_hub import SpaceHardware

    known = [each.value for each in SpaceHardware]
    if hardware not in known:
        names = ", ".join(known)
        raise InputError(
            tr(f"--hardware : « {hardware} » n'existe pas sur le Hub. Il y a :\n{names}",
               f"--hardware: the Hub has no “{hardware}”. There are:\n{names}")
        )  # fmt: skip


def check_found(run: str, model: str | None, revision: str | None, *, static: bool) -> None:
    """Refuses a wrong name before secrets, the network and Keras.

    Raises:
        InputError: no such folder or model.
    """
    if not static:
        from app.hub.space_model import model_of

        model_of(run, model, revision)
        return
    from chatbot.known_models import kaggle_handles
    from chatbot.locate import EMBEDDED, locate

    if Path(run).is_dir():
        locate(run)
    elif run not in EMBEDDED and not run.startswith(("hf://", "kaggle://")) and run not in kaggle_handles():
        raise InputError(
            tr(f"{run} : pas de dossier de ce nom. Donnez un entraînement (runs/…), mini ou hf://propriétaire/modèle.",
               f"{run}: no such folder. Give a run (runs/…), mini or hf://owner/model.")
        )  # fmt: skip


def check_domain(domain: str | None) -> None:
    """Refuses a domain that is none.

    Raises:
        InputError: no such domain, or a file with an error.
    """
    from app.reasoning import NONE
    from chatbot.reasoning.domain_file import load_domain

    if domain and domain.lower() not in NONE:
        load_domain(domain)


def _warn_of_token(token: str | None, output: Output) -> None:
    """A Space whose secret leaks should not let anybody write."""
    from huggingface_hub import get_token

    if token and token == get_token():
        output.warn(tr("le secret HF_TOKEN est le jeton qui vous sert à écrire. Un jeton qui peut seulement lire suffit au Space : "
                       "--secret HF_TOKEN=VARIABLE.",
                       "the secret HF_TOKEN is the token that you write with. One that can only read is enough for the Space: "
                       "--secret HF_TOKEN=VARIABLE."))  # fmt: skip


def check_static(given: set[str]) -> None:
    """Refuses what has no effect on a page whose model computes in the browser.

    Raises:
        InputError: it lists them.
    """
    if given:
        names = ", ".join(sorted(given))
        raise InputError(
            tr(f"{names} : sans effet avec --static, où rien ne calcule sur le Hub. À retirer.",
               f"{names}: no effect with --static, where nothing computes at the Hub. Leave it out.")
        )  # fmt: skip


def _see_it_run(sent: "Sent", asked: "Asked", output: Output, *, wait: bool) -> None:
    """Waits for the page; where nothing was new (files, secrets) the Hub has nothing to notice first."""
    from app.hub.space_ready import Rhythm, Waiting

    assert asked.opening
    if not wait:
        output.say(
            tr(f"Le Space se construit sans vous : {sent.url}", f"The Space is being built without you: {sent.url}")
        )
        return
    rhythm = Rhythm() if sent.sent or sent.removed or asked.opening.secrets else Rhythm(grace=0)
    Waiting(
        repo=sent.repo, url=sent.url, output=output, secrets=asked.opening.secrets, commit=sent.commit, rhythm=rhythm
    ).until_it_runs()
