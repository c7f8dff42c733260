"""The model that a card is about: what it is, read from its folder without loading it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.hub.card_manifest import for_strangers
from app.hub.own_paths import leaf
from app.hub.pushed import Pushed, pushed
from chatbot.errors import CausetteError, InputError
from chatbot.files import read_json
from chatbot.locate import EMBEDDED, PRESET_NOTE, locate
from chatbot.model import template_named
from chatbot.template import HUMAN_ASSISTANT, ChatTemplate
from datasets_prep.ledger import licences_of
from datasets_prep.spec import Licence
from training.evaluation.unseen import lineage
from training.run_list import is_run
from training.runs import RunFolder

Json = Mapping[str, Any]
DAMAGED = (OSError, ValueError, KeyError, TypeError, AttributeError)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A model, and what of it is sent.

    Args:
        repo: "owner/name".
        adapter: whether the adapter alone is sent.
        transformers: whether the export for transformers is beside it.
        run: its run; None for a model that is none.
        folder: its preset; None where it is not on this disk.
        base: what it was fine-tuned from, as it may be told; "" for a model that is no run.
        base_repo: that on the Hub, where it is there.
        template: how dialogues are written for it.
        manifests: of the sets that it learnt, its own first, then those of the runs that it began from.
        base_known: whether all that it began from is known, down to the embedded base.
        data: where its prepared set was sent, if it is that very set.
    """

    repo: str
    adapter: bool
    transformers: bool
    run: RunFolder | None = None
    folder: Path | None = None
    base: str = ""
    base_repo: str | None = None
    template: ChatTemplate = HUMAN_ASSISTANT
    manifests: tuple[Json, ...] = ()
    base_known: bool = False
    data: Pushed | None = None
    note: Json = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Of its repository, without the owner."""
        return self.repo.rpartition("/")[2]

    @property
    def parameters(self) -> int | None:
        """Of the whole model; None where its folder does not say."""
        found = _json(self.folder, "metadata.json").get("parameter_count")
        return found if isinstance(found, int) else None

    @property
    def context(self) -> int | None:
        """Its longest sequence in tokens; None where its folder does not say."""
        config = _json(self.folder, "config.json")
        inner = config["config"] if isinstance(config.get("config"), dict) else config
        found = inner.get("max_sequence_length") or inner.get("n_positions") or self.note.get("limit")
        return found if isinstance(found, int) else None

    @property
    def licences(self) -> dict[str, Licence]:
        """Of all sources that it learnt."""
        return {name: one for manifest in self.manifests for name, one in licences_of(manifest).items()}


def subject_of(model: str, *, adapter: bool, transformers: bool, repo: str, public: bool = False) -> Subject:
    """Reads what a card needs; nothing is downloaded for a run.

    A public card (`public`) names only what was sent in public: another link is dead, and tells a private name.

    Raises:
        InputError: no such model, or a run that lost a file.
        WorldError: a model that must be downloaded, without network.
    """
    path = Path(model)
    sent: dict[str, Any] = {"repo": repo, "adapter": adapter, "transformers": transformers}
    if is_run(path):
        return _of_run(RunFolder.open(path), sent, public)
    if (path / "adapter" / "adapter.json").is_file():
        note = _json(path / "adapter", "adapter.json")
        base = str(note.get("base", ""))
        return Subject(
            **sent,
            folder=_on_disk(base),
            base=leaf(base),
            base_repo=_repo_of(base, public),
            template=_template(note),
            note=note,
        )
    folder = locate(model).folder
    note = _json(folder, PRESET_NOTE)
    return Subject(**sent, folder=folder, template=_template(note), note=note, base_known=folder in EMBEDDED.values())


def is_mini(subject: Subject) -> bool:
    """Whether it is the embedded base itself."""
    return subject.folder in EMBEDDED.values() and not subject.base


def _of_run(run: RunFolder, sent: dict[str, Any], public: bool) -> Subject:
    config = run.config
    alone = (run.path / "adapter").is_dir()
    note = _json(run.path / "adapter", "adapter.json") if alone else _json(run.path / "preset", PRESET_NOTE)
    try:
        line = lineage(run)
    except CausetteError:  # what it began from is no longer whole
        line, whole = [run], False
    else:
        whole = line[-1].config.model in EMBEDDED and not Path(line[-1].config.model).exists()
    return Subject(
        **sent,
        run=run,
        folder=_on_disk(config.model) if alone else run.path / "preset",
        base=leaf(config.model),
        base_repo=_repo_of(config.model, public),
        template=_template({"template": config.template, **note}),
        manifests=tuple(for_strangers(one.data_manifest) for one in line),
        base_known=whole,
        data=_named(_data_of(run), public),
        note=note,
    )


def _on_disk(base: str) -> Path | None:
    """The folder of a base that needs no network."""
    try:
        return locate(base).folder if base in EMBEDDED or Path(base).is_dir() else None
    except CausetteError:
        return None


def _repo_of(base: str, public: bool) -> str | None:
    """The base as the Hub knows it: only where it comes from there, or was sent there."""
    if base.startswith("hf://"):
        return base.removeprefix("hf://")
    there = _named(pushed(Path(base), "model"), public) if Path(base).is_dir() else None
    return there.repo if there else None


def _named(there: Pushed | None, public: bool) -> Pushed | None:
    """A push, where the card may name it."""
    return there if there and (there.public or not public) else None


def _data_of(run: RunFolder) -> Pushed | None:
    """Where the run's set was sent, as long as the folder still holds that set."""
    folder = run.config.data
    same = _json(folder, "manifest.json").get("fingerprints") == run.data_manifest["fingerprints"]
    return pushed(folder, "dataset") if same else None


def _template(note: Json) -> ChatTemplate:
    try:
        return template_named(note.get("template") or HUMAN_ASSISTANT.name)
    except InputError:
        return HUMAN_ASSISTANT


def _json(folder: Path | None, name: str) -> Json:
    try:
        found = read_json(folder / name) if folder else {}
    except DAMAGED:
        return {}
    return found if isinstance(found, dict) else {}
