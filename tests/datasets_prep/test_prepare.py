"""Preparing: rows in, folder out; nothing lost, nothing leaked, nothing half-written."""

import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.language import set_language
from datasets_prep.cleaning import Limits
from datasets_prep.dedupe import SeenDialogues
from datasets_prep.prepare import PrepareConfig, prepare, split_all
from datasets_prep.prepared import PreparedSet
from datasets_prep.rows import REASONS, Rejected, Row, normalised
from datasets_prep.sift import sift
from datasets_prep.sources import SOURCES, Source
from datasets_prep.spec import DatasetSpec, Given, Reading, Shares

SUBJECTS = [
    "colis",
    "livre",
    "prix",
    "retour",
    "avis",
    "compte",
    "carte",
    "stock",
    "facture",
    "cadeau",
    "délai",
    "panier",
]
FAQ = "question,answer\n" + "".join(f"Où trouver {subject} ?,Voyez la page {subject}.\n" for subject in SUBJECTS)
BAD_ROWS = 'Où trouver colis ?,Voyez la page colis.\nOù trouver  colis,Voyez la page : colis\n,vide\nseule\nX,rien à dire\n"a"b,c\n'


def rejected_rows(data: PreparedSet) -> list[dict]:
    return [json.loads(line) for line in (data.folder / "rejected.jsonl").read_text(encoding="utf-8").splitlines()]


def ids(data: PreparedSet) -> dict[str, str]:
    return {dialogue.id: split for split in data.splits for dialogue in data.split(split)}


def test_a_csv_file_end_to_end(write, prepared):
    path = write("faq.csv", FAQ + BAD_ROWS)
    data = prepared(path, template="alpaca", seed=3)
    manifest = data.manifest
    reasons = {"exact_duplicate", "near_duplicate", "empty_question", "ragged_row", "short_question", "bad_quotes"}
    assert manifest["counts"]["by_reason"] == dict.fromkeys(reasons, 1)
    assert (manifest["counts"]["read"], manifest["counts"]["kept"], manifest["counts"]["rejected"]) == (18, 12, 6)
    assert manifest["counts"]["by_split"] == {"train": 10, "validation": 1, "test": 1}
    assert manifest["template"] == "alpaca" and manifest["seed"] == 3
    (source,) = manifest["sources"]
    assert source["guessed"] == {"encoding": "utf-8", "separator": ",", "columns": {"question": "question", "answer": "answer"}}  # fmt: skip
    assert source["files"][0]["name"] == "faq.csv" and source["files"][0]["bytes"] == path.stat().st_size
    assert source["licence"]["redistribution"] == "unknown"
    assert str(path.parent) not in json.dumps(manifest)
    assert set(ids(data)) == {f"faq-{number}" for number in range(1, 13)}
    rejected = {row["reason"]: row for row in rejected_rows(data)}
    assert rejected["exact_duplicate"] == {
        "source": "faq", "place": "row 13", "reason": "exact_duplicate", "detail": "faq-1",
        "question": "Où trouver colis ?", "answer": "Voyez la page colis.",
    }  # fmt: skip
    assert rejected["near_duplicate"]["detail"] == "faq-1"
    assert rejected["ragged_row"]["detail"] == "1 ≠ 2"
    assert sorted(path.name for path in data.folder.iterdir()) == [
        "manifest.json", "rejected.jsonl", "test.jsonl", "train.jsonl", "validation.jsonl",
    ]  # fmt: skip


def test_rejected_texts_are_shortened(write, prepared):
    data = prepared(write("faq.csv", FAQ + f"q,{'x' * 500}\n"))
    assert len(rejected_rows(data)[0]["answer"]) == 200


def test_row_order_changes_no_split(write, prepared, tmp_path):
    header, *rows = FAQ.splitlines()
    one = prepared(write("one.csv", FAQ), out=tmp_path / "1")
    other = prepared(write("other.csv", "\n".join([header, *rows[::-1]])), out=tmp_path / "2")

    def homes(data):
        return {dialogue.question: split for split in data.splits for dialogue in data.split(split)}

    assert homes(one) == homes(other)


def test_same_input_same_fingerprint_and_the_seed_counts(write, prepared, tmp_path):
    path = write("faq.csv", FAQ)
    one, same, other = (prepared(path, out=tmp_path / str(n), seed=seed) for n, seed in enumerate((0, 0, 1)))
    assert one.fingerprint == same.fingerprint != other.fingerprint


