"""The card of a model on the Hub, written from what its run wrote: no sentence in it says more than a file does."""

from typing import Any

from app.hub.card_headline import headline
from app.hub.card_licence import OTHER, UNKNOWN, licence_metadata, terms_lines
from app.hub.card_manifest import for_strangers
from app.hub.card_results import (
    Results,
    metadata_results,
    result_files,
    results_lines,
    results_of,
    sources_named,
)
from app.hub.card_subject import Subject, is_mini, subject_of
from app.hub.card_text import HUB, card, items, link, other_language, section
from app.hub.card_training import limits_lines, method_told, size_told, training_lines
from app.hub.card_use import template_lines, use_lines
from app.hub.dataset_card import languages_in
from chatbot.language import tr
from datasets_prep.ledger import licences_of, strictest
from training.evaluation.markdown import code, counted, inline
from training.runs import RunFolder

LICENCE_OF_MINI = "apache-2.0"


def card_files(model: str, *, adapter: bool, transformers: bool, repo: str, public: bool = False) -> dict[str, bytes]:
    """Place in the repository → content: README.md in the current language, with a short section in the other, and the
    results in the newer of the Hub's two forms, where the test set was sent to the Hub, so that it can be named there.

    Args:
        model: a run, a preset folder, "mini", or another name that `load_model` takes.
        adapter: whether the adapter alone is sent.
        transformers: whether the export for transformers lies beside the preset.
        repo: "owner/name".
        public: whether everybody is to read it: then no repository is named that may be private.

    Raises:
        InputError: no such model, or a run that lost a file.
        WorldError: a model that must be downloaded, without network.
    """
    subject = subject_of(model, adapter=adapter, transformers=transformers, repo=repo, public=public)
    results = results_of(subject)
    return {"README.md": _card(subject, results).encode(), **result_files(subject, results)}


def _card(subject: Subject, results: Results | None) -> str:
    lines = [
        f"# {inline(subject.name)}",
        "",
        *_what(subject, results),
        *section(tr("L'utiliser", "How to use it"), *use_lines(subject)),
        *section(tr("Comment il a été entraîné", "How it was trained"), *training_lines(subject)),
        *(section(tr("Résultats mesurés", "Measured results"), *results_lines(results)) if subject.run else []),
        *_own_card(subject),
        *section(tr("Limites", "Limits"), *limits_lines(subject, measured=results is not None)),
        *section(tr("Données et licences", "Data and licences"), *_licences(subject)),
        *section(tr("Gabarit et textes d'arrêt", "Template and stop texts"), *template_lines(subject)),
        *other_language(lambda: _brief(subject, results)),
    ]
    return card(_metadata(subject, results), lines)


def _metadata(subject: Subject, results: Results | None) -> Any:
    from huggingface_hub import ModelCardData

    measured = metadata_results(subject, results)
    relation = "adapter" if subject.adapter else "finetune"
    method = subject.run.config.method if subject.run else "full"
    more: dict[str, Any] = {"base_model_relation": relation} if subject.base_repo else {}
    tags = ["causette", "chat", "keras", *([method] if method != "full" else [])]
    return ModelCardData(
        **_licence(subject),
        language=_languages(subject) or None,
        library_name="keras-hub",
        pipeline_tag="text-generation",
        base_model=subject.base_repo,
        datasets=[subject.data.repo] if subject.data else None,
        tags=tags,
        model_name=subject.name if measured else None,
        eval_results=measured or None,
        **more,
    )


def _languages(subject: Subject) -> list[str]:
    found = [language for manifest in subject.manifests for language in languages_in(manifest)]
    noted = subject.note.get("languages") if not found else None
    known = noted if isinstance(noted, list) else []
    return list(dict.fromkeys(found or [str(language) for language in known]))


def _licence(subject: Subject) -> dict[str, Any]:
    """That of the data, where the base is the embedded one, whose own asks no more; else the card must be read."""
    if is_mini(subject):
        return {"license": LICENCE_OF_MINI}
    found = licence_metadata(subject.licences, _address(subject))
    if subject.base_known or found["license"] == UNKNOWN:
        return found
    name = found.get("license_name", found["license"])
    return {"license": OTHER, "license_name": f"base-model-and-{name}", "license_link": _address(subject)}


def _address(subject: Subject) -> str:
    return f"{HUB}/{subject.repo}/blob/main/README.md"


def _what(subject: Subject, results: Results | None) -> list[str]:
    """Some sentences that stand alone."""
    size = size_told(subject)
    about = f" ({size})" if size else ""
    if is_mini(subject):
        return [tr(f"Le petit modèle de départ de Causette{about}. Il continue un texte ; pour dialoguer, il faut l'affiner.",
                   f"Causette's small base model{about}. It continues a text; to talk, it must be fine-tuned.")]  # fmt: skip
    if subject.run is None:
        kind = tr(f"Adaptateur pour {code(subject.base)}", f"An adapter for {code(subject.base)}") if subject.base else tr("Modèle de langue", "A language model")  # fmt: skip
        return [tr(f"{kind}{about}, envoyé avec Causette. Rien n'est noté de son entraînement.",
                   f"{kind}{about}, sent with Causette. Nothing is noted of its training.")]  # fmt: skip
    care = tr("Un modèle fait pour apprendre et pour comparer : pas pour conseiller quelqu'un.",
              "A model made to learn and to compare: not to advise anybody.")  # fmt: skip
    return [f"{_trained(subject, subject.run, about)} {headline(results)} {care}"]


