"""A colour per member, the same in the workbook and in the Gantt; whoever confuses hues still tells them apart.

Okabe & Ito (2008), https://jfly.uni-koeln.de/color; their black is left for text, a grey takes its place.
"""

from livrables.team import Member, Team

HUES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#6b6b6b")
NOBODY = "#b9c0c0"
LATE = "#b3261e"


def colour_of(member: Member | None, team: Team) -> str:
    """The colour of a member's tasks; past eight members they come again."""
    return HUES[team.members.index(member) % len(HUES)] if member else NOBODY


def tint(colour: str, share: float = 0.35) -> str:
    """The colour on white paper, this much of it."""
    parts = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return "#" + "".join(f"{round(255 - (255 - part) * share):02x}" for part in parts)
