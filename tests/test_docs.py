"""The documentation is tested: every command and option it should name is there, and commands it shows exist."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli import app
from docs.reference import PAGE, reference
from training.config import RECIPES, load_config

ROOT = Path(__file__).resolve().parents[1]
GUIDE = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> dict[str, set[str]]:
    """Every command with its long options, as typer knows them; those of a group as "data list"."""
    from typer.main import get_command

    def options(command) -> set[str]:
        words = (word for parameter in command.params for word in [*parameter.opts, *parameter.secondary_opts])
        return {word for word in words if word.startswith("--")}

    known: dict[str, set[str]] = {}
    for name, command in get_command(app).commands.items():
        for second, below in getattr(command, "commands", {"": command}).items():
            known[f"{name} {second}".strip()] = options(below)
    return known


def shown_commands(text: str) -> list[tuple[str, str]]:
    """The calls that a text shows: the command and the whole line."""
    lines = re.findall(r"^causette .*$", text, flags=re.MULTILINE)
    known = sorted(commands(), key=len, reverse=True)
    return [(next((name for name in known if f"{line} ".startswith(f"causette {name} ")), ""), line) for line in lines]


def test_the_reference_is_what_the_code_says():
    assert PAGE.read_text(encoding="utf-8") == reference()


def passage(command: str) -> str:
    """What the guide says of a command: the calls it shows, and all of the sections where it is the only one shown."""
    calls = [line for name, line in shown_commands(GUIDE) if name == command]
    sections = [text for text in GUIDE.split("\n## ") if {name for name, _ in shown_commands(text)} == {command}]
    return "\n".join([*calls, *sections])


def named(option: str, text: str) -> bool:
    return re.search(rf"(?<![\w-]){option}(?![\w-])", text) is not None


@pytest.mark.parametrize("command", sorted(commands()))
def test_the_guide_names_every_command_and_option(command):
    text = passage(command)
    assert text
    assert [option for option in commands()[command] - {"--help", "--json"} if not named(option, text)] == []


def test_an_option_is_not_named_by_a_longer_one_or_by_another_command():
    assert not named("--to", "causette pretrain textes --tokens 5") and named("--to", "écrivez `--to` ici")
    assert "--top-p" in passage("chat") and "--top-p" not in passage("serve")


def test_the_guide_and_the_help_name_every_recipe():
    from typer.testing import CliRunner

    shown = CliRunner().invoke(app, ["train", "--help"], env={"COLUMNS": "200"}).output
    for path in RECIPES.glob("*.yaml"):
        assert named(path.stem, GUIDE) and named(path.stem, shown), path.stem


def test_the_guide_and_the_readme_are_wrapped():
    for text in (GUIDE, README):
        prose = [line for line in text.splitlines() if not line.startswith(("|", "causette"))]
        assert max(map(len, prose)) <= 120


@pytest.mark.parametrize(("text", "folder"), [(GUIDE, "docs"), (README, ".")], ids=["guide", "readme"])
def test_pictures_exist_are_small_and_are_described(text, folder):
    pictures = re.findall(r"!\[(.*?)\]\((.*?)\)", text, flags=re.DOTALL)
    assert pictures
    for described, place in pictures:
        assert described.strip(), place
        assert (ROOT / folder / place).stat().st_size <= 150_000, place


def test_no_picture_is_left_over():
    shown = {(ROOT / "docs" / place).name for place in re.findall(r"\]\(images/(.*?)\)", GUIDE)}
    assert {path.name for path in (ROOT / "docs" / "images").iterdir()} == shown


def anchor(title: str) -> str:
    """The address of a section, as GitHub and GitLab make it of its title."""
    return re.sub(r"[^\w\- ]", "", title.lower().replace("\u00a0", "")).strip().replace(" ", "-")


def test_links_inside_the_guide_lead_somewhere():
    sections = {anchor(title) for title in re.findall(r"^#+ (.*)$", GUIDE, flags=re.MULTILINE)}
    links = re.findall(r"\]\(#(.*?)\)", GUIDE)
    assert links and [link for link in links if link not in sections] == []


def test_links_to_files_of_the_repository_lead_somewhere():
    for text, folder in ((GUIDE, ROOT / "docs"), (README, ROOT)):
        for place in re.findall(r"\]\(([^)#:]+)\)", text):
            assert (folder / place).exists(), place


def test_pictures_are_taken_by_a_command():
    done = subprocess.run(
        [sys.executable, "-m", "docs.screenshots", "--help"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and "--out" in done.stdout, done.stderr


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_has_a_range_and_a_reason(file):
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    for line in lines:
        if line and not line.startswith(("#", "-r ")):
            assert re.match(r"[\w.-]+>=[\d.]+,<[\d.]+ +# \w", line), line


@pytest.mark.parametrize("text", [GUIDE, README], ids=["guide", "readme"])
def test_commands_shown_exist(text):
    known = commands()
    for name, line in shown_commands(text):
        assert name, line
        for word in line.split("#")[0].split():
            if word.startswith("--"):
                assert word in known[name] | {"--lang", "--debug"}, line


@pytest.mark.parametrize("recipe", sorted(path.stem for path in RECIPES.glob("*.yaml")))
def test_every_recipe_is_valid(recipe):
    assert load_config(recipe, {"data": "d", "out": "o"}).model
