"""Counting and comparing words: elision, accents, case, function words, TF-IDF, log-odds."""

import dataclasses
import math
import re

import numpy as np
import pytest

from chatbot.dialogue import Dialogue, Message, assistant, user
from datasets_prep.atlas.contrast import contrast_of, log_odds, threshold_of
from datasets_prep.atlas.stop_words import ENGLISH, FRENCH, languages_of
from datasets_prep.atlas.words import WORD, WordTable, texts_of


def dialogue(question: str, answer: str, key: str = "1") -> Dialogue:
    return Dialogue.of_pair(question, answer, id=key, source="s", group=key)


def table_of(*pairs: tuple[str, str]) -> WordTable:
    return WordTable.of(dialogue(*pair, key=str(place)) for place, pair in enumerate(pairs))


def counts(table: WordTable, part: str = "dialogues") -> dict[str, int]:
    totals = np.asarray(getattr(table, part).sum(axis=0)).ravel()
    return {word: int(total) for word, total in zip(table.shown, totals, strict=True) if total}


def test_elision_accents_and_digits():
    table = table_of(
        ("L'élève qu’on aime, élève aujourd'hui ?", "Jusqu'à l’école : l'œuvre n°12, IRM-3, e_mail, Élève !")
    )
    words = ("on", "aime", "école", "œuvre", "IRM", "mail")
    assert counts(table) == {"élève": 3, **dict.fromkeys(words, 1)}
    assert counts(table, "questions") == {"élève": 2, "on": 1, "aime": 1}


def test_plurals_stay_apart_and_the_commonest_case_is_shown():
    table = table_of(("Le RGPD, le RGPD, un rgpd", "chats chat Chat chat"))
    found = counts(table)
    assert (found["RGPD"], found["chat"], found["chats"]) == (3, 3, 1)


def test_texts_of_all_turns_with_their_contexts():
    turns = (Message(role="system", content="Sois poli."), user("Un ?", "texte"), assistant("Deux."), user("Trois ?"),
             assistant("Quatre."))  # fmt: skip
    told = Dialogue(id="1", source="s", group="g", messages=turns)
    assert texts_of(told) == ("Un ?\ntexte\nTrois ?", "Deux.\nQuatre.")


def test_of_a_source_whose_requests_are_ours_the_data_alone_is_read():
    plain = Dialogue.of_pair("Quel sentiment ?", "Un résumé.", context="Nokia grows.", id="1", source="ours", group="1")
    label = dataclasses.replace(plain, meta={"label": "positive"})
    assert texts_of(plain, {"ours"}) == ("Nokia grows.", "Un résumé.")
    assert texts_of(label, {"ours"}) == ("Nokia grows.", "")
    assert texts_of(label, {"other"}) == ("Quel sentiment ?\nNokia grows.", "Un résumé.")


def test_the_language_of_phrasings_hides_no_word_of_the_texts():
    """The French requests of English texts: "car" stays a word."""
    text = "The car of the group was sold to the people of the town in the north, and the price is what they had hoped for."
    rows = [
        Dialogue.of_pair("Quel sentiment ?", "Positif.", context=text, id=str(n), source="ours", group=str(n),
                         meta={"label": "positive", "language": "fr"})
        for n in range(9)
    ]  # fmt: skip
    table = WordTable.of(rows, {"ours": "en"})
    assert table.languages == ("en",) and "car" in {word.word for word in table.commonest(np.ones(9, bool), 5)}
    assert counts(table, "answers") == {} and "sentiment" not in counts(table)


@pytest.mark.parametrize("text", ["", "12 + 3 !", "à y a", "🎉"])
def test_texts_without_words_are_no_crash(text):
    table = table_of((text, text), (text, text))
    assert len(table.keys) == 0 and table.dialogues.shape == (2, 0) and table.tfidf().shape == (2, 0)
    assert table.commonest(np.ones(2, bool), 5) == [] and table.languages == ()


def test_the_languages_of_function_words_are_told_by_the_text():
    french = "Le chat est sur la table et il dort dans la maison avec nous"
    english = "The cat is on the table and it sleeps with us in the house"
    told = {text: languages_of({w: text.lower().split().count(w) for w in text.lower().split()})
            for text in (french, english, f"{french} {english}", "Hund Katze Maus")}  # fmt: skip
    assert list(told.values()) == [("fr",), ("en",), ("fr", "en"), ()]
    # "son" is a child in English and "his" in French: hidden in French alone.
    assert "son" in dict(
        table_of((english, "the son of the king is in the other house")).commonest(np.ones(1, bool), 9)
    )


def test_few_short_dialogues_of_a_second_language_are_not_drowned():
    words = {"symptoms": 900, "the": 90, "of": 60, "le": 3, "cette": 2}
    assert languages_of(words) == ("en",)
    assert languages_of(words, {"en": 80, "fr": 20}) == ("fr", "en")
    assert languages_of(words, {"en": 99, "fr": 1, "": 4}) == ("en",)


def test_function_words_stand_as_the_tokens_do():
    for word in FRENCH | ENGLISH:
        assert (re.fullmatch(WORD, word) or len(word) == 1) and word == word.lower(), word
    for content in ("valeur", "état", "nom", "système", "system", "fire", "name", "bill", "interest"):
        assert content not in FRENCH | ENGLISH


