"""Which reasoning layer `causette chat` and `causette serve` put around a model: that of the option, or of the run's data."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.output import Output
from chatbot.chat import Chat
from chatbot.errors import CausetteError
from chatbot.language import current_language, tr
from chatbot.reasoning.choose import GENERAL, domain_for
from chatbot.reasoning.domain_file import load_domain
from chatbot.reasoning.reasoned import ReasonedChat
from chatbot.reasoning.sources import Sources

NONE = ("aucun", "none")


class Reasoning:
    """Puts the layer around any model: what was learnt from the domain's examples and from the sources is there once.

    Args:
        domain: a shipped domain's name or a YAML file.
        sources: nearest texts, if there are any.

    Raises:
        InputError: no such domain, or a file with an error.
    """

    def __init__(self, domain: str, sources: Sources | None = None):
        self.domain, self._sources = load_domain(domain), sources
        self._first: ReasonedChat | None = None

    def __call__(self, chat: Chat) -> ReasonedChat:
        if self._first is None:
            self._first = ReasonedChat(chat, self.domain, self._sources)
        return self._first.around(chat)

    def without_subject(self, chat: Chat) -> ReasonedChat:
        """The general layer, for a model of another subject; of its sources nothing is known."""
        return ReasonedChat(chat, load_domain(GENERAL))


def reasoning_for(domain: str | None, model: str | None, output: Output) -> Reasoning | None:
    """The layer that `--domain` asks for; without it, that which fits the data that the model was trained on.

    Args:
        domain: name, file, or "aucun" for no layer; None where the option was not given.
        model: run folder, preset or name; None for a model elsewhere.
        output: where it is said which one.

    Raises:
        InputError: no such domain, or a file with an error.
    """
    if domain and domain.lower() in NONE:
        return None
    manifest, data = data_of(model)
    named = domain or domain_for(source_names(manifest))
    reasoning = Reasoning(named, _sources(data, output))
    title = reasoning.domain.title.said(current_language())
    how = "" if domain or named == GENERAL else tr(", d'après les données du modèle", ", after the model's data")
    output.say(tr(f"Domaine : {title}{how} (--domain pour en changer, --domain aucun pour s'en passer)",
                  f"Domain: {title}{how} (--domain for another one, --domain none for none)"))  # fmt: skip
    return reasoning


def data_of(model: str | None) -> tuple[Mapping[str, Any], Path | None]:
    """The manifest that a run keeps of its data, and the prepared set itself where it is still there and unchanged."""
    from datasets_prep.prepared import is_prepared
    from training.run_list import is_run
    from training.runs import RunFolder

    if model is None or not is_run(Path(model)):
        return {}, None
    try:
        run = RunFolder.open(Path(model))
        return run.data_manifest, run.config.data if is_prepared(run.config.data) else None
    except (CausetteError, OSError, ValueError, KeyError):  # it can be talked to all the same
        return {}, None


def source_names(manifest: Mapping[str, Any]) -> list[str]:
    """The names of a set's sources: "embedded:boutique_commande", "medquad", or a file's."""
    return [
        ":".join(str(source[key]) for key in ("name", "part") if source.get(key))
        for source in manifest.get("sources", [])
    ]  # fmt: skip


def _sources(data: Path | None, output: Output) -> Sources | None:
    if data is None:
        return None
    try:
        return Sources(data)
    except CausetteError as error:
        output.warn(str(error))
        return None
