"""What can be wrong in a domain file whose keys and types are right: parts that do not fit each other."""

import re
from collections.abc import Iterator
from typing import Any

from chatbot.language import tr
from chatbot.reasoning.domain import Domain, Reply, Text
from chatbot.reasoning.patterns import refusal
from chatbot.yaml_model import Place

SLOT = re.compile(r"\{([^{}\s]{0,60})\}")
ALWAYS_FILLED = ("categorie", "domaine")  # slots that need no entity


def contradictions(domain: Domain) -> list[tuple[Place, str]]:
    """Parts of a domain that do not fit each other, with their places in the file."""
    return [*_twice(domain), *_entities(domain), *_answers(domain), *_rules(domain), *_checks(domain), *_notice(domain)]


def _twice(domain: Domain) -> Iterator[tuple[Place, str]]:
    for section in ("categories", "entities", "rules"):
        names: set[str] = set()
        for number, part in enumerate(getattr(domain, section)):
            name = part.name.said("fr") if isinstance(part.name, Text) else part.name
            if name in names:
                yield (section, number, "name"), tr(f"nom « {name} » en double", f"name `{name}` twice")
            names.add(name)


def _entities(domain: Domain) -> Iterator[tuple[Place, str]]:
    for number, entity in enumerate(domain.entities):
        place = ("entities", number)
        for key in ("pattern", "values"):
            given, wanted = bool(getattr(entity, key)), entity.type == {"pattern": "pattern", "values": "list"}[key]
            if wanted and not given:
                yield (*place, "type"), tr(f"il manque « {key} » pour ce type", f"`{key}` is missing for this type")
            elif given and not wanted:
                yield (*place, key), tr(f"« {key} » ne va pas avec le type {entity.type}",
                                        f"`{key}` does not go with type {entity.type}")  # fmt: skip
        if entity.pattern and (reason := refusal(entity.pattern)):
            yield (*place, "pattern"), _about(entity.pattern, reason)


def _answers(domain: Domain) -> Iterator[tuple[Place, str]]:
    known = {*ALWAYS_FILLED, *(entity.name for entity in domain.entities)}
    for name, answer in domain.answers.items():
        for part in ("text", "fallback"):
            for slot in sorted(slots_of(getattr(answer, part))):
                if slot not in known:
                    yield ("answers", name, part), tr(f"« {{{slot}}} » n'est pas une entité de ce domaine ({_or_none(known)})",
                                                      f"`{{{slot}}}` is no entity of this domain ({_or_none(known)})")  # fmt: skip
        yield from _missing_fallback(name, answer)


def _missing_fallback(name: str, answer: Reply) -> Iterator[tuple[Place, str]]:
    needed = slots_of(answer.text) - set(ALWAYS_FILLED)
    if needed and answer.fallback is None:
        yield ("answers", name), tr("il faut un « fallback », pour une question où l'entité manque",
                                    "a `fallback` is needed, for a question without the entity")  # fmt: skip
    if slots_of(answer.fallback) - set(ALWAYS_FILLED):
        yield (
            ("answers", name, "fallback"),
            tr("« fallback » ne peut pas contenir d'entité", "`fallback` cannot hold an entity"),
        )


def _rules(domain: Domain) -> Iterator[tuple[Place, str]]:
    categories = [category.name for category in domain.categories]
    entities = [entity.name for entity in domain.entities]
    for number, rule in enumerate(domain.rules):
        place: Place = ("rules", number)
        for key, known in (("category", categories), *((key, entities) for key in ("present", "absent", "impossible"))):
            for name in getattr(rule.when, key):
                if name not in known:
                    yield (*place, "when", key), tr(f"« {name} » inconnu. Au choix : {_or_none(known)}",
                                                    f"unknown `{name}`. One of: {_or_none(known)}")  # fmt: skip
        by_model = rule.approach.startswith("model")
        if by_model and rule.answer:
            yield (*place, "answer"), tr("le modèle répond : pas de « answer »", "the model answers: no `answer`")
        if not by_model and rule.answer not in domain.answers:
            yield (*place, "answer" if rule.answer else "approach"), _no_answer(domain, rule.answer)


def _no_answer(domain: Domain, name: str) -> str:
    if not domain.answers:
        return tr("cette règle dit un texte, et le fichier n'a pas de section « answers » où l'écrire",
                  "this rule says a text, and the file has no section `answers` to hold it")  # fmt: skip
    known = ", ".join(domain.answers)
    if not name:
        return tr(f"il manque « answer », le nom du texte à dire. Au choix : {known}",
                  f"`answer` is missing, the name of the text to say. One of: {known}")  # fmt: skip
    return tr(f"« answer » : texte inconnu « {name} ». Au choix : {known}",
              f"`answer`: unknown text `{name}`. One of: {known}")  # fmt: skip


def _checks(domain: Domain) -> Iterator[tuple[Place, str]]:
    entities = [entity.name for entity in domain.entities]
    for number, check in enumerate(domain.checks):
        place: Place = ("checks", number)
        if (check.then != "tell") != (check.text is not None):
            yield (*place, "then"), tr("« text » va avec append et replace, et avec eux seuls",
                                       "`text` goes with append and replace, and with them alone")  # fmt: skip
        if check.without_sources and not check.text:
            yield (*place, "without_sources"), tr("« without_sources » ne va pas sans « text »",
                                                  "`without_sources` does not go without `text`")  # fmt: skip
        for key in (key for key in ("text", "without_sources") if slots_of(getattr(check, key))):
            yield (*place, key), tr("ce texte ne peut pas contenir d'entité", "this text cannot hold an entity")
        if (check.check == "phrases") != bool(check.phrases):
            yield (*place, "check"), tr("« phrases » va avec la vérification phrases, et avec elle seule",
                                        "`phrases` goes with the check phrases, and with it alone")  # fmt: skip
        for phrase in check.phrases:
            if reason := refusal(phrase):
                yield (*place, "phrases"), _about(phrase, reason)
        for name in check.entities:
            if name not in entities:
                yield (*place, "entities"), tr(f"« {name} » inconnu. Au choix : {_or_none(entities)}",
                                               f"unknown `{name}`. One of: {_or_none(entities)}")  # fmt: skip


def _notice(domain: Domain) -> Iterator[tuple[Place, str]]:
    if slots_of(domain.notice):
        yield ("notice",), tr("ce texte ne peut pas contenir d'entité", "this text cannot hold an entity")


def slots_of(text: Text | None) -> set[str]:
    """Names between braces, in any language of a text."""
    return {slot for version in (text.versions if text else ()) for slot in SLOT.findall(version)}


def _about(pattern: str, reason: str) -> str:
    return tr(f"« {pattern:.60} » : {reason}", f"`{pattern:.60}`: {reason}")


def _or_none(names: Any) -> str:
    return ", ".join(names) or tr("aucun", "none")