def test_a_group_column_is_never_cut(write, prepared):
    lines = [f"{theme},Que dire de {theme} et {subject} ?,La page {theme} parle de {subject}." for theme in "abcdefgh" for subject in SUBJECTS]  # fmt: skip
    data = prepared(write("faq.csv", "theme,question,answer\n" + "\n".join(lines)))
    groups = [{dialogue.group for dialogue in data.split(split)} for split in data.splits]
    assert sum(map(len, groups)) == 8 == len(set.union(*groups))


def test_rows_without_a_group_are_grouped_by_question(write, prepared):
    answers = "\n".join(f"Où trouver {subject} ?,Réponse numéro {n} sur {subject}." for n in range(3) for subject in SUBJECTS)  # fmt: skip
    data = prepared(write("faq.csv", "question,answer\n" + answers.replace("Où trouver colis", "OÙ  trouver colis", 1)))
    homes = {}
    for split in data.splits:
        for dialogue in data.split(split):
            homes.setdefault(normalised(dialogue.question), set()).add(split)
    assert len(homes) == 12 and all(len(splits) == 1 for splits in homes.values())


def test_several_sources_and_duplicates_across_them(write, prepared):
    first, second = write("un.csv", FAQ), write("deux.csv", FAQ + "Où trouver la loi ?,Au Journal officiel.\n")
    data = prepared(first, second)
    un, deux = data.manifest["sources"]
    assert (un["counts"]["kept"], deux["counts"]["kept"], deux["counts"]["by_reason"]) == (
        12,
        1,
        {"exact_duplicate": 12},
    )
    assert rejected_rows(data)[0] == {**rejected_rows(data)[0], "source": "deux", "detail": "un-1"}


def test_jsonl_keeps_whole_dialogues(write, prepared):
    lines = [json.dumps({"messages": [{"role": "system", "content": "Sois bref."}, {"role": "user", "content": f"Parlons de {subject}"},
             {"role": "assistant", "content": "D'accord."}, {"role": "user", "content": "Où ?"}, {"role": "assistant", "content": f"Page {subject}."}]})
             for subject in SUBJECTS]  # fmt: skip
    data = prepared(write("talks.jsonl", "\n".join(lines)))
    dialogues = [dialogue for split in data.splits for dialogue in data.split(split)]
    assert len(dialogues) == 12 and all(len(dialogue.messages) == 5 for dialogue in dialogues)
    assert len({dialogue.group for dialogue in dialogues}) == 12


def test_the_embedded_set(prepared):
    data = prepared("embedded")
    counts = data.manifest["counts"]
    assert counts["rejected"] == 0 and set(counts["by_split"]) == {"train", "validation", "test", "recall"}
    parts = {split: list(data.split(split)) for split in data.splits}
    unseen = {dialogue.group for dialogue in parts["test"]}
    known = {dialogue.group for dialogue in parts["train"]}
    assert not unseen & known
    assert 0.08 < len(unseen) / len(unseen | known) < 0.12
    assert {dialogue.group for dialogue in parts["recall"]} == {d.group for d in parts["validation"]} == known
    assert Counter(d.group for d in parts["train"]).most_common()[-1][1] == 4
    assert {d.group for d in parts["train"] if d.meta["phrasing"] == 0} == known
    rows = SOURCES["embedded"].read(Given()).rows
    assert {(r.question, r.answer) for r in rows} == {(d.question, d.answer) for part in parts.values() for d in part}
    wordings = [{normalised(d.question) for d in parts[split]} for split in ("train", "recall", "test")]
    assert not wordings[0] & wordings[1] and not wordings[0] & wordings[2]


def test_one_theme_beside_a_file(write, prepared):
    data = prepared("embedded:boutique", write("faq.csv", FAQ))
    assert {d.source for d in data.split("test")} == {"embedded", "faq"}
    assert {d.meta["theme"] for d in data.split("recall")} == {
        "boutique_accueil",
        "boutique_commande",
        "boutique_livraison",
        "boutique_service",
    }
    assert len(data.manifest["split_rule"]) == 2


def test_a_long_request_makes_a_short_group(write, prepared):
    """One instruction over several long texts: each text is a group, and no group is as long as its text."""
    rows = "".join(f"Résume.,{subject} {'bla ' * 100},Il y est question de {subject}.\n" for subject in SUBJECTS)
    data = prepared(write("faq.csv", "instruction,input,output\n" + rows))
    groups = {dialogue.group for split in data.splits for dialogue in data.split(split)}
    assert len(groups) == 12 and max(map(len, groups)) <= 200


