"""The questions of a user test, read from a comparison; what is no comparison is told with its cure."""

import pytest

from app.feedback.study import read_study, sealed_in
from chatbot.errors import InputError
from tests.app.votes import MAIN, NEAREST, REFERENCE, comparison, written


def test_a_study_is_what_the_comparison_holds(tmp_path):
    folder = written(tmp_path, comparison((("train", 3), ("test", 4)), same=1))
    study = read_study(folder)
    assert (study.main, study.reference) == (MAIN, REFERENCE)
    assert len(study.items) == 5 and study.identical == 2
    first = next(item for item in study.items if item.split == "test")
    assert first.sealed and first.main.answer == "Alpha dit test 1." and first.main.seconds == 0.5
    assert first.settings["sampling"]["max_new_tokens"] == 80
    assert len(study.sealed) == 4  # the one left out is sealed too
    assert sealed_in(folder) == study.sealed and sealed_in(tmp_path / "absent") == set()
    assert read_study(folder / "comparison.json").id == study.id
    other = read_study(folder, (MAIN, NEAREST))
    assert other.reference == NEAREST and other.id != study.id


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda value: value.update(format=1), "format 2"),
        (lambda value: value.pop("models"), "pas une comparaison entière"),
        (lambda value: value["comparisons"][0].pop("split"), "pas une comparaison entière"),
        (lambda value: value.update(reference="gpt2"), f"Modèles comparés\u00a0: {MAIN}"),
    ],
)
def test_a_file_that_is_no_comparison_is_told_with_its_cure(tmp_path, change, said):
    value = comparison()
    change(value)
    with pytest.raises(InputError, match=said):
        read_study(written(tmp_path, value))


def test_no_comparison_no_json_no_difference_are_told(tmp_path):
    with pytest.raises(InputError, match=r"causette compare .*run"):
        read_study(tmp_path / "run")
    (tmp_path / "comparison.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="format 2"):
        read_study(tmp_path)
    with pytest.raises(InputError, match=r"identiques\u00a0: 10.*--pair"):
        read_study(written(tmp_path, comparison(same=99)))
    with pytest.raises(InputError, match="deux modèles différents"):
        read_study(written(tmp_path), (MAIN, MAIN))
