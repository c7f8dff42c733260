"""Values of categories: which are told, and what is shown of each."""

import pytest

from tests.training.evaluation.made_by_hand import compared_on, dialogue
from training.evaluation.by_category import by_category


def comparison_of(sizes: dict[str, int], *, one_group: bool = False):
    """So many questions of each source; the special model is right on those of "a" alone."""
    dialogues, generic, special = [], [], []
    for source, size in sizes.items():
        for _ in range(size):
            number = len(dialogues)
            group = source if one_group else f"g{number}"
            dialogues.append(dialogue(number, f"Colis {number} ?", f"Réponse {number}", source=source, group=group))
            generic.append("Rien")
            special.append(f"Réponse {number}" if source == "a" else "Rien")
    return compared_on(dialogues, {"generic": generic, "special": special})


def test_values_by_size_and_the_small_ones_together():
    rows = by_category(comparison_of({"a": 6, "b": 8, "c": 2, "d": 4}))["source"]
    assert [(row.value, row.values, row.questions, row.groups) for row in rows] == [
        ("b", 1, 8, 8),
        ("a", 1, 6, 6),
        ("", 2, 6, 6),
    ]
    assert rows[2].title == "autres (2 valeurs)"


def test_each_value_has_its_own_difference():
    rows = {row.value: row for row in by_category(comparison_of({"a": 10, "b": 10}))["source"]}
    assert (rows["a"].main["token_f1"].value, rows["a"].reference["token_f1"].value) == (1.0, 0.0)
    assert rows["a"].difference["token_f1"].shown and not rows["b"].difference["token_f1"].shown
    assert rows["b"].difference["token_f1"].value == 0.0
    assert rows["a"].to_json()["difference"]["token_f1"]["shown"] is True
    assert "accuracy" not in rows["a"].main


def test_one_group_has_a_value_and_no_interval():
    rows = by_category(comparison_of({"a": 6, "b": 6}, one_group=True))["source"]
    assert [row.groups for row in rows] == [1, 1]
    gap = rows[0].difference["token_f1"]
    assert (gap.value, gap.low, gap.p, gap.shown) == (pytest.approx(1.0), None, None, False)


def test_a_category_without_two_rows_is_none():
    assert "source" not in by_category(comparison_of({"a": 20}))
    assert "source" not in by_category(comparison_of({"a": 2, "b": 2, "c": 2}))
