"""Votes as training data: what goes out, what never does, and that every row is accounted for."""

import json

import pytest

from app.feedback.export import export
from app.feedback.sealed import sealed_key
from app.feedback.serving import StoredOpinions
from app.feedback.store import FeedbackStore
from app.main import main
from chatbot.dialogue import assistant, read_dialogues, user
from datasets_prep.prepared import PreparedSet
from tests.app.votes import begun, cast, comparison, opinion, prefer, question

TRAIN = (("train", 5), ("test", 3))  # without the same answers: four questions learnt, two held out


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def all_for_main(test, *, training, count=6):
    person = test.join(training=training)
    for _ in range(count):
        prefer(test, person)
    return person


def test_only_consented_votes_on_learnt_questions_become_dialogues(tmp_path):
    test = begun(tmp_path, comparison(TRAIN))
    all_for_main(test, training=True)
    all_for_main(test, training=False)
    done = export(test.store, tmp_path / "votes.jsonl", "dialogues")
    dialogues = list(read_dialogues(tmp_path / "votes.jsonl"))
    assert {dialogue.question for dialogue in dialogues} == {question("train", number) for number in range(1, 5)}
    assert {dialogue.answer for dialogue in dialogues} == {f"Alpha dit train {number}." for number in range(1, 5)}
    assert dialogues[0].group.startswith("groupe ") and dialogues[0].meta["origin"] == "vote"
    assert (done.rows, done.used, done.lines) == (12, 4, 4)
    assert done.left_out == {"no_consent": 6, "sealed": 2}
    assert done.missing_sets == ["data/absent"] and not done.unchecked


def test_the_losing_answer_is_the_rejected_one(tmp_path):
    test = begun(tmp_path, comparison((("train", 3),)))
    person = test.join(training=True)
    prefer(test, person, main=False)
    prefer(test, person)
    done = export(test.store, tmp_path / "votes.jsonl", "preferences")
    first, second = lines(tmp_path / "votes.jsonl")
    assert first["chosen"][0]["content"].startswith("Oméga") and first["rejected"][0]["content"].startswith("Alpha")
    assert second["chosen"][0]["content"].startswith("Alpha")
    assert set(first) == {"prompt", "chosen", "rejected"} and first["prompt"][0]["role"] == "user"
    assert done.rows == done.used == 2


@pytest.mark.parametrize("form", ["dialogues", "preferences"])
def test_a_question_comes_out_once_with_the_answer_of_the_majority(tmp_path, form):
    test = begun(tmp_path, comparison((("train", 2), ("test", 1)), same=1))  # one question
    for main_wins in (True, False, True, True):
        prefer(test, test.join(training=True), main=main_wins, comment="D'accord" if main_wins else "")
    done = export(test.store, tmp_path / "votes.jsonl", form)
    assert done.lines == done.used == 1 and done.left_out == {"repeated": 2, "outvoted": 1}
    (line,) = lines(tmp_path / "votes.jsonl")
    assert "Alpha" in json.dumps(line["chosen"] if form == "preferences" else line["messages"][-1])
    for main_wins in (False, False):
        prefer(test, test.join(training=True), main=main_wins)
    done = export(test.store, tmp_path / "even.jsonl", form)
    assert done.lines == 0 and done.left_out == {"divided": 6}


def test_ties_and_cut_answers_teach_nothing(tmp_path):
    value = comparison((("train", 5),))
    for answer in value["comparisons"][0]["evaluations"][0]["answers"]:
        answer["finish"] = "length"
    test = begun(tmp_path, value)
    person = test.join(training=True)
    for choice in ("both_good", "both_bad"):
        cast(test, person, choice)
    prefer(test, person)
    prefer(test, person, main=False)
    done = export(test.store, tmp_path / "votes.jsonl", "dialogues")
    assert done.left_out == {"both_good": 1, "both_bad": 1, "cut": 1} and done.used == 1


