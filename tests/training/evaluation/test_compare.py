"""Evaluation and the comparison guard."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from training.compare import compare, report, table, write_comparison
from training.evaluate import MEASURES, EvaluationSettings, Evaluator, even_batches

from chatbot.dialogue import Dialogue, drawn
from chatbot.errors import InputError
from chatbot.model import load_model, save_preset
from chatbot.sampling import Sampling
from tests.conftest import build_tiny

DIALOGUES = [
    Dialogue.of_pair(
        f"Question {n} : {'très ' * (n % 4)}bien ?", f"Oui, réponse {n}.", id=str(n), source="s", group=str(n)
    )
    for n in range(12)
]
SETTINGS = EvaluationSettings(questions=6, batch=4, sampling=Sampling(max_new_tokens=8, seed=1))


@pytest.fixture(scope="module")
def generic(tiny_model):
    return Evaluator(tiny_model).evaluate(DIALOGUES, SETTINGS)


@pytest.fixture(scope="module")
def specialised(tiny_tokenizer, tmp_path_factory):
    folder = tmp_path_factory.mktemp("other") / "other"
    save_preset(build_tiny(tiny_tokenizer, seed=9), folder, {})
    return Evaluator(load_model(str(folder))).evaluate(DIALOGUES, SETTINGS)


def test_every_measure_is_there_and_in_its_range(generic):
    assert set(generic.measures) == set(MEASURES)
    assert all(math.isfinite(value) for value in generic.measures.values())
    for name in ("token_f1", "rouge_l", "chrf", "ended", "distinct_1", "exact_match"):
        assert 0 <= generic.measures[name] <= 1
    assert generic.measures["tokens_per_second"] > 0
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
        total += float((np.asarray(losses)[0] * dialogue.trainable[1:]).sum())
        count += dialogue.trainable[1:].sum()
    assert generic.measures["perplexity"] == pytest.approx(math.exp(total / count), rel=1e-3)


def test_same_questions_for_every_model(generic, specialised):
    assert [a.id for a in generic.answers] == [a.id for a in specialised.answers]
    assert generic.prompts == specialised.prompts
    assert drawn(DIALOGUES, 5, 1) == drawn(DIALOGUES, 5, 1) != drawn(DIALOGUES, 5, 2)


def test_batches_are_even():
    assert [len(b) for b in even_batches(DIALOGUES, 5)] == [4, 4, 4]
    assert [len(b) for b in even_batches(DIALOGUES[:7], 20)] == [7]


def test_the_comparison_reads_well_and_is_whole(generic, specialised, tmp_path):
    comparison = compare(generic, specialised)
    write_comparison(tmp_path, [comparison])
    saved = json.loads((tmp_path / "comparison.json").read_text(encoding="utf-8"))
    assert saved["comparisons"][0]["generic"]["measures"] == generic.measures
    text = (tmp_path / "comparison.md").read_text(encoding="utf-8")
    assert text.count("**Question") == 6
    assert "Perplexité" in text and "intervalles de confiance" in text and "laissé seul" in text


def test_better_and_worse_are_marked_the_right_way(generic, specialised):
    low = replace(generic, measures={**generic.measures, "perplexity": 2.0, "token_f1": 0.1})
    high = replace(specialised, measures={**specialised.measures, "perplexity": 9.0, "token_f1": 0.8})
    marks = {row[0]: row[3] for row in table(compare(low, high))}
    assert marks["Perplexité par jeton de réponse"] == "↓" and marks["F1 des mots"] == "★"
    assert marks["Distinct-1"] == ""


def test_the_guard_refuses(generic, specialised):
    with pytest.raises(InputError, match="mêmes poids"):
        compare(generic, replace(generic, model="renamed"))
    other = {**specialised.settings, "seed": 2}
    with pytest.raises(InputError, match=r"réglages diffèrent \(seed\)"):
        compare(generic, replace(specialised, settings=other))
    with pytest.raises(InputError, match="mêmes invites"):
        compare(generic, replace(specialised, prompts="0"))


def test_model_text_is_harmless_in_the_report(generic, specialised):
    evil = replace(generic.answers[0], answer="<img src=x onerror=alert(1)> ![x](http://evil) | a")
    answers = (evil, *generic.answers[1:])
    text = report([compare(replace(generic, answers=answers), specialised)])
    assert "<img" not in text and "![" not in text and "\\[x\\](http" in text
    assert "\\| a" in text


def test_an_empty_split_is_refused(tiny_model):
    with pytest.raises(InputError, match="vide"):
        Evaluator(tiny_model).evaluate([], SETTINGS)


def test_dialogues_longer_than_the_context_are_counted_and_cut_from_both_sides(tiny_model):
    """Bits per byte of a cut answer are those of the part that was scored; a question too long is left out."""

    def of(number, question, answer):
        return Dialogue.of_pair(question, answer, id=str(number), source="s", group=str(number))

    sentence = "Le délai de la commande est de deux jours. "
    long = [of(n, "Délai ?", sentence * 20) for n in range(3)]
    short = [of(n, "Délai ?", sentence) for n in range(3)]
    evaluator = Evaluator(tiny_model)
    cut, whole = (evaluator.evaluate(dialogues, SETTINGS) for dialogues in (long, short))
    assert (cut.scored, cut.scored_cut, whole.scored_cut, cut.left_out) == (3, 3, 0, 0)
    assert cut.measures["bits_per_byte"] == pytest.approx(whole.measures["bits_per_byte"], rel=0.25)
    mixed = evaluator.evaluate([*short, of(9, "très " * 300, "Oui.")], SETTINGS)
    assert (mixed.left_out, mixed.scored, len(mixed.answers)) == (1, 3, 3)
    with pytest.raises(InputError, match="ne tient dans le contexte"):
        evaluator.evaluate([of(9, "très " * 300, "Oui.")], SETTINGS)
