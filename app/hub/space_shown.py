"""What a Space carries of a run: what its tabs show, questions to try, its domain, how it decodes. No path of here, and
of the data only what may be passed on."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.output import Output
from app.page.exhibits import DataExhibit
from app.page.trained import Exhibits
from chatbot.errors import InputError
from chatbot.language import tr

TITLES = 3  # of a mixture's sources, in its name
DIALOGUES = 100  # training dialogues that can be looked at in the Space


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a page shows of its model.

    Args:
        exhibits: of the tabs, as JSON.
        examples: questions to try.
        domain: of the reasoning layer, its YAML; None without that layer.
        sampling: fields of `Sampling` that are not the default.
    """

    exhibits: bytes
    examples: tuple[str, ...]
    domain: bytes | None
    sampling: Mapping[str, Any]


def shown_of(run: str, name: str, domain: str | None, output: Output) -> Shown:
    """All of it.

    Args:
        run: run or preset folder, or a model's name.
        name: of the model on the page: its repository.
        domain: of ``--domain``.
        output: where it is said what stays away.

    Raises:
        InputError: no such domain, or a file with an error.
    """
    from app.decoding import sampling_for
    from app.exhibits.exhibits import exhibits_of
    from app.page.exhibit_json import to_json
    from chatbot.sampling import Sampling

    default = Sampling(max_new_tokens=160)
    sampling = sampling_for(run, {}, default, output)
    values = {field: value for field in ("temperature", "top_p", "top_k", "repetition_penalty", "max_new_tokens")
              if (value := getattr(sampling, field)) != getattr(Sampling(), field)}  # fmt: skip
    exhibits = exhibits_of(run, dialogues=DIALOGUES)
    free = redistributable(exhibits)
    if exhibits.data and not free:
        output.say(none_shown())
    return Shown(
        exhibits=json.dumps(to_json(carried(exhibits, name, free)), ensure_ascii=False).encode(),
        examples=_examples(run, output) if free else (),
        domain=domain_file(domain, run, output),
        sampling=values,
    )


def redistributable(exhibits: Exhibits) -> bool:
    """Whether the licence ledger lets the data be passed on."""
    return exhibits.data is not None and dict(exhibits.data.terms).get("redistribution") == "yes"


def none_shown() -> str:
    """Why a page shows nothing of the data."""
    return tr("Les licences du jeu ne disent pas qu'il peut être transmis : la page ne montre aucun de ses dialogues.",
              "The set's licences do not say that it may be passed on: the page shows none of its dialogues.")  # fmt: skip


def carried(exhibits: Exhibits, name: str, free: bool) -> Exhibits:
    """The exhibits without what is of this machine, and without answers of the data that may not be passed on.

    Folders of here are named by what a visitor can know: the run by its repository, the set by its sources' titles.
    """
    data, training, about = exhibits.data, exhibits.training, replace(exhibits.about, name=name)
    if data:
        titled = titles(data)
        data, about = replace(data, name=titled), replace(about, data=titled)
    if data and not data.dialogues:
        data = replace(data, missing=_not_here(free))  # else it names a folder of here
    if training:
        named = name.rpartition("/")[2]
        training = replace(training, name=named, measure_command=f"causette compare runs/{named}")
    if training and not free:
        training = replace(training, samples=())
    return replace(exhibits, model=name, data=data, training=training, about=about)


def titles(data: DataExhibit) -> str:
    """Of the sources of a set, in the language of the call; of the first few where they are many."""
    found = list(dict.fromkeys(str(source.title) for source in data.sources if str(source.title)))
    return ", ".join(found[:TITLES]) + ("…" if len(found) > TITLES else "") or data.name


def _not_here(free: bool) -> Any:
    from app.page.exhibits import Said

    if free:
        return Said("Les dialogues de l'entraînement ne sont pas dans ce Space.",
                    "The training dialogues are not in this Space.")  # fmt: skip
    return Said("Les licences du jeu ne disent pas qu'il peut être transmis : ses dialogues ne sont pas montrés ici.",
                "The set's licences do not say that it may be passed on: its dialogues are not shown here.")  # fmt: skip


def _examples(run: str, output: Output) -> tuple[str, ...]:
    from app.page_content import examples_of

    return tuple(examples_of(Path(run), output))


def domain_file(domain: str | None, run: str, output: Output) -> bytes | None:
    """The YAML of the domain asked for, else of the one that fits the run's data.

    Raises:
        InputError: no such domain, or a file with an error.
    """
    from app.reasoning import NONE, data_of, source_names
    from chatbot.language import current_language
    from chatbot.reasoning.choose import domain_for
    from chatbot.reasoning.domain_file import DOMAINS, SHIPPED, load_domain

    if domain and domain.lower() in NONE:
        return None
    named = domain or domain_for(source_names(data_of(run)[0]))
    title = load_domain(named).title.said(current_language())
    output.say(tr(f"Domaine de la page : {title} (--domain pour en changer, --domain aucun pour s'en passer)",
                  f"The page's domain: {title} (--domain for another one, --domain none for none)"))  # fmt: skip
    path = DOMAINS / SHIPPED[named] if named in SHIPPED else Path(named)
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(tr(f"{path} : fichier illisible.", f"{path}: cannot be read.")) from error
