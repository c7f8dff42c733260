"""JSON and JSON Lines files in the shapes that people have; each record gives its dialogues or its rejection."""

import json

import pytest

from chatbot.errors import InputError
from datasets_prep.repairs import mended_value
from datasets_prep.rows import Rejected
from datasets_prep.sources import SOURCES
from datasets_prep.spec import Given
from datasets_prep.text_files import LONGEST_LINE

Q, A = "Où est-il ?", "Là."
PAIR = {"question": Q, "answer": A}
# shape → what is in the file, the questions and answers that come out
SHAPES = {
    "list": ([PAIR, PAIR], [(Q, A)] * 2),
    "alpaca": ([{"instruction": Q, "input": "", "output": A}], [(Q, A)]),
    "wrapped": ({"questions": [PAIR, PAIR]}, [(Q, A)] * 2),
    "wrapped with other keys": ({"version": 1, "data": [PAIR]}, [(Q, A)]),
    "splits": ({"train": [PAIR], "test": [PAIR]}, [(Q, A)] * 2),
    "columns": ({"question": [Q, Q], "answer": [A, A]}, [(Q, A)] * 2),
    "columns of pandas": ({"question": {"0": Q, "1": Q}, "answer": {"0": A, "1": A}}, [(Q, A)] * 2),
    "messages": ({"messages": [{"role": "user", "content": Q}, {"role": "assistant", "content": A}]}, [(Q, A)]),
    "parts": ([{"messages": [{"role": "user", "content": [{"type": "text", "text": Q}]}, {"role": "assistant", "content": A}]}], [(Q, A)]),
    "ShareGPT": ([{"conversations": [{"from": "human", "value": Q}, {"from": "gpt", "value": A}]}], [(Q, A)]),
    "instances": ({"instruction": Q, "instances": [{"input": "", "output": A}, {"input": "x", "output": "B"}]}, [(Q, A), (Q, "B")]),
    "phrasings": ({"questions": [Q, "Où ?"], "answer": A}, [(Q, A), ("Où ?", A)]),
    "intents": ({"intents": [{"tag": "lieu", "patterns": [Q, "Où ?", "Dis où"], "responses": [A, "Ici."]}]}, [(Q, A), ("Où ?", "Ici."), ("Dis où", A)]),
    "intents of one text": ({"intents": [{"tag": "lieu", "patterns": Q, "responses": A}]}, [(Q, A)]),
    "two languages": ([{"q_fr": Q, "a_fr": A, "q_en": "Where?", "a_en": "There."}], [(Q, A), ("Where?", "There.")]),
    "one pair": (PAIR, [(Q, A)]),
    "columns beside a list": ({"question": [Q, "Qui ?"], "answer": [A, "Moi."], "faq": [PAIR]}, [(Q, A), ("Qui ?", "Moi."), (Q, A)]),
    "an object beside a list": ({"faq": [PAIR], "more": {"fr": {"list": [PAIR]}, "one": PAIR}}, [(Q, A)] * 3),
    "other lists": ({"data": [PAIR], "keys": ["a", "b"], "about": {"by": [{"name": "x"}]}}, [(Q, A)]),
}  # fmt: skip


def rows_of(path):
    return list(SOURCES["jsonl"].read(Given(path=path)).rows)


def found(rows):
    return [(row.question, row.answer) for row in rows if not isinstance(row, Rejected)]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("shape", SHAPES)
def test_shapes(shape, indent, write):
    """On one line or on many, and whatever the end of the name."""
    value, expected = SHAPES[shape]
    for name in ("faq.json", "faq.jsonl"):
        rows = rows_of(write(name, json.dumps(value, indent=indent, ensure_ascii=False)))
        assert found(rows) == expected and not [row for row in rows if isinstance(row, Rejected)]
        assert len({row.key for row in rows}) == len(rows)


def test_lines_in_a_json_file_and_encodings(write):
    text = "\n".join(json.dumps(one, ensure_ascii=False) for one in [PAIR, PAIR])
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
        assert found(rows_of(write("faq.json", text.encode(encoding)))) == [(Q, A)] * 2


def test_phrasings_and_intents_are_groups(write):
    for shape in ("phrasings", "intents", "two languages"):
        rows = rows_of(write("faq.json", json.dumps(SHAPES[shape][0])))
        assert len({row.group for row in rows}) == 1 and rows[0].group


