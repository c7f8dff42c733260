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
    """Every command with its long options, as typer knows them."""
    from typer.main import get_command

    group = get_command(app)
    return {
        name: {
            word
            for parameter in command.params
            for word in [*parameter.opts, *parameter.secondary_opts]
            if word.startswith("--")
        }
        for name, command in group.commands.items()
    }


def test_the_reference_is_what_the_code_says():
    assert PAGE.read_text(encoding="utf-8") == reference()


def test_the_guide_names_every_command_and_option():
    for name, options in commands().items():
        assert f"causette {name}" in GUIDE, name
        for option in options - {"--help", "--json"}:
            assert option in GUIDE, f"{name} {option}"


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
