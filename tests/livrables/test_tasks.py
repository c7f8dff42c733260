"""tasks.csv as spreadsheets and editors leave it, and the tasks that a team begins with."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest

from chatbot.errors import InputError
from chatbot.language import set_language
from livrables.tasks import first_tasks, read_tasks, tasks_csv
from tests.livrables.a_team_file import tasks_under_way, the_team

HEAD = "Tâche;Qui;Heures prévues;Début;Fin;État;Livrable;Note\r\n"


def read(folder, text, encoding="cp1252"):
    file = folder / "tasks.csv"
    file.write_bytes(text.encode(encoding))
    return read_tasks(file, the_team())


def test_as_excel_saves_it_in_france(tmp_path):
    rows = "Réunion « été »;Zoé;3,5;12/10/2026;13/10/26;Terminé;L3;15,5/20\r\n;;;;;;;\r\n=SOMME(A1);;2 h;12/10/2026;12/10/2026;;;\r\n"
    first, second = read(tmp_path, HEAD + rows)
    assert (first.title, first.hours, first.mark, first.deliverable) == ("Réunion « été »", 3.5, 15.5, 3)
    assert (first.first, first.last, first.state) == (date(2026, 10, 12), date(2026, 10, 13), "done")
    assert first.owner.name == "Zoé Martin"
    assert (second.number, second.title, second.owner, second.state) == (2, "=SOMME(A1)", None, "todo")


def test_as_an_editor_leaves_it(tmp_path):
    english = 'task,who,hours planned,hours spent,start,end,state,remark\nClean,Ali Benali,3.5,1,2026-10-12,2026-10-13,under way,"a, b"\n'
    (task,) = read(tmp_path, english, "utf-8")
    assert (task.hours, task.spent, task.state, task.remark) == (3.5, 1, "doing", "a, b")


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("A;Zoe Martn;1;12/10/2026;13/10/2026", "Qui, « Zoe Martn » n'est pas un membre de l'équipe (« Zoé Martin » ?)"),
        ("A;Zoé;x;12/10/2026;13/10/2026", "Heures prévues, « x » : il faut un nombre d'heures"),
        ("A;Zoé;-1;12/10/2026;13/10/2026", "Heures prévues, « -1 »"),
        ("A;Zoé;1;32/10/2026;13/10/2026", "Début, « 32/10/2026 » : il faut une date, comme 12/10/2026"),
        ("A;Zoé;1;14/10/2026;13/10/2026", "« A » finit avant de commencer"),
        (" ;Zoé;1;12/10/2026;13/10/2026", "il faut dire ce qu'il y a à faire"),
        ("A;Zoé;1;12/10/2026;13/10/2026;bof", "État, « bof » : il faut à faire, en cours ou fait"),
        ("A;Zoé;1;12/10/2026;13/10/2026;;9", "Livrable, « 9 »"),
        ("A;Zoé;1;12/10/2026;13/10/2026;;;21", "Note, « 21 » : il faut une note de 0 à 20"),
        ("A;Zoé;1;12/10/2026;13/10/2026;;;;;de trop", "nombre de cellules"),
    ],
)  # fmt: skip
def test_faults_are_told_with_their_row(tmp_path, row, told):
    row += ";" * (7 - row.count(";"))
    with pytest.raises(InputError) as error:
        read(tmp_path, HEAD + "Bon;Zoé;1;12/10/2026;13/10/2026;;;\r\n" + row + "\r\n")
    assert str(error.value).startswith("tasks.csv, ligne 3 : ") and told in str(error.value)


def test_missing_columns_and_files(tmp_path):
    with pytest.raises(InputError, match=r"Il manque : tâche, qui, heures prévues, début, fin"):
        read(tmp_path, "a;b\r\n1;2\r\n")
    with pytest.raises(InputError, match="Il manque : fin"):
        read(tmp_path, "tâche;qui;heures prévues;début\r\nA;Zoé;1;12/10/2026\r\n")
    with pytest.raises(InputError):
        read_tasks(tmp_path / "nothing.csv", the_team())


@pytest.mark.parametrize("language", ["fr", "en"])
def test_what_is_written_is_read_again(tmp_path, language):
    set_language(language)
    team = the_team()
    tasks = tasks_under_way(team)
    file = tmp_path / "tasks.csv"
    file.write_text(tasks_csv(tasks), encoding="utf-8")
    assert read_tasks(file, team) == tasks
    assert (";2,5;" in tasks_csv(tasks)) is (language == "fr")


def test_the_first_tasks_are_spread_fairly():
    team = the_team()
    tasks = first_tasks(team)
    assert 25 <= len(tasks) <= 40 and {task.deliverable for task in tasks} == {None, *range(1, 9)}
    hours = Counter()
    for task in tasks:
        hours[task.owner.key] += task.hours
    assert len(hours) == 6 and max(hours.values()) - min(hours.values()) <= 5
    follow_up = [task for task in tasks if task.deliverable is None]
    assert [task.owner for task in follow_up] == [period.manager for period in team.calendar]
    assert {task.owner for task in tasks if task.deliverable == 2} == set(team.members)  # each hands in their own
    assert all(team.start <= task.first <= task.last <= team.calendar[-1].last for task in tasks)
    assert all(task.last <= date(2026, 10, 19) for task in tasks if task.deliverable == 3)  # the team's own due date


@pytest.mark.parametrize(("weeks", "periods"), [(1, 1), (1, 3), (4, 2)])
def test_short_calendars_have_room_for_all_tasks(weeks, periods):
    team = replace(the_team(), weeks=weeks, periods=periods, dates={8: date(2026, 9, 7)})
    tasks = first_tasks(team)
    end = team.start + timedelta(weeks=weeks * periods)
    assert all(team.start <= task.first <= task.last < end for task in tasks)
