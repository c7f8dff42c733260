"""The one sentence of a model's card on what was measured, which must not promise more than the tables show."""

from app.hub.card_results import Results
from chatbot.language import tr
from training.evaluation.compare import Comparison
from training.evaluation.markdown import code, sample_told
from training.evaluation.measures import MEASURES, label_of
from training.evaluation.report_words import asked_told
from training.evaluation.tables import told, verdict


def headline(results: Results | None) -> str:
    """One sentence on the test split: the leading measure of both models, and what it shows; or that nothing was measured."""
    facts = results.test if results else None
    if results is None or facts is None:
        return tr(
            "Ses réponses à des questions jamais vues ne sont pas mesurées.",
            "Its answers to unseen questions are not measured.",
        )
    comparison = facts.comparison
    name = "accuracy" if facts.labels else "token_f1"
    values = [
        told(comparison.measures[side].get(name), MEASURES[name].digits)
        for side in (comparison.main, comparison.reference)
    ]
    asked = asked_told("test", comparison.questions)
    few = sample_told(facts.groups) or tr("intervalles à 95 %", "95% intervals")
    other = tr("le modèle de départ", "the base model") if results.against_base else code(comparison.reference)
    shown = _not_better(comparison, name) + _looked_up(comparison, name)
    return tr(f"{label_of(name)}, sur {asked} : {values[0]}, contre {values[1]} pour {other} ({few}){shown}. Cela mesure une "
              "ressemblance, pas la vérité.",
              f"{label_of(name)}, on {asked}: {values[0]}, versus {values[1]} for {other} ({few}){shown}. That measures "
              "likeness, not truth.")  # fmt: skip


def _not_better(comparison: Comparison, name: str) -> str:
    """Two numbers side by side make the larger one look better: it is said where that is not shown."""
    found = verdict(name, comparison.differences[comparison.main, comparison.reference].get(name))
    if found == "unsure":
        return tr(" ; aucune différence n'est montrée", "; no difference is shown")
    return tr(" ; il est moins bon", "; it is worse") if found == "worse" else ""


def _looked_up(comparison: Comparison, name: str) -> str:
    """Where no model was needed to do better, that comes with the number."""
    side = next((one.model for one in comparison.evaluations if one.kind == "bm25"), "")
    if verdict(name, comparison.differences.get((comparison.main, side), {}).get(name)) != "worse":
        return ""
    value = told(comparison.measures[side].get(name), MEASURES[name].digits)
    return tr(f" ; chercher la réponse apprise la plus proche fait mieux : {value}",
              f"; looking up the nearest learnt answer does better: {value}")  # fmt: skip
