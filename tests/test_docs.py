"""The documentation is tested: every command and option it should name is there, and commands it shows exist."""

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from app.cli import app
from docs import reference
from tests.guide_pages import ALL, ENGLISH, FRENCH, GUIDE, MADE, WRITTEN, anchors, code_spans, fences, links
from training.config import RECIPES, load_config

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EVERYWHERE = {"--lang", "--debug", "--help"}


@cache
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


def named_command(line: str) -> str:
    """The command that a call names; "" for none."""
    known = sorted(commands(), key=len, reverse=True)
    return next((name for name in known if f"{line} ".startswith(f"causette {name} ")), "")


@cache
def shown_commands(text: str) -> list[tuple[str, str]]:
    """The calls that a text shows: the command and the whole line."""
    lines = re.findall(r"^(?:!|srun |[A-Z_]+=\S+ |!\w+=\S+ )*(causette .*)$", text, flags=re.MULTILINE)
    return [(named_command(line), line) for line in lines]


def test_the_reference_is_what_the_code_says():
    for page, text in reference.pages().items():
        assert page.read_text(encoding="utf-8") == text, f"{page}: run python -m docs.reference"


def test_the_english_reference_is_what_the_code_says():
    done = subprocess.run(
        [sys.executable, "-m", "docs.reference", "--lang", "en", "--check"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_the_reference_has_every_command_and_option():
    for page, text in (("commandes.md", FRENCH["commandes.md"]), ("en/commands.md", ENGLISH["en/commands.md"])):
        for name, options in commands().items():
            _, found, section = text.partition(f"`causette {name}`\n")
            assert found, (page, name)
            section = re.split(r"^## ?#?", section, flags=re.MULTILINE)[0]
            assert [one for one in options - {"--help"} if f"`{one}" not in section] == [], (page, name)


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


@pytest.mark.parametrize("page", sorted(ALL))
def test_pages_are_wrapped(page):
    made = ("|", "causette", "#") if page in MADE else ("|", "causette")
    long = [line for line in ALL[page].splitlines() if len(line) > 120 and not line.startswith(made)]
    assert page in MADE or page == "pdf_lecture.md" or long == []
    assert all(len(line) <= 200 for line in long)  # an option whose name alone is long, an older page


def test_the_readme_is_wrapped():
    prose = [line for line in README.splitlines() if not line.startswith(("|", "causette"))]
    assert max(map(len, prose)) <= 120


def pictures(text: str) -> list[tuple[str, str]]:
    return re.findall(r"!\[(.*?)\]\((.*?)\)", text, flags=re.DOTALL)


@pytest.mark.parametrize(("text", "folder"), [(GUIDE, "docs"), (README, ".")], ids=["guide", "readme"])
def test_pictures_exist_are_small_and_are_described(text, folder):
    assert pictures(text)
    for described, place in pictures(text):
        if place.startswith("https://"):  # a badge
            continue
        assert described.strip(), place
        assert (ROOT / folder / place).stat().st_size <= 150_000, place


def test_no_picture_is_left_over():
    shown = {(ROOT / "docs" / place).name for text in ALL.values() for _, place in pictures(text)}
    assert {path.name for path in (ROOT / "docs" / "images").iterdir()} == shown


@pytest.mark.parametrize("page", sorted(ALL))
def test_links_lead_somewhere(page):
    """To sections of this page and of others, and to files of the repository."""
    for link in links(ALL[page]):
        place, _, section = link.partition("#")
        if re.match(r"\w+:", place):
            continue
        target = (ROOT / "docs" / page).parent / place if place else ROOT / "docs" / page
        assert target.is_file(), link
        assert not section or section in anchors(target.read_text(encoding="utf-8")), link


def test_links_of_the_readme_lead_somewhere():
    for place in links(README):
        if not re.match(r"\w+:", place):
            target, _, section = place.partition("#")
            assert (ROOT / target).exists(), place
            assert not section or section in anchors((ROOT / (target or "README.md")).read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", sorted(ALL))
def test_addresses_of_other_sites_are_well_formed(page):
    from urllib.parse import urlsplit

    text = re.sub(r"`[^`]*`", "", re.sub(r"^```.*?^```", "", ALL[page], flags=re.MULTILINE | re.DOTALL))
    for address in re.findall(r"\]\((\w+:[^)]*)\)|<(\w+:[^>]*)>", text):
        parts = urlsplit(next(filter(None, address)))
        assert parts.scheme in ("https", "http"), address
        assert re.fullmatch(r"[\w-]+(\.[\w-]+)+|localhost:\d+", parts.netloc), address
        assert parts.scheme == "https" or parts.netloc.startswith("localhost"), address


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


def check_call(name: str, line: str) -> None:
    known = commands()
    assert name, line
    for word in line.split("#")[0].split():
        if word.startswith("--"):
            assert word.partition("=")[0] in known[name] | EVERYWHERE, line


@pytest.mark.parametrize("page", [*sorted(ALL), "README.md"])
def test_commands_shown_exist(page):
    for name, line in shown_commands(README if page == "README.md" else ALL[page]):
        if page not in MADE:
            check_call(name, line)


@pytest.mark.parametrize("page", sorted({*WRITTEN, *ENGLISH} - set(MADE)))
def test_commands_named_in_a_sentence_exist(page):
    groups = {name.split()[0] for name in commands() if " " in name}
    for span in code_spans(ALL[page]):
        if span.startswith("causette ") and span.removeprefix("causette ") not in groups:
            check_call(named_command(span.replace("…", " … ")), span)


def test_the_guide_shows_the_five_commands_of_the_deliverables():
    shown = {name for name, _ in shown_commands(FRENCH["livrables.md"])}
    assert shown == {name for name in commands() if name.startswith("livrables ")}
    assert len(shown) == 5


@cache
def source_text() -> str:
    """All of the program's text, literals that stand one under the other joined."""
    files = subprocess.run(
        ["git", "ls-files", "app", "chatbot", "datasets_prep", "livrables", "training"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    text = "\n".join(Path(ROOT, file).read_text(encoding="utf-8") for file in files if file.endswith(".py"))
    return re.sub(r"\s+", " ", re.sub(r'"\s*\n\s*f?"', "", text).replace("\\u00a0", " ").replace("\u00a0", " "))


def test_the_messages_of_the_guide_are_those_of_the_program():
    """Each message that the page of cures quotes stands in the code, around what is different each time (…)."""
    source = source_text()
    rows = re.findall(r"^\| `([^`]+)` \|", FRENCH["depannage.md"], flags=re.MULTILINE)
    assert len(rows) > 25
    for message in rows:
        pieces = [piece.strip() for piece in message.replace("\u00a0", " ").split("…")]
        for piece in pieces:
            if len(piece) > 9:
                assert piece in source, (message, piece)


def python_blocks() -> list[tuple[str, str]]:
    return [(page, block) for page, text in ALL.items() for block in fences(text, "python")]


@pytest.mark.parametrize(("page", "block"), python_blocks(), ids=[page for page, _ in python_blocks()])
def test_python_in_the_guide_compiles(page, block):
    compile(block, page, "exec")


@pytest.fixture(scope="module")
def work(tmp_path_factory, tiny_preset) -> Path:
    """A work folder with a real run, `runs/boutique`: a tiny model after a few steps."""
    from datasets_prep.prepare import PrepareConfig, prepare
    from training.config import validated
    from training.fit import train

    folder = tmp_path_factory.mktemp("work")
    rows = [f"Quels sont vos délais {place} ?,{place} jours" for place in range(24)]
    (folder / "faq.csv").write_text("\n".join(["question,reponse", *rows, ""]), encoding="utf-8")
    prepare(PrepareConfig(sources=(str(folder / "faq.csv"),), out=folder / "faq", near_question=1.0, near_answer=1.0))
    options = {"max_steps": 3, "rows": 2, "row_length": 64, "learning_rate": 3e-3, "compile": False, "samples": 0}
    values = {"data": folder / "faq", "out": folder / "runs" / "boutique", "model": str(tiny_preset), "fit": options}
    train(validated(values, "test"))
    return folder


def said_by(block: str, folder: Path) -> list[str]:
    """The lines that a block of the guide prints, run in a work folder as a reader would."""
    done = subprocess.run(
        [sys.executable, "-c", block], cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_two_lines_before_and_after_training_run(work):
    [block] = fences(FRENCH["introduction.md"], "python")
    text = "\n".join(said_by(block, work))
    before, _, after = text.partition("Après :")
    assert before.startswith("Avant : ") and before.removeprefix("Avant :").strip() != after.strip()
    assert 'ModelRunner("mini")' in block and 'ModelRunner("runs/boutique")' in block


def test_the_tokens_of_the_guide_are_those_of_the_model(tmp_path):
    [block] = fences(FRENCH["tokenisation.md"], "python")
    said = said_by(block, tmp_path)
    learnt = [line for line in said if line.endswith(" appris")]
    assert [line.split("'")[1] for line in learnt] == [" En", " route", ".", ""] and len(said) == 22
    drawn = re.search(r"^appris +(.*)$", FRENCH["tokenisation.md"], flags=re.MULTILINE)
    assert drawn and "".join(drawn[1].split()) == "".join("x" if line in learnt else "." for line in said)


@pytest.mark.parametrize("recipe", sorted(path.stem for path in RECIPES.glob("*.yaml")))
def test_every_recipe_is_valid(recipe):
    assert load_config(recipe, {"data": "d", "out": "o"}).model
