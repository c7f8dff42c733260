"""The folder of a Gradio Space: what is in it and what is not."""

import ast
import json
import re
import shutil
import sys
from importlib.metadata import packages_distributions, requires, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from app.hub.space_card import LONGEST_DESCRIPTION, short_description
from app.hub.space_imports import OURS, ROOT
from app.hub.space_requirements import HUB_EXTRAS, NOT_CALLED
from app.main import main
from tests.app.exhibited import prepared, trained
from tests.app.space_folder import COMMIT, constants, header, written
from tests.hub_cards import card_errors

# What none of ours asks for by itself, for it comes with what we do ask for.
COME_WITH = {"h11": "uvicorn", "llvmlite": "numba", "ml-dtypes": "keras"}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("space")


@pytest.fixture(scope="module")
def free(place, tiny_preset):
    """A run on data that may be passed on."""
    data = place / "data" / "boutique"
    assert main(["prepare", "embedded:boutique_commande", "--out", str(data)]) == 0
    return trained(place, tiny_preset, data, name="boutique")


@pytest.fixture(scope="module")
def closed(place, tiny_preset):
    """A run on data of which nobody knows whether they may be passed on."""
    return trained(place, tiny_preset, prepared(place))


@pytest.fixture(scope="module")
def folder(free, place):
    return written(free, place / "folder", "--model", "zoe/faq", "--revision", COMMIT)


