"""What a worked example's page shows to run: its commands, read from the page itself, so that the two cannot drift apart."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from chatbot.errors import InputError
from chatbot.language import tr

EXAMPLES = Path(__file__).parent
PAGE = "LISEZMOI.md"
FILES = "fichiers"  # folder of the work folder that holds the user's own files
SMALL, WHOLE = "En petit", "En vrai"  # titles of the sections


@dataclass(frozen=True, kw_only=True)
class Command:
    """A call that a page shows.

    Args:
        line: as it stands on the page, without its comment.
        words: after "causette".
        stdin: the file that `< file` names; None without.
    """

    line: str
    words: tuple[str, ...]
    stdin: str | None = None


def names() -> list[str]:
    """The examples that there are."""
    return sorted(page.parent.name for page in EXAMPLES.glob(f"*/{PAGE}") if SMALL in page.read_text(encoding="utf-8"))


def commands(name: str, *, small: bool) -> list[Command]:
    """The commands of a page's section, in their order.

    Raises:
        InputError: there is no such example.
    """
    if name not in names():
        raise InputError(
            tr(f"{name} : pas d'exemple de ce nom. Au choix : {', '.join(names())}.",
               f"{name}: no example of that name. One of: {', '.join(names())}.")
        )  # fmt: skip
    text = (EXAMPLES / name / PAGE).read_text(encoding="utf-8")
    return [read_command(line) for line in block(text, SMALL if small else WHOLE)]


def block(text: str, title: str) -> list[str]:
    """The lines of the first fenced block under a title."""
    found = re.search(rf"^## {title}\b.*?^```\w*\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    assert found, f"no block under “{title}”"
    return [line for line in found[1].splitlines() if line.strip() and not line.startswith("#")]


def read_command(line: str) -> Command:
    """A line as words, the way a shell reads it.

    >>> read_command("causette chat runs/faq < questions.txt   # quelques questions")
    Command(line='causette chat runs/faq < questions.txt', words=('chat', 'runs/faq'), stdin='questions.txt')
    """
    shown = re.sub(r"\s+#\s.*", "", line).strip()
    program, *words = shlex.split(shown)
    assert program == "causette", line
    if "<" not in words:
        return Command(line=shown, words=tuple(words))
    place = words.index("<")
    return Command(line=shown, words=tuple(words[:place]), stdin=words[place + 1])


def own_files(wanted: list[Command]) -> list[str]:
    """The files of the user's that commands read: those in `fichiers/`."""
    return sorted({word for command in wanted for word in command.words if word.startswith(f"{FILES}/")})