def test_what_is_no_dialogue_is_rejected_one_by_one(write):
    bad = [[], {}, "text", 3, {"question": Q}, {"question": Q, "answer": None}, {"questions": [], "answer": A}, {"messages": []},
           {"conversations": [{"from": "human", "value": Q}]}, {"instruction": Q, "instances": []}, {"messages": "abc"},
           {"messages": [{"role": "user", "content": Q}, {"role": "assistant", "tool_calls": [{"id": "1"}]}]},
           {"messages": [{"content": Q}, {"content": A}]}, {"tag": "x", "patterns": [], "responses": [A]},
           {"tag": "x", "patterns": [Q], "responses": []}, {"tag": "x", "patterns": "", "responses": A}]  # fmt: skip
    rows = rows_of(write("faq.json", json.dumps([PAIR, *bad, PAIR], indent=1)))
    assert found(rows) == [(Q, A)] * 2 and len(rows) == 2 + len(bad)
    assert {row.reason for row in rows if isinstance(row, Rejected)} == {"not_a_dialogue"}
    assert rows[1].place == "élément 2" and rows[-1].key == str(len(rows))
    assert [json.loads(row.text) for row in rows if isinstance(row, Rejected)] == bad


def nested(depth: int) -> str:
    return '{"a": ' * depth + "[]" + "}" * depth


@pytest.mark.parametrize("depth", [300, 480, 700, 900, 950, 2_000])
def test_what_is_nested_deep_is_rejected_and_the_rest_is_read(depth, write):
    pair, deep = json.dumps(PAIR), nested(depth)
    lines = rows_of(write("faq.jsonl", f'{pair}\n{deep}\n{{"question": {deep}, "answer": "x"}}\n{pair}\n'))
    assert found(lines) == [(Q, A)] * 2
    assert [row.reason for row in lines if isinstance(row, Rejected)] == ["not_a_dialogue"] * 2
    if depth <= 900:  # deeper, Python's reader may refuse the file, depending on how deep its caller is
        document = rows_of(write("faq.json", f"[{pair},\n{deep}, {pair}]"))
        assert found(document) == [(Q, A)] * 2 and len(document) == 3


def test_columns_of_unlike_lengths_lose_nothing(write):
    rows = rows_of(write("faq.json", json.dumps({"question": [Q, Q], "answer": [A]})))
    assert found(rows) == [(Q, A)] and [row.reason for row in rows[1:]] == ["not_a_dialogue"]


MESSAGES = [{"role": "user", "content": Q}, {"role": "assistant", "content": A}]


@pytest.mark.parametrize(
    "record", [{"messages": MESSAGES}, PAIR, {"q_fr": Q, "a_fr": A, "q_en": "Where?", "a_en": "There."}]
)
def test_dialogues_beside_those_of_a_record_are_rejected_and_not_lost(record, write):
    """What they are to the record is not known: wrong answers, perhaps."""
    alone = rows_of(write("faq.jsonl", json.dumps(record)))
    whole = {**record, "data": [PAIR], "more": {"a": {"b": [PAIR]}}, "meta": {"x": [PAIR]}, "labels": [{"name": "x"}]}
    rows = rows_of(write("faq.jsonl", json.dumps(whole)))
    assert found(rows) == found(alone)
    rejected = [row for row in rows if isinstance(row, Rejected)]
    assert [row.reason for row in rejected] == ["not_a_dialogue"] * 2
    assert len({row.place for row in rejected}) == 2


def test_turns_under_two_keys(write):
    """The same in two forms are read once; two unlike dialogues are refused, for nothing tells which one is meant."""
    same = [{"from": "human", "value": Q}, {"from": "gpt", "value": A}]
    other = [{"from": "human", "value": Q}, {"from": "gpt", "value": "Ailleurs."}]
    records = [{"messages": MESSAGES, "conversations": same}, {"conversations": other, "messages": MESSAGES},
               {"messages": [], "conversation": same}, PAIR]  # fmt: skip
    first, second, *others = rows_of(write("faq.jsonl", "\n".join(map(json.dumps, records))))
    assert found([first, *others]) == [(Q, A)] * 3
    assert (second.reason, second.detail, second.place) == ("two_dialogues", "messages ≠ conversations", "ligne 2")
    assert "Ailleurs." in second.text and Q in json.loads(second.text)["messages"][0]["content"]


