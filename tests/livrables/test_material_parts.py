"""Searches, votes and first steps as facts; places in files; how values are told."""

from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from app.feedback.report import facts_of
from chatbot.errors import InputError
from chatbot.language import set_language
from livrables import told
from livrables.first_steps import FILE, note, trials_in
from livrables.follow import follow
from livrables.pointers import joined, leaf, value_at
from livrables.reading import Reader
from livrables.search_facts import searches_in
from livrables.vote_facts import vote_facts
from tests.app.votes import begun, cast, comparison, opinion, prefer
from training.config import validated
from training.search_draws import drawn_values, next_trial
from training.search_folder import SearchFolder, SearchSettings
from training.search_report import write_report
from training.search_space import read_space


@pytest.mark.parametrize(
    ("pointer", "content", "value"),
    [
        ("/a/1/b~1c", {"a": [0, {"b/c": 7}]}, 7),
        ("/a", {"a": None}, ""),
        ("/a", {"a": ["x", "y"]}, "x, y"),
        ("/a", {"a": {"top_p": 0.9}}, "top_p=0.9"),
        ("jsonl:2/a", '{"a": 1}\n{"a": 2}\n', 2),
        ("csv:1/loss", "step,loss\n4,1.5\n", 1.5),
        ("median:v", "v\n1\n3\n1000\n", 3),
        ("lines", "a\nb\n", 2),
        ("leaf:/a", {"a": r"C:\moi\data\faq"}, "faq"),
        ("join:/a,/b", {"a": "yes", "b": "no"}, "yes, no"),
        ("fall:/a,/b", {"a": 4.0, "b": 3.0}, 25.0),
        ("exp:/a", {"a": 0.0}, 1.0),
        ("optional:/a/b", {"a": {}}, ""),
        ("count:/a", {"a": [1, 2]}, 2),
        ("votes:/a+/b", {"a": 1, "b": 2}, 3),
    ],
)
def test_a_pointer_leads_to_a_value(pointer, content, value):
    assert value_at(pointer, content) == value


@pytest.mark.parametrize(
    ("pointer", "content"),
    [("/a/b", {"a": {}}), ("/a/3", {"a": [1]}), ("jsonl:3/a", "{}\n"), ("csv:1/x", "a\n1\n"), ("nul:/a", {}), ("/a", {"a": float("nan")})],
)  # fmt: skip
def test_a_pointer_that_leads_nowhere_is_told(pointer, content):
    with pytest.raises((LookupError, ValueError)):
        value_at(pointer, content)


def test_names_are_escaped_and_folders_left_out():
    assert joined("a/b~", 0) == "/a~1b~0/0"
    assert [leaf(one) for one in ("/home/moi/runs/faq", "mini", "hf://a/b")] == ["faq", "mini", "hf://a/b"]


def test_a_fact_outside_the_work_folder_is_not_followed(tmp_path):
    (tmp_path / "work").mkdir()
    (tmp_path / "secret.json").write_text('{"a": 1}', encoding="utf-8")
    fact = Reader(tmp_path).fact("x", tmp_path / "secret.json", "/a", cure="")
    assert fact.source is not None
    moved = replace(fact, source=replace(fact.source, path=PurePosixPath("../secret.json")))
    with pytest.raises(InputError, match="hors du dossier du travail"):
        follow(moved, tmp_path / "work")


def test_values_are_told_in_the_language():
    assert [told.percent(one) for one in (66.36, -3.0, 0.0)] == ["66,4\u00a0%", "−3,0\u00a0%", "0,0\u00a0%"]
    assert [told.seconds(one) for one in (0.042, 0.4, 45, 200, 3900)] == ["0,04\u00a0s", "0,4\u00a0s", "45\u00a0s", "3\u00a0min\u00a020\u00a0s", "1\u00a0h\u00a005\u00a0min"]  # fmt: skip
    assert [told.millions(one) for one in (737_280, 1_500_000, 13_439_232, 1.5e9, 7e9)] == ["737\u202f280", "1,5\u00a0million", "13,4\u00a0millions", "1,5\u00a0milliard", "7,0\u00a0milliards"]  # fmt: skip
    assert told.day("2026-12-01T10:00:00+00:00") == "1er\u00a0décembre 2026"
    assert [told.plain(one) for one in (True, "", 3, 0.05, 12345.0)] == ["oui", "—", "3", "0,05", "12\u202f345"]
    assert told.share(0.5, 0.75)(0.625).replace("\u00a0", " ") == "62 % [50 ; 75]"
    set_language("en")
    assert (told.percent(66.36), told.day("2026-12-01"), told.millions(13_439_232)) == ("66.4%", "1 December 2026", "13.4\u00a0million")  # fmt: skip
    assert (told.tokens(1), told.per_second(3188)) == ("1\u00a0token", "3,188\u00a0tokens/s")


