"""Votes of a user test as facts, from the numbers that the floor above counts: this one cannot read its file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chatbot.language import number, tr
from livrables import told
from livrables.fact import Fact, unmeasured
from livrables.parts import VoteFacts
from livrables.pointers import joined, leaf
from livrables.reading import UNREADABLE, Reader

FILE = "feedback.sqlite"
FEW_VOTES, FEW_PERSONS = 20, 5  # under these nothing is said of what people prefer


def vote_facts(reader: Reader, run: Path) -> VoteFacts:
    """What the votes on a run say; "not measured" without any.

    Args:
        reader: of the work.
        run: its folder, below that of the work.
    """
    place, study = _study(reader.votes or {}, run)
    unseen = "test" in study.get("splits", {})
    part: Mapping[str, Any] = study["splits"]["test"] if unseen else study.get("overall", {})
    where = joined("studies", place, *(("splits", "test") if unseen else ("overall",)))
    rate = part.get("win_rate") or {}
    thumbs = next((name for name in (reader.votes or {}).get("thumbs", {}) if leaf(name) == run.name), "")
    ask = f"causette serve {run.as_posix()} --user-test"
    talk = f"causette serve {run.as_posix()}"
    return VoteFacts(
        persons=_fact(reader, "persons", f"/studies/{place}/overall/persons", told.count, ask),
        votes=_fact(reader, "votes", f"/studies/{place}/overall/votes", told.count, ask),
        preference=_fact(reader, "preference", f"{where}/win_rate/value", told.share(rate.get("low"), rate.get("high")), ask),
        ties=_ties(reader, where, part, ask),
        conclusion=_conclusion(part, unseen),
        thumbs_up=_fact(reader, "thumbs_up", joined("thumbs", thumbs, "up"), told.count, talk),
        thumbs_down=_fact(reader, "thumbs_down", joined("thumbs", thumbs, "down"), told.count, talk),
    )  # fmt: skip


def _study(votes: Mapping[str, Any], run: Path) -> tuple[int | str, Mapping[str, Any]]:
    """The newest one of that run in which somebody voted, with its place; else an empty one, which has no place."""
    found = [
        (place, study)
        for place, study in enumerate(votes.get("studies", ()))
        if leaf(study["main"]) == run.name and study["overall"]["votes"]
    ]
    return found[-1] if found else ("none", {})


def _fact(reader: Reader, name: str, pointer: str, how: Any, cure: str) -> Fact:
    """With the file of votes as its source: the numbers come from above, the hash from here."""
    key = f"votes.{name}"
    try:
        file = Path((reader.votes or {})["file"])
        value = reader.value(file, f"votes:{pointer}")
        return Fact(key=key, value=value, text=how(value), source=reader.source(file), pointer=f"votes:{pointer}")
    except UNREADABLE:
        return unmeasured(key, cure)


def _ties(reader: Reader, where: str, part: Mapping[str, Any], cure: str) -> Fact:
    """Votes that preferred neither, of the same questions as the preference."""
    if not part:
        return unmeasured("votes.ties", cure)
    return _fact(reader, "ties", f"{where}/both_good+{where}/both_bad", told.count, cure)


def _conclusion(part: Mapping[str, Any], unseen: bool) -> str:
    """What may be said: a preference only where the sign test and both intervals agree, see `app.feedback.report`."""
    if not part:
        return ""
    asked = tr("Questions jamais vues", "Unseen questions") if unseen else tr("Toutes questions", "All questions")
    few = part["votes"] < FEW_VOTES or part["persons"] < FEW_PERSONS
    caution = tr(f" C'est peu : {number(part['votes'])} vote(s) de {number(part['persons'])} personne(s).",
                 f" That is little: {number(part['votes'])} vote(s) of {number(part['persons'])} person(s).") if few else ""  # fmt: skip
    if not part["shown"]:
        return tr(f"{asked} : rien ne montre que l'un des deux modèles soit préféré.{caution}",
                  f"{asked}: nothing shows that either model is preferred.{caution}")  # fmt: skip
    specialised = part["win_rate"]["value"] > 0.5
    winner = tr("spécialisé", "specialised") if specialised else tr("générique", "generic")
    return tr(
        f"{asked} : le modèle {winner} est préféré.{caution}", f"{asked}: the {winner} model is preferred.{caution}"
    )
