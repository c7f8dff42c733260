"""Each measure of one answer against values computed elsewhere: by hand, or by another implementation."""

import numpy as np
import pytest

from chatbot.words import words
from training.evaluation import metrics

# Answer, expected answer, then ROUGE-1, -2, -L and chrF as torchmetrics 1.9 computes them over the same words.
REFERENCE = [
    ("Le colis part ce soir de l'entrepôt.", "Le colis quitte l'entrepôt ce soir.", 0.8, 0.461538, 0.533333, 0.632742),
    ("L'élève n'a pas rendu son devoir aujourd'hui.", "L’élève n’a pas rendu son devoir.",
     0.941176, 0.933333, 0.941176, 0.69193),
    ("Deux à quatre jours ouvrés, en France métropolitaine.",
     "Comptez deux à quatre jours ouvrés pour la livraison en France.", 0.736842, 0.588235, 0.736842, 0.545425),
    ("Symptoms of glaucoma include loss of vision and loss of vision and loss of vision.",
     "Glaucoma often has no symptoms at first; later, side vision is lost.", 0.222222, 0.0, 0.148148, 0.305645),
    ("oui", "Non, pas avant mardi.", 0.0, 0.0, 0.0, None),
]  # fmt: skip
BLEU = 0.353158  # of all five, by torchmetrics


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("L'élève a déjà 2 cœurs, n'est-ce pas ?", "l élève a déjà 2 cœurs n est ce pas"),
        ("L’e\u0301le\u0300ve", "l élève"),
        ("Aujourd'hui, quelqu'un d'autre", "aujourd'hui quelqu'un d autre"),
        ("Jusqu'à 16\u202f107 lignes, soit 3,5 %", "jusqu à 16107 lignes soit 3,5"),
        ("I don't know: 2020 100 v3", "i don't know 2020 100 v3"),
        ("… !", ""),
    ],
)  # fmt: skip
def test_words(text, expected):
    assert " ".join(words(text)) == expected


@pytest.mark.parametrize("row", REFERENCE, ids=[row[0][:12] for row in REFERENCE])
def test_rouge_and_chrf_are_those_of_another_implementation(row):
    answer, expected, one, two, longest, characters = row
    found = metrics.rouge(answer, expected)
    assert [found["rouge_1"], found["rouge_2"], found["rouge_l"]] == pytest.approx([one, two, longest], abs=1e-6)
    if characters is not None:
        assert metrics.chrf(answer, expected) == pytest.approx(characters, abs=1e-4)


def test_bleu_of_a_set_is_that_of_another_implementation():
    counts = [metrics.bleu_counts(answer, expected) for answer, expected, *_ in REFERENCE]
    assert float(metrics.bleu(np.sum(counts, axis=0))) == pytest.approx(BLEU, abs=1e-6)
    assert metrics.bleu(np.array(counts)).shape == (5,)


def test_bleu_is_not_that_of_characters():
    """Cut into characters, these share half of their 4-grams; they share no word."""
    counts = metrics.bleu_counts("finalement", "finale mentale")
    assert float(metrics.bleu(np.array(counts))) == 0 and counts[0:2] == (1, 2)


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
    assert metrics.rouge("police kill the gunman", "police killed the gunman")["rouge_l"] == pytest.approx(0.75)
    assert metrics.rouge("the gunman kill police", "police killed the gunman")["rouge_l"] == pytest.approx(0.5)


def test_chrf_is_one_for_the_same_text_and_between_for_a_near_one():
    assert metrics.chrf("Deux jours.", "Deux jours.") == pytest.approx(1.0)
    # characters of "ab" and "ac": 1-grams P = R = 1/2, 2-grams 0; sacrebleu averages over the orders that exist
    assert metrics.chrf("ab", "ac") == pytest.approx(0.25)


def test_distinct():
    assert metrics.distinct(["a b a b", "a c"], 1) == pytest.approx(3 / 6)
    assert metrics.distinct(["a b a b", "a c"], 2) == pytest.approx(3 / 4)
    assert metrics.distinct(["", "a"], 2) == 0.0


def test_repetition():
    assert metrics.repetition("un deux trois quatre cinq") == 0.0
    # of 4 four-grams 2 are different: "a b a b" and "b a b a"
    assert metrics.repetition("a b a b a b a") == pytest.approx(1 - 2 / 4)
    assert metrics.repetition("trois mots seulement") is None


def test_exact_match_ignores_case_and_punctuation():
    assert metrics.exact_match("Deux  jours !", "deux jours") == 1.0
    assert metrics.exact_match("jours deux", "deux jours") == 0.0
