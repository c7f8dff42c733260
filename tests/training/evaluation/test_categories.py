"""What a dialogue is about: its focus, its source, the way it is asked."""

from chatbot.dialogue import Dialogue
from training.evaluation.categories import categories_of, question_type


def of(n, question, group, **meta):
    return Dialogue.of_pair(question, "Réponse.", id=str(n), source="s", group=group, meta=meta)


def test_the_type_is_the_question_without_its_focus():
    assert question_type(of(0, "What are the symptoms of Glaucoma ?", "Glaucoma")) == "what are the symptoms of …"
    assert question_type(of(1, "Quelle est la durée de l'accord-cadre ?", "article 12")) == "quel"
    assert question_type(of(2, "Où en est mon colis ?", "suivi")) == "où"
    assert question_type(of(3, "La livraison.", "suivi")) == "…"


def test_only_what_tells_some_apart_is_a_category():
    dialogues = [
        of(n, f"What {'causes' if n % 2 else 'is'} {name} ?", name, origin="NIH" if n < 4 else "CDC", language="en")
        for n, name in enumerate(["Asthma", "Asthma", "Gout", "Gout", "Flu", "Flu", "Lupus", "Rabies"])
    ]
    found = categories_of(dialogues)
    assert set(found["0"]) == {"origin", "focus", "question_type"}  # one source, one language: they tell nothing
    assert found["0"]["question_type"] == "what is …" and found["1"]["question_type"] == "what causes …"
    alone = categories_of([*dialogues, of(9, "Pourquoi ?", "x")])
    assert alone["9"]["question_type"] == "…"  # one of its kind is no kind
