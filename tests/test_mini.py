"""The embedded base model: there, small, whole, and what its card says."""

import csv
import json

import pytest

from chatbot.dialogue import user
from chatbot.locate import EMBEDDED
from chatbot.model import load_model
from chatbot.runner import ChatModel
from chatbot.sampling import Sampling

FOLDER = EMBEDDED["mini"]


def test_size_on_disk():
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) <= 35e6


def test_the_card_says_what_was_measured():
    recipe = json.loads((FOLDER / "recipe.json").read_text(encoding="utf-8"))
    card = (FOLDER / "README.md").read_text(encoding="utf-8")
    for value in recipe["bits_per_byte"].values():
        assert f"{value:.3f}" in card
    assert "ELTeC" in card and "Licence Ouverte" in card and "MedQuAD" in card
    *_, last = csv.DictReader((FOLDER / "curve.csv").read_text(encoding="utf-8").splitlines())
    assert int(last["step"]) == recipe["steps"]
    for language, value in recipe["bits_per_byte"].items():
        assert float(last[f"bpb_{language}"]) == pytest.approx(value, abs=1e-4)


def test_it_loads_and_streams():
    model = load_model("mini")
    assert (model.parameters, model.context, model.tokenizer.vocabulary_size) == (13_439_232, 512, 16_000)
    answer = ChatModel(model).reply([user("Où est la maison ?")], Sampling(max_new_tokens=8))
    assert answer.text() and answer.answer.new_tokens == 8


def test_kerashub_s_own_generate_goes_on_after_a_question():
    """It pads with id 0: were that the end of a text, each answer would be over before it began."""
    causal_lm = load_model("mini").causal_lm
    text = causal_lm.generate("Il était une fois", max_length=16)
    assert text.startswith("Il était une fois") and len(text) > len("Il était une fois") + 5


def test_french_costs_few_tokens():
    """The vocabulary was learnt on French too: a sentence of 17 words takes 25 tokens at most."""
    tokenizer = load_model("mini").tokenizer
    text = "Il était une fois, dans une petite ville de province, un homme qui aimait les livres."
    assert len(tokenizer.encode(text)) <= 25