def test_first_steps_are_noted_and_told(tmp_path):
    rendus = tmp_path / "rendus"
    note(rendus, model="gpt2_base_en", prompt="Once upon a time", answer="there was", sampling={"temperature": 0.8, "top_k": 50},
         tokens=2, seconds=0.25)  # fmt: skip
    note(rendus, model="gpt2_base_en", prompt="Il était", answer="une\nfois", sampling={}, tokens=3, seconds=1)
    with (rendus / FILE).open("a", encoding="utf-8") as file:
        file.write('{"model": "sans le reste"}\n')
    reader = Reader(tmp_path)
    trials, remarks = trials_in(reader, rendus)
    assert [(one.prompt, one.answer) for one in trials] == [
        ("Once upon a time", "there was"),
        ("Il était", "une\nfois"),
    ]
    assert trials[0].sampling.text == "température 0,8, top-k 50" and trials[1].sampling.text.startswith("glouton")
    assert (trials[0].tokens.text, trials[0].seconds.value, trials[0].model.text) == (
        "2\u00a0jetons",
        0.25,
        "gpt2_base_en",
    )
    facts = [fact for one in trials for fact in (one.model, one.sampling, one.tokens, one.seconds)]
    assert all(fact.measured and follow(fact, tmp_path) == fact.value for fact in facts)
    assert len(remarks) == 1 and "ligne 3" in remarks[0]
    outside, why = trials_in(Reader(tmp_path / "autre"), rendus)
    assert not outside and "hors du dossier du travail" in why[0]


def test_votes_are_told_with_their_interval(tmp_path):
    test = begun(tmp_path / "runs/faq", comparison((("test", 6),), same=0))
    for _ in range(3):
        person = test.join(training=False)
        for main in (True, True, False):
            prefer(test, person, main)
        cast(test, person, "both_bad")
    test.store.keep(test.store.agree(training=False), opinion(liked=True))
    votes = facts_of(test.store)
    found = vote_facts(Reader(tmp_path, votes), Path("runs/faq"))
    part = votes["studies"][0]["splits"]["test"]
    assert (found.votes.value, found.persons.value) == (votes["studies"][0]["overall"]["votes"], 3)
    assert found.preference.value == part["win_rate"]["value"] and "[" in found.preference.text
    assert found.ties.value == part["both_good"] + part["both_bad"]
    assert found.conclusion.startswith("Questions jamais vues") and "C'est peu" in found.conclusion
    assert str(found.votes.source.path) == "runs/faq/feedback.sqlite"
    assert follow(found.preference, tmp_path, votes=votes) == found.preference.value
    with pytest.raises(InputError):
        follow(found.preference, tmp_path)
    assert (found.ties.value, found.thumbs_up.value, found.thumbs_down.value) == (3, 1, 0)
    assert not vote_facts(Reader(tmp_path, votes), Path("runs/autre")).votes.measured


def test_a_search_is_told_and_its_database_left_as_it_is(tmp_path):
    config = validated({"data": "data/faq", "out": "unused", "model": "mini"}, "test")
    space = read_space(("fit.learning_rate=1e-6..1e-1:log", "fit.epochs=2..4"), None, config)
    folder = SearchFolder.begin(tmp_path / "searches/faq", SearchSettings(recipe=config, space=space), 6, {})
    for cost in (2.0, 1.5, 1.75, 1.25, 1.6, None):
        study = folder.training_study()
        trial = next_trial(study, folder.settings)
        drawn_values(trial, folder.settings)
        if cost is not None:
            study.tell(trial, cost)
    write_report(folder)
    before = (folder.path / "search.db").read_bytes()
    [found], remarks = searches_in(Reader(tmp_path), Path("searches"))
    assert not remarks and (folder.path / "search.db").read_bytes() == before
    assert (found.trials.value, found.finished.value, found.pruned.value) == (6, 5, 0)
    assert (found.best_value.value, found.recipe_value.value, found.best_value.text) == (1.25, 2.0, "1,2500")
    assert [name for name, _ in found.best] == ["fit.learning_rate", "fit.epochs"]
    assert sum(fact.value for _, fact in found.importance) == pytest.approx(1)
    assert "essai 3" in found.conclusion
    facts = [found.trials, found.best_value, *(fact for _, fact in (*found.best, *found.importance))]
    assert all(follow(fact, tmp_path) == fact.value for fact in facts)
    (folder.path / "search.db").write_bytes(b"rien")
    nothing, remarks = searches_in(Reader(tmp_path), Path("searches"))
    assert not nothing and "searches/faq" in remarks[0]