def test_a_sealed_question_that_somebody_types_stays_out_however_it_is_written(tmp_path):
    test = begun(tmp_path, comparison(TRAIN))
    reader = test.store.agree(training=True)
    typed = question("test", 0)  # with the same answer twice, so not even voted on
    for turn, text in enumerate([typed, typed.upper().replace(" ?", ""), f"  {typed}!!", "Bonjour"]):
        test.store.keep(reader, opinion(turn=f"{turn}", messages=(user(text),)))
    hidden = (user(typed), assistant("Deux jours."), user("Et dimanche ?"))
    test.store.keep(reader, opinion(turn="later", messages=hidden))
    done = export(test.store, tmp_path / "votes.jsonl", "dialogues")
    assert done.left_out == {"sealed": 4} and done.used == 1
    assert sealed_key("Où est-il ?") == sealed_key("ou  EST il") != sealed_key("où est-elle ?")


def test_thumbs_become_dialogues_with_what_came_before(tmp_path):
    store = FeedbackStore(tmp_path / "feedback.sqlite")
    reader = store.agree(training=True)
    before = (user("Bonjour"), assistant("Bonjour !"), user("Où est mon colis ? Mon adresse : lea@exemple.fr"))
    store.keep(reader, opinion(turn="1", messages=before, comment="Parfait, écrivez à lea@exemple.fr"))
    store.keep(reader, opinion(turn="2", liked=False))
    store.keep(reader, opinion(turn="3", finish="cancelled"))
    done = export(store, tmp_path / "votes.jsonl", "dialogues")
    (dialogue,) = read_dialogues(tmp_path / "votes.jsonl")
    assert [message.content for message in dialogue.messages] == [
        "Bonjour", "Bonjour !", "Où est mon colis ? Mon adresse : [courriel]", "Elle arrive."]  # fmt: skip
    assert dialogue.meta["comments"] == ["Parfait, écrivez à [courriel]"]
    assert done.masked == {"email": 2} and done.left_out == {"thumb_down": 1, "cut": 1}


def test_a_thumb_up_and_one_down_under_the_same_question_are_a_pair(tmp_path):
    store = FeedbackStore(tmp_path / "feedback.sqlite")
    reader = store.agree(training=True)
    store.keep(reader, opinion(turn="1", liked=False, answer="Je ne sais pas."))
    store.keep(reader, opinion(turn="2", answer="Dans « Mon compte »."))
    store.keep(store.agree(training=True), opinion(turn="3", answer="Dans « Mon compte »."))
    store.keep(reader, opinion(turn="4", messages=(user("Bonjour"),)))
    done = export(store, tmp_path / "votes.jsonl", "preferences")
    (pair,) = lines(tmp_path / "votes.jsonl")
    assert (pair["chosen"][0]["content"], pair["rejected"][0]["content"]) == ("Dans « Mon compte ».", "Je ne sais pas.")
    assert (done.rows, done.used) == (4, 2) and done.left_out == {"repeated": 1, "no_alternative": 1}


def test_the_held_out_questions_of_a_run_are_noted_with_the_first_opinion(tmp_path, prepared):
    """They stay out even when the prepared set is gone."""
    opinions = StoredOpinions(FeedbackStore(tmp_path / "feedback.sqlite"), prepared)
    assert not opinions.store.path.exists()
    reader = opinions.agree(training=True)
    held_out = next(iter(PreparedSet.open(prepared).split("test"))).question
    learnt = next(iter(PreparedSet.open(prepared).split("train"))).question
    for turn, text in enumerate([held_out, learnt]):
        opinions.keep(reader, opinion(turn=f"{turn}", messages=(user(text),)))
    done = export(opinions.store, tmp_path / "votes.jsonl", "dialogues")
    assert done.left_out == {"sealed": 1} and done.missing_sets == []
    prepared.rename(tmp_path / "gone")
    done = export(opinions.store, tmp_path / "later.jsonl", "dialogues")
    assert done.left_out == {"sealed": 1} and done.missing_sets == [str(prepared)]


