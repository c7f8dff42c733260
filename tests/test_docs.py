"""The documentation is tested: every command and option it should name is there, and commands it shows exist."""

import re
from pathlib import Path

import pytest

from app.cli import app
from docs.reference import PAGE, reference
from training.config import RECIPES, load_config

ROOT = Path(__file__).resolve().parents[1]
GUIDE = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> dict[str, set[str]]:
    """Every command with its long options, as typer knows them; a group with those of its commands."""
    from typer.main import get_command

    group = get_command(app)
    return {
        name: {
            word
            for one in (command, *getattr(command, "commands", {}).values())
            for parameter in one.params
            for word in [*parameter.opts, *parameter.secondary_opts]
            if word.startswith("--")
        }
        for name, command in group.commands.items()
    }


def test_the_reference_is_what_the_code_says():
    assert PAGE.read_text(encoding="utf-8") == reference()


def passage(command: str) -> str:
    """What the guide says of a command: the calls it shows, and all of the sections where it is the only one shown."""
    shown = rf"^causette {command}\b.*$"
    calls = re.findall(shown, GUIDE, flags=re.MULTILINE)
    sections = [
        section
        for section in GUIDE.split("\n## ")
        if set(re.findall(r"^causette (\w+)", section, flags=re.MULTILINE)) == {command}
    ]
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


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_has_a_range_and_a_reason(file):
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    for line in lines:
        if line and not line.startswith(("#", "-r ")):
            assert re.match(r"[\w.-]+>=[\d.]+,<[\d.]+ +# \w", line), line


@pytest.mark.parametrize("text", [GUIDE, README], ids=["guide", "readme"])
def test_commands_shown_exist(text):
    known = commands()
    for line in re.findall(r"^causette .*$", text, flags=re.MULTILINE):
        words = line.split("#")[0].split()
        assert words[1] in known, line
        for word in words[2:]:
            if word.startswith("--"):
                assert word in known[words[1]] | {"--lang", "--debug"}, line


@pytest.mark.parametrize("recipe", sorted(path.stem for path in RECIPES.glob("*.yaml")))
def test_every_recipe_is_valid(recipe):
    assert load_config(recipe, {"data": "d", "out": "o"}).model
