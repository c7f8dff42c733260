"""From plain text to a preset, in small: it learns, it resumes exactly, the card tells the truth."""

import gzip
import itertools
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from chatbot.errors import InputError
from chatbot.model import load_model, weights_fingerprint
from training.corpus import PretrainConfig, clean, read_corpus, rows_of
from training.pretrain import batches, plan, pretrain, tokens_until
from training.state import Backup

SENTENCES = {
    "fr": "Le cœur de l'élève bat très fort. La pluie tombe sur la ville.\nOn entend le vent, on attend le jour.\n",
    "en": "The heart of the pupil beats fast. The rain falls on the town.\n\nOne hears the wind, one waits for day.\n",
}


@pytest.fixture
def texts(tmp_path) -> Path:
    for language, text in SENTENCES.items():
        folder = tmp_path / "texts" / language
        folder.mkdir(parents=True)
        for number in range(3):
            (folder / f"book{number}.txt.gz").write_bytes(gzip.compress((text * 40).encode(), mtime=0))
        (folder / "wikitext_x.txt").write_text("left out", encoding="utf-8")
    return tmp_path / "texts"


def config_of(texts, out, **options) -> PretrainConfig:
    small = {
        "vocabulary": 320,
        "layers": 1,
        "hidden": 16,
        "heads": 2,
        "context": 64,
        "row": 32,
        "held_out": 1,
        "tokens": 32 * 8 * 40,
    }
    return PretrainConfig(texts=texts, out=out, learning_rate=3e-3, **{**small, **options})


def test_it_learns_and_publishes(texts, tmp_path):
    said = []
    recipe = pretrain(config_of(texts, tmp_path / "base"), say=said.append)
    assert set(recipe["bits_per_byte"]) == {"fr", "en"}
    assert all(0 < value < 8 for value in recipe["bits_per_byte"].values())
    curve = (tmp_path / "base" / "curve.csv").read_text().splitlines()
    assert float(curve[-1].split(",")[2]) < float(curve[1].split(",")[2])
    card = (tmp_path / "base" / "README.md").read_text(encoding="utf-8")
    assert f"{recipe['bits_per_byte']['fr']:.3f}" in card and recipe["held_out_works"][0] in card
    assert "Not stated" in card
    assert json.loads((tmp_path / "base" / "recipe.json").read_text())["parameters"] == recipe["parameters"]
    model = load_model(str(tmp_path / "base"))
    assert model.context == 64 and model.tokenizer.end_id == model.tokenizer.vocabulary_size - 1
    with pytest.raises(InputError, match="existe déjà"):
        pretrain(config_of(texts, tmp_path / "base"))


def test_it_goes_on_from_a_preset(texts, tmp_path):
    first = pretrain(config_of(texts, tmp_path / "first"))
    start = str(tmp_path / "first")
    second = pretrain(config_of(texts, tmp_path / "second", start=start, vocabulary=999, layers=7, tokens=32 * 8 * 20))
    assert (second["vocabulary"], second["layers"]) == (first["vocabulary"], first["layers"])
    assert second["seen"] == first["tokens"] and second["before"]["bits_per_byte"] == first["bits_per_byte"]
    losses = [float(row.split(",")[2]) for row in (tmp_path / "second" / "curve.csv").read_text().splitlines()[1:]]
    begun = [float(row.split(",")[2]) for row in (tmp_path / "first" / "curve.csv").read_text().splitlines()[1:]]
    assert losses[0] < begun[0]  # it does not begin from nothing
    assert second["bits_per_byte"]["fr"] < first["bits_per_byte"]["fr"]
    card = (tmp_path / "second" / "README.md").read_text(encoding="utf-8")
    assert f"{first['tokens'] + second['tokens']:,} tokens in all" in card
    third = pretrain(config_of(texts, tmp_path / "third", start=str(tmp_path / "second"), tokens=32 * 8 * 20))
    assert third["seen"] == first["tokens"] + second["tokens"]
    card = (tmp_path / "third" / "README.md").read_text(encoding="utf-8")
    was = [f"{base['bits_per_byte']['fr']:.3f}" for base in (first, second)]
    assert 0 < card.index(f"{first['tokens']:,}: ") < card.index(was[0]) < card.index(was[1])  # the oldest first


def test_going_on_keeps_the_held_out_works_where_the_texts_have_changed(texts, tmp_path):
    first = pretrain(config_of(texts, tmp_path / "first", seed=3))
    for number in range(12):  # another draw would fall upon other works
        (texts / "fr" / f"a{number}.txt").write_text(SENTENCES["fr"] * 40, encoding="utf-8")
    start = str(tmp_path / "first")
    second = pretrain(config_of(texts, tmp_path / "second", start=start, tokens=32 * 8 * 20))
    assert (second["held_out_works"], second["seed"]) == (first["held_out_works"], 3)


def test_going_on_reads_the_unseen_rows_first():
    stream = np.arange(32 * 100 + 1, dtype="int32")
    config = PretrainConfig(texts=Path(), out=Path(), row=32, context=64, tokens=32 * 8 * 20, seen=32 * 8 * 10)
    before = replace(config, seen=0)
    first = np.concatenate([step[0].token_ids[:, 0] for step in itertools.islice(batches(before, stream, 0), 9)])
    after = np.concatenate([step[0].token_ids[:, 0] for step in itertools.islice(batches(config, stream, 0), 3)])
    assert len(set(first)) == 72 and not set(first) & set(after)


