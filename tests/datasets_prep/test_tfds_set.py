"""Prepared sets as tf.data and as TFDS data sets: the same elements by both roads, and nothing lost."""

import json

import pytest

from chatbot.errors import InputError
from datasets_prep.prepared import PreparedSet
from datasets_prep.tfds_set import as_tf_data, tfds_name, write_tfds

MEDQUAD = "question,answer,source,focus_area\n" + "".join(
    f"What is (are) Illness {n} ?,\"It is the illness number {n}, “é”.\",NIDDK,Illness {n}\n" for n in "abcdefgh"
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def quiet():
    from app.quiet import load_tfds

    load_tfds()


@pytest.fixture
def medquad(write, prepared):
    return prepared("medquad", from_file=write("medquad.csv", MEDQUAD), shares=(0.75, 0.25, 0))


def as_lists(example):
    """An element as plain texts."""
    texts = {key: value.decode() for key, value in example.items() if key != "messages"}
    return {
        **texts,
        "messages": {key: [text.decode() for text in values] for key, values in example["messages"].items()},
    }


def expected(dialogue):
    messages = {part: [getattr(one, part) for one in dialogue.messages] for part in ("role", "content", "context")}
    meta = json.dumps(dict(dialogue.meta), ensure_ascii=False)
    return {"id": dialogue.id, "source": dialogue.source, "group": dialogue.group, "meta": meta, "messages": messages}


def test_medquad_as_a_tfds_set(medquad, tmp_path, capsys):
    import tensorflow_datasets as tfds

    folder = write_tfds(medquad.folder, tmp_path / "tfds", "Données 2")
    assert folder == tmp_path / "tfds" / "donnees_2" / "1.0.0"
    assert capsys.readouterr().out == "" and not (tmp_path / "tfds" / "downloads").exists()
    builder = tfds.builder_from_directory(folder)
    assert set(builder.info.splits) == {"train", "validation"}  # an empty split is not written
    assert "CC BY 4.0" in builder.info.description and "Ben Abacha" in builder.info.citation
    for split in builder.info.splits:
        found = [as_lists(example) for example in tfds.as_numpy(builder.as_dataset(split=split))]
        assert found == [expected(dialogue) for dialogue in medquad.split(split)]  # in the same order
        assert builder.as_dataset(split=split).element_spec == as_tf_data(medquad.folder, split).element_spec


def test_tf_data(medquad):
    data = as_tf_data(medquad.folder, "train")
    assert [as_lists(example) for example in data.as_numpy_iterator()] == [
        expected(dialogue) for dialogue in medquad.split("train")
    ]
    assert next(iter(data.ragged_batch(2)))["id"].shape == (2,)
    with pytest.raises(InputError, match=r"pas de partie «\u00a0tset\u00a0»"):
        as_tf_data(medquad.folder, "tset")


def test_wrong_calls(medquad, tmp_path):
    with pytest.raises(InputError, match="ce n'est pas un jeu préparé"):
        write_tfds(tmp_path, tmp_path / "tfds")
    with pytest.raises(InputError, match="--name"):
        write_tfds(medquad.folder, tmp_path / "tfds", "2026")
    write_tfds(medquad.folder, tmp_path / "tfds")
    with pytest.raises(InputError, match="existe déjà"):
        write_tfds(medquad.folder, tmp_path / "tfds")


def test_names():
    assert [tfds_name(name) for name in ("MedQuAD", "faq-2", "2 Été_", "données.csv")] == ["medquad", "faq_2", "ete", "donnees_csv"]  # fmt: skip


def test_medquad_whole(medquad_whole, tmp_path):
    import tensorflow_datasets as tfds

    data = medquad_whole
    builder = tfds.builder_from_directory(write_tfds(data.folder, tmp_path / "tfds", "medquad"))
    counts = {split: info.num_examples for split, info in builder.info.splits.items()}
    assert counts == PreparedSet.open(data.folder).manifest["counts"]["by_split"] and sum(counts.values()) > 16_000