def test_tfidf_is_scikit_learns_and_puts_the_rare_word_first():
    from sklearn.feature_extraction.text import TfidfVectorizer

    pairs = [("Le modèle apprend quoi, modèle ?", "Le modèle apprend des poids."), ("Le modèle parle ?", "Le modèle parle et parle."),
             ("La carte du modèle ?", "Le modèle et la licence.")]  # fmt: skip
    table = table_of(*pairs)
    assert table.languages == ("fr",)
    vectorizer = TfidfVectorizer(token_pattern=WORD, stop_words=sorted(FRENCH), norm=None)
    weighed = vectorizer.fit_transform(" ".join(pair) for pair in pairs).toarray()
    expected = weighed * (vectorizer.idf_ - 1) / vectorizer.idf_  # a word of all documents weighs nothing
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    shown = table.tfidf().toarray()
    assert not shown[:, table.keys == "modèle"].any()
    for place, word in enumerate(vectorizer.get_feature_names_out()):
        np.testing.assert_allclose(shown[:, table.keys == word][:, 0], expected[:, place], rtol=1e-12)
    assert not shown[:, table.stop].any()
    first = np.array([True, False, False])
    assert table.commonest(first, 2) == [("modèle", 3), ("apprend", 2)]  # counted, the common word leads
    assert [word for word, _ in table.heaviest(shown[0], 2)] == ["apprend", "poids"]  # weighed, the rarer ones


def test_ties_are_in_alphabetical_order():
    table = table_of(("zèbre abeille", "mouton"))
    assert [word for word, _ in table.commonest(np.ones(1, bool), 5)] == ["abeille", "mouton", "zèbre"]


def test_log_odds_by_hand():
    """The example of the docstring: prior (1, 1), so delta = ln(9/3) - ln(3/9) = ln 9, sigma² = 1/9 + 1/3 = (2/3)²."""
    delta, z = log_odds(np.array([8.0, 2.0]), np.array([2.0, 8.0]), prior_words=2)
    np.testing.assert_allclose(delta, [math.log(9), -math.log(9)])
    np.testing.assert_allclose(z, [1.5 * math.log(9), -1.5 * math.log(9)])


def test_log_odds_of_unequal_corpora_by_hand():
    """Counts (30, 10, 0) and (5, 10, 5), prior of 6 words spread as (35, 20, 5)/60: alpha = (3.5, 2, 0.5)."""
    delta, z = log_odds(np.array([30.0, 10, 0]), np.array([5.0, 10, 5]), prior_words=6)
    first = math.log(33.5 / (46 - 33.5)) - math.log(8.5 / (26 - 8.5))
    third = math.log(0.5 / (46 - 0.5)) - math.log(5.5 / (26 - 5.5))
    np.testing.assert_allclose(delta[[0, 2]], [first, third])
    np.testing.assert_allclose(z[[0, 2]], [first / math.sqrt(1 / 33.5 + 1 / 8.5), third / math.sqrt(1 / 0.5 + 1 / 5.5)])


def test_a_word_of_one_corpus_alone_needs_evidence():
    """One occurrence in a thousand words tells nothing, a hundred do; equal corpora have no telling word."""
    words = np.array(["rare", "frequent", "common"], object)
    first, second = np.array([1, 100, 900]), np.array([0, 0, 1000])
    contrast = contrast_of("sets", ("a", "b"), words, first, second)
    assert [word.word for word in contrast.first] == ["frequent"] and (
        contrast.first[0].here,
        contrast.first[0].there,
    ) == (100, 0)
    assert [word.word for word in contrast.second] == ["common"] and contrast.totals == (1001, 1000)
    same = contrast_of("sets", ("a", "b"), words, first, first)
    assert same.first == same.second == ()
    hidden = contrast_of("sets", ("a", "b"), words, first, second, hidden=words == "frequent")
    assert hidden.first == () and hidden.second == contrast.second


def test_nothing_to_compare():
    words, some, none = np.array(["a", "b"], object), np.array([3, 0]), np.zeros(2, int)
    assert contrast_of("sets", ("a", "b"), words, some, none) is None
    assert contrast_of("sets", ("a", "b"), words, some, some) is None  # a single word


def test_thresholds_grow_with_the_words_compared():
    assert threshold_of(1) == pytest.approx(1.96, abs=0.001)
    assert threshold_of(10_000) == pytest.approx(4.565, abs=0.001)


@pytest.mark.parametrize("seed", range(5))
def test_chance_names_no_word(seed):
    """Two corpora drawn from one: with a threshold for a single word, dozens of 3,000 would be named."""
    random = np.random.default_rng(seed)
    shares = 1 / np.arange(1, 3_001)  # as the words of a language do, roughly (Zipf)
    first, second = (random.multinomial(size, shares / shares.sum()) for size in (50_000, 6_000))
    words = np.array([f"mot{place}" for place in range(3_000)], object)
    there = np.flatnonzero(first + second)
    z = log_odds(first[there].astype(float), second[there].astype(float), 6_000).z
    contrast = contrast_of("splits", ("train", "test"), words, first, second)
    assert contrast is not None and not contrast.first and not contrast.second
    assert (np.abs(z) > 1.96).sum() > 5
