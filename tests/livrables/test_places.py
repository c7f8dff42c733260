"""The team's own text in a document: it survives, and nothing that is damaged is overwritten."""

from pathlib import Path

import pytest

from chatbot.errors import InputError
from chatbot.language import set_language
from livrables.places import blank, digest, generated, is_written, kept, place_text, places_of

FILE = Path("rendus/1-equipe/1-equipe.md")
TWO = "# Titre\n\n<!-- équipe : contexte -->\r\nNotre besoin.\r\n<!-- /équipe : contexte -->\n\n<!-- équipe : rôles -->x<!-- /équipe : rôles -->\n"


def test_a_place_is_read_byte_for_byte():
    found = places_of(TWO, FILE)
    assert [(place.name, place.text, place.line) for place in found.values()] == [
        ("contexte", "\r\nNotre besoin.\r\n", 3),
        ("rôles", "x", 7),
    ]
    assert place_text("rôles", "x") in TWO


def test_marks_are_read_in_both_languages_and_with_other_blanks():
    text = "<!--team:a-->1<!--/team:a--><!--  Équipe\N{NO-BREAK SPACE}: b  -->2<!-- /équipe : b -->"
    assert {name: place.text for name, place in places_of(text, FILE).items()} == {"a": "1", "b": "2"}


@pytest.mark.parametrize(
    ("text", "line", "cure"),
    [
        ("a\n<!-- équipe contexte -->\nb\n<!-- /équipe : contexte -->", 2, "marque abîmée"),
        ("<!-- équipe : a ->\nb\n<!-- /équipe : a -->", 1, "marque abîmée"),
        ("<!- équipe : a -->\nb\n<!-- /équipe : a -->", 1, "marque abîmée"),
        ("<!-- équipe : a -->\nb", 1, "<!-- /équipe : a -->"),
        ("x\nb\n<!-- /équipe : a -->", 3, "Ajoutez avant votre texte"),
        ("<!-- équipe : a -->\n<!-- équipe : b -->\n<!-- /équipe : b -->", 1, "n'est pas fermée"),
        ("<!-- équipe : a -->1<!-- /équipe : a -->\n<!-- équipe : a -->2<!-- /équipe : a -->", 2, "déjà ouverte à la ligne 1"),
        ("<!-- équipe : a -->\n1\n<!-- /équipe : b -->", 3, "fermée ici sans"),
    ],
)  # fmt: skip
def test_a_damaged_mark_is_told_with_its_line_and_cure(text, line, cure):
    with pytest.raises(InputError, match=cure) as caught:
        places_of(text, FILE)
    told = str(caught.value)
    assert told.startswith(f"{FILE}, ligne {line}\N{NO-BREAK SPACE}:") and "Rien n'a été écrit" in told


def test_messages_speak_english_too():
    set_language("en")
    with pytest.raises(
        InputError, match=r"line 1: the place “a” is not closed\. Add after your text the line <!-- /team : a -->"
    ):
        places_of("<!-- team : a -->", FILE)


def test_what_is_written_is_told_from_hints_and_examples():
    empty = blank("le besoin", "- exemple")
    assert not is_written(empty, (empty,))
    assert not is_written(empty.replace("\n", "\r\n"), (empty,))
    assert not is_written("  \n", (empty,))
    assert not is_written("\n*À écrire : une autre demande, d'un ancien modèle*\n", (empty,))
    assert not is_written("ancien exemple", (empty,), digest("ancien exemple"))
    assert is_written("ancien exemple", (empty,))
    assert is_written(empty + "Notre texte.", (empty,))


def test_generated_is_all_but_the_team_s_text():
    mine = TWO.replace("Notre besoin.", "Autre chose.").replace("-->x<!--", "-->y<!--")
    assert generated(mine) == generated(TWO)
    assert generated(TWO.replace("# Titre", "# Autre")) != generated(TWO)


def test_kept_texts_are_places_still():
    text = kept(places_of(TWO, FILE))
    assert text.startswith("## Textes conservés")
    assert {name: place.text for name, place in places_of(text, FILE).items()} == {
        "contexte": "\r\nNotre besoin.\r\n",
        "rôles": "x",
    }