@pytest.mark.parametrize(
    ("record", "system"),
    [
        ({"system": "Réponds en vers.", "conversations": MESSAGES}, "Réponds en vers."),
        ({"system_prompt": "Réponds en vers.", **PAIR}, "Réponds en vers."),
        ({"system": "", **PAIR}, None),
        ({"system": None, **PAIR}, None),
        ({"system": "Autre.", "messages": [{"role": "system", "content": "Bref."}, *MESSAGES]}, "Bref."),
    ],
)
def test_a_system_message_under_its_own_key(record, system, write):
    (row,) = rows_of(write("faq.json", json.dumps(record)))
    assert (row.question, row.answer) == (Q, A)
    assert [(turn.role, turn.content) for turn in row.history] == ([("system", system)] if system else [])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (json.dumps([PAIR, PAIR]), "un document JSON : une liste (éléments : 2)."),
        (json.dumps([PAIR, PAIR], indent=1), "un document JSON : une liste (éléments : 2)."),
        (json.dumps({"questions": [PAIR], "version": 1}), "un document JSON : un objet (clés : questions, version)."),
        (json.dumps({"messages": MESSAGES}, indent=1), "un document JSON : un objet (clés : messages)."),
        (f"{json.dumps(PAIR)}\n\n{json.dumps(PAIR)}\n", "un objet par ligne."),
    ],
)
def test_the_shape_of_a_file_is_told_as_it_is(text, said, write):
    for name in ("faq.json", "faq.jsonl"):
        (remark,) = SOURCES["jsonl"].read(Given(path=write(name, text))).remarks
        assert remark.replace("\u00a0", " ") == f"utf-8, {said}"


@pytest.mark.parametrize(
    ("value", "keys"),
    [
        ([{"titre": Q, "corps": A}], "titre, corps"),
        ({"faq": [{"titre": Q, "corps": A}]}, "titre, corps"),
        ({"titre": Q}, "titre"),
        ([{f"clé {n}": n for n in range(9)}], "clé 0, clé 1, clé 2, clé 3, clé 4, clé 5, …"),
        ([{"x" * 99: 1, "deux\nlignes \ud800": 2}], f"{'x' * 30}…, deux lignes \\ud800"),
    ],
)
def test_keys_that_no_dialogue_has_are_named_beside_those_that_are_known(value, keys, write):
    for indent in (None, 1):
        with pytest.raises(InputError) as caught:
            rows_of(write("faq.json", json.dumps(value, indent=indent)))
        message = str(caught.value).replace("\u00a0", " ")
        assert f"Clés du premier objet : {keys}. " in message and "question + answer" in message
        assert len(message.splitlines()) == 2


def test_texts_are_repaired_and_logged(write):
    path = write(
        "faq.jsonl",
        '{"question": "O\\u00c3\\u00b9 ?", "answer": "LÃ\u00a0."}\n{"question": "Qui ?", "answer": "Moi."}\n',
    )
    reading = SOURCES["jsonl"].read(Given(path=path))
    assert found(reading.rows) == [("Où ?", "Là."), ("Qui ?", "Moi.")]
    assert reading.guessed["repairs"] == {"mojibake": 2}
    assert [(one["line"], one["column"], one["after"]) for one in reading.repairs()] == [
        (1, "question", "Où ?"),
        (1, "answer", "Là."),
    ]


def test_keys_are_repaired_as_the_header_of_a_table_is(write):
    wrong = "réponse".encode().decode("cp1252")
    path = write("faq.jsonl", json.dumps({"question": Q, wrong: A, "meta": {wrong: 1}}, ensure_ascii=False))
    reading = SOURCES["jsonl"].read(Given(path=path))
    assert found(reading.rows) == [(Q, A)]
    assert reading.guessed["repairs"] == {"mojibake": 2}
    assert [(one["column"], one["before"], one["after"]) for one in reading.repairs()] == [
        ("réponse", wrong, "réponse")
    ] * 2


def test_keys_that_would_become_the_same_stay_apart():
    wrong = "réponse".encode().decode("cp1252")
    for record in ({wrong: "a", "réponse": "b"}, {"réponse": "b", wrong: "a"}):
        assert mended_value(record) == (record, [])
    value, repairs = mended_value({wrong: "a", f"\ufeff{wrong}": "b"})
    assert value == {"réponse": "a", f"\ufeff{wrong}": "b"} and len(repairs) == 1


