"""A team, tasks and material made for the tests of the documents: some of it measured, some not, some of it hostile."""

from datetime import date
from pathlib import Path, PurePosixPath

from livrables.fact import Fact, Source, unmeasured
from livrables.material import Material, Optimisation, Picture, RunFacts, SampleFacts, VoteFacts
from livrables.tasks import Task
from livrables.team import Member, Team

RUN = Source(path=PurePosixPath("runs/faq/metrics.json"), sha256="0123456789abcdef" * 4, date="2026-10-01T10:00:00")
DATA = Source(path=PurePosixPath("data/faq/manifest.json"), sha256="fedcba9876543210" * 4, date="2026-09-20")
HOSTILE = (
    "<b>x</b> | [lien](http://mal.example) ![i](a.png) $x^2$ `c` *gras* <!-- équipe : contexte --> www.mal.example"
)


def a_team() -> Team:
    members = (Member(name="Zoé Martin", github="zoe", key="zoe-martin"), Member(name="Ali Benali", key="ali-benali"))
    return Team(name="Les Bavards", domain="marchés publics", members=members, start=date(2026, 9, 7), managers=members,
                periods=3, repositories={"code": "https://forge.example/bavards"})  # fmt: skip


def some_tasks(team: Team) -> list[Task]:
    zoe, ali = team.members
    return [
        Task(number=1, title="Choisir le domaine", deliverable=1, owner=zoe, hours=4, spent=5, first=date(2026, 9, 7),
             last=date(2026, 9, 11), state="done", mark=15),
        Task(number=2, title="Nettoyer | les données", deliverable=4, owner=ali, hours=7.5, spent=None,
             first=date(2026, 9, 14), last=date(2026, 9, 25), state="todo"),
    ]  # fmt: skip


def measured(key: str, value: float | int | str, text: str, source: Source = RUN) -> Fact:
    return Fact(key=key, value=value, text=text, source=source, pointer=f"/{key}")


def a_run(folder: Path, curve: Picture | None = None) -> RunFacts:
    """A run of which only some things were measured."""
    nothing = {name: unmeasured(f"run.faq.{name}", "causette train") for name in RunFacts.__dataclass_fields__}
    return RunFacts(**{
        **nothing, "folder": folder, "name": "faq", "versions": (), "settings": (("Époques", measured("run.faq.epochs", 3, "3")),),
        "loss_before": measured("run.faq.loss_before", 3.5, "3,50"), "loss_after": measured("run.faq.loss_after", 2.61, "2,61"),
        "base": measured("run.faq.base", HOSTILE, HOSTILE), "findings": (), "curve": curve,
        "samples": (SampleFacts(question="Où ?", expected="Là", before=HOSTILE, after="Là-bas\n\n# Titre", source=RUN),),
    })  # fmt: skip


def material(folder: Path, run: RunFacts | None = None) -> Material:
    """What was found in a work folder in which little was done yet."""
    votes = VoteFacts(conclusion="", **{name: unmeasured(f"votes.{name}", "causette serve") for name in
                                        ("persons", "votes", "preference", "ties", "thumbs_up", "thumbs_down")})  # fmt: skip
    return Material(folder=folder, sets=(), runs=(run,) if run else (), run=run, data=None, comparison=None,
                    optimisation=Optimisation(searches=(), sweeps=()), votes=votes, trials=(), captures=())  # fmt: skip
