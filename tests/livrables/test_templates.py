"""The texts of the deliverables: every one in both languages, with everything measured and with nothing."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from chatbot.language import set_language
from livrables.deliverable import COURSE, documents
from livrables.documents import render
from livrables.drafting import TEMPLATES, Before, Draft, draft
from livrables.material import Material, material_of
from livrables.own import own_of
from livrables.team import Work
from livrables.workspace import Workspace
from tests.livrables.all_facts import everything, nothing
from tests.livrables.made import a_team, some_tasks

NAMES = tuple(deliverable.key for deliverable in COURSE)
TODAY = date(2026, 9, 21)
MATERIALS = {"everything": everything, "nothing": nothing}
SOURCES = sorted(TEMPLATES.glob("*/*.jinja"))
EXPRESSION = re.compile(r"\{[{%].*?[%}]\}|```.*?```|`[^`]*`", re.DOTALL)
LITERAL = re.compile(r'"([^"\n]*)"')


def drawn(name: str, language: str, material: Material, folder: Path) -> Draft:
    set_language(language)
    (folder / "team.yaml").write_text("name: x\n")
    (folder / "tasks.csv").write_text("title\n")
    team = a_team()
    tasks = some_tasks(team)
    own = own_of(Workspace(folder), folder, team, tasks, TODAY)
    gantt = material.captures[0] if material.captures else None
    if name == "presentation":
        scope = {"team": team, "tasks": tasks, "material": material, "today": TODAY, "own": own, "gantt": gantt}
        return draft(name, stem=name, before=Before(), scope=scope)
    document = next(one for one in documents(team) if one.deliverable.key == name)
    return render(document, team=team, tasks=tasks, material=material, before="", today=TODAY, own=own, gantt=gantt)


@pytest.mark.parametrize("found", MATERIALS)
@pytest.mark.parametrize("name", (*NAMES, "presentation"))
def test_both_languages_print_the_same_facts_and_places(name, found, tmp_path):
    french, english = (drawn(name, language, MATERIALS[found](tmp_path), tmp_path) for language in ("fr", "en"))
    assert [fact.key for fact in french.facts] == [fact.key for fact in english.facts]
    assert list(french.places) == list(english.places)
    assert french.places
    assert list(french.pictures) == list(english.pictures)
    assert levels(french.markdown) == levels(english.markdown)


@pytest.mark.parametrize("language", ("fr", "en"))
def test_a_real_work_folder_fills_them(language, work, tmp_path):
    """A run, its set with an atlas and its comparison, made by the real commands."""
    set_language(language)
    material = material_of(work, Work(), rendus=tmp_path)
    made = {name: drawn(name, language, material, tmp_path) for name in NAMES}
    assert {"train", "validation", "test"} <= {fact.key.rsplit(".", 1)[-1] for fact in made["4-nuages"].facts}
    for name in ("2-donnees", "4-nuages", "5-affinage", "7-comparaison", "8-optimisation"):
        assert "## Sources" in made[name].markdown
        assert str(work) not in made[name].markdown
    assert not [fact.key for fact in made["5-affinage"].facts if not fact.measured]
    assert made["4-nuages"].pictures and made["5-affinage"].pictures
    head = next(
        line for line in made["7-comparaison"].markdown.splitlines() if line.startswith(("| Mesure |", "| Measure |"))
    )
    assert head.count("|") == 6, "the reference, the specialised model, the gap and what it shows"


@pytest.mark.parametrize(
    ("language", "told"), [("fr", "2 questions tirées au sort"), ("en", "2 questions drawn at random")]
)
def test_answers_stand_side_by_side_five_of_the_test_and_two_of_other_parts(language, told, tmp_path):
    material = everything(tmp_path)
    splits = tuple(replace(one, side_by_side=(("q", "e", ("a", "b")),) * 5) for one in material.comparison.splits)
    material = replace(material, comparison=replace(material.comparison, splits=splits))
    text = drawn("7-comparaison", language, material, tmp_path).markdown
    assert len(re.findall(r"^#### Question \d$", text, re.MULTILINE)) == 5 + 2
    assert text.count(told) == 1 and text.count("`comparison.md`") == 1


def levels(markdown: str) -> list[int]:
    return [len(mark) for mark in re.findall(r"^(#+) ", markdown, re.MULTILINE)]


@pytest.mark.parametrize("language", ("fr", "en"))
@pytest.mark.parametrize("name", (*NAMES, "presentation"))
def test_an_empty_work_folder_reads_well(name, language, tmp_path):
    text = drawn(name, language, nothing(tmp_path), tmp_path).markdown
    assert not re.search(r"Rien à montrer ici|Nothing to show here", text)
    assert not re.search(r"\b(None|Undefined|Fact\(|runs/material)\b", text)
    assert not re.search(r"^#+ .*\n+(?=#)(?!###)", text.split("## Travail à faire")[0], re.MULTILINE), (
        "a heading with nothing below"
    )


@pytest.mark.parametrize("name", NAMES[2:8])
def test_what_was_not_measured_is_said_and_listed_with_its_cure(name, tmp_path):
    text = drawn(name, "fr", nothing(tmp_path), tmp_path).markdown
    assert "causette" in text
    if name not in ("3-premiers-pas", "6-prototype"):
        assert "**non\N{NO-BREAK SPACE}mesuré**" in text
        assert "causette material." in text.split("## Travail à faire")[1]


@pytest.mark.parametrize("name", NAMES[2:8])
def test_every_measured_number_has_its_source(name, tmp_path):
    drafted = drawn(name, "fr", everything(tmp_path), tmp_path)
    assert not [fact for fact in drafted.facts if not fact.measured and not fact.key.startswith("own.")]
    assert "## Sources" in drafted.markdown


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("2-donnees", ("attribution", "personal", "strictest", "licence_address", "terms.train")),
        ("4-nuages", ("read", "kept", "rejected", "reasons.0.1", "words.1.1", "lengths.0.1", "cleaning.0.1")),
        ("5-affinage", ("loss_before", "loss_after", "perplexity_after", "settings.0.1", "versions.1.1", "truncated")),
        ("7-comparaison", ("values.0", "difference", "failures.0.1.0", "categories.0.1.1", "preference", "persons")),
        ("8-optimisation", ("best_value", "importance.0.1", "sweeps.0.gain", "runs.1.loss_after")),
    ],
)
def test_a_deliverable_prints_what_the_course_asks_of_it(name, wanted, tmp_path):
    keys = [fact.key for fact in drawn(name, "fr", everything(tmp_path), tmp_path).facts]
    assert [end for end in wanted if not any(key.endswith(end) for key in keys)] == []


def test_running_reports_show_the_tasks_hours_and_marks(tmp_path):
    manager = drawn("rapport-manager", "fr", nothing(tmp_path), tmp_path).markdown
    assert "| Zoé Martin | 1 | 1 | 0 | 0 | 4 | 5 |" in manager
    assert "Moyenne des notes de la période\N{NO-BREAK SPACE}: 15" in manager
    alone = drawn("rapport-individuel", "fr", nothing(tmp_path), tmp_path).markdown
    assert "Choisir le domaine" in alone
    assert "Nettoyer" not in alone


def words_of(source: str) -> list[str]:
    """What a reader sees of a template: its text, and the texts within its expressions."""
    inside = [text for one in EXPRESSION.findall(source) if one[0] == "{" for text in LITERAL.findall(one)]
    return [EXPRESSION.sub("", source), *(EXPRESSION.sub("", text) for text in inside)]


@pytest.mark.parametrize("template", [file for file in SOURCES if file.parent.name == "fr"], ids=lambda file: file.name)
def test_french_punctuation_has_its_no_break_blanks(template):
    for text in words_of(template.read_text(encoding="utf-8")):
        assert not re.findall(r"[^\n]{0,30} [:;?!»%](?!\w)", text), "U+00A0 before : ; ? ! » %"
        assert not re.findall(r"«(?!\N{NO-BREAK SPACE})[^\n]{0,30}", text), "U+00A0 after «"
        assert not re.findall(r"[^\n]{0,30}[^\W\d](?:[;?!](?!\w)|:(?=\s))", text), "U+00A0 before : ; ? !"


@pytest.mark.parametrize("template", [file for file in SOURCES if file.parent.name == "en"], ids=lambda file: file.name)
def test_english_has_none(template):
    assert not re.findall(r"[^\n]{0,30}\N{NO-BREAK SPACE}", template.read_text(encoding="utf-8"))


@pytest.mark.parametrize("template", SOURCES, ids=lambda file: f"{file.parent.name}-{file.name}")
def test_no_measure_is_written_by_hand(template):
    """Decimals, shares and long numbers are measures: general knowledge is listed here, with its source in the text."""
    known = {"95%", "100", "124", "117", "50257", "1024"}
    text = re.sub(r"https?://\S+|L\d+-\d+(?:-\d+)?|\b\d+/\d+/(?:CE|EC)|\(U[EU]\) \d+/\d+|\(EU\) \d+/\d+", "",
                  " ".join(words_of(template.read_text(encoding="utf-8"))))  # fmt: skip
    text = re.sub(r"(?<=\d)[\N{NO-BREAK SPACE},](?=\d{3}\b)", "", text).replace("\N{NO-BREAK SPACE}%", "%")
    numbers = re.findall(r"\d+(?:[.,]\d+)?%?", re.sub(r"\b(?:19|20)\d\d\b", "", text))
    assert {one for one in numbers if re.search(r"[.,%]", one) or len(one) > 2} <= known


def test_both_languages_have_the_same_templates():
    assert {file.name for file in (TEMPLATES / "fr").iterdir()} == {file.name for file in (TEMPLATES / "en").iterdir()}
    assert {f"{name}.md.jinja" for name in (*NAMES, "presentation")} <= {
        file.name for file in (TEMPLATES / "fr").iterdir()
    }
