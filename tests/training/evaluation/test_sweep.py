"""Ways of decoding tried on validation questions: what is pooled, what counts as a gain, and going on after a kill."""

from types import SimpleNamespace

import numpy as np
import pytest

from chatbot.chat import Answer
from chatbot.dialogue import Dialogue
from chatbot.errors import InputError
from chatbot.sampling import Sampling
from training.evaluation import metrics
from training.evaluation.asked import Asked, Training
from training.evaluation.confidence import Difference, Estimate, bootstrap, paired
from training.evaluation.evaluate import Evaluator
from training.evaluation.groups import summed
from training.evaluation.markdown import gap_told
from training.evaluation.measures import MEASURES
from training.evaluation.records import Evaluation, EvaluationSettings
from training.evaluation.sweep import MOST_WAYS, SweepWatcher, Swept, Tried, check_ways, pooled, sweep
from training.evaluation.sweep_report import conclusion, table
from training.evaluation.ways import DRAWN_PENALTIES, GREEDY_PENALTIES, TEMPERATURES, TOP_P, greedy, grid
from training.runs import RunFolder

DIALOGUES = [
    Dialogue.of_pair(f"Où est la commande {n} ?", f"Elle est partie hier soir, le {n}.", id=str(n), source="s", group=f"g{n // 2}")
    for n in range(60)
]  # fmt: skip
PLAIN, DRAWN = Sampling(max_new_tokens=96), Sampling(temperature=0.7, max_new_tokens=96)


class Scripted:
    """Answers by a rule instead of a model."""

    model = SimpleNamespace(name="scripted", context=128)

    def __init__(self, rule):
        self.rule = rule

    def answers(self, asked, progress):
        sampling = asked.settings.sampling
        texts = [self.rule(dialogue, sampling) for dialogue in asked.dialogues]
        progress(len(texts), len(texts))
        pairs = zip(asked.dialogues, texts, strict=True)
        return [asked.record(dialogue, Answer(text=text, finish="end")) for dialogue, text in pairs]


def test_the_grid_begins_with_plain_greedy_and_says_nothing_twice():
    ways = grid()
    assert ways[0] == PLAIN and len(ways) == len(set(ways))
    drawn = (len(TEMPERATURES) - 1) * len(TOP_P) * len(DRAWN_PENALTIES)
    assert len(ways) == len(GREEDY_PENALTIES) + drawn
    assert all(greedy(way) == way and way.seed is None for way in ways)
    few = grid([0.7], [0.9], [1.1], longest=40)
    assert few == [
        Sampling(max_new_tokens=40),
        Sampling(temperature=0.7, top_p=0.9, repetition_penalty=1.1, max_new_tokens=40),
    ]


def test_passes_are_pooled_to_their_mean_and_bleu_to_that_of_all_texts():
    passes = []
    for shift in range(3):
        asked = Asked(DIALOGUES, EvaluationSettings(split="validation", questions=60, sampling=DRAWN))
        answers = [
            asked.record(dialogue, Answer(text=dialogue.answer if (n + shift) % 3 else "Rien.", finish="end"))
            for n, dialogue in enumerate(asked.dialogues)
        ]
        passes.append(Evaluation(model="m", settings={}, answers=tuple(answers)))
    everything = [answer for one in passes for answer in one.answers]
    for name in ("chrf", "rouge_l", "token_f1"):
        measure = MEASURES[name]
        value = bootstrap(summed(pooled(measure, passes)), measure.value)
        assert value.value == pytest.approx(np.mean([getattr(answer, name) for answer in everything]))
        assert value.dialogues == 60 and value.groups == 30
    counts = np.sum([answer.bleu for answer in everything], axis=0)
    pooled_bleu = bootstrap(summed(pooled(MEASURES["bleu"], passes)), MEASURES["bleu"].value)
    assert pooled_bleu.value == pytest.approx(float(metrics.bleu(counts)))


def test_a_gain_that_is_one_is_chosen_with_what_it_costs(tmp_path):
    def rule(dialogue, sampling):
        if sampling.temperature == 0:
            return "Elle est partie loin d'ici."
        return dialogue.answer + " Oui, hier soir, le soir." * 3  # nearer, and it repeats itself

    swept = sweep(Scripted(rule), DIALOGUES, [PLAIN, Sampling(repetition_penalty=1.2, max_new_tokens=96), DRAWN])
    assert swept.shown and swept.chosen is swept.best is swept.tried[2]
    assert [one.passes for one in swept.tried] == [1, 1, 3]
    assert swept.best.gap.value == pytest.approx(swept.best.value.value - swept.greedy.value.value)
    assert set(swept.costs) == {"repetition"}
    told = conclusion(RunFolder(tmp_path), swept)
    assert told[0].startswith("Meilleur : T 0,7, top-p 1, pénalité 1. chrF") and gap_told(swept.best.gap, 3) in told[0]
    assert "Ce que cela coûte : redites" in told[1] and "meilleur qu'il n'est" in told[2]
    head, rows = table(swept)
    assert head[-1] == "Mots" and [row[0].endswith("★") for row in rows] == [False, False, True]