@pytest.fixture
def prepared(tmp_path):
    folder = tmp_path / "data"
    assert main(["prepare", "embedded:boutique_commande", "--out", str(folder)]) == 0
    return folder


def test_a_set_prepared_after_the_votes_is_read_too(tmp_path, prepared):
    """The hashes noted are those of an earlier split; the set at hand has others, and both stay out."""
    store = FeedbackStore(tmp_path / "feedback.sqlite")
    reader = store.agree(training=True)
    store.note_sealed([sealed_key("Une ancienne question ?")], str(prepared))
    held_out = next(iter(PreparedSet.open(prepared).split("test"))).question
    for turn, text in enumerate([held_out, "Une ancienne question", "Une autre"]):
        store.keep(reader, opinion(turn=f"{turn}", messages=(user(text),)))
    done = export(store, tmp_path / "votes.jsonl", "dialogues")
    assert done.left_out == {"sealed": 2} and done.used == 1


def test_a_file_that_knows_no_set_says_so_and_a_set_can_be_named(tmp_path, prepared, capsys):
    """Thumbs on a model that is no run: nothing tells what was held out of its training."""
    opinions = StoredOpinions(FeedbackStore(tmp_path / "feedback.sqlite"))
    reader = opinions.agree(training=True)
    typed = [next(iter(PreparedSet.open(prepared).split(split))).question for split in ("test", "recall", "train")]
    for turn, text in enumerate(typed):
        opinions.keep(reader, opinion(turn=f"{turn}", messages=(user(text),)))
    out = tmp_path / "votes.jsonl"
    command = ["feedback", "export", str(tmp_path), "--out", str(out), "--replace", "--json"]
    assert main(command) == 0
    shown = capsys.readouterr()
    done = json.loads(shown.out)
    assert done["unchecked"] is True and done["lines"] == 3 and "rien n'a pu être vérifié" in shown.err

    assert main([*command, "--data", str(prepared), "--data", str(prepared)]) == 0
    shown = capsys.readouterr()
    done = json.loads(shown.out)
    assert done["unchecked"] is False and done["left_out"] == {"sealed": 2} and "vérifié" not in shown.err
    assert [dialogue.question for dialogue in read_dialogues(out)] == typed[2:]

    assert main([*command, "--data", str(tmp_path / "absent")]) == 2
    assert [dialogue.question for dialogue in read_dialogues(out)] == typed[2:]


def test_the_command_accounts_for_every_row_and_prepare_reads_its_file(tmp_path, capsys):
    test = begun(tmp_path, comparison((("train", 31), ("test", 3))))
    all_for_main(test, training=True, count=32)
    out = tmp_path / "votes.jsonl"
    assert main(["feedback", "export", str(tmp_path), "--out", str(out)]) == 0
    shown = capsys.readouterr()
    assert "Votes et avis\u00a0: 32 = 30 employés + 2 écartés" in shown.out and "tenue à l'écart" in shown.out
    assert "data/absent" in shown.err
    assert main(["feedback", "export", str(tmp_path), "--out", str(out)]) == 2
    assert (
        main(["feedback", "export", str(tmp_path), "--out", str(out), "--as", "preferences", "--replace", "--json"])
        == 0
    )
    assert json.loads(capsys.readouterr().out)["lines"] == 30 and "chosen" in lines(out)[0]

    assert main(["feedback", "export", str(tmp_path), "--out", str(out), "--replace"]) == 0
    assert main(["prepare", "jsonl", "--from", str(out), "--out", str(tmp_path / "again")]) == 0
    read = PreparedSet.open(tmp_path / "again")
    told = [dialogue for split in read.splits for dialogue in read.split(split)]
    assert {dialogue.answer for dialogue in told} <= {f"Alpha dit train {number}." for number in range(31)}
    assert len(told) > 20
