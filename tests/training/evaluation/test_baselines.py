"""Looking the answer up, and the copied question: what a model must be better than."""

from chatbot.dialogue import Dialogue
from chatbot.retrieval import Nearest
from training.evaluation.asked import Asked, Training
from training.evaluation.baselines import evaluate_baseline
from training.evaluation.measures import measures_of
from training.evaluation.records import EvaluationSettings

FACTS = {
    "Quel est le délai de livraison à domicile ?": "La livraison à domicile prend deux à quatre jours ouvrés.",
    "Comment retourner un article abîmé ?": "Renvoyez l'article abîmé sous trente jours, le port est payé.",
    "Puis-je payer avec un chèque-cadeau ?": "Oui, le chèque-cadeau se saisit à la dernière étape du paiement.",
}
TRAIN = [
    Dialogue.of_pair(question, answer, id=f"t{n}", source="s", group=f"t{n}")
    for n, (question, answer) in enumerate(FACTS.items())
]


def asked_of(*pairs):
    dialogues = [Dialogue.of_pair(q, a, id=str(n), source="s", group=str(n)) for n, (q, a) in enumerate(pairs)]
    return Asked(dialogues, EvaluationSettings(), Training(TRAIN))


def test_the_nearest_training_question_gives_its_answer():
    answers = list(FACTS.values())
    asked = asked_of(("Livraison : quel délai ?", answers[0]), ("xyz", "Rien."), ("Un chèque-cadeau ?", answers[2]))
    found = evaluate_baseline("bm25", asked)
    assert [one.answer for one in found.answers] == [answers[0], "", answers[2]]
    assert [one.nearest for one in found.answers] == ["t0", "", "t2"]
    assert found.answers[0].nearness == 1.0 and found.answers[0].exact_match == 1.0
    assert found.kind == "bm25" and not found.weights and not found.scores
    assert measures_of(found)["copied"].value == 1.0


def test_the_text_that_comes_with_a_question_is_looked_up():
    def tweet(n, text, answer):
        return Dialogue.of_pair("Quel sentiment ?", answer, context=text, id=f"{n}", source="s", group=f"{n}")

    train = [tweet(0, "Superbe journée, merci !", "Positif"), tweet(1, "Quelle honte, tout est fermé", "Négatif")]
    asked = Asked([tweet(2, "Une honte pour le pays", "Négatif")], EvaluationSettings(), Training(train))
    assert evaluate_baseline("bm25", asked).answers[0].answer == "Négatif"


def test_the_copied_question_is_the_question():
    asked = asked_of(("Livraison : quel délai ?", "Deux jours."))
    (answer,) = evaluate_baseline("copied_question", asked).answers
    assert answer.answer == answer.question and answer.finish == "end"


def test_an_answer_composed_of_pieces_is_no_copy():
    training = Training(TRAIN)
    whole = FACTS["Comment retourner un article abîmé ?"]
    assert training.nearness(whole) == (1.0, "t1")
    begun, where = training.nearness("Renvoyez l'article abîmé sous trente jours, puis attendez la confirmation ici")
    assert 0.3 < begun < 0.9 and where == "t1"
    assert training.nearness("Tout à fait autre chose que cela") == (0.0, "")
    assert training.nearness("Trois mots seulement")[0] is None
    short = Training([Dialogue.of_pair("Quand ?", "Oui, demain.", id="s", source="s", group="s")])
    assert short.nearness("oui demain") == (1.0, "s") and short.nearness("non, demain") == (None, "")
    assert short.nearness("") == (None, "")
    assert Training().nearness(whole) == (None, "")


def test_nearest_texts():
    index = Nearest(["le délai de livraison", "rendre un livre", "", "…"])
    assert [place for place, _ in index.of("quel DÉLAI pour la livraison ?", 3)] == [0]
    assert (
        index.of("inconnu") == [] and index.of("") == [] and Nearest([]).of("a") == [] and Nearest([""]).of("a") == []
    )
