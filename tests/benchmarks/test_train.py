"""The training benchmark as it is run, with tiny shapes on small data: every token is counted, every ratio adds up."""

import json
import os
import random
import statistics
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.lines import SideFailed
from benchmarks.machine import versions_in
from benchmarks.sides import rounds
from benchmarks.sides.data import write_drawn
from benchmarks.sides.keras_hub import answer_tokens
from benchmarks.sides.plan import EXTRA, Group, extra_groups, strict_groups
from benchmarks.sides.results import with_best
from benchmarks.sides.worker import Job, Side
from chatbot.dialogue import read_dialogues
from chatbot.template import HUMAN_ASSISTANT
from chatbot.tokenizer import BytePairTokenizer
from training.packing import PackedRows, encode

ROOT = Path(__file__).resolve().parents[2]
PEER_PYTHON = os.environ.get("CAUSETTE_PEER_PYTHON", sys.executable)  # one that has requirements-bench.txt, if any
HAS_TRL = None not in versions_in(PEER_PYTHON).values()
WORDS = [
    "eye",
    "vision",
    "nerve",
    "pressure",
    "drops",
    "doctor",
    "pain",
    "loss",
    "test",
    "light",
    "field",
    "early",
    "late",
    "fluid",
    "lens",
    "care",
]
CONTEXT, ROWS, SEED, DRAWN, ROUNDS = 64, 2, 3, 10, 2


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> dict[str, Path]:
    """A MedQuAD of 30 rows, a PhraseBank of 30 sentences, a tokenizer of 400 tokens."""
    folder, chance = tmp_path_factory.mktemp("small"), random.Random(1)
    medquad, phrasebank, tokenizer = folder / "medquad.csv", folder / "Sentences_AllAgree.txt", folder / "tokenizer"
    lines = ["question,answer,source,focus_area"]
    for number in range(30):  # from answers of a few words to some that the context cuts
        answer = " ".join(chance.choices(WORDS, k=chance.randint(3, 60)))
        lines.append(f"What is (are) {chance.choice(WORDS)} {number} ?,{answer}.,NIH,area {number}")
    medquad.write_text("\n".join(lines) + "\n", encoding="utf-8")
    sentences = [
        f"The {' '.join(chance.choices(WORDS, k=6))} rose {number} % .@{chance.choice(['positive', 'neutral'])}"
        for number in range(30)
    ]
    phrasebank.write_text("\n".join(sentences) + "\n", encoding="latin-1")
    tokenizer.mkdir()
    words = BytePairTokenizer.train(
        [*lines, *sentences, "What is the sentiment of this sentence for an investor?"] * 3, 400
    )
    (tokenizer / "vocab.json").write_text(json.dumps(words.vocabulary), encoding="utf-8")
    (tokenizer / "merges.txt").write_text("#version: 0.2\n" + "\n".join(words.merges) + "\n", encoding="utf-8")
    return {"medquad": medquad, "phrasebank": phrasebank, "tokenizer": tokenizer}


def run(small: dict[str, Path], *options: str) -> subprocess.CompletedProcess[str]:
    shape = {
        "layers": 2,
        "width": 64,
        "heads": 2,
        "context": CONTEXT,
        "rows": ROWS,
        "seed": SEED,
        "dialogues": DRAWN,
        "rounds": ROUNDS,
    }
    given = [f"--{name}={value}" for name, value in {**shape, **small}.items()]
    command = [sys.executable, "-m", "benchmarks.train", "--json", *given, *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "CAUSETTE_LANG": "en"}
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, check=False)


@pytest.fixture(scope="module")
def result(small):
    """Ours, KerasHub, KerasHub at its guide's length, and TRL where it is installed."""
    done = run(small, f"--peer-python={PEER_PYTHON}", "--also", "keras_hub_128")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def drawn(small, tmp_path_factory) -> dict[str, Path]:
    """The dialogues that `result` was measured on: drawing is by seed."""
    files = {data: tmp_path_factory.mktemp("drawn") / f"{data}.jsonl" for data in ("medquad", "phrasebank")}
    for data, file in files.items():
        drawn = {"count": DRAWN, "context": CONTEXT, "seed": SEED, "tokenizer": small["tokenizer"]}
        assert write_drawn(data, small[data], file, **drawn) == DRAWN
    return files


