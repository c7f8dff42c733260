"""Splits: a group is never cut, whatever the rows; the order of the rows changes nothing."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.dialogue import Dialogue
from chatbot.errors import InputError
from datasets_prep.sift import kept_of
from datasets_prep.spec import Shares
from datasets_prep.splits import group_key, shared_answers, split_by_group

SHARES = Shares(0.8, 0.1, 0.1)
sizes = st.lists(st.integers(1, 30), min_size=3, max_size=40)


def dialogues(sizes):
    """One group per size."""
    return [
        Dialogue.of_pair(f"q{group} {row}", "a", id=f"{group}-{row}", source="s", group=f"group {group}")
        for group, size in enumerate(sizes)
        for row in range(size)
    ]


def homes(splits):
    return {dialogue.id: split for split, part in splits.items() for dialogue in part}


@given(sizes, st.integers(0, 5), st.sampled_from([SHARES, Shares(0.1, 0.45, 0.45), Shares(0.98, 0.01, 0.01)]))
def test_groups_are_never_cut_and_no_split_is_empty(sizes, seed, shares):
    rows = dialogues(sizes)
    splits = split_by_group(rows, shares, seed)
    assert sorted(homes(splits)) == sorted(row.id for row in rows)
    assert sum(map(len, splits.values())) == len(rows)
    groups = [{group_key(row) for row in part} for part in splits.values()]
    assert all(groups)
    assert sum(map(len, groups)) == len(set.union(*groups))


@given(sizes, st.randoms())
def test_row_order_changes_nothing(sizes, chance):
    rows = dialogues(sizes)
    shuffled = rows[:]
    chance.shuffle(shuffled)
    assert homes(split_by_group(rows, SHARES, 7)) == homes(split_by_group(shuffled, SHARES, 7))


def test_shares_are_met_and_the_seed_draws():
    rows = dialogues([random.Random(0).randint(1, 5) for _ in range(400)])
    splits = split_by_group(rows, SHARES, 0)
    assert len(splits["test"]) == pytest.approx(0.1 * len(rows), abs=3)
    assert len(splits["validation"]) == pytest.approx(0.1 * len(rows), abs=3)
    assert homes(splits) != homes(split_by_group(rows, SHARES, 1))


def test_a_large_group_is_passed_over():
    splits = split_by_group(dialogues([90, *[1] * 40]), SHARES, 0)
    assert Counter(map(group_key, splits["train"]))["group 0"] == 90
    assert len(splits["test"]) == len(splits["validation"]) == 13


def test_a_share_of_0_leaves_a_split_empty():
    splits = split_by_group(dialogues([1] * 10), Shares(0.8, 0, 0.2), 0)
    assert {split: len(part) for split, part in splits.items()} == {"train": 8, "validation": 0, "test": 2}
    assert len(split_by_group(dialogues([5]), Shares(1, 0, 0), 0)["train"]) == 5


def test_case_and_blanks_do_not_make_a_group():
    rows = [Dialogue.of_pair("q", "a", id=str(i), source="s", group=g) for i, g in enumerate(["Glaucoma", " glaucoma"] * 9 + ["b", "c"])]  # fmt: skip
    assert len(set(list(homes(split_by_group(rows, SHARES, 0)).values())[:18])) == 1


def test_too_few_groups():
    with pytest.raises(InputError, match=r"Groupes\s: 2, pour 3 parts.*\n.*--shares 1,0,0"):
        split_by_group(dialogues([50, 50]), SHARES, 0)


def test_shared_answers():
    def part(*answers):
        rows = [Dialogue.of_pair("q", answer, id="i", source="s", group="g") for answer in answers]
        return [kept_of(row, number) for number, row in enumerate(rows)]

    splits = {"train": part("Oui, là.", "Non."), "validation": [], "test": part("OUI,  là.", "Ailleurs.", "Non.")}
    assert shared_answers(splits) == {"validation": 0, "test": 2}
    labels = {"train": part(*["Positif."] * 40, "Oui, là."), "validation": [], "test": part("Positif.", "Oui, là.")}
    assert shared_answers(labels) == {"validation": 0, "test": 1}  # that a label is in both is no leak
