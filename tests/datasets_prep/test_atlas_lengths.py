"""Lengths against a context limit, and which dialogues an atlas looks at."""

import json

import numpy as np
import pytest

from datasets_prep.atlas.findings import percent
from datasets_prep.atlas.lengths import histogram_of, summary_of
from datasets_prep.atlas.parts import Labels
from datasets_prep.atlas.sample import Sample, batches


def test_figures_are_lengths_that_are_there():
    summary = summary_of(np.arange(1, 101), limit=90)
    assert (summary.median, summary.p90, summary.p99, summary.longest) == (50, 90, 99, 100)
    assert (summary.over, summary.share_over) == (10, 0.1)
    assert summary_of(np.array([], int), 8).share_over == 0


@pytest.mark.parametrize(
    ("limit", "longest"), [(512, 100), (512, 700), (512, 90_000), (128, 128), (4096, 6), (509, 3000)]
)
def test_a_histogram_loses_nothing(limit, longest):
    lengths = np.random.default_rng(1).integers(1, longest + 1, 3_000)
    lengths[0] = longest
    histogram = histogram_of(lengths, limit)
    end = histogram.width * len(histogram.counts)
    assert sum(histogram.counts) + len(histogram.tail) == 3_000 and histogram.tail == tuple(
        sorted(lengths[lengths > end])
    )
    assert 1 <= len(histogram.counts) <= 80
    if limit != 509 and histogram.width * len(histogram.counts) > limit:  # a prime is no multiple of anything
        assert limit % histogram.width == 0
        assert sum(histogram.counts[limit // histogram.width :]) + len(histogram.tail) == (lengths > limit).sum()


def test_a_length_of_the_limit_is_left_of_it():
    histogram = histogram_of(np.array([512] * 5 + [513] * 2 + [1, 64, 65]), 512)
    edge = 512 // histogram.width
    assert histogram.counts[edge - 1] == 5 and histogram.counts[edge] == 2


def test_a_few_very_long_ones_press_the_others_into_no_corner():
    """Lengths up to 100, five of 20,000, a context of 512: the bars are those of the hundred, the five are the tail."""
    histogram = histogram_of(np.array([*range(1, 101)] * 10 + [20_000] * 5), 512)
    assert histogram.tail == (20_000,) * 5 and sum(histogram.counts) == 1_000
    assert sum(map(bool, histogram.counts)) >= len(histogram.counts) / 2 >= 12


def test_the_limit_is_drawn_where_there_is_room_for_it():
    histogram = histogram_of(np.array([*range(1, 401)] * 5 + [600] * 5), 512)
    assert histogram.width * len(histogram.counts) > 512 and histogram.tail == (600,) * 5


def test_shares_are_never_rounded_to_all_or_nothing():
    shown = [percent(share).replace("\N{NO-BREAK SPACE}", " ") for share in (0, 0.00001, 0.004, 0.086, 0.2, 0.9999, 1)]
    assert shown == ["0 %", "moins de 0,1 %", "0,4 %", "8,6 %", "20 %", "99,9 %", "100 %"]


@pytest.fixture
def data(prepared):
    return prepared("embedded:boutique_accueil")


def test_all_dialogues_or_as_many_as_asked_for_by_the_seed(data):
    everything = [placed.dialogue.id for placed in Sample.drawn(data, seed=1)]
    assert len(everything) == sum(data.manifest["counts"]["by_split"].values()) == len(set(everything))
    some = Sample.drawn(data, seed=1, most=30)
    ids = [placed.dialogue.id for placed in some]
    assert (len(ids), some.size, some.total) == (30, 30, len(everything))
    assert ids == [placed.dialogue.id for placed in some] and set(ids) < set(everything)
    assert ids == [one for one in everything if one in set(ids)]  # in their order
    assert ids != [placed.dialogue.id for placed in Sample.drawn(data, seed=2, most=30)]
    few = [placed.dialogue.id for placed in some.few(5, seed=3)]
    assert len(few) == 5 and set(few) < set(ids)
    assert len(list(some.few(500, seed=3))) == 30


def test_draws_are_fair(data):
    """Over many seeds every dialogue comes up about as often as any other."""
    total = Sample.drawn(data, seed=0).total
    hits = np.zeros(total)
    splits = list(data.splits)
    for seed in range(400):
        places = Sample.drawn(data, seed=seed, most=total // 4).places
        begin = 0
        for split in splits:
            hits[[begin + place for place in places[split]]] += 1
            begin += data.manifest["counts"]["by_split"][split]
    assert hits.mean() == pytest.approx(400 * (total // 4) / total) and hits.std() < 15 and hits.min() > 50


def test_only_the_drawn_lines_are_parsed(data, monkeypatch):
    sample = Sample.drawn(data, seed=1, most=7)
    parsed = []
    loads = json.loads
    monkeypatch.setattr("datasets_prep.atlas.sample.json.loads", lambda line: parsed.append(line) or loads(line))
    assert len(list(sample)) == len(parsed) == 7


def test_batches_keep_all():
    assert list(batches(range(5), 2)) == [[0, 1], [2, 3], [4]] and list(batches([], 2)) == []


@pytest.mark.parametrize(
    ("lines", "key", "classes"),
    [
        ([{"label": "a", "theme": "x"}, {"label": "b", "theme": "y"}], "label", ["a", "b"]),
        ([{"label": "a"}, {"theme": "x"}, {"theme": "y"}], "", []),  # some have no label, all are of one source
        ([{"theme": "x"}, {"theme": "x"}, {"theme": "y"}], "theme", ["x", "y"]),
        ([{"theme": "y"}, {"theme": "x"}, {"theme": "x"}], "theme", ["x", "y"]),
        ([{"label": str(n)} for n in range(13)], "", []),  # identifiers, not classes
    ],
)
def test_classes(prepared, write, lines, key, classes):
    rows = [{"question": f"Question {n} ?", "answer": f"Réponse {n}."} for n in range(len(lines))]
    data = prepared(write("faq.jsonl", "".join(json.dumps(row) + "\n" for row in rows)), shares=(1, 0, 0))
    placed = list(Sample.drawn(data, seed=0))
    labels = Labels()
    from dataclasses import replace

    list(labels.noting(p._replace(dialogue=replace(p.dialogue, meta=m)) for p, m in zip(placed, lines, strict=True)))
    assert labels.class_key == key
    assert [part.name for part in labels.parts() if part.kind == "class"] == classes
    assert labels.parts()[0].rows.all() and not [part for part in labels.parts() if part.kind == "split"]