def _trained(subject: Subject, run: RunFolder, about: str) -> str:
    whose = (
        tr("L'adaptateur seul d'un chatbot", "The adapter alone of a chatbot")
        if subject.adapter
        else tr("Chatbot", "A chatbot")
    )
    merged = (
        ""
        if subject.adapter or run.config.method == "full"
        else tr(", fondu dans les poids", ", merged into the weights")
    )
    train = counted(subject.manifests[0]["counts"]["by_split"].get("train", 0), "dialogue", "dialogues")
    return tr(f"{whose} affiné avec Causette : {code(subject.base)}{about}, sur {train} de « {inline(sources_named(subject))} » "
              f"({method_told(run)}{merged}).",
              f"{whose} fine-tuned with Causette: {code(subject.base)}{about}, on {train} of "
              f"“{inline(sources_named(subject))}” ({method_told(run)}{merged}).")  # fmt: skip


def _brief(subject: Subject, results: Results | None) -> list[str]:
    """For those who do not read the language of the card."""
    licences = [one for manifest in subject.manifests for one in licences_of(for_strangers(manifest)).values()]
    stated = ", ".join(dict.fromkeys(inline(one.to_json()["stated"]) for one in licences))
    return [
        *_what(subject, results),
        "",
        tr("Le code, les tableaux et les attributions sont ci-dessus ; aucun réglage de sûreté n'a été fait.",
           "Code, tables and attributions stand above; no safety tuning was done."),
        *([tr(f"Licences des données : {stated}.", f"Licences of the data: {stated}.")] if stated else []),
    ]  # fmt: skip


def _licences(subject: Subject) -> list[str]:
    """Of the base, of each set that it learnt, and of what follows."""
    if is_mini(subject):
        return [tr("Les poids sont sous Apache-2.0.", "The weights are under Apache-2.0.")]
    lines = _base_licence(subject)
    for place, manifest in enumerate(subject.manifests):
        lines += [*([] if place else _sent(subject)), *terms_lines(manifest), ""]
    if not subject.manifests:
        return [*lines, tr("Rien n'est noté des textes qu'il a appris : cherchez-en la licence avant de le publier.",
                           "Nothing is noted of the texts that it learnt: find their licence before you publish it.")]  # fmt: skip
    return [*lines, *_doubts(subject)]


def _doubts(subject: Subject) -> list[str]:
    lines = [
        tr("Que des poids appris sur un texte relèvent de sa licence n'est pas tranché : cette fiche reprend, par prudence, la plus "
           "stricte. Le modèle peut répéter des passages de ces textes.",
           "Whether weights learnt from a text fall under its licence is not settled: to be on the safe side this card takes the "
           "strictest. The model may repeat passages of these texts.")
    ]  # fmt: skip
    if strictest(subject.licences).redistribution != "yes":
        lines += ["", tr("**On ne sait pas si l'une de ces sources peut être transmise, ou elle ne le peut pas** : vérifiez-le avant de "
                         "rendre ce modèle public.",
                         "**Nobody knows whether one of these sources may be passed on, or it may not**: find out before you make this "
                         "model public.")]  # fmt: skip
    return lines


def _base_licence(subject: Subject) -> list[str]:
    if subject.base_known:
        told = tr("`mini`, fourni avec Causette, Apache-2.0.", "`mini`, which comes with Causette, Apache-2.0.")
    else:
        name = link(subject.base_repo, f"{HUB}/{subject.base_repo}") if subject.base_repo else code(subject.base)
        told = tr(f"{name}, dont la licence n'est pas relevée ici : lisez-la à sa source, elle s'applique aussi.",
                  f"{name}, whose licence is not noted here: read it at its source, it holds too.")  # fmt: skip
    return [tr(f"Modèle de départ : {told}", f"Base model: {told}"), ""] if subject.base else []


def _sent(subject: Subject) -> list[str]:
    if subject.data is None:
        return []
    where = link(subject.data.repo, f"{HUB}/datasets/{subject.data.repo}")
    return [*items(tr(f"Jeu préparé, dans la révision {code(subject.data.commit)} : {where}",
                    f"Prepared set, in the revision {code(subject.data.commit)}: {where}")), ""]  # fmt: skip


def _own_card(subject: Subject) -> list[str]:
    """What the embedded base, or one that `causette pretrain` made, says of itself; its titles one level down."""
    if subject.run or subject.base or subject.folder is None or not (subject.folder / "recipe.json").is_file():
        return []
    file = subject.folder / "README.md"
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    body = text.split("\n---\n", 1)[-1] if text.startswith("---\n") else text
    kept = [
        f"#{line}" if line.startswith("#") else line for line in body.strip().split("\n") if not line.startswith("# ")
    ]
    return section(tr("Sa propre fiche", "Its own card"), *"\n".join(kept).strip().split("\n"))
