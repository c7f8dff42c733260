"""Evaluation of real models, and the comparison guard."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from chatbot.dialogue import Dialogue, drawn
from chatbot.errors import InputError, WorldError
from chatbot.model import load_model, save_preset
from chatbot.sampling import Sampling
from tests.conftest import build_tiny
from training.evaluation.asked import Asked, Training
from training.evaluation.baselines import BASELINES, evaluate_baseline
from training.evaluation.compare import compare
from training.evaluation.comparison_file import Compared, read_compared, write_compared
from training.evaluation.evaluate import Evaluator, even_batches
from training.evaluation.measures import MEASURES, measures_of
from training.evaluation.records import Evaluation, EvaluationSettings
from training.evaluation.tables import table, verdict

DIALOGUES = [
    Dialogue.of_pair(
        f"Question {n} : {'très ' * (n % 4)}bien ?", f"Oui, réponse {n}.", id=str(n), source="s", group=str(n)
    )
    for n in range(12)
]
TRAIN = [Dialogue.of_pair(f"Question {n} ?", f"Oui, la {n}.", id=f"t{n}", source="s", group="t") for n in range(20)]
SETTINGS = EvaluationSettings(questions=6, batch=4, sampling=Sampling(max_new_tokens=8, seed=1))
NOT_OF_THIS_SET = {"accuracy", "macro_f1", "bertscore"}


@pytest.fixture(scope="module")
def asked():
    return Asked(DIALOGUES, SETTINGS, Training(TRAIN))


@pytest.fixture(scope="module")
def generic(tiny_model, asked):
    return Evaluator(tiny_model).evaluate(asked)


@pytest.fixture(scope="module")
def other_folder(tiny_tokenizer, tmp_path_factory):
    folder = tmp_path_factory.mktemp("other") / "other"
    save_preset(build_tiny(tiny_tokenizer, seed=9), folder, {})
    return folder


@pytest.fixture(scope="module")
def specialised(other_folder, asked):
    return Evaluator(load_model(str(other_folder))).evaluate(asked)


@pytest.fixture(scope="module")
def comparison(generic, specialised, asked):
    sides = [generic, specialised, *(evaluate_baseline(kind, asked) for kind in BASELINES)]
    return compare(sides, specialised.model, generic.model)


def test_every_measure_is_there_and_in_its_range(generic):
    found = measures_of(generic)
    of_short_answers = {"drift", "repetition", "nearness", "copied"}  # some have fewer than four words
    assert NOT_OF_THIS_SET <= set(MEASURES) - set(found) <= NOT_OF_THIS_SET | of_short_answers
    assert all(math.isfinite(one.value) for one in found.values())
    for name, one in found.items():
        if one.low is not None:
            assert one.low <= one.high, name
        if getattr(MEASURES[name], "bounded", True):
            assert 0 <= one.value <= 1, name
    assert found["tokens_per_second"].low is None  # a batch is one observation, however many answers share its time
    assert found["tokens_per_second"].value > 0 and found["seconds"].value >= found["first_seconds"].value > 0
    assert len(generic.answers) == 6


def test_perplexity_is_that_of_keras_on_each_response(tiny_model, generic):
    """exp of the mean loss over response tokens, computed the plain way, one dialogue at a time."""
    import keras

    from training.packing import encode

    total = count = 0.0
    for dialogue in encode(DIALOGUES, tiny_model.template, tiny_model.tokenizer):
        ids = dialogue.ids[None, :-1]
        logits = tiny_model.causal_lm({"token_ids": ids, "padding_mask": np.ones_like(ids)})
        losses = keras.losses.sparse_categorical_crossentropy(dialogue.ids[None, 1:], logits, from_logits=True)
        cost = float((np.asarray(losses)[0] * dialogue.trainable[1:]).sum())
        scored = next(one for one in generic.scores if one.id == dialogue.id)
        assert scored.nats == pytest.approx(cost, rel=1e-3)
        total += cost
        count += dialogue.trainable[1:].sum()
    octets = sum(len(dialogue.answer.encode()) for dialogue in DIALOGUES)
    found = measures_of(generic)
    assert found["perplexity"].value == pytest.approx(math.exp(total / count), rel=1e-3)
    assert found["bits_per_byte"].value == pytest.approx(total / math.log(2) / octets, rel=1e-3)


def test_same_questions_for_every_model(generic, specialised):
    assert [a.id for a in generic.answers] == [a.id for a in specialised.answers]
    assert generic.prompts == specialised.prompts
    assert drawn(DIALOGUES, 5, 1) == drawn(DIALOGUES, 5, 1) != drawn(DIALOGUES, 5, 2)


def test_batches_are_even():
    assert [len(b) for b in even_batches(DIALOGUES, 5)] == [4, 4, 4]
    assert [len(b) for b in even_batches(DIALOGUES[:7], 20)] == [7]
    assert even_batches([], 20) == []


def test_the_comparison_comes_back_from_its_file(comparison, tmp_path):
    compared = Compared(comparisons=(comparison,), remarks=("Une remarque.",), data={"folder": "d"}, date="2026-11-22")
    write_compared(tmp_path, compared, [{"failures": {"empty": 1}}])
    saved = json.loads((tmp_path / "comparison.json").read_text(encoding="utf-8"))
    assert saved["comparisons"][0]["failures"] == {"empty": 1} and saved["comparisons"][0]["sealed"] is True
    again = read_compared(tmp_path)
    assert again == read_compared(tmp_path / "comparison.json")
    assert again.first.measures == comparison.measures and again.first.differences == comparison.differences
    with pytest.raises(InputError, match="causette compare RUN"):
        read_compared(tmp_path / "nowhere")
    (tmp_path / "comparison.json").write_text('{"format": 1}', encoding="utf-8")
    with pytest.raises(InputError, match="autre version"):
        read_compared(tmp_path)


def test_the_table_has_all_sides_and_says_what_is_shown(comparison):
    head, rows = table(comparison)
    assert head[1:3] == [comparison.reference, comparison.main] and "BM25" in head[3]
    cells = {row[0]: row[1:] for row in rows}
    assert cells["Perplexité par jeton de réponse"][2:4] == ["—", "—"]  # a baseline predicts nothing
    assert "[" in cells["F1 des mots"][0]
    assert all(len(row) == len(head) for row in rows)


def test_better_and_worse_are_told_the_right_way(generic, specialised):
    worse = [replace(one, token_f1=0.0, chrf=0.0) for one in generic.answers]
    better = [replace(one, token_f1=0.5 + n / 100, chrf=0.0) for n, one in enumerate(specialised.answers)]
    dearer = tuple(replace(one, nats=one.nats * 3) for one in specialised.scores)
    sides = [replace(generic, answers=tuple(worse)), replace(specialised, answers=tuple(better), scores=dearer)]
    gaps = compare(sides, specialised.model, generic.model).differences[specialised.model, generic.model]
    # Six groups that all agree: chance gives that in 2 of 2⁶ = 64 tosses, which is under 5%.
    assert verdict("token_f1", gaps["token_f1"]) == "better"
    assert verdict("bits_per_byte", gaps["bits_per_byte"]) == "worse"
    assert verdict("chrf", gaps["chrf"]) == "unsure"
    assert "seconds" not in gaps and "tokens_per_second" not in gaps


def test_the_guard_refuses(generic, specialised):
    with pytest.raises(InputError, match="mêmes poids"):
        compare([generic, replace(generic, model="renamed")], "renamed", generic.model)
    with pytest.raises(InputError, match="donné deux fois"):
        compare([generic, replace(specialised, model=generic.model)], generic.model, generic.model)
    other = {**specialised.settings, "seed": 2}
    with pytest.raises(InputError, match=r"diffèrent \(seed\)"):
        compare([generic, replace(specialised, settings=other)], specialised.model, generic.model)
    asked_else = tuple(replace(one, prompt="0") for one in specialised.answers)
    with pytest.raises(InputError, match="pas reçu les mêmes questions"):
        compare([generic, replace(specialised, answers=asked_else)], specialised.model, generic.model)
    none = tuple(replace(one, id=f"x{one.id}") for one in specialised.answers)
    with pytest.raises(InputError, match="ne tient dans le contexte de tous"):
        compare([generic, replace(specialised, answers=none)], specialised.model, generic.model)


def test_sides_are_reduced_to_what_all_have(generic, specialised):
    shorter = replace(
        specialised,
        answers=specialised.answers[2:],
        left_out=2,
        scores=(replace(specialised.scores[0], octets=1), *specialised.scores[1:]),  # cut elsewhere
    )
    found = compare([generic, shorter], specialised.model, generic.model)
    assert found.questions == 4 and found.left_out == 2
    assert all(len(side.answers) == 4 for side in found.evaluations)
    assert all(len(side.scores) == len(generic.scores) - 1 for side in found.evaluations)


def test_perplexity_is_not_compared_between_vocabularies(generic, specialised):
    """The same cost over the same bytes in half the tokens: bits per byte say so, perplexity would call it a gain."""
    halved = tuple(replace(one, tokens=one.tokens * 2) for one in generic.scores)
    other = replace(specialised, scores=halved)
    gaps = compare([generic, other], other.model, generic.model).differences[other.model, generic.model]
    assert "perplexity" not in gaps and gaps["bits_per_byte"].value == 0
    assert "perplexity" in compare([generic, specialised], specialised.model, generic.model).differences[
        specialised.model, generic.model
    ]  # fmt: skip


def test_waits_are_those_of_common_questions(generic, specialised):
    found = compare([generic, replace(specialised, answers=specialised.answers[1:])], specialised.model, generic.model)
    asked = {one.id for one in found.evaluations[1].answers}
    assert all({one.id for one in side.waits} <= asked for side in found.evaluations)


def test_a_loss_that_is_no_number_is_told(tiny_model, asked, monkeypatch):
    evaluator = Evaluator(tiny_model)
    monkeypatch.setattr(evaluator._bits, "of", lambda encoded: np.full(len(encoded), np.nan))
    with pytest.raises(WorldError, match="n'est pas un nombre"):
        evaluator.evaluate(asked)


def test_an_empty_split_is_refused():
    with pytest.raises(InputError, match="vide"):
        Asked([], SETTINGS)


def test_dialogues_longer_than_the_context_are_counted_and_cut_from_both_sides(tiny_model):
    """Bits per byte of a cut answer are those of the part that was scored; a question too long is left out."""

    def of(number, question, answer):
        return Dialogue.of_pair(question, answer, id=str(number), source="s", group=str(number))

    sentence = "Le délai de la commande est de deux jours. "
    long = [of(n, "Délai ?", sentence * 20) for n in range(3)]
    short = [of(n, "Délai ?", sentence) for n in range(3)]
    evaluator = Evaluator(tiny_model)
    cut, whole = (evaluator.evaluate(Asked(dialogues, SETTINGS)) for dialogues in (long, short))
    assert (len(cut.scores), cut.scored_cut, whole.scored_cut, cut.left_out) == (3, 3, 0, 0)
    bits = [measures_of(one)["bits_per_byte"].value for one in (cut, whole)]
    assert bits[0] == pytest.approx(bits[1], rel=0.25)
    mixed = evaluator.evaluate(Asked([*short, of(9, "très " * 300, "Oui.")], SETTINGS))
    assert (mixed.left_out, len(mixed.scores), len(mixed.answers)) == (1, 3, 3)
    with pytest.raises(InputError, match="ne tient dans le contexte"):
        evaluator.evaluate(Asked([of(9, "très " * 300, "Oui.")], SETTINGS))


def test_an_interrupted_evaluation_asks_only_what_is_missing(tiny_model, generic, asked, tmp_path):
    """Killed after its first batch: what was answered is kept, the second time only the rest is asked."""

    class Killed(Exception):
        pass

    def kill(done, total):
        if done:
            raise Killed

    with pytest.raises(Killed):
        Evaluator(tiny_model, kept=tmp_path / "kept").evaluate(asked, kill)
    (file,) = (tmp_path / "kept").iterdir()
    assert len(json.loads(file.read_text(encoding="utf-8"))) == 3  # six questions in even batches of at most four
    file.write_text(file.read_text(encoding="utf-8") + '{"cut sho', encoding="utf-8")
    seen = []
    again = Evaluator(tiny_model, kept=tmp_path / "kept").evaluate(asked, lambda done, total: seen.append(done))
    assert seen == [3, 6]
    assert [one.answer for one in again.answers] == [one.answer for one in generic.answers]
    seen.clear()
    Evaluator(tiny_model, kept=tmp_path / "kept").evaluate(asked, lambda done, total: seen.append(done))
    assert seen == [6]  # what was written after the line cut short is there, too
    renamed = Asked([replace(one, id=f"new{one.id}") for one in DIALOGUES], SETTINGS, Training(TRAIN[:1]))
    found = Evaluator(tiny_model, kept=tmp_path / "kept").evaluate(renamed)  # the same texts, other data beside them
    assert {one.id for one in found.answers} == {f"new{one.id}" for one in again.answers}
    assert {one.nearest for one in found.answers} <= {"", TRAIN[0].id}
    other = Asked(DIALOGUES, replace(SETTINGS, sampling=Sampling(max_new_tokens=4)), asked.training)
    seen.clear()
    Evaluator(tiny_model, kept=tmp_path / "kept").evaluate(other, lambda done, total: seen.append(done))
    assert seen[0] == 0  # another decoding: nothing of it is known


def test_records_read_back_are_the_same(generic):
    assert Evaluation.from_json(json.loads(json.dumps(generic.to_json()))) == replace(
        generic,
        settings=json.loads(json.dumps(generic.settings)),
        answers=tuple(replace(one, bleu=list(one.bleu)) for one in generic.answers),
    )
