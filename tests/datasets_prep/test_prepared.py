"""The reading side: a folder that is not whole, or not as written, is refused."""

import json

import pytest

from chatbot.errors import InputError
from datasets_prep.prepared import PreparedSet


@pytest.fixture
def data(prepared):
    return prepared("embedded:hub")


def test_splits_come_back(data):
    again = PreparedSet.open(data.folder)
    assert again.splits == ("train", "validation", "test", "recall")
    assert {split: len(list(again.split(split))) for split in again.splits} == again.manifest["counts"]["by_split"]
    assert len(again.fingerprint) == 64


def test_an_unknown_split_lists_those_there(data):
    with pytest.raises(
        InputError, match=r"pas de partie «\sdev\s». Parties présentes\s: train, validation, test, recall"
    ):
        data.split("dev")


def test_a_lost_file_is_named(data):
    (data.folder / "recall.jsonl").unlink()
    with pytest.raises(InputError, match=r"recall\.jsonl\s: fichier manquant\.\n.*--replace"):
        PreparedSet.open(data.folder)


def test_a_changed_file_is_named(data):
    with (data.folder / "train.jsonl").open("a") as file:
        file.write("\n")
    with pytest.raises(InputError, match=r"train\.jsonl\s: fichier modifié depuis la préparation\.\n"):
        PreparedSet.open(data.folder)


@pytest.mark.parametrize("manifest", [None, "{", "[]", "{}", b"\xff"])
def test_what_is_not_a_prepared_set(tmp_path, write, manifest):
    if manifest is not None:
        write("manifest.json", manifest)
    with pytest.raises(InputError, match=r"ce n'est pas un jeu préparé.*\nPréparez-le\s: causette prepare"):
        PreparedSet.open(tmp_path)


def test_another_format(data):
    path = data.folder / "manifest.json"
    path.write_text(json.dumps({**data.manifest, "format_version": 99}))
    with pytest.raises(InputError, match=r"format 99.*format 1"):
        PreparedSet.open(data.folder)
