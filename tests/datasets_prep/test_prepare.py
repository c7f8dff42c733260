"""Preparing: rows in, folder out; nothing lost, nothing leaked, nothing half-written."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.language import set_language
from datasets_prep.chosen import Source
from datasets_prep.prepare import PrepareConfig, prepare, split_all
from datasets_prep.prepared import PreparedSet
from datasets_prep.rows import REASONS, Rejected, Row, normalised
from datasets_prep.sift import Sieve
from datasets_prep.sources import SOURCES
from datasets_prep.spec import DatasetSpec, Given, Reading, Shares
from datasets_prep.spool import Spool

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
BAD_ROWS = 'Où trouver colis ?,Voyez la page colis.\nOù trouver  colis,Voyez la page : colis\n,vide\nseule\nX,rien à dire\n"a"b"c\n'


def rejected_rows(data: PreparedSet) -> list[dict]:
    return [json.loads(line) for line in (data.folder / "rejected.jsonl").read_text(encoding="utf-8").splitlines()]


def ids(data: PreparedSet) -> dict[str, str]:
    return {dialogue.id: split for split in data.splits for dialogue in data.split(split)}


def test_a_csv_file_end_to_end(write, prepared):
    path = write("faq.csv", FAQ + BAD_ROWS)
    data = prepared(path, seed=3)
    manifest = data.manifest
    reasons = {"exact_duplicate", "near_duplicate", "empty_question", "ragged_row", "short_question", "bad_quotes"}
    assert manifest["counts"]["by_reason"] == dict.fromkeys(reasons, 1)
    assert (manifest["counts"]["read"], manifest["counts"]["kept"], manifest["counts"]["rejected"]) == (18, 12, 6)
    assert manifest["counts"]["by_split"] == {"train": 10, "validation": 1, "test": 1}
    assert manifest["seed"] == 3 and "template" not in manifest
    (source,) = manifest["sources"]
    assert source["guessed"] == {"encoding": "utf-8", "separator": ",", "header": True, "columns": {"question": "question", "answer": "answer"}, "columns_told_by": "names", "repairs": {}}  # fmt: skip
    assert source["files"][0]["name"] == "faq.csv" and source["files"][0]["bytes"] == path.stat().st_size
    assert source["licence"]["redistribution"] == "unknown"
    assert str(path.parent) not in json.dumps(manifest)
    assert set(ids(data)) == {f"faq-{number}" for number in range(1, 13)}
    rejected = {row["reason"]: row for row in rejected_rows(data)}
    assert rejected["exact_duplicate"] == {
        "source": "faq", "place": "ligne de données 13", "reason": "exact_duplicate", "detail": "faq-1",
        "question": "Où trouver colis ?", "answer": "Voyez la page colis.",
    }  # fmt: skip
    assert rejected["near_duplicate"]["detail"] == "faq-1"
    assert rejected["ragged_row"]["detail"] == "1 ≠ 2"
    assert sorted(path.name for path in data.folder.iterdir()) == [
        "cleaning.json", "manifest.json", "rejected.jsonl", "report.md", "test.jsonl", "train.jsonl", "validation.jsonl",
    ]  # fmt: skip


def test_rejected_rows_are_logged_whole(write, prepared):
    rows = f"q,{'x' * 500}\nune ligne,de trop,{'y' * 300},à la fin\nCombien ?,{'z' * 30_001}\n"
    short, ragged, long = rejected_rows(prepared(write("faq.csv", FAQ + rows)))
    assert short["answer"] == "x" * 500
    assert ragged["text"].strip() == f"une ligne,de trop,{'y' * 300},à la fin"
    assert long["answer"] == "z" * 20_000 + "… (30,001)"  # of what is very long, the beginning


def test_a_row_that_has_no_question_is_shown_as_it_stands(write, prepared):
    data = prepared(write("faq.csv", FAQ + "un;deux,trois,quatre|cinq\n"))
    (row,) = (row for row in rejected_rows(data) if row["reason"] == "ragged_row")
    assert (row["question"], row["answer"], row["text"]) == ("", "", "un;deux,trois,quatre|cinq\n")
    assert "(3 ≠ 2)\u00a0: `un;deux,trois,quatre|cinq`" in (data.folder / "report.md").read_text(encoding="utf-8")


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


PARAPHRASES = (
    "Où trouver {} ?",
    "Je cherche {}, où aller ?",
    "page de {}",
    "C'est où, {} ?",
    "{} : quelle page consulter ?",
)


def as_csv(pairs) -> str:
    return "question;answer\n" + "".join(f"{question};{answer}\n" for question, answer in pairs)


def splits_by_answer(data: PreparedSet) -> dict[str, set[str]]:
    homes: dict[str, set[str]] = {}
    for split in data.splits:
        for dialogue in data.split(split):
            homes.setdefault(normalised(dialogue.answer), set()).add(split)
    return homes


def test_phrasings_with_one_answer_stay_together(write, prepared):
    pairs = [(p.format(subject), f"Voyez la page {subject}.") for p in PARAPHRASES for subject in SUBJECTS[:10]]
    data = prepared(write("faq.csv", as_csv(pairs)))
    homes = splits_by_answer(data)
    assert len(homes) == 10 and all(len(splits) == 1 for splits in homes.values())
    assert len({dialogue.group for split in data.splits for dialogue in data.split(split)}) == 10
    counts = data.manifest["counts"]
    assert counts["by_split"] == {"train": 40, "validation": 5, "test": 5}
    assert counts["merged_groups"] == 40 and counts["shared_answers"] == {"validation": 0, "test": 0}


def test_phrasings_in_two_files_and_in_a_chain_stay_together(write, prepared):
    """Two questions meet through a third, which one file answers as the first and the other file as the second."""
    first = as_csv([(f"Où est {s} ?", f"Page {s}.") for s in SUBJECTS] + [(f"{s} svp", f"Page {s}.") for s in SUBJECTS])
    second = as_csv([(f"{s} svp", f"Voyez donc {s}.") for s in SUBJECTS] + [(f"Dis où est {s}", f"Voyez donc {s}.") for s in SUBJECTS])  # fmt: skip
    data = prepared(write("un.csv", first), write("deux.csv", second))
    groups: dict[str, set[str]] = {}
    for split in data.splits:
        for dialogue in data.split(split):
            groups.setdefault(next(s for s in SUBJECTS if s in dialogue.question), set()).add(dialogue.group)
    assert len(groups) == 12 and all(len(of_subject) == 1 for of_subject in groups.values())
    assert data.manifest["counts"]["merged_groups"] == 24


def test_what_is_no_paraphrase_is_not_joined(write, prepared):
    """One-word answers, the same words about another text, and the same last words of other conversations."""
    labels = "question,answer\n" + "".join(f"Livrez-vous {subject} ?,Oui.\n" for subject in SUBJECTS)
    texts = "instruction,input,output\n" + "".join(f"Est-ce clair ?,Un {subject}.,C'est très clair.\n" for subject in SUBJECTS)  # fmt: skip
    talks = "\n".join(
        json.dumps({"messages": [{"role": role, "content": content} for role, content in (
            ("user", f"Parlons de {subject}"), ("assistant", f"Page {subject}."), ("user", "Merci"), ("assistant", "Je vous en prie."))]})
        for subject in SUBJECTS
    )  # fmt: skip
    data = prepared(write("labels.csv", labels), write("texts.csv", texts), write("talks.jsonl", talks))
    assert data.manifest["counts"]["merged_groups"] == 0
    assert len({dialogue.group for split in data.splits for dialogue in data.split(split)}) == 36


def test_the_groups_of_a_source_are_kept_and_the_overlap_is_told(write, tmp_path):
    rows = "".join(f"{subject},Que cause {subject} ?,La cause en est inconnue.\n" for subject in SUBJECTS)
    lines: list[str] = []
    config = PrepareConfig(sources=(str(write("faq.csv", "theme,question,answer\n" + rows)),), out=tmp_path / "out")
    counts = PreparedSet.open(prepare(config, say=lines.append)).manifest["counts"]
    assert counts["merged_groups"] == 0 and counts["shared_answers"] == {"validation": 1, "test": 1}
    assert "test\u00a0: 1 réponses, dont 1 déjà dans train sous d'autres questions." in lines


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


@pytest.mark.parametrize(
    ("shares", "empty"), [((1, 0, 0), {"validation", "test", "recall"}), ((0.5, 0.5, 0), {"test", "recall"})]
)
def test_shares_of_the_embedded_set(prepared, shares, empty):
    data = prepared("embedded", shares=shares)
    by_split = data.manifest["counts"]["by_split"]
    assert {split for split, count in by_split.items() if not count} == empty
    assert by_split["train"] == pytest.approx(shares[0] * sum(by_split.values()), rel=0.01)


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


def test_each_source_is_named_as_the_user_did_and_its_lines_are_said_once(write, tmp_path):
    lines: list[str] = []
    sources = ("embedded:hub", "embedded:tokenisation", str(write("faq.csv", FAQ)))
    prepare(PrepareConfig(sources=sources, out=tmp_path / "out"), say=lines.append)
    assert len(set(lines)) == len(lines)
    for name in ("embedded:hub", "embedded:tokenisation", "faq"):
        assert f"{name}\u00a0: lecture…" in lines
        assert len([line for line in lines if line.startswith(f"{name}\u00a0: lues ")]) == 1


# --- read = kept + rejected, whatever the rows ---

cells = st.text(st.sampled_from("ab é ?\u00a0\n\x00\u200b1"), max_size=8) | st.text(max_size=5)
rows = st.lists(
    st.tuples(cells, cells, st.sampled_from(["", "g", "h"])) | st.sampled_from(sorted(REASONS)), min_size=1, max_size=25
)


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
    config = PrepareConfig(sources=("made",), out=Path("nowhere"), longest_question=7, longest_answer=7)
    rejected = []
    with Spool() as spool:
        sieve = Sieve(config, spool, lambda source, row: rejected.append(row), lambda line: None)
        sifted = sieve.read(made_source(made))
        sieve.near([sifted])
        assert sifted.read == len(made) == len(sifted.kept) + len(rejected)
        assert sifted.rejected.total() == len(rejected)
        places = [row.place for row in rejected] + [f"row {each.id.removeprefix('made-')}" for each in sifted.kept]
        assert sorted(places) == sorted(f"row {n}" for n in range(len(made)))
        assert [spool[each.number].id for each in sifted.kept] == [each.id for each in sifted.kept]
    assert split_all([sifted], Shares(1, 0, 0), 0)["train"] == sifted.kept