def test_a_document_on_one_long_line_is_read(write):
    """What no line may have, a document read in one piece may; lines of their own may not."""
    long = {"question": Q, "answer": "x" * LONGEST_LINE}
    for name in ("faq.json", "faq.jsonl"):
        assert [len(row.answer) for row in rows_of(write(name, json.dumps([PAIR, long])))] == [len(A), LONGEST_LINE]
        with pytest.raises(InputError, match=r"ligne 2.*8 millions"):
            rows_of(write(name, f"{json.dumps(PAIR)}\n{json.dumps(long)}\n"))
    with pytest.raises(InputError, match=r"faq\.json, ligne 1, colonne .*\u00a0: ce n'est pas du JSON"):
        rows_of(write("faq.json", json.dumps([long])[:-1]))
    with pytest.raises(InputError, match=r"ligne 1.*8 millions"):
        rows_of(write("faq.jsonl", f"{json.dumps(long)}\n{json.dumps(PAIR)}\n"))


def test_what_is_rejected_of_a_line_is_not_the_line(write):
    """Each rejected item with the whole line would make a log as large as the file times its rejects."""
    bad = [{"titre": f"Été {n}"} for n in range(50)]
    path = write("faq.json", json.dumps([PAIR] * 50 + bad, ensure_ascii=False))
    rejected = [row for row in rows_of(path) if isinstance(row, Rejected)]
    assert [row.text for row in rejected] == [json.dumps(one, ensure_ascii=False) for one in bad]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_mark_is_no_part_of_the_text_whatever_the_user_calls_the_encoding(encoding, write):
    document, lines = json.dumps([PAIR], indent=1), f"{json.dumps(PAIR)}\n\ufeff{json.dumps(PAIR)}\n"
    for name, text, count in (("faq.json", document, 1), ("faq.jsonl", lines, 2)):
        for mark in ("", "\ufeff"):
            rows = list(SOURCES["jsonl"].read(Given(path=write(name, mark + text), encoding=encoding)).rows)
            assert found(rows) == [(Q, A)] * count and len(rows) == count
    utf16 = write("faq.json", ("\ufeff" + document).encode("utf-16-le"))
    assert found(SOURCES["jsonl"].read(Given(path=utf16, encoding="utf-16-le")).rows) == [(Q, A)]


def test_the_reason_is_that_of_the_record_as_it_was_mended(write):
    good = json.dumps({"question": "Été à l’hôtel ?", "answer": "Déjà."}, ensure_ascii=False).encode()
    lines = [good] * 3 + [
        b'{"question": "\xe9t\xe9 ?"}',
        b'{"question": "a \xc3", "answer": "oui"}',
        b'{"question": "a \xc3"',
    ]
    rows = rows_of(write("faq.jsonl", b"\n".join(lines)))
    assert [row.reason for row in rows[3:]] == ["not_a_dialogue", "unreadable_bytes", "unreadable_bytes"]
    assert rows[4].text.strip() == '{"question": "a \\xC3", "answer": "oui"}'
    rows = rows_of(write("faq.json", b"[\n" + b",\n".join(lines[:5]) + b"]"))
    assert [row.reason for row in rows[3:]] == ["not_a_dialogue", "unreadable_bytes"]
    assert rows[3].text == '{"question": "été ?"}'
    _, rejected = rows_of(
        write("faq.json", '[{"question": "a", "answer": "b"}, {"question": "\\ud800",\n "answer": "é"}]')
    )
    assert rejected.text == '{"question": "\\ud800", "answer": "é"}'


def test_bytes_that_are_no_text(write):
    good = json.dumps({"question": "Été à l’hôtel ?", "answer": "Déjà."}, ensure_ascii=False).encode()
    rows = rows_of(
        write(
            "faq.jsonl",
            good + b'\n{"question": "\xe9t\xe9 ?", "answer": "oui"}\n{"question": "a \xc3", "answer": "oui"}\n',
        )
    )
    assert found(rows)[1] == ("été ?", "oui")
    assert [row.reason for row in rows if isinstance(row, Rejected)] == ["unreadable_bytes"]
    json.dumps(rows[2].to_json("faq"), ensure_ascii=False).encode()