def pins(folder):
    lines = (folder / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return {canonicalize_name(one.name): one for one in map(Requirement, lines)}


def modules(file):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def test_every_import_is_satisfied_in_the_folder_alone(folder):
    known = packages_distributions()
    for file in folder.rglob("*.py"):
        for name in modules(file):
            first = name.split(".")[0]
            if first in OURS:
                path = folder / Path(*name.split("."))
                assert path.with_suffix(".py").is_file() or (path / "__init__.py").is_file(), f"{file}: {name}"
            elif first not in sys.stdlib_module_names and first not in NOT_CALLED:
                assert canonicalize_name(known[first][0]) in pins(folder), f"{file}: {name}"


def test_it_holds_the_chat_and_the_page_and_no_more(folder):
    names = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    assert {"README.md", "app.py", "domain.yaml", "exhibits.json", "requirements.txt", "app/page/serve.py"} <= names
    assert {name.split("/")[0] for name in names if "/" in name} == {"app", "chatbot"}
    assert {name.split("/")[1] for name in names if name.startswith("app/")} == {"__init__.py", "feedback", "page"}
    assert not any("presets" in name or "app/hub" in name or "pdf" in name for name in names)
    assert not {"pymupdf", "pandas", "typer", "rich", "optuna", "jax", "kagglehub"} & pins(folder).keys()
    assert sum((folder / name).stat().st_size for name in names) < 3_000_000


def test_nothing_of_this_machine_is_in_it(folder, place):
    for file in folder.rglob("*"):
        assert not file.is_file() or str(place).encode() not in file.read_bytes(), file


def test_what_is_required_is_pinned_to_what_is_here_and_known_to_us(folder):
    ours = {canonicalize_name(Requirement(line.partition("#")[0]).name)
            for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
            if line.partition("#")[0].strip()}  # fmt: skip
    for name, pin in pins(folder).items():
        assert name in ours or COME_WITH[name] in pins(folder)
        assert str(pin.specifier).startswith("==")
        if name != "pydantic":  # see below
            assert str(pin.specifier) == f"=={version(name)}"


def test_the_hub_can_install_gradio_beside_it(folder):
    """It installs gradio[oauth,mcp] with the file in one go: a pin outside of that would end the building."""
    for line in requires("gradio"):
        wanted = Requirement(line)
        pin = pins(folder).get(canonicalize_name(wanted.name))
        if pin and (wanted.marker is None or any(wanted.marker.evaluate({"extra": one}) for one in HUB_EXTRAS)):
            (exact,) = pin.specifier
            assert exact.version in wanted.specifier, line


def test_the_header_says_how_to_run_it(folder):
    told = header(folder)
    assert card_errors("space", (folder / "README.md").read_text(encoding="utf-8")) == ([], [])
    assert (told["sdk"], told["sdk_version"], told["app_file"]) == ("gradio", version("gradio"), "app.py")
    assert told["python_version"] == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert told["models"] == ["zoe/faq"] and told["title"] == "page" and not told["pinned"]
    assert "preload_from_hub" not in told and "suggested_hardware" not in told
    assert len(short_description("x" * 90)) == LONGEST_DESCRIPTION


def test_names_of_others_are_no_markdown_in_its_readme():
    from app.hub.space_card import card
    from app.hub.space_model import ModelAt

    about = {"data": "jeu\n\n# Titre", "attributions": ["Zoé\n\n# Faux titre <img src=x>"],
             "data_licences": [{"fr": "[CC](http://a)", "en": "-"}]}  # fmt: skip
    text = card({"title": "page"}, ModelAt(repo="zoe/faq](http://b) <b>", revision=COMMIT), about, None)
    assert "\n# Titre" not in text and "\n# Faux" not in text and "<" not in text.partition("# page")[2]
    assert "\\[CC\\]" in text and "faq\\](http://b" in text and "Zoé" in text
    assert "](https://huggingface.co/zoe/faq)" in card({"title": "page"}, ModelAt(repo="zoe/faq"), about, None)


def test_the_program_has_the_pages_values_at_its_top(folder, free):
    told = constants(folder)
    assert (told["MODEL"], told["REVISION"], told["TITLE"]) == ("zoe/faq", COMMIT, "page")
    assert told["LANGUAGE"] == "fr" and told["SAMPLING"]["max_new_tokens"] == 160 and told["HARDWARE"] == "cpu-basic"
    assert len(told["EXAMPLES"]) == 4 and all(isinstance(each, str) for each in told["EXAMPLES"])
    assert "noqa" not in (folder / "app.py").read_text(encoding="utf-8")


def test_the_runs_decoding_and_language_go_along(free, place, tmp_path):
    from chatbot.sampling import Sampling
    from training.decoding import write_decoding
    from training.runs import RunFolder

    run = RunFolder.open(free)
    write_decoding(run, Sampling(temperature=0.5, top_p=0.9, repetition_penalty=1.1), {})
    try:
        told = constants(written(free, tmp_path / "out", "--model", "zoe/faq", "--revision", COMMIT, "--lang", "en"))
    finally:
        run.decoding_file.unlink()
    assert told["LANGUAGE"] == "en"
    assert told["SAMPLING"] == {"temperature": 0.5, "top_p": 0.9, "repetition_penalty": 1.1, "max_new_tokens": 160}


def test_the_same_call_writes_the_same_bytes(folder, free, tmp_path):
    again = written(free, tmp_path / "again", "--model", "zoe/faq", "--revision", COMMIT)
    files = [file.relative_to(folder) for file in sorted(folder.rglob("*")) if file.is_file()]
    assert files == [file.relative_to(again) for file in sorted(again.rglob("*")) if file.is_file()]
    assert all((folder / name).read_bytes() == (again / name).read_bytes() for name in files)


def test_of_data_that_may_not_be_passed_on_nothing_is_shown(closed, tmp_path, capsys):
    folder = written(closed, tmp_path / "out", "--model", "zoe/faq", "--revision", COMMIT)
    assert "aucun de ses dialogues" in capsys.readouterr().err
    assert constants(folder)["EXAMPLES"] == []
    shown = (folder / "exhibits.json").read_text(encoding="utf-8")
    assert "Elle est partie" not in shown and "Où est la commande" not in shown


def test_of_free_data_dialogues_are_carried(folder):
    from app.page.exhibit_json import from_json
    from app.page.trained import Exhibits
    from chatbot.files import read_json

    found = from_json(Exhibits, read_json(folder / "exhibits.json"))
    assert found.model == found.about.name == "zoe/faq" and len(found.data.dialogues) == 100
    assert found.data.missing is None


def test_folders_of_here_name_nothing_in_the_space(folder, closed, tmp_path):
    shown = json.loads((folder / "exhibits.json").read_text(encoding="utf-8"))
    title = shown["data"]["sources"][0]["title"]["fr"]
    readme = (folder / "README.md").read_text(encoding="utf-8").replace("\N{NO-BREAK SPACE}", " ")
    assert f"du jeu « {title} »".replace("\N{NO-BREAK SPACE}", " ") in readme and title != "boutique"
    assert shown["data"]["name"] == shown["about"]["data"] == title
    assert shown["training"]["name"] == "faq" and shown["training"]["measure_command"] == "causette compare runs/faq"
    moved = tmp_path / "moved"
    shutil.copytree(closed, moved)
    config = (moved / "config.yaml").read_text(encoding="utf-8")
    (moved / "config.yaml").write_text(re.sub("(?m)^data: .*$", "data: /nowhere/dossier", config), encoding="utf-8")
    away = written(moved, tmp_path / "out", "--model", "zoe/page-faq", "--revision", COMMIT)
    told = (away / "exhibits.json").read_text(encoding="utf-8")
    assert "n'est plus à la place" not in told and "dossier" not in (json.loads(told)["data"]["name"])
    assert json.loads(told)["training"]["name"] == "page-faq"


def test_the_domain_is_the_runs_or_the_one_asked_for_or_none(folder, free, tmp_path):
    call = ["--model", "zoe/faq", "--revision", COMMIT]
    assert (folder / "domain.yaml").read_bytes() == (ROOT / "chatbot/domains/boutique.yaml").read_bytes()
    other = written(free, tmp_path / "other", *call, "--domain", "sante")
    assert (other / "domain.yaml").read_bytes() == (ROOT / "chatbot/domains/sante.yaml").read_bytes()
    assert not (written(free, tmp_path / "none", *call, "--domain", "aucun") / "domain.yaml").exists()


def test_mini_is_carried_along(tmp_path):
    folder = written("mini", tmp_path / "out")
    assert constants(folder)["MODEL"] == "mini" and "models" not in header(folder)
    assert (folder / "chatbot/presets/mini/model.weights.h5").stat().st_size > 1_000_000
    assert main(["push", "space", "mini", "--repo", "zoe/page", "--model", "zoe/faq", "--revision", COMMIT, "--dry-run",
                 "--out", str(tmp_path / "sent")]) == 0  # fmt: skip
    assert not (tmp_path / "sent/chatbot/presets").exists()


@pytest.mark.parametrize(
    ("hardware", "wanted", "python"),
    [("t4-small", "tensorflow[and-cuda]==", None), ("cpu-upgrade", "\ntensorflow==", None), ("zero-a10g", "spaces>=", "3.12")],
)  # fmt: skip
def test_hardware_decides_what_is_installed(free, tmp_path, hardware, wanted, python, capsys):
    folder = written(free, tmp_path / "out", "--model", "zoe/faq", "--revision", COMMIT, "--hardware", hardware)
    assert wanted in (folder / "requirements.txt").read_text(encoding="utf-8")
    assert header(folder)["suggested_hardware"] == constants(folder)["HARDWARE"] == hardware
    assert python is None or header(folder)["python_version"] == python
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert ("processeur" in text and "processeur" in capsys.readouterr().err) == (hardware == "zero-a10g")