def test_the_same_answers_are_no_gain(tmp_path):
    swept = sweep(Scripted(lambda dialogue, _: "Elle est partie."), DIALOGUES, [PLAIN, DRAWN], questions=8)
    assert swept.chosen is swept.greedy and not swept.shown
    told = conclusion(RunFolder(tmp_path), swept)
    assert "Aucun autre décodage, sur 1, ne fait mieux que le glouton" in told[0]
    assert told[-1].startswith("Petit échantillon\N{NO-BREAK SPACE}: ")  # eight questions


def swept_of(*gaps: Difference) -> Swept:
    plain = Tried(way=PLAIN, passes=1, value=Estimate(0.4, 0.3, 0.5, 30, 60))
    ways = [Sampling(temperature=0.1 * (n + 1), max_new_tokens=96) for n in range(len(gaps))]
    others = [
        Tried(way=way, passes=3, value=Estimate(0.4 + gap.value, 0.3, 0.5, 30, 60), gap=gap)
        for way, gap in zip(ways, gaps, strict=True)
    ]
    return Swept(measure="chrf", tried=(plain, *others))


NO_GAIN = {
    "the interval holds 0": ([Difference(0.02, -0.01, 0.05, 0.2, 30)], "l'intervalle contient 0"),
    "luck among many": ([Difference(0.02, 0.001, 0.04, 0.03, 30), *[Difference(0.0, -0.1, 0.1, 1.0, 30)] * 2],
                        "parmi 3 autre(s) décodage(s) essayé(s), le hasard en donne un pareil jusqu'à 9 % du temps"),
    "one group": ([Difference(0.02, None, None, None, 1)], "un seul groupe"),
}  # fmt: skip


@pytest.mark.parametrize("case", NO_GAIN)
def test_where_no_gain_is_shown_greedy_is_kept_and_why_is_said(case, tmp_path):
    gaps, why = NO_GAIN[case]
    swept = swept_of(*gaps)
    assert swept.best is swept.tried[1] and swept.chosen is swept.greedy and not swept.shown
    told = conclusion(RunFolder(tmp_path), swept)[0]
    assert told.startswith("Aucun gain montré") and why in told.replace("\N{NO-BREAK SPACE}", " ")
    assert swept_of(Difference(0.02, 0.001, 0.04, 0.03, 30)).shown  # the same gain, tried alone


def test_pure_luck_is_seldom_called_a_gain():
    """Ways that differ by noise alone: the best of ten looks better far more often than it is called better."""
    random, value = np.random.default_rng(5), MEASURES["chrf"].value
    looked = called = 0
    for _ in range(60):
        noise = random.normal(size=(11, 40))
        sides = [summed({str(n): (str(n), (x, 1.0)) for n, x in enumerate(row)}) for row in noise]
        gaps = [paired(side, sides[0], value) for side in sides[1:]]
        swept = swept_of(*gaps)
        looked += swept.best.gap is not None and swept.best.gap.shown
        called += swept.shown
    assert looked > 6 and called <= 3  # of 60: 5% are 3


def test_measures_of_labels():
    def labelled(n, split):
        return Dialogue.of_pair(f"Phrase {n} {split}", ("positif", "négatif")[n % 2], id=f"{split}{n}", source="s", group=f"{split}{n}")  # fmt: skip

    learnt = Training([labelled(n, "train") for n in range(100)])
    asked = [labelled(n, "validation") for n in range(30)]
    rule = Scripted(lambda dialogue, sampling: dialogue.answer if sampling.temperature else "positif")
    for measure, plain in (("accuracy", 0.5), ("macro_f1", 1 / 3)):
        swept = sweep(rule, asked, [PLAIN, DRAWN], measure=measure, training=learnt)
        assert (swept.greedy.value.value, swept.best.value.value) == (pytest.approx(plain), 1.0)
    with pytest.raises(InputError, match="pas des étiquettes"):
        sweep(rule, DIALOGUES, [PLAIN, DRAWN], measure="accuracy")


def test_too_many_ways_are_refused():
    check_ways(grid())
    for ways in (grid([0], [], [1]), [Sampling(top_k=n) for n in range(MOST_WAYS)]):
        with pytest.raises(InputError, match="réglage"):
            check_ways(ways)


class Interrupted(SweepWatcher):
    """Presses Ctrl-C in the middle of the third way, after the first of its two passes."""

    def answered(self, done, total):
        if done == 24:
            raise KeyboardInterrupt


def test_an_interrupted_sweep_asks_only_what_is_missing(tiny_model, tmp_path):
    ways = grid([0, 1.2], [1], [1, 1.3], longest=6)
    assert len(ways) == 4

    def run(folder, watcher=None):
        evaluator, asked = Evaluator(tiny_model, kept=folder), []
        answers = evaluator._chat.answers
        evaluator._chat.answers = lambda prompts, sampling: asked.append(len(prompts)) or answers(prompts, sampling)
        try:
            found = sweep(evaluator, DIALOGUES, ways, questions=8, seeds=2, watcher=watcher)
        except KeyboardInterrupt:
            found = None
        return found, sum(asked)

    whole, count = run(tmp_path / "whole")
    assert count == 8 * (1 + 1 + 2 + 2)
    assert whole.greedy.value.dialogues == 8 and {"ended", "mean_words"} <= set(whole.greedy.guards)
    stopped, first = run(tmp_path / "killed", Interrupted())
    again, rest = run(tmp_path / "killed")
    assert stopped is None and (first, rest) == (24, count - 24)
    assert again == whole
