"""The report of votes: its figures, and that it claims no more than they carry."""

import json

import pytest

from app.feedback.report import facts_of
from app.feedback.report_text import markdown, sentences, votes_table
from app.main import main
from chatbot.language import set_language
from tests.app.votes import MAIN, REFERENCE, begun, cast, comparison, main_is_on_the_left, opinion, prefer


def study_of(test):
    (study,) = facts_of(test.store)["studies"]
    return study


def test_the_figures_of_a_study(tmp_path):
    """Two persons, eight questions (3 learnt, 5 held out): one always for the main model, one for it on held-out ones."""
    test = begun(tmp_path)
    first, second = test.join(training=True), test.join(training=True)
    for _ in range(8):
        shown = test.next(first)
        side = "left" if main_is_on_the_left(shown) else "right"
        prefer(test, first, **{f"{side}_clear": 5, f"{'right' if side == 'left' else 'left'}_clear": 2})
        prefer(test, second, main="test" in test.next(second).question)
    study = study_of(test)
    assert {key: study["overall"][key] for key in ("votes", "persons", "wins", "losses")} == {
        "votes": 16, "persons": 2, "wins": 13, "losses": 3}  # fmt: skip
    won = {split: (part["wins"], part["losses"]) for split, part in study["splits"].items()}
    assert won == {"test": (10, 0), "train": (3, 3)}
    assert study["overall"]["win_rate"]["value"] == 13 / 16
    assert study["left"]["count"] == 16
    scales = study["scales"]
    assert scales["main"]["clear"]["value"] == 5 and scales["reference"]["clear"]["value"] == 2
    assert scales["main"]["useful"] is None
    assert study["agreement"]["verdicts_questions"] == 8 and study["agreement"]["verdicts"] < 1
    assert (study["questions"], study["identical"]) == (8, 2)
    assert study["seconds"] == {"main": 0.5, "reference": 0.5}


def test_learnt_questions_in_other_words_are_no_unseen_ones(tmp_path):
    """All persons prefer the main model on what it learnt, and its reference on what it never saw."""
    test = begun(tmp_path, comparison((("test", 7), ("recall", 7), ("train", 7))))
    for number in range(8):
        person = test.join(training=False)
        for place in range(18):
            liked = "de test" not in test.next(person).question
            prefer(test, person, main=liked != (place % 9 == number % 9))
    study = study_of(test)
    told = sentences(study)
    unseen, recalled, learnt = told[:3]
    assert unseen.startswith("Questions jamais vues\u00a0:") and f"{REFERENCE} est préféré." in unseen
    assert recalled.startswith("Questions apprises, en d'autres mots\u00a0:") and f"{MAIN} est préféré." in recalled
    assert learnt.startswith("Questions apprises\u00a0:")
    assert sum("est préféré" in line for line in told) == 3  # nothing is concluded of all of them together
    assert [row[0] for row in votes_table(study)[1]] == [
        "toutes",
        "jamais vues",
        "apprises, en d'autres mots",
        "apprises",
    ]


def test_votes_on_learnt_questions_alone_tell_nothing_of_new_ones(tmp_path):
    test = begun(tmp_path, comparison((("recall", 4),)))
    prefer(test, test.join(training=False))
    told = "\n".join(sentences(study_of(test)))
    assert "Aucun vote sur des questions jamais vues" in told and "Questions jamais vues" not in told


def test_the_times_are_said_to_be_those_of_batches(tmp_path):
    test = begun(tmp_path)
    prefer(test, test.join(training=False))
    told = "\n".join(sentences(study_of(test)))
    assert "par lots" in told and "Temps moyen d'une réponse" not in told and f"{MAIN} 0,50 s" in told


def test_one_person_shows_their_taste_and_no_more(tmp_path):
    test = begun(tmp_path, comparison((("test", 60),)))
    person = test.join(training=False)
    for _ in range(59):
        prefer(test, person)
    study = study_of(test)
    assert study["overall"]["p"] < 0.001 and not study["overall"]["shown"]
    told = "\n".join(sentences(study))
    assert "Une seule personne a voté" in told and "ne montre pas que l'un soit préféré" in told
    assert f"{MAIN} est préféré." not in told


@pytest.mark.parametrize("winner", [MAIN, REFERENCE])
def test_a_preference_of_many_persons_is_said(tmp_path, winner):
    test = begun(tmp_path, comparison((("test", 6),)))
    for number in range(8):
        person = test.join(training=False)
        for place in range(5):
            prefer(test, person, main=(winner == MAIN) != (place == number % 5))
    study = study_of(test)
    assert study["overall"]["shown"]
    told = "\n".join(sentences(study))
    assert f"{winner} est préféré." in told and "Peu de votes" not in told


