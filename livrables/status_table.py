"""The status on a terminal: a line per deliverable, those of several members together."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from chatbot.language import tr
from livrables.days import figures_of
from livrables.status import Stage, Standing, Status

LOOKS: dict[Stage, str] = {"done": "green", "incomplete": "yellow", "missing": "yellow", "later": "dim"}


def status_table(status: Status) -> list[Any]:
    """Renderables: the deliverables, the reports of the periods that have begun, late tasks, what is due next."""
    once = [one for one in status.standings if one.document.period is None]
    begun = [one for one in status.standings if one.document.period and one.document.period.first <= status.today]
    shown: list[Any] = [
        _deliverables(
            tr(f"{status.team.name}, le {figures_of(status.today)}", f"{status.team.name}, {figures_of(status.today)}"),
            once,
        )
    ]
    if begun:
        shown.append(_deliverables(tr("Rapports des périodes commencées", "Reports of the periods begun"), begun))
    if status.late_tasks:
        shown.append(_late_tasks(status))
    shown += [one.problem for one in status.standings if one.problem]
    return [*shown, *_older(status), *_summary(status)]


def _older(status: Status) -> list[str]:
    """What was laid out of an older text; the first few by name."""
    names = [name for one in status.standings for name in one.older]
    if not names:
        return []
    more = tr(f" et {len(names) - 6} autres", f" and {len(names) - 6} more") if len(names) > 6 else ""
    return [tr(f"Pages plus anciennes que le texte : {', '.join(names[:6])}{more}. Relancez causette livrables build.",
               f"Pages older than the text: {', '.join(names[:6])}{more}. Run causette livrables build again.")]  # fmt: skip


def _deliverables(title: str, standings: Sequence[Standing]) -> Any:
    from rich.markup import escape
    from rich.table import Table

    drawn = Table(title=escape(title), title_justify="left", header_style="bold")
    for name in (
        tr("N°", "No."),
        tr("Livrable", "Deliverable"),
        tr("À rendre", "Due"),
        tr("État", "State"),
        tr("Reste à faire", "Left to do"),
    ):
        drawn.add_column(name, overflow="fold")
    for _, group in groupby(standings, key=lambda one: (one.document.deliverable.key, one.document.period)):
        drawn.add_row(*_row(list(group)))
    return drawn


def _row(group: Sequence[Standing]) -> list[Any]:
    from rich.markup import escape

    first = group[0].document
    period = f" ({first.period.number})" if first.period else ""
    number = str(first.deliverable.number or "–")
    return [
        number,
        escape(tr(*first.deliverable.title) + period),
        figures_of(first.due),
        _state(group),
        escape(_left(group)),
    ]


def _state(group: Sequence[Standing]) -> Any:
    """The state of the group, or how many are done where its members differ."""
    from rich.text import Text

    late = any(one.late for one in group)
    states = {one.state for one in group}
    if len(states) == 1:
        said, look = _word(group[0].state), LOOKS[group[0].state]
    else:
        done = sum(one.state == "done" for one in group)
        said, look = tr(f"{done} sur {len(group)} faits", f"{done} of {len(group)} done"), "yellow"
    if late:
        said, look = tr(f"en retard ({said})", f"late ({said})"), "bold red"
    return Text(said, style=look)


def _word(state: Stage) -> str:
    words = {"done": tr("fait", "done"), "incomplete": tr("à compléter", "to complete"),
             "missing": tr("pas construit", "not built"), "later": tr("à venir", "to come")}  # fmt: skip
    return words[state]


def _left(group: Sequence[Standing]) -> str:
    """ "2 places à écrire, 3 mesures à faire"; with the members whose document is not done, where there are several."""
    places = sum(len(one.unwritten) for one in group)
    measures = len({key for one in group for key in one.unmeasured})
    parts = []
    if places:
        parts.append(
            f"{places} "
            + (tr("place à écrire", "place to write") if places == 1 else tr("places à écrire", "places to write"))
        )
    if measures:
        parts.append(
            f"{measures} "
            + (tr("mesure à faire", "measure to take") if measures == 1 else tr("mesures à faire", "measures to take"))
        )
    names = [one.document.member.name for one in group if one.document.member and one.state != "done"]
    if len(group) > 1 and 0 < len(names) < len(group):
        parts.append(", ".join(names))
    return tr(" ; ", "; ").join(parts)


def _late_tasks(status: Status) -> Any:
    from rich.markup import escape
    from rich.table import Table

    drawn = Table(title=tr("Tâches en retard", "Late tasks"), title_justify="left", header_style="bold")
    for name in (
        tr("N°", "No."),
        tr("Tâche", "Task"),
        tr("Qui", "Who"),
        tr("Fin prévue", "Planned end"),
        tr("Jours", "Days"),
    ):
        drawn.add_column(name, overflow="fold")
    for task in status.late_tasks:
        owner = task.owner.name if task.owner else tr("personne", "nobody")
        drawn.add_row(
            str(task.number), escape(task.title), escape(owner), figures_of(task.last), str(task.late(status.today))
        )
    return drawn


def _summary(status: Status) -> list[str]:
    counts, done = status.counts, sum(task.state == "done" for task in status.tasks)
    total = len(status.standings)
    lines = [tr(f"Documents : {counts['done']} faits sur {total}, {counts['late']} en retard. Tâches : {done} faites sur {len(status.tasks)}, {len(status.late_tasks)} en retard.",
                f"Documents: {counts['done']} of {total} done, {counts['late']} late. Tasks: {done} of {len(status.tasks)} done, {len(status.late_tasks)} late.")]  # fmt: skip
    if coming := status.next_due:
        titles = dict.fromkeys(tr(*one.document.deliverable.title) for one in coming)
        day = figures_of(coming[0].document.due)
        lines.append(tr(f"Prochaine échéance, le {day} : ", f"Due next, on {day}: ") + " ; ".join(titles))
    return lines
