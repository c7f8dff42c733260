"""MedQuAD whole: counts, and nothing leaked. Its time is measured by benchmarks/prepare.py."""

import pytest

from datasets_prep.splits import group_key


def test_counts(medquad_whole):
    counts = medquad_whole.manifest["counts"]
    assert (counts["read"], counts["kept"], counts["rejected"]) == (16_107, 16_040, 67)
    assert counts["by_reason"] == {"exact_duplicate": 46, "near_duplicate": 16, "answer_repeats_question": 5}
    assert sum(counts["by_split"].values()) == counts["kept"]
    for split, share in medquad_whole.manifest["shares"].items():
        assert counts["by_split"][split] == pytest.approx(share * counts["kept"], rel=0.01)
    assert medquad_whole.manifest["sources"][0]["guessed"] == {"encoding": "utf-8", "separator": ",", "repairs": {}}
    assert counts["by_split"] == {"train": 12_829, "validation": 1_606, "test": 1_605}
    # Boilerplate under other diseases; groups joined: of the fourteen rows without a focus area.
    assert counts["shared_answers"] == {"validation": 59, "test": 48} and counts["merged_groups"] == 8


def test_what_the_loader_tidied_is_counted(medquad_whole):
    """Nearly every question of the file ends in " ?", and most answers have runs of blanks."""
    assert medquad_whole.manifest["cleaning"]["normalised"] > 15_000


def test_no_focus_area_is_cut(medquad_whole):
    data = medquad_whole
    groups = [{group_key(dialogue) for dialogue in data.split(split)} for split in data.splits]
    assert all(groups)
    assert sum(map(len, groups)) == len(set.union(*groups))


def test_texts_are_tidy(medquad_whole):
    data = medquad_whole
    for dialogue in data.split("test"):
        assert " ?" not in dialogue.question and "??" not in dialogue.question
        assert "  " not in dialogue.answer and "\n\n" not in dialogue.answer and "\t" not in dialogue.answer
        assert dialogue.group and dialogue.meta["origin"]
