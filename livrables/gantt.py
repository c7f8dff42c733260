"""The team's Gantt, drawn for reports (PNG) and written for Markdown pages (Mermaid)."""

import io
import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from chatbot.language import tr, typeset
from datasets_prep.atlas.figures import plain
from datasets_prep.atlas.look import INK, LINE, SOFT, WHITE
from livrables.colours import LATE, NOBODY, colour_of, tint
from livrables.days import short_day
from livrables.deliverable import COURSE
from livrables.syntax_tree import WHOLE_PAGE
from livrables.task import Task
from livrables.team import Member, Team

WIDTH, HIGHEST, DPI = 6.1, 8.4, 200  # inches: what a page of the reports shows without making it smaller
ROW = 0.17  # inches of a task
AROUND = 2.9  # inches above and below the tasks
SIZE = 9  # points of all text
LONGEST, FEW = 31, 8  # characters of a title; rows that are drawn at least
BRIEF = 20  # characters of labels of which three stand side by side
WEEKS = 10  # dates below, at most
PERIOD = 0.3  # inches that a period's number and its manager's initials need
NEAR = 14  # of two due dates nearer than this part of the days, the later one bears its number on the right
HATCHES = ("", "///", "...", "xxx")  # past eight members colours come again


def gantt_png(team: Team, tasks: Sequence[Task], today: date) -> bytes:
    """The tasks as bars in their owners' colours, periods and managers above, due dates as diamonds, today as a line.

    A page is high enough for some forty tasks; the rows of more are less high, and their titles smaller.

    Args:
        team: whose calendar it is.
        tasks: a row each.
        today: what is late is counted to.
    """
    from matplotlib.figure import Figure

    rows = max(len(tasks), FEW)
    figure = Figure(figsize=(WIDTH, min(HIGHEST, AROUND + ROW * rows)), dpi=DPI, layout="constrained", facecolor=WHITE)
    figure.suptitle(plain(f"{team.name} · Gantt"), x=0.012, ha="left", color=INK, fontsize=13, fontweight="bold")
    axes = figure.add_subplot()
    _frame(axes, team, tasks, rows)
    _bands(axes, team)
    for row, task in enumerate(tasks):
        _bar(axes, row, task, team, today, _size(rows))
    _diamonds(axes, team)
    _today(axes, today, rows)
    _legend(figure, team, tasks)
    written = io.BytesIO()
    figure.savefig(written, format="png", metadata={"Software": None, "Comment": WHOLE_PAGE})
    return written.getvalue()