def test_only_a_preset_of_pretrain_can_be_gone_on_with(texts, tmp_path, tiny_preset):
    with pytest.raises(InputError, match=r"recipe\.json"):
        pretrain(config_of(texts, tmp_path / "base", start=str(tiny_preset)))
    assert not (tmp_path / "base.work").exists()


def test_whole_works_are_held_out_and_wikitext_left_out(texts, tmp_path):
    corpus = read_corpus(config_of(texts, tmp_path / "x"))
    assert {language: len(texts) for language, texts in corpus.train.items()} == {"fr": 2, "en": 2}
    assert len(corpus.held_out_names) == 2
    assert not any("left out" in text for texts in corpus.train.values() for text in texts)


def test_an_interrupted_training_ends_with_the_same_weights(texts, tmp_path, monkeypatch):
    import training.pretrain as module

    monkeypatch.setattr(module, "SAVE_EVERY", 10)
    sources = tmp_path / "sources.md"
    sources.write_text("Two books of mine.", encoding="utf-8")
    pretrain(config_of(texts, tmp_path / "whole", sources=sources))
    assert "Two books of mine." in (tmp_path / "whole" / "README.md").read_text(encoding="utf-8")

    class Stop(Exception):
        pass

    def stop(text):
        if text.startswith("20/"):
            raise Stop

    with pytest.raises(Stop):
        pretrain(config_of(texts, tmp_path / "cut"), say=stop)
    assert not (tmp_path / "cut").exists()
    with pytest.raises(InputError, match="seed"):  # it would hold out works that were trained on
        pretrain(config_of(texts, tmp_path / "cut", seed=2), resume=True)
    states = Backup(tmp_path / "cut.work" / "backup").states
    assert [path.name for path in states] == ["state-000010.npz", "state-000020.npz"]
    states[-1].write_bytes(states[-1].read_bytes()[:-1000])
    said = []
    recipe = pretrain(config_of(texts, tmp_path / "cut"), resume=True, say=said.append)
    assert "Le dernier état (pas 20) est abîmé\u00a0: reprise au pas 10." in said
    curves = [(tmp_path / name / "curve.csv").read_text().splitlines() for name in ("whole", "cut")]
    assert [row.split(",")[:3] for row in curves[0]] == [row.split(",")[:3] for row in curves[1]]
    assert recipe["plans"] == [{"from_step": 0, "tokens": recipe["tokens"]}]
    left, right = (load_model(str(tmp_path / name)).causal_lm for name in ("whole", "cut"))
    assert weights_fingerprint(left) == weights_fingerprint(right)


def test_the_curve_counts_the_tokens_of_the_batches():
    """A context of 96 takes 2 rows of a step's 256 tokens: 192 of them."""
    config = PretrainConfig(texts=Path(), out=Path(), row=32, context=96, tokens=32 * 8 * 20)
    sizes = [step[0].token_ids.size for step in batches(config, np.arange(5000) % 300, 0)]
    assert sizes == [256] * 18 + [192] * 2
    assert [tokens_until(config, step) for step in range(1, 21)] == np.cumsum(sizes).tolist()


def test_rows_and_order():

    stream = np.arange(101)
    rows = rows_of(stream, 10)
    assert rows.shape == (10, 11) and rows[3].tolist() == list(range(30, 41))
    config = config_of(Path(), Path())
    short, long = plan(config)
    assert (short + long) == 40 and long == 4
    everything = [b[0].token_ids for b in batches(config, np.arange(2000) % 300, 0)]
    resumed = [b[0].token_ids for b in batches(config, np.arange(2000) % 300, 30)]
    assert len(everything) == 40 and all((a == b).all() for a, b in zip(everything[30:], resumed, strict=True))
    assert everything[-1].shape == (4, 64) and everything[0].shape == (8, 32)


def test_clean():
    assert clean("l’élève\r\n\r\n\n  a  b \ufffd\n") == "l'élève\na b"


def test_no_text_is_told(tmp_path):
    with pytest.raises(InputError, match="aucun fichier"):
        pretrain(config_of(tmp_path / "nowhere", tmp_path / "x"))


def test_too_little_text_is_told_before_any_training(texts, tmp_path):
    with pytest.raises(InputError, match="Trop peu de texte"):
        pretrain(config_of(texts, tmp_path / "x", tokens=100))
    (texts / "fr" / "book0.txt.gz").write_bytes(gzip.compress(b"Un mot.", mtime=0))
    (texts / "fr" / "book1.txt.gz").write_bytes(gzip.compress(b"Un mot.", mtime=0))
    (texts / "fr" / "book2.txt.gz").write_bytes(gzip.compress(b"Un mot.", mtime=0))
    with pytest.raises(InputError, match="Trop peu de texte"):
        pretrain(config_of(texts, tmp_path / "y"))
    with pytest.raises(InputError, match="rien pour l'entraînement"):
        pretrain(config_of(texts, tmp_path / "z", held_out=3))
    assert not (tmp_path / "z.work").exists()


@pytest.mark.parametrize(("name", "data"), [("a.txt", "élève".encode("latin-1")), ("a.txt.gz", b"no gzip")])
def test_a_file_that_is_no_utf8_text_is_named(texts, tmp_path, name, data):
    (texts / "fr" / name).write_bytes(data)
    with pytest.raises(InputError, match=r"a\.txt.*UTF-8"):
        pretrain(config_of(texts, tmp_path / "x"))
