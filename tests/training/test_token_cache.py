"""The kept token ids: read back unchanged, never those of other texts, and never in the way."""

from dataclasses import replace

import pytest

from app.main import main
from chatbot.template import ALPACA, HUMAN_ASSISTANT
from chatbot.tokenizer import BytePairTokenizer
from datasets_prep.prepared import PreparedSet
from training import token_cache
from training.token_cache import FOLDER, encoded_split


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A prepared set of thirty dialogues, small as it is worth keeping."""
    monkeypatch.setattr(token_cache, "WORTH_KEEPING", 1)
    return prepared(tmp_path, "Elle arrive")


def prepared(folder, answer, *more):
    rows = [f"Où est la commande numéro {n} ?;{answer} le {n}." for n in range(30)]
    (folder / "faq.csv").write_text("question;réponse\n" + "\n".join(rows) + "\n", encoding="utf-8")
    assert main(["prepare", str(folder / "faq.csv"), "--out", str(folder / "set"), *more]) == 0
    return PreparedSet.open(folder / "set")


def files(data):
    return sorted((data.folder / FOLDER).glob("*"))


def content(encoded):
    return [(one.id, one.ids.tolist(), one.trainable.tolist()) for one in encoded]


def never_again(*args):
    raise AssertionError("tokenised again")


def test_a_second_training_does_not_tokenise_again(data, tiny_tokenizer, monkeypatch):
    first = encoded_split(data, "train", HUMAN_ASSISTANT, tiny_tokenizer)
    monkeypatch.setattr(token_cache, "encode", never_again)
    same = BytePairTokenizer(tiny_tokenizer.vocabulary, tiny_tokenizer.merges)
    second = encoded_split(PreparedSet.open(data.folder), "train", HUMAN_ASSISTANT, same)
    assert content(first) == content(second) and len(files(data)) == 1
    assert second.ids.dtype == first.ids.dtype and second.lengths.tolist() == first.lengths.tolist()


def test_another_split_template_tokenizer_or_version_is_encoded_anew(data, tiny_tokenizer, monkeypatch):
    def seen():
        return len(files(data))

    monkeypatch.setattr(token_cache, "MOST_KEPT", 99)
    encoded_split(data, "train", HUMAN_ASSISTANT, tiny_tokenizer)
    fewer = BytePairTokenizer(tiny_tokenizer.vocabulary, tiny_tokenizer.merges[:-1])
    longer = replace(HUMAN_ASSISTANT, between="\n\n")  # the same name, another text
    changes = [("validation", HUMAN_ASSISTANT, tiny_tokenizer), ("train", ALPACA, tiny_tokenizer),
               ("train", HUMAN_ASSISTANT, fewer), ("train", longer, tiny_tokenizer)]  # fmt: skip
    for count, change in enumerate(changes, start=2):
        encoded_split(data, *change)
        assert seen() == count
    monkeypatch.setattr(token_cache, "VERSION", token_cache.VERSION + 1)
    encoded_split(data, "train", HUMAN_ASSISTANT, tiny_tokenizer)
    assert seen() == len(changes) + 2


def test_a_set_prepared_anew_gives_its_own_tokens(data, tmp_path, tiny_tokenizer):
    encoded_split(data, "train", HUMAN_ASSISTANT, tiny_tokenizer)
    kept = {path: path.read_bytes() for path in files(data)}
    again = prepared(tmp_path, "Elle part", "--replace")
    assert not files(again)  # they went with the old set
    (again.folder / FOLDER).mkdir()
    for path, content in kept.items():  # as if they had not
        path.write_bytes(content)
    text = tiny_tokenizer.decode(encoded_split(again, "train", HUMAN_ASSISTANT, tiny_tokenizer)[0].ids.tolist())
    assert "Elle part" in text


def test_the_kept_tokens_are_no_part_of_the_set(data, tiny_tokenizer, capsys):
    encoded_split(data, "train", HUMAN_ASSISTANT, tiny_tokenizer)
    assert PreparedSet.open(data.folder).fingerprint == data.fingerprint
    assert main(["data", "licences", str(data.folder)]) == 0
    assert FOLDER not in capsys.readouterr().out


def test_whatever_is_damaged_is_encoded_anew_and_written_anew(data, tiny_tokenizer):
    """Each byte changed in turn, and the file cut anywhere: the same ids, or none that are read."""
    expected = content(encoded_split(data, "train", HUMAN_ASSISTANT, tiny_tokenizer))
    (path,) = files(data)
    whole = path.read_bytes()
    refused = 0
    for place in range(0, len(whole), 7):
        for damaged in (whole[:place], whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :]):
            path.write_bytes(damaged)
            kept = token_cache._read(path)
            assert kept is None or content(kept) == expected, place
            refused += kept is None
    assert refused > len(whole) / 7  # cut files, all of them, and most changes
    directory, header = whole.index(b"PK\x01\x02"), whole.index(b"}")
    changes = [(directory + 10, method) for method in (8, 12, 14)]  # of the first member: deflated, bzip2, LZMA
    for place, value in [*changes, (header, ord("{"))]:
        path.write_bytes(whole[:place] + bytes([value]) + whole[place + 1 :])
        kept = token_cache._read(path)
        assert kept is None or content(kept) == expected, place
    path.write_bytes(whole[:-100])
    assert content(encoded_split(data, "train", HUMAN_ASSISTANT, tiny_tokenizer)) == expected
    assert path.read_bytes() == whole


def test_where_nothing_can_be_written_nothing_is_kept_and_nothing_fails(data, tiny_tokenizer):
    (data.folder / FOLDER).write_text("a file in the place of the folder")  # root writes into a read-only one, too
    encoded = encoded_split(data, "train", HUMAN_ASSISTANT, tiny_tokenizer)
    assert len(encoded) == len(list(data.split("train"))) and (data.folder / FOLDER).is_file()


def test_the_oldest_go_and_small_splits_are_not_kept(data, tiny_tokenizer, monkeypatch):
    monkeypatch.setattr(token_cache, "MOST_KEPT", 2)
    for between in ("1", "2", "3"):
        encoded_split(data, "train", replace(HUMAN_ASSISTANT, between=between), tiny_tokenizer)
    assert len(files(data)) == 2
    monkeypatch.setattr(token_cache, "WORTH_KEEPING", 10**6)
    encoded_split(data, "train", ALPACA, tiny_tokenizer)
    assert len(files(data)) == 2
