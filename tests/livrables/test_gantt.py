"""The Gantt: drawn for print, and as Mermaid that no title can break."""

import io
import re
from dataclasses import replace

import pytest
from PIL import Image

from livrables.colours import HUES, LATE, tint
from livrables.gantt import gantt_mermaid, gantt_png, initials
from livrables.pandoc import read_tree
from livrables.syntax_tree import Pages
from tests.livrables.a_team_file import HOSTILE, TODAY, tasks_under_way, the_team


def colours_in(png: bytes) -> tuple[tuple[int, int], dict[str, int]]:
    """Its size, and how many pixels each colour has."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    return image.size, {"#" + bytes(colour).hex(): count for count, colour in image.getcolors(1 << 24)}


def test_it_is_drawn_as_wide_as_a_page_with_a_colour_per_member():
    team = the_team()
    size, colours = colours_in(gantt_png(team, tasks_under_way(team), TODAY))
    assert size == (1220, 1680)  # at 200 dots per inch: no smaller in a report
    assert set(HUES[:6]) <= set(colours) and LATE in colours and tint(HUES[0]) in colours


def test_without_tasks_only_todays_line_is_red():
    team = replace(the_team(), name="$x$ _a_")
    size, within = colours_in(gantt_png(team, [], TODAY))
    _, before = colours_in(gantt_png(team, [], team.start.replace(year=2020)))
    line = within[LATE] - before.get(LATE, 0)
    assert size == (1220, 852) and line > 350  # from top to bottom; the legend's frame is in both
    assert tint(HUES[0]) not in within


def test_a_report_shows_it_as_large_as_it_is_drawn(tmp_path):
    (tmp_path / "gantt.png").write_bytes(gantt_png(the_team(), tasks_under_way(the_team()), TODAY))
    pages = Pages.of(read_tree("![Gantt](gantt.png)"), tmp_path, tmp_path)
    width = re.search(r"'width', '([\d.]+)cm'", str(pages.blocks))
    assert width and float(width[1]) == pytest.approx(6.1 * 2.54, abs=0.1)


def test_members_of_the_same_initials_are_told_apart():
    team = the_team()
    alike = replace(team, members=tuple(replace(one, name=name) for one, name in zip(team.members, NAMES, strict=True)))
    assert list(initials(alike).values()) == ["ZM1", "AB", "ZM3", "JPD", "X", "É"]


def test_mermaid_has_a_section_per_deliverable_and_its_due_date():
    team = the_team()
    text = gantt_mermaid(team, tasks_under_way(team))
    assert text.startswith("gantt\n    title Les Bavards\n    dateFormat YYYY-MM-DD\n")
    assert text.count("    section ") == 9 and text.count(":milestone, ") == 8
    assert "À rendre ∶ Premiers pas avec GPT-2 :milestone, 2026-10-19, 0d" in text
    assert re.search(
        r"    1\. Réunion de lancement.* \(.*\) :done, 2026-09-07, 2026-09-10\n", text
    )  # its end is excluded
    assert ":active, " in text


def test_no_title_breaks_mermaid():
    team = the_team()
    tasks = [replace(task, title=title) for task, title in zip(tasks_under_way(team), TITLES, strict=False)]
    lines = gantt_mermaid(replace(team, name="a:b;#c %%d"), tasks).splitlines()
    for line in lines[4:]:
        assert re.fullmatch(r"    (section [^:;#]+|[^:;#<>`]+ :[a-z]*,? ?\d{4}-\d\d-\d\d, [\d-]+d?)", line), line
    assert not any("%%" in line for line in lines) and lines[1] == "    title a∶b,♯c % %d"


NAMES = ["Zoé Martin", "ali benali", "Zac Morel", "Jean-Paul Durand", "X", "É"]
TITLES = [
    "click x href",
    "done :crit",
    "section x\ntitle y",
    "%%%{init: {}}%%",
    "a; b",
    "#35; x",
    "--- y",
    "<b>",
    "```",
    HOSTILE,
]
