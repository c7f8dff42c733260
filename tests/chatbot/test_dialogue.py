"""Dialogues on disk, and files that appear whole or not at all."""

import json

import pytest

from chatbot.dialogue import Dialogue, Message, assistant, read_dialogues, user, write_dialogues
from chatbot.errors import InputError
from chatbot.files import folder_written_whole, json_line, write_whole


def one(number=1, **meta):
    return Dialogue.of_pair(f"Où {number} ?", "Là.", context="cœur", id=str(number), source="s", group="g", meta=meta)


def test_round_trip(tmp_path):
    path = tmp_path / "d.jsonl"
    dialogues = [one(1, row=3), one(2)]
    assert write_dialogues(path, dialogues) == 2
    assert list(read_dialogues(path)) == dialogues
    assert '"messages": [{"role": "user", "content": "Où 1 ?", "context": "cœur"}' in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"id": 1}', '{"id":"1","source":"s","group":"g","messages":[]}', '"\\ud800']
)
def test_a_bad_line_is_told_with_its_number(tmp_path, line):
    path = tmp_path / "d.jsonl"
    write_dialogues(path, [one()])
    with path.open("a", encoding="utf-8") as file:
        file.write("\n" + line + "\n")
    with pytest.raises(InputError, match=r"d\.jsonl, ligne 3"):
        list(read_dialogues(path))


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match="introuvable"):
        list(read_dialogues(tmp_path / "no.jsonl"))


def test_a_json_line_can_always_be_written_and_read():
    line = json_line({"texte": "Où ?\n\udce9\udcff", "clé \udce9": 1, "half a pair": "\ud83d", "whole": "😀"})
    assert line.endswith("}\n") and line.count("\n") == 1 and "Où ?" in line and "😀" in line
    assert json.loads(line.encode()) == {"texte": "Où ?\n\\xE9\\xFF", "clé \\xE9": 1, "half a pair": "\ud83d", "whole": "😀"}  # fmt: skip


def test_turns_must_alternate_and_end_with_an_answer():
    for messages in ([user("a")], [assistant("a")], [user("a"), user("b"), assistant("c")], []):
        with pytest.raises(ValueError, match="must"):
            Dialogue(id="1", source="s", group="g", messages=tuple(messages))
    with pytest.raises(ValueError, match="role"):
        Message(role="human", content="x")


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def fail(temporary):
        temporary.write_text("half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_whole(path, fail)
    with pytest.raises(RuntimeError), folder_written_whole(tmp_path / "folder") as folder:
        (folder / "x").write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
