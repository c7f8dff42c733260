"""Step 4: how a request is answered, by the first rule of the domain that fits."""

from collections.abc import Sequence
from dataclasses import dataclass

from chatbot.language import current_language, tr
from chatbot.reasoning.conversation import Conversation
from chatbot.reasoning.domain import Domain, Reply, Rule
from chatbot.reasoning.domain_faults import ALWAYS_FILLED, SLOT, slots_of
from chatbot.reasoning.themes import Categorised
from chatbot.reasoning.thought import Approach, Entity, Source


@dataclass(frozen=True, kw_only=True)
class Found:
    """What steps 1 to 3 found about a request; `sources` are the near ones."""

    categorised: Categorised
    conversation: Conversation
    entities: Sequence[Entity]
    sources: Sequence[Source]


@dataclass(frozen=True, kw_only=True)
class Decision:
    """How it is answered.

    Args:
        approach: how.
        reason: the rule's name, in the reader's language.
        text: what is said, where the model is not asked.
    """

    approach: Approach
    reason: str
    text: str = ""


def decided(domain: Domain, found: Found) -> Decision:
    """The first rule that fits; without any, the model answers."""
    rule = next((rule for rule in domain.rules if fits(rule, found)), None)
    if rule is None:
        return Decision(approach="model", reason=tr("aucune règle ne convient", "no rule fits"))
    name = rule.name.said(current_language())
    if rule.approach == "model_with_sources" and not found.sources:
        return Decision(approach="model", reason=tr(f"{name} (aucune source proche)", f"{name} (no close source)"))
    if rule.approach.startswith("model"):
        return Decision(approach=rule.approach, reason=name)
    return Decision(approach=rule.approach, reason=name, text=filled(domain, domain.answers[rule.answer], found))


def fits(rule: Rule, found: Found) -> bool:
    """Whether all conditions of a rule hold."""
    when, named = rule.when, {entity.kind for entity in found.entities}
    cannot_be = {entity.kind for entity in found.entities if not entity.value}
    score, conversation = found.categorised.score, found.conversation
    return all(
        (
            not when.category or found.categorised.name in when.category,
            when.min_score is None or score >= when.min_score,
            when.max_score is None or score <= when.max_score,
            named.issuperset(when.present),
            named.isdisjoint(when.absent),
            not when.impossible or not cannot_be.isdisjoint(when.impossible),
            when.sources is None or (when.sources == "near") == bool(found.sources),
            not when.state or not set(when.state).isdisjoint(conversation.states),
            when.language is None or when.language == conversation.language,
            when.min_turns is None or conversation.turns >= when.min_turns,
        )
    )


def filled(domain: Domain, answer: Reply, found: Found) -> str:
    """The answer's text with its slots filled, in the question's language; its fallback where an entity is missing."""
    language = domain.spoken(found.conversation.language)
    titles = {category.name: category.title.said(language) for category in domain.categories}
    values = {entity.kind: entity.text for entity in reversed(found.entities)}  # the first of a kind stays
    values |= {"categorie": titles.get(found.categorised.name, domain.title.said(language)),
               "domaine": domain.title.said(language)}  # fmt: skip
    missing = slots_of(answer.text) - values.keys() - set(ALWAYS_FILLED)
    text = answer.fallback if missing and answer.fallback else answer.text
    return SLOT.sub(lambda slot: values.get(slot[1], ""), text.said(language)).strip()
