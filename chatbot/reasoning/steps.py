"""The five steps of a thought in words, for the page and the terminal."""

from collections.abc import Sequence

from chatbot.language import number, tr
from chatbot.reasoning.thought import Approach, Entity, Step, Thought


def steps_of(thought: Thought) -> list[Step]:
    """The five steps in the current language; texts of the request stand in them as they are."""
    return [
        _categorised(thought),
        _conversation(thought),
        _entities(thought),
        _approach(thought),
        _consistency(thought),
    ]


def approach_in_words(approach: Approach) -> str:
    """How a request is answered, for the reader."""
    return {
        "template": tr("réponse toute faite du domaine", "ready answer of the domain"),
        "model": tr("réponse du modèle", "answer by the model"),
        "model_with_sources": tr("réponse du modèle, sources proches données avec la question",
                                 "answer by the model, closest sources given with the question"),
        "ask_back": tr("question en retour", "question back"),
        "decline": tr("renvoi vers une personne", "pointing to a person"),
    }[approach]  # fmt: skip


def _categorised(thought: Thought) -> Step:
    scores = tr("\u00a0; ", "; ").join(f"{title} {number(score, 2)}" for title, score in thought.scores.items())
    told = (_named(tr("ressemblance, de 0 à 1", "resemblance, 0 to 1"), scores),) if scores else ()
    words = _listed(tr("mots qui ont compté", "telling words"), thought.themes)
    outcome = thought.category_label or tr("aucune catégorie", "no category")
    return Step(title=tr("Catégorie", "Category"), outcome=outcome, details=(*words, *told))


def _conversation(thought: Thought) -> Step:
    first, *others = thought.conversation or (tr("rien à signaler", "nothing to tell"),)
    return Step(title=tr("Conversation", "Conversation"), outcome=first, details=tuple(others))


def _entities(thought: Thought) -> Step:
    count = len(thought.entities)
    found = tr("une relevée", "one found") if count == 1 else tr(f"{count} relevées", f"{count} found")
    outcome = found if count else tr("aucune", "none")
    return Step(title=tr("Entités", "Entities"), outcome=outcome, details=tuple(map(_entity, thought.entities)))


def _entity(entity: Entity) -> str:
    value = entity.shown or entity.value or tr("n'existe pas", "does not exist")
    return tr(f"{entity.label} : « {entity.text} » → {value}", f"{entity.label}: “{entity.text}” → {value}")


def _approach(thought: Thought) -> Step:
    rule = tr(f"règle : {thought.reason}", f"rule: {thought.reason}")
    count = len(thought.sources)
    near = (
        tr("une source proche", "one close source")
        if count == 1
        else tr(f"{count} sources proches", f"{count} closest sources")
    )
    details = (rule, near) if thought.sources else (rule,)
    return Step(title=tr("Façon de répondre", "Approach"), outcome=approach_in_words(thought.approach), details=details)


def _consistency(thought: Thought) -> Step:
    findings = thought.findings or ()
    failed = sum(not finding.passed for finding in findings)
    if thought.findings is None:
        outcome = tr("pas encore vérifiée, ou interrompue", "not checked yet, or stopped")
    elif not findings:
        outcome = tr("rien à vérifier", "nothing to check")
    elif thought.replaced:
        outcome = tr("la réponse du modèle a été remplacée", "the model's answer was replaced")
    elif failed:
        outcome = tr(
            f"vérifications en échec : {failed} sur {len(findings)}", f"{failed} of {len(findings)} checks failed"
        )
    else:
        outcome = tr("la réponse tient", "the answer holds")
    details = tuple(f"{'✓' if finding.passed else '✗'} {_named(finding.check, finding.told)}" for finding in findings)
    return Step(title=tr("Cohérence", "Consistency"), outcome=outcome, details=details)


def _named(name: str, told: str) -> str:
    return tr(f"{name} : {told}", f"{name}: {told}")


def _listed(title: str, words: Sequence[str]) -> tuple[str, ...]:
    return (tr(f"{title} : {', '.join(words)}", f"{title}: {', '.join(words)}"),) if words else ()
