"""A template printed: facts with their sources, other people's texts harmless, the team's text kept, all of it the same twice."""

import json
from datetime import date

import pytest
from jinja2 import DictLoader, Environment, StrictUndefined

from chatbot.language import set_language
from livrables import drafting
from livrables.deliverable import documents
from livrables.documents import noted, render, stands, write
from livrables.drafting import Before, draft
from livrables.escaping import block, code, escaped, quote
from livrables.fact import unmeasured
from livrables.material import Picture
from livrables.own import own_of, own_value
from livrables.pandoc import read_tree
from livrables.printing import printed
from livrables.workspace import Workspace
from tests.livrables.made import DATA, HOSTILE, RUN, a_team, measured, some_tasks

TODAY = date(2026, 9, 21)
LOSS, ROWS = measured("run.loss", 2.61, "2,61"), measured("data.rows", 16107, "16\u202f107", DATA)


@pytest.fixture
def templates(monkeypatch):
    """Templates written by a test, in place of the course's."""
    texts: dict[str, str] = {}
    made = Environment(loader=DictLoader(texts), autoescape=True, finalize=printed, undefined=StrictUndefined,
                       trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.do"])  # fmt: skip
    monkeypatch.setattr(drafting, "_environment", lambda language: made)

    def print_it(template, before="", deck=False, **scope):
        made.cache.clear()
        texts["t.md.jinja"] = template
        return draft("t", stem="t", before=Before(markdown=before), scope=scope, deck=deck)

    return print_it


def kinds(markdown: str) -> set[str]:
    """Of the pieces of a Markdown text, as pandoc reads it."""
    found, seen = [read_tree(markdown)["blocks"]], set()
    while found:
        node = found.pop()
        if isinstance(node, dict):
            seen.add(node.get("t", ""))
            found += node.values()
        elif isinstance(node, list):
            found += node
    return seen


def test_facts_carry_marks_and_the_end_lists_their_sources(templates):
    made = templates("Perte {{ loss }}, lignes {{ rows }}, encore {{ loss }}.", loss=LOSS, rows=ROWS)
    assert "Perte 2,61\u00a0[S1], lignes 16\u202f107\u00a0[S2], encore 2,61\u00a0[S1]." in made.markdown
    assert "| S1 | `runs/faq/metrics.json` | 2026-10-01 | `0123456789ab` |" in made.markdown
    assert "| S2 | `data/faq/manifest.json` | 2026-09-20 | `fedcba987654` |" in made.markdown
    assert made.facts == (LOSS, ROWS) and "Travail à faire" not in made.markdown


def test_what_nobody_measured_is_said_and_listed_with_its_cure(templates):
    made = templates("F1 {{ f1 }} et {{ bleu }}.", f1=unmeasured("f1", "causette compare runs/faq"), bleu=unmeasured("bleu", "causette compare runs/faq"))  # fmt: skip
    assert "F1 **non\u00a0mesuré** et **non\u00a0mesuré**." in made.markdown
    assert "- `causette compare runs/faq` (2 valeurs)" in made.markdown
    set_language("en")
    assert "**not measured**" in templates("{{ f1 }}", f1=unmeasured("f1", "x")).markdown


@pytest.mark.parametrize("text", [HOSTILE, "# Titre", "- point", "1. point", "+ point", "---", "===", "> cité", "    code",
                                  "<script>alert(1)</script>", "&lt;b&gt;", "https://mal.example/x", "a\n\n# b", "[S1]: http://x.y",
                                  "![x](y.png)", "`a` ``b``", "~~a~~", "*a* _b_ __c__", "\\", "| a | b |\n|---|---|", "[^1]"])  # fmt: skip
def test_untrusted_text_is_text_only(text, templates):
    made = templates("{{ text }}", text=text).markdown
    assert kinds(made) <= {"", "Para", "Str", "Space"}
    read = read_tree(made)["blocks"][0]["c"]
    assert "".join(one.get("c", " ") for one in read) == " ".join(text.split())


def test_untrusted_text_is_text_only_in_tables_macros_and_functions(templates):
    made = templates(
        "{% macro m(x) %}{{ x }}{% endmacro %}{{ table(['A', text], [[text, fact]]) }}\n{{ m(text) }}\n\n{{ joined('de ', text) }}",
        text=HOSTILE, fact=measured("x", HOSTILE, HOSTILE),
    ).markdown  # fmt: skip
    assert not kinds(made) & {"RawInline", "RawBlock", "Link", "Image", "Math", "Strikeout"}
    assert "equipe" not in made and len([line for line in made.splitlines() if line.startswith("|")]) == 6
    quoted = (
        str(quote("ligne\n# titre\n" + HOSTILE))
        + str(block("```\n# x\n<!-- équipe : a -->"))
        + str(code("`a`<!-- équipe : b -->"))
    )
    assert not kinds(quoted) & {"RawInline", "RawBlock", "Link", "Image", "Header"}
    assert templates("{{ x }}", x=1, before=quoted).places == {}  # no mark in there


def test_typographic_blanks_stay_and_numbers_speak_the_language(templates):
    assert escaped("12\u202f345\u00a0€ « a »\t\tb\n") == "12\u202f345\u00a0€ « a » b"
    text = "{{ 3.5 }} {{ 1200 }} {{ 2.0 }} {{ true }} {{ none }} {{ number(1234.5, 2) }} {{ day(when) }} {{ when }}"
    made = templates(text, when=date(2026, 9, 1)).markdown
    assert made == "3,5 1\u202f200 2 oui — 1\u202f234,50 1er\u00a0septembre 2026 1er\u00a0septembre 2026\n"
    set_language("en")
    assert (
        templates(text, when=date(2026, 9, 1)).markdown
        == "3.5 1,200 2 yes — 1,234.50 1 September 2026 1 September 2026\n"
    )


def test_a_table_names_a_shared_source_once(templates):
    one = templates("{{ table(['Mesure', 'Valeur'], [['Perte', loss]]) }}", loss=LOSS).markdown
    assert "| Perte | 2,61 |" in one and "|---|---:|" in one and "*Source\u00a0:\u00a0[S1]*" in one
    two = templates(
        "{{ table(['Mesure', 'Valeur'], [['Perte', loss], ['Lignes', rows]]) }}", loss=LOSS, rows=ROWS
    ).markdown
    assert "| Perte | 2,61\u00a0[S1] |" in two and "*Source" not in two
    assert "Rien à montrer" in templates("{{ table(['A'], []) }}").markdown


def test_a_name_that_is_not_there_is_no_silence(templates):
    with pytest.raises(Exception, match="run"):
        templates("{{ run.loss }}")


def test_a_picture_has_caption_and_source_and_is_copied(templates, tmp_path):
    (tmp_path / "Courbe é.png").write_bytes(b"png")
    made = templates("{{ picture(p) }}{{ picture(none, 'causette train') }}", p=Picture(file=tmp_path / "Courbe é.png", caption="La [perte]", source=RUN))  # fmt: skip
    assert "![La \\[perte\\]](figures/t-1-Courbe--.png)" in made.markdown
    assert "*Figure\u00a01. La \\[perte\\]\u00a0[S1]*" in made.markdown
    assert made.pictures == {"figures/t-1-Courbe--.png": tmp_path / "Courbe é.png"}
    assert "- `causette train` (1 valeur)" in made.markdown and made.facts[0].cure == "causette train"


PLACE = "## A\n\n{% call place('contexte', 'le besoin') %}{% endcall %}\n"


def test_the_team_s_text_survives_every_build_and_change_of_template(templates):
    first = templates(PLACE)
    assert "*À écrire\u00a0: le besoin*" in first.markdown and first.places == {"contexte": False}
    assert "**À écrire par l'équipe**" in first.markdown
    mine = "\r\nNotre besoin\u00a0: {{ x }}, <b>gras</b>,\r\n\r\n\r\n- liste   \r\n"
    hint = "\n\n*À écrire\u00a0: le besoin*\n\n"
    written = first.markdown.replace(hint, mine)
    second = templates(PLACE.replace("## A", "## Autre"), before=written)
    assert mine in second.markdown and "## Autre" in second.markdown and second.places == {"contexte": True}
    assert templates(PLACE.replace("## A", "## Autre"), before=second.markdown).markdown == second.markdown
    gone = templates("## B\n", before=second.markdown)
    assert "## Textes conservés" in gone.markdown and mine in gone.markdown
    assert templates("## B\n", before=gone.markdown).markdown == gone.markdown
    back = templates(PLACE, before=gone.markdown)
    assert "Textes conservés" not in back.markdown and mine in back.markdown


def test_who_writes_is_the_author_where_one_person_hands_it_in(templates):
    alone = next(one for one in documents(a_team()) if one.member)
    assert "**À écrire par l'auteur**" in templates(PLACE, document=alone).markdown
    assert "**À écrire par l'équipe**" in templates(PLACE, document=documents(a_team())[0]).markdown


def test_a_deck_has_no_work_to_do(templates):
    made = templates("# T\n\n{{ f }} {{ loss }}", deck=True, f=unmeasured("f", "x"), loss=LOSS)
    assert "Travail à faire" not in made.markdown and "\n---\n\n## Sources" in made.markdown


def test_facts_of_the_team_s_own_files_are_found_again(tmp_path):
    team = a_team()
    tasks = some_tasks(team)
    (tmp_path / "rendus").mkdir()
    for name in ("team.yaml", "tasks.csv"):
        (tmp_path / "rendus" / name).write_text(name)
    own = own_of(Workspace(tmp_path / "rendus"), tmp_path, team, tasks, date(2026, 9, 28))
    loads = [own, own.of(member=team.members[1]), own.of(period=team.calendar[0]), own.of(member=team.members[0], deliverable=1)]  # fmt: skip
    assert [load.count.value for load in loads] == [2, 1, 2, 1]
    assert (own.late.value, own.done.value, own.hours.text, own.spent.value) == (1, 1, "11,5", 5)
    assert own.of(member=team.members[1]).spent.cure == "notez les heures passées dans tasks.csv"
    assert own.late.source and str(own.late.source.path) == "rendus/tasks.csv"
    for load in loads:
        for fact in (load.count, load.hours, load.late, load.done):
            assert own_value(fact.pointer, team, tasks, date(2026, 9, 28)) == fact.value
    assert own_value(own.members.pointer, team, tasks, TODAY) == 2


def built(folder, templates_text, templates, today=TODAY):
    document = documents(a_team())[0]
    file = folder / f"{document.path}.md"
    before = stands(file)
    made = templates(templates_text, before=before.markdown, loss=LOSS)
    return file, write(document, folder, made, today=today)


def test_files_are_the_same_twice_and_hand_edits_are_kept_aside(tmp_path, templates):
    file, first = built(tmp_path, PLACE + "{{ loss }}", templates)
    bytes_, facts = file.read_bytes(), file.with_suffix(".facts.json").read_bytes()
    _, second = built(tmp_path, PLACE + "{{ loss }}", templates)
    assert (file.read_bytes(), file.with_suffix(".facts.json").read_bytes()) == (bytes_, facts)
    assert first.aside is second.aside is None
    noted_ = json.loads(facts)
    assert (noted_["format"], noted_["document"], noted_["built"], noted_["language"]) == (
        1,
        "1-equipe/1-equipe.md",
        "2026-09-21",
        "fr",
    )
    assert noted_["facts"] == [LOSS.to_json()] and noted_["places"] == {"contexte": False}
    file.write_text(file.read_text().replace("2,61", "0,01"))
    _, third = built(tmp_path, PLACE + "{{ loss }}", templates)
    assert third.aside == file.with_name("1-equipe.avant.md") and "0,01" in third.aside.read_text()
    assert file.read_bytes() == bytes_
    file.write_text(file.read_text().replace("2,61", "0,02"))
    _, fourth = built(tmp_path, PLACE + "{{ loss }}", templates)
    assert fourth.aside == file.with_name("1-equipe.avant-2.md") and "0,01" in third.aside.read_text()


def test_what_the_team_writes_and_new_line_ends_are_no_hand_edit(tmp_path, templates):
    file, _ = built(tmp_path, PLACE, templates)
    hint = "*À écrire\u00a0: le besoin*"
    file.write_bytes(file.read_bytes().replace(hint.encode(), b"Notre besoin.").replace(b"\n", b"\r\n"))
    _, written = built(tmp_path, PLACE + "{{ loss }}", templates)
    assert written.aside is None and written.places == {"contexte": True}
    assert b"\r\nNotre besoin.\r\n" in file.read_bytes() and noted(file)["places"] == {"contexte": True}


def test_the_course_s_first_template_is_rendered_with_own_and_gantt(tmp_path):
    from tests.livrables.made import a_run, material

    team = a_team()
    document = documents(team)[0]
    (tmp_path / "g.png").write_bytes(b"png")
    own = own_of(Workspace(tmp_path), tmp_path, team, some_tasks(team), TODAY)
    made = render(document, team=team, tasks=some_tasks(team), material=material(tmp_path, a_run(tmp_path)), before="",
                  today=TODAY, own=own, gantt=Picture(file=tmp_path / "g.png", caption="Gantt", source=None))  # fmt: skip
    assert made.markdown.startswith("# Équipe, rotation des managers et dépôt de code\n\n| Équipe | Les Bavards |")
    assert list(made.pictures) == ["figures/1-equipe-1-g.png"] and "Nettoyer \\| les données" in made.markdown
