"""Each measure against values worked out elsewhere (by hand, or with the library's own published examples)."""

import pytest

from training import metrics


def test_words_split_elisions_and_keep_accents():
    assert metrics.words("L'élève a déjà 2 cœurs, n'est-ce pas ?") == [
        "l", "élève", "a", "déjà", "2", "cœurs", "n", "est", "ce", "pas",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "expected", "f1"),
    [
        ("deux jours", "deux jours", 1.0),
        ("deux jours ouvrés", "deux jours", 0.8),  # precision 2/3, recall 1
        ("jours jours", "deux jours", 0.5),
        ("rien", "deux jours", 0.0),
        ("", "deux jours", 0.0),
        ("", "", 1.0),
    ],
)
def test_token_f1(answer, expected, f1):
    assert metrics.token_f1(answer, expected) == pytest.approx(f1)


def test_rouge_l_counts_the_longest_common_subsequence():
    # "police killed the gunman" / "police kill the gunman": 3 of 4 words in order (Lin 2004, example of section 3.1)
    assert metrics.rouge_l("police kill the gunman", "police killed the gunman") == pytest.approx(0.75)
    assert metrics.rouge_l("the gunman kill police", "police killed the gunman") == pytest.approx(0.5)
    assert metrics.rouge_l("l'élève", "l'élève") == 1.0


def test_chrf_is_one_for_the_same_text_and_between_for_a_near_one():
    assert metrics.chrf(["Deux jours."], ["Deux jours."]) == pytest.approx(1.0)
    # characters of "ab" and "ac": 1-grams P = R = 1/2, 2-grams 0; sacrebleu averages over the orders that exist
    assert metrics.chrf(["ab"], ["ac"]) == pytest.approx(0.25)


def test_distinct():
    assert metrics.distinct(["a b a b", "a c"], 1) == pytest.approx(3 / 6)
    assert metrics.distinct(["a b a b", "a c"], 2) == pytest.approx(3 / 4)
    assert metrics.distinct(["", "a"], 2) == 0.0


def test_exact_match_ignores_case_and_punctuation():
    assert metrics.exact_match("Deux  jours !", "deux jours") == 1.0
    assert metrics.exact_match("jours deux", "deux jours") == 0.0