def _frame(axes: Any, team: Team, tasks: Sequence[Task], rows: int) -> None:
    """Axes: days across, tasks down; the due dates have the row above the first."""
    first = min([team.start, *(task.first for task in tasks)])
    last = max(
        [team.calendar[-1].last, *(task.last for task in tasks), *(one.due(team) for one in COURSE if one.number)]
    )
    axes.set_xlim(_day(first), _day(last) + 1)
    axes.set_ylim(rows + 0.6, -1.9)  # today's date has the row below the last
    axes.set_yticks(range(len(tasks)), [plain(_title(task)) for task in tasks], fontsize=_size(rows), color=INK)
    every = 7 * (1 + (last - first).days // (7 * WEEKS))
    mondays = range(_day(first) + (-first.weekday()) % 7, _day(last) + 1, every)
    axes.set_xticks(
        mondays, [short_day(date.fromordinal(day)) for day in mondays], fontsize=SIZE, color=SOFT, rotation=60,
        ha="right", rotation_mode="anchor",
    )  # fmt: skip
    axes.tick_params(length=0)
    axes.grid(axis="x", color=LINE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)


def _bands(axes: Any, team: Team) -> None:
    left, right = axes.get_xlim()
    told = 1 + int(PERIOD * (right - left) / (7 * team.weeks * WIDTH / 2))  # narrow ones: every second, third…
    short = initials(team)
    for period in team.calendar:
        left, right = _day(period.first), _day(period.last) + 1
        if period.number % 2:
            axes.axvspan(left, right, color="#eef3f3", zorder=0)
        if period.number % told == 1 % told:
            text = f"{period.number}\n{plain(short[period.manager])}"
            axes.text((left + right) / 2, -2.0, text, ha="center", va="bottom", fontsize=SIZE, color=INK, linespacing=1.15)  # fmt: skip
    axes.text(-0.005, -2.0, tr("Période\nManager", "Period\nManager"), transform=axes.get_yaxis_transform(), ha="right",
              va="bottom", fontsize=SIZE, color=SOFT, linespacing=1.15)  # fmt: skip


def _bar(axes: Any, row: int, task: Task, team: Team, today: date, size: float) -> None:
    """Light for all of it, full for the share that is done, a red frame and the days where it is late."""
    colour, late = colour_of(task.owner, team), task.late(today)
    place = team.members.index(task.owner) if task.owner else 0
    left, hatch = _day(task.first), HATCHES[place // 8 % len(HATCHES)] if task.owner else "\\\\\\"
    common = {"left": left, "height": 0.66, "zorder": 3}
    axes.barh(row, task.days, color=tint(colour), edgecolor=LATE if late else colour, linewidth=1.3 if late else 0.7,
              hatch=hatch, **common)  # fmt: skip
    if task.share:
        axes.barh(row, task.days * task.share, color=colour, **common)
    done = "✓" if task.state == "done" else tr(f"+{late}\u00a0j", f"+{late}\u00a0d") if late else ""
    said = " ".join(filter(None, [plain(initials(team)[task.owner]) if task.owner else "", done]))
    middle = sum(axes.get_xlim()) / 2
    on_the_right = left + task.days < middle * 0.4 + axes.get_xlim()[1] * 0.6
    if said:
        axes.annotate(said, (left + task.days if on_the_right else left, row), (3 if on_the_right else -3, 0),
                      textcoords="offset points", ha="left" if on_the_right else "right", va="center", fontsize=size,
                      color=LATE if late else INK, zorder=6,
                      bbox={"facecolor": WHITE, "alpha": 0.75, "edgecolor": "none", "pad": 0.2})  # fmt: skip


def _diamonds(axes: Any, team: Team) -> None:
    """The deliverables' due dates; several of one day share a diamond."""
    numbers: dict[date, list[int]] = {}
    for one in COURSE:
        if one.number is not None:
            numbers.setdefault(one.due(team), []).append(one.number)
    before = None
    for due in sorted(numbers):
        left, right = axes.get_xlim()
        place, near = _day(due) + 0.5, before is not None and (due - before).days * NEAR < right - left
        axes.plot([place], [-1], marker="D", markersize=7, color=INK, zorder=5, clip_on=False)
        axes.annotate(", ".join(map(str, numbers[due])), (place, -1), (6 if near else -6, 0), textcoords="offset points",
                      ha="left" if near else "right", va="center", fontsize=SIZE, fontweight="bold", color=INK)  # fmt: skip
        before = due
        axes.axvline(place, color=SOFT, linewidth=0.6, linestyle=(0, (2, 3)), zorder=1)
    axes.text(-0.005, -1, tr("Livrables à rendre", "Deliverables due"), transform=axes.get_yaxis_transform(), ha="right",
              va="center", fontsize=SIZE, fontweight="bold", color=INK)  # fmt: skip


def _today(axes: Any, today: date, rows: int) -> None:
    left, right = axes.get_xlim()
    if left <= _day(today) < right:
        place = _day(today) + 0.5
        axes.axvline(place, color=LATE, linewidth=1.4, zorder=4)
        said = tr(f"aujourd'hui, {short_day(today)}", f"today, {short_day(today)}")
        side = "left" if place < (left + right) / 2 else "right"
        axes.annotate(said, (place, rows + 0.55), (3 if side == "left" else -3, 0), textcoords="offset points", ha=side,
                      va="bottom", fontsize=SIZE, color=LATE, zorder=6)  # fmt: skip


def _legend(figure: Any, team: Team, tasks: Sequence[Task]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    short = initials(team)
    marks: list[Any] = [
        Patch(facecolor=colour_of(member, team), hatch=HATCHES[place // 8 % len(HATCHES)],
              label=plain(_cut(f"{short[member]} {member.name}", LONGEST - 4)))
        for place, member in enumerate(team.members)
    ]  # fmt: skip
    if any(task.owner is None for task in tasks):
        marks.append(Patch(facecolor=tint(NOBODY), edgecolor=NOBODY, hatch="\\\\\\", label=tr("personne", "nobody")))
    marks.append(Patch(facecolor="#8a9698", label=typeset(tr("plein : fait", "full: done"))))
    marks.append(Patch(facecolor=tint("#8a9698"), edgecolor=LATE, linewidth=1.3, label=tr("en retard", "late")))
    marks.append(Line2D([], [], marker="D", linestyle="", color=INK, label=tr("livrable à rendre", "deliverable due")))
    columns = 3 if max(len(one.get_label()) for one in marks) <= BRIEF else 2
    figure.legend(
        handles=marks, loc="outside lower center", ncols=columns, frameon=False, fontsize=SIZE, columnspacing=1.2
    )


def initials(team: Team) -> dict[Member, str]:
    """ "ZM" of each member; where several have the same, each with the place in the team."""
    names = ["".join(part[0] for part in re.split(r"[\s-]+", one.name) if part)[:3].upper() for one in team.members]
    return {
        member: name if names.count(name) == 1 else f"{name}{place}"
        for place, (member, name) in enumerate(zip(team.members, names, strict=True), start=1)
    }


def _size(rows: int) -> float:
    """Points of what stands in a row: less where a page is too low for the rows."""
    return min(SIZE, 72 * (HIGHEST - AROUND) / rows)


def _title(task: Task) -> str:
    return _cut(f"{task.number}. {task.title}", LONGEST)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def _day(day: date) -> int:
    return day.toordinal()


# What would end a title of Mermaid or begin something else, and what stands for it.
MERMAID = str.maketrans({":": "\u2236", ";": ",", "#": "\u266f", "<": "\u2039", ">": "\u203a", "`": "'",
                         "{": "(", "}": ")", "\\": "/", "&": "+", '"': "\u201d"})  # fmt: skip
MERMAID_STATES = {"done": "done, ", "doing": "active, ", "todo": ""}


def gantt_mermaid(team: Team, tasks: Sequence[Task]) -> str:
    """The Gantt as GitHub draws it from a block of Markdown: a section per deliverable, due dates as milestones."""
    lines = ["gantt", f"    title {_safe(team.name)}", "    dateFormat YYYY-MM-DD", "    axisFormat %d/%m"]
    for one in (one for one in COURSE if one.number is not None):
        name = tr(f"Livrable {one.number}", f"Deliverable {one.number}")
        lines.append(f"    section {name}")  # a longer name would lie under the bars
        lines += [_mermaid_task(task) for task in tasks if task.deliverable == one.number]
        due = one.due(team)
        lines.append(f"    {tr('À rendre', 'Due')} ∶ {_safe(tr(*one.title))} :milestone, {due}, 0d")
    running = [task for task in tasks if task.deliverable is None]
    if running:
        lines += [f"    section {tr('Courantes', 'Running')}", *map(_mermaid_task, running)]
    return "\n".join(lines) + "\n"


def _mermaid_task(task: Task) -> str:
    """ "12. Titre (Zoé) :done, 2026-09-07, 2026-09-10"; Mermaid's end is the day after the last."""
    owner = f" ({_safe(task.owner.name)})" if task.owner else ""
    end = task.last + timedelta(days=1)
    return f"    {task.number}. {_safe(task.title)}{owner} :{MERMAID_STATES[task.state]}{task.first}, {end}"


def _safe(text: str) -> str:
    return re.sub("%(?=%)", "% ", " ".join(text.split()).translate(MERMAID))  # two of them begin a comment