# --- options ---


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({"shortest_question": 19}, 5),
        ({"longest_question": 18}, 7),
        ({"shortest_answer": 20}, 10),
        ({"longest_answer": 20}, 7),
        ({"columns": ("answer", "question")}, 12),
        ({"shares": (0.5, 0.25, 0.25)}, 12),
    ],
)
def test_every_option_has_an_effect(write, prepared, options, kept):
    data = prepared(write("faq.csv", FAQ), **options)
    plain = prepared(write("faq.csv", FAQ), out=data.folder.with_name("plain"))
    assert data.manifest["counts"]["kept"] == kept
    assert data.fingerprint != plain.fingerprint


def test_near_thresholds_reach_the_sifting(write, prepared, tmp_path):
    rows = FAQ + "Où trouver le colis ?,Voyez la page colis.\n"
    path = write("faq.csv", rows)
    assert prepared(path, out=tmp_path / "1").manifest["counts"]["rejected"] == 0
    assert prepared(path, out=tmp_path / "2", near_question=0.5).manifest["counts"]["by_reason"] == {
        "near_duplicate": 1
    }
    rows += "Où trouver colis !,Voyez donc la page colis.\n"
    path = write("faq2.csv", rows)
    assert prepared(path, out=tmp_path / "3").manifest["counts"]["rejected"] == 0
    assert prepared(path, out=tmp_path / "4", near_answer=0.5).manifest["counts"]["by_reason"] == {"near_duplicate": 1}


def test_every_option_is_documented_in_one_line():
    for name, option in PrepareConfig.model_fields.items():
        assert option.description and "\n" not in option.description, name


def test_replace_swaps_the_whole_folder(write, prepared):
    data = prepared(write("faq.csv", FAQ))
    (data.folder / "extra.txt").write_text("x")
    again = prepared(write("faq.csv", FAQ), seed=1, replace=True)
    assert again.fingerprint != data.fingerprint
    assert not (data.folder / "extra.txt").exists()


def test_progress_is_told_in_both_languages(write, tmp_path):
    path = write("faq.csv", FAQ + BAD_ROWS)
    for language, out, expected in (("fr", "a", "faq\u00a0: lues 18 = gardées 12 + rejetées 6 ("), ("en", "b", "faq: read 18 = kept 12 + rejected 6 (")):  # fmt: skip
        set_language(language)
        lines: list[str] = []
        prepare(PrepareConfig(sources=(str(path),), out=tmp_path / out), say=lines.append)
        assert any(line.startswith(expected) for line in lines)
        assert lines[-1].endswith("train 10, validation 1, test 1.")


# --- read = kept + rejected, whatever the rows ---

cells = st.text(st.sampled_from("ab é ?\u00a0\n\x00\u200b1"), max_size=8) | st.text(max_size=5)
rows = st.lists(
    st.tuples(cells, cells, st.sampled_from(["", "g", "h"])) | st.sampled_from(sorted(REASONS)), min_size=1, max_size=25
)
LIMITS = Limits(shortest_question=2, longest_question=7, shortest_answer=2, longest_answer=7)


def made_source(made) -> Source:
    found = [
        Rejected(place=f"row {n}", reason=one)
        if isinstance(one, str)
        else Row(key=str(n), place=f"row {n}", question=one[0], answer=one[1], group=one[2])
        for n, one in enumerate(made)
    ]
    csv = SOURCES["csv"]
    spec = DatasetSpec(name="made", title=("", ""), language="", size="", origin="", licence=csv.licence,
                       read=lambda given: Reading(rows=iter(found), files=()))  # fmt: skip
    return Source(name="made", spec=spec, given=Given())


@settings(deadline=None, max_examples=150)
@given(rows)
def test_read_is_kept_plus_rejected(made):
    made = [*made, ("bonjour", "salut", "")]  # one row at least is good
    sifted = sift(made_source(made), LIMITS, SeenDialogues(near_question=0.9, near_answer=0.85), lambda line: None)
    assert sifted.read == len(made) == len(sifted.kept) + len(sifted.rejected)
    places = [row.place for row in sifted.rejected] + [f"row {d.id.removeprefix('made-')}" for d in sifted.kept]
    assert sorted(places) == sorted(f"row {n}" for n in range(len(made)))
    splits = split_all([sifted], Shares(1, 0, 0), 0)
    assert splits["train"] == sifted.kept