def test_persons_who_contradict_each_other_show_nothing_however_many_votes(tmp_path):
    """Four persons love one model, two the other, each in fifteen votes: the votes alone would seem clear."""
    test = begun(tmp_path, comparison((("test", 16),)))
    for number in range(6):
        person = test.join(training=False)
        for _ in range(15):
            prefer(test, person, main=number < 4)
    study = study_of(test)
    assert study["overall"]["p"] < 0.01 and study["overall"]["win_rate"]["low"] > 0.5
    assert not study["overall"]["shown"]
    assert study["agreement"]["preferred"] < 0.1


def test_a_habit_of_one_side_is_told_and_does_not_skew_the_rate(tmp_path):
    test = begun(tmp_path, comparison((("test", 21),)))
    for _ in range(2):
        person = test.join(training=False)
        for _ in range(20):
            cast(test, person, "left")
    study = study_of(test)
    assert study["left"]["value"] == 1 and study["overall"]["win_rate"]["value"] == 0.5
    told = "\n".join(sentences(study))
    assert "une place est choisie plus souvent" in told and "à égalité parfaite" in told


def test_ties_are_apart_and_count_for_the_votes_to_gather(tmp_path):
    test = begun(tmp_path, comparison((("test", 13),)))
    person = test.join(training=False)
    for place in range(12):
        if place < 6:
            cast(test, person, "both_good" if place < 2 else "both_bad")
        else:
            prefer(test, person, main=place > 7)
    overall = study_of(test)["overall"]
    assert (overall["both_good"], overall["both_bad"], overall["wins"], overall["losses"]) == (2, 4, 4, 2)
    assert overall["win_rate"]["count"] == 6
    needed = overall["needed"]
    assert needed["power_in_all"] == 2 * needed["power"] and needed["power"] > 50  # every other vote decides


@pytest.mark.parametrize(("wins", "losses"), [(4, 0), (5, 0), (6, 1), (9, 2), (12, 4), (6, 0), (18, 2), (30, 14)])
def test_there_are_never_enough_votes_before_the_sign_test_is_significant(tmp_path, wins, losses):
    test = begun(tmp_path, comparison((("test", wins + losses + 1),)))
    person = test.join(training=False)
    for place in range(wins + losses):
        prefer(test, person, main=place < wins)
    overall, told = study_of(test)["overall"], "\n".join(sentences(study_of(test)))
    assert (overall["wins"], overall["losses"]) == (wins, losses)
    if overall["p"] >= 0.05:
        assert overall["needed"]["power"] > 0 and "assez de votes" not in told
    elif (wins, losses) in ((6, 0), (18, 2)):
        assert overall["needed"]["power"] == 0 and "assez de votes" in told


def test_no_votes_and_only_ties_claim_nothing(tmp_path):
    test = begun(tmp_path)
    assert sentences(study_of(test)) == ["Aucun vote pour l'instant."]
    person = test.join(training=False)
    cast(test, person, "both_bad")
    told = sentences(study_of(test))
    assert "aucun vote ne départage" in told[0] and any("non calculable" in line for line in told)


def test_the_commands_show_write_and_give_json(tmp_path, capsys):
    test = begun(tmp_path)
    person = test.join(training=False)
    prefer(test, person, comment="Mieux | plus clair")
    reader = test.store.agree(training=False)
    for turn in range(3):
        test.store.keep(reader, opinion(turn=f"{turn}", liked=turn > 0))
    assert main(["feedback", "report", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert f"{MAIN} contre {REFERENCE}" in shown and "Peu de votes tranchés (1)" in shown and "67\u00a0%" in shown

    out = tmp_path / "rapport.md"
    assert main(["feedback", "report", str(tmp_path / "feedback.sqlite"), "--json", "--out", str(out)]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["studies"][0]["overall"]["wins"] == 1 and facts["thumbs"][MAIN]["up"] == 2
    report = out.read_text(encoding="utf-8")
    assert "| toutes | 1 | 1 | 1 | 0 | 0 | 0 |" in report and "👍" in report
    set_language("en")
    assert "One person voted" in markdown(facts) and "personne" not in markdown(facts)
    assert main(["feedback", "report", str(tmp_path / "absent")]) == 2