def rows_of(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("data", ["medquad", "phrasebank"])
def test_our_steps_count_the_answer_tokens_of_the_rows_they_consume(result, small, drawn, data):
    words = BytePairTokenizer.from_files(small["tokenizer"] / "vocab.json", small["tokenizer"] / "merges.txt")
    packed = PackedRows.of(encode(read_dialogues(drawn[data]), HUMAN_ASSISTANT, words), CONTEXT)
    measured = result["sides"]["ours"]["data"][data]
    batches = [batch for (batch,) in packed.steps(ROWS, 1, SEED, 0, measured["steps"])]
    assert measured["response_tokens_of_these_steps"] == [int(batch.weights.sum()) for batch in batches]
    every = sum(min(row["tokens"], CONTEXT + 1) - row["prompt_tokens"] for row in rows_of(drawn[data]))
    assert measured["response_share"] == pytest.approx(every / (len(packed) * CONTEXT))


@pytest.mark.parametrize("data", ["medquad", "phrasebank"])
def test_the_steps_of_keras_hub_count_what_its_own_preprocessor_made(result, small, drawn, data):
    import keras_hub

    files = {"vocabulary": str(small["tokenizer"] / "vocab.json"), "merges": str(small["tokenizer"] / "merges.txt")}
    words = keras_hub.models.GPT2Tokenizer(**files)
    rows = rows_of(drawn[data])
    _, targets, weights = keras_hub.models.GPT2CausalLMPreprocessor(words, sequence_length=CONTEXT)(
        [row["prompt"] + row["completion"] for row in rows]
    )
    assert targets.shape == (DRAWN, CONTEXT)
    read = [min(CONTEXT, len(words(row["prompt"]))) for row in rows]
    made = [int(count) - before for count, before in zip(weights.numpy().sum(axis=1), read, strict=True)]
    assert [answer_tokens(row, CONTEXT) for row in rows] == made

    measured = result["sides"]["keras_hub"]["data"][data]
    first = ROWS if data == "medquad" else 0  # what it compiled with
    expected = [sum((made * 2)[start : start + ROWS]) for start in range(first, first + ROUNDS * ROWS, ROWS)]
    assert measured["response_tokens_of_these_steps"] == expected
    assert measured["response_share"] == pytest.approx(sum(made) / (DRAWN * CONTEXT))


def test_ratios_follow_from_the_steps(result):
    ours, keras_hub = (result["sides"][name] for name in ("ours", "keras_hub"))
    for data in ("medquad", "phrasebank"):
        ratio, (low, high) = result["ratios"][f"keras_hub_{data}"], result["spread"][f"keras_hub_{data}"]
        mine, theirs = ours["data"][data], keras_hub["data"][data]
        # Shapes are the same on both sides: what is left is seconds, and the share of response tokens.
        gain = mine["response_share"] / theirs["response_share"]
        pairs = list(zip(theirs["seconds_per_step"], mine["seconds_per_step"], strict=False))[:ROUNDS]
        rounds = [gain * slower / faster for slower, faster in pairs]
        assert ratio == pytest.approx(statistics.median(rounds), rel=0.1)  # seconds are rounded to milliseconds
        assert low <= ratio <= high
        assert gain > 1  # packed rows hold more answer than padded ones
        assert theirs["steps"] == ROUNDS and theirs["tokens_per_second"] > 0
    assert ours["precision"] == keras_hub["precision"]
    assert result["memory"]["keras_hub_medquad"] == pytest.approx(ours["peak_mb"] / keras_hub["peak_mb"])
    assert {"trl", "keras_hub_medquad", "keras_hub_phrasebank"} <= result["ratios"].keys()
    assert str(ROOT) not in json.dumps(result)


@pytest.mark.skipif(HAS_TRL, reason="TRL is installed: it is measured")
def test_without_trl_the_rest_is_measured(result):
    assert result["ratios"]["trl"] is None and result["sides"].keys() == {"ours", "keras_hub", "keras_hub_128"}
    assert "trl" in result["not_measured"]["trl_float32"]


@pytest.mark.skipif(not HAS_TRL, reason="no TRL: set CAUSETTE_PEER_PYTHON to a Python that has requirements-bench.txt")
def test_trl_trains_on_the_answers_and_the_faster_precision_counts(result, drawn):
    both = [result["ratios"][f"trl_{precision}"] for precision in ("float32", "bfloat16")]
    assert result["ratios"]["trl"] == min(both) > 0
    side = result["sides"]["trl_float32"]["data"]["medquad"]
    rows = rows_of(drawn["medquad"])
    # TRL cuts a dialogue to the context itself, and packs without padding.
    trained = sum(min(row["tokens"], CONTEXT) - row["prompt_tokens"] for row in rows)
    places = sum(min(row["tokens"], CONTEXT) for row in rows)
    assert side["response_share"] == pytest.approx(trained / places)
    assert all(0 < tokens <= ROWS * CONTEXT for tokens in side["response_tokens_of_these_steps"])


def test_other_peers_are_measured_by_name(result):
    ratios, side = result["ratios"], result["sides"]["keras_hub_128"]
    assert ratios["keras_hub_phrasebank_128"] > 0 and side["context"] == 128
    assert not {"keras_hub_phrasebank_jax", "trl_at_once"} & ratios.keys()
    ours = Side(name="ours", module="ours", python="", precision="float32", ratios={"medquad": ""}, rows=2, context=64)
    peers = [group.peers[0] for group in strict_groups(ours, "float32", "")]
    assert tuple(group.name for group in extra_groups(*peers)) == EXTRA


def test_a_missing_file_is_told_in_a_line(small, tmp_path):
    done = run({**small, "medquad": tmp_path / "medquad.csv"})
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.strip() == f"{tmp_path / 'medquad.csv'}: no such file. Give it by --medquad."


class Told:
    """A side that takes as long as its name says, and computes nothing: for how rounds are shared out."""

    def __init__(self, side: Side, job: Job):
        self.side, self.facts = side, {"response_share": {"medquad": 0.5}}

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def step(self, data: str) -> dict:
        if self.side.name == "broken":
            raise SideFailed("out of memory (exit status -9)")
        seconds = float(self.side.name) if self.side.name != "ours" else 10.0
        return {"data": data, "seconds": seconds, "positions": 100, "response_tokens": 50, "peak_bytes": None}


@pytest.fixture
def bench(monkeypatch):
    """A bench of three rounds in 120 s, with a clock that stands still."""
    monkeypatch.setattr(rounds, "Worker", Told)
    monkeypatch.setattr(rounds.time, "perf_counter", lambda: 0.0)
    ours = Side(name="ours", module="ours", python="", precision="float32", ratios={"medquad": ""}, rows=2, context=64)
    job = Job(layers=2, width=64, heads=2, tokenizer="", seed=1)
    return rounds.Bench(Told(ours, job), job, rounds=3, seconds=120, peer_versions={"trl": None}), ours


def test_a_round_that_would_take_too_long_is_left_out_and_said(bench):
    bench, ours = bench
    sides = [replace(ours, name=name, module="keras_hub", ratios={"medquad": name}) for name in ("100", "20", "200")]
    bench.compare(Group(name="all", peers=tuple(sides)))
    steps = {name: side["data"]["medquad"]["steps"] for name, side in bench.sides().items()}
    assert steps == {"ours": 3, "100": 1, "20": 3, "200": 1}  # 10 + 20 + 100 seconds are more than 120
    assert bench.left_out.keys() == {"100", "200"} and bench.left_out["100"].startswith("1 of 3 rounds")
    assert bench.results()["ratios"] == {"100": 10.0, "20": 2.0, "200": 20.0}


def test_a_peer_that_fails_or_is_not_installed_is_not_measured(bench):
    bench, ours = bench
    failing = replace(ours, name="broken", module="keras_hub", ratios={"medquad": "broken"})
    lacking = replace(ours, name="30", module="trl", ratios={"medquad": "trl_float32"})
    bench.compare(Group(name="all", peers=(failing, lacking)))
    results = bench.results()
    assert results["ratios"] == {"broken": None, "trl_float32": None}
    assert bench.not_measured["broken"] == "out of memory (exit status -9)"
    assert bench.not_measured["30"].startswith("trl not installed")
    assert with_best(results, "trl", ["trl_float32"]) is None and results["ratios"]["trl"] is None
