"""The end of every `causette push`: the parcel written for a look (``--dry-run``), or sent, and what became of it."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

from app.hub.asked import Asked, Opening, Sent
from app.hub.client import client
from app.hub.greeting import greet
from app.hub.parcel import Parcel
from app.hub.patience import Patience
from app.hub.pushed import Pushed, note_pushed, pushed
from app.hub.sending import Sending
from app.hub.told import tell_sent, tell_written
from app.output import Output
from chatbot.errors import InputError, disk_reason
from chatbot.language import tr

__all__ = ["Asked", "Opening", "Sent", "check_asked", "deliver"]
SIGNS = re.compile(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+")
TAG = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")


def deliver(parcel: Parcel, asked: Asked, output: Output, *, patience: Patience | None = None) -> Sent | None:
    """Writes or sends a parcel, and prints what was done: the list of its files with sizes, the address, the tag.

    Args:
        parcel: the files.
        asked: the options.
        output: where it is told.
        patience: with the network; some two minutes by default.

    Returns:
        What was sent; None after a dry run.

    Raises:
        InputError: a wrong name, no token or one without the right, a repository that was changed from elsewhere.
        WorldError: the network or the Hub failed, and where it stopped.
    """
    _check_options(asked)
    if asked.dry_run:
        folder = asked.out or Path("hub") / asked.repo.partition("/")[2]
        parcel.write(folder)
        tell_written(parcel, folder, asked, output)
        return None

    def note(commit: str, tag: str | None) -> None:
        push = Pushed(repo=asked.repo, commit=commit, tag=tag, date=date.today().isoformat(), public=sending.public)
        _note(parcel, asked, push, output)

    # Noted before its tag too: else a push whose tag did not arrive would seem somebody else's to the next one.
    sending = Sending(
        client(), parcel, asked, output, patience or Patience(say=output.say), arrived=lambda commit: note(commit, None)
    )
    sent = sending.send()
    note(sent.commit, sent.tag)
    tell_sent(parcel, sent, output)
    return sent


def check_asked(asked: Asked, *, patience: Patience | None = None) -> None:
    """What can be told before minutes of work: the name, the tag, options that go together, the token and its rights.

    Raises:
        InputError: one of them is wrong.
        WorldError: the Hub does not answer.
    """
    _check_options(asked)
    if not asked.dry_run:
        greet(asked, patience=patience)


def _check_options(asked: Asked) -> None:
    _check_name(asked.repo)
    if asked.out and not asked.dry_run:
        raise InputError(
            tr("--out est le dossier de --dry-run : ajoutez --dry-run, ou retirez --out.",
               "--out is the folder of --dry-run: add --dry-run, or leave --out out.")
        )  # fmt: skip
    if asked.public and asked.must_be_private:
        raise InputError(
            tr("--public : ce qui est envoyé ne peut être que privé.", "--public: what is sent may only be private.")
        )
    if asked.tag is not None and (not TAG.fullmatch(asked.tag) or ".." in asked.tag or asked.tag in ("main", "HEAD")):
        raise InputError(
            tr(f"--tag : des lettres, des chiffres, et - _ . entre eux, comme v2 ou v1.0. Reçu : « {asked.tag} »",
               f"--tag: letters, digits, and - _ . between them, like v2 or v1.0. Received: “{asked.tag}”")
        )  # fmt: skip


def _check_name(repo: str) -> None:
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    owner, slash, name = repo.partition("/")
    try:
        # The pattern first: the library's older versions take any letter of any language.
        if not (owner and slash and name and SIGNS.fullmatch(repo)):
            raise HFValidationError(repo)
        validate_repo_id(repo)
    except HFValidationError:
        raise InputError(
            tr(f"--repo : QUI/NOM, comme zoe/faq : des lettres sans accent, des chiffres, et - _ . entre eux (ni -- ni ..),\n"
               f"96 signes au plus. Reçu : « {repo} »",
               f"--repo: WHO/NAME, like zoe/faq: letters without accents, digits, and - _ . between them (neither -- nor ..),\n"
               f"96 signs at most. Received: “{repo}”")
        ) from None  # fmt: skip


def _note(parcel: Parcel, asked: Asked, push: Pushed, output: Output) -> None:
    """Notes in the user's folder where it was sent, unless that is noted; what is on the Hub is there even so."""
    if asked.record is None:
        return
    known = pushed(asked.record, parcel.kind)
    if known and replace(known, date=push.date) == push:
        return
    try:
        note_pushed(asked.record, parcel.kind, push)
    except OSError as error:
        output.warn(
            tr(f"{asked.record} : l'envoi n'a pas pu y être noté ({disk_reason(error)}).",
               f"{asked.record}: the push could not be noted there ({disk_reason(error)}).")
        )  # fmt: skip
