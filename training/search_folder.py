"""The folder of a search, and the only place that knows its layout.

searches/NAME/
    search.json      the starting recipe, the space, the seed: what a resumed search must go on with
    search.db        every trial and decoding, in Optuna's SQLite tables (`optuna-dashboard` reads it)
    trials/0007/     a run folder; only the best few and trial 0 keep their weights
    best.yaml        the recipe found
    test_look.json   what the one look at the test split gave
    report.md, trials.csv, figures/
"""

import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from chatbot.errors import InputError
from chatbot.files import read_json, write_json
from chatbot.language import tr
from chatbot.sampling import Sampling
from training.config import RunConfig, validated
from training.search_dimension import Space
from training.search_space import DECODING, dimension, value_in

SETTINGS = "search.json"
LOOK = "test_look.json"
WEIGHTS = ("preset", "adapter")  # of a run folder: what a trial that is not among the best gives up


@dataclass(frozen=True, kw_only=True)
class SearchSettings:
    """What stays the same from the first trial to the last.

    Args:
        recipe: the starting point, trial 0.
        space: what changes.
        seed: draws the values.
        pruning: whether trials that lag behind are ended early.
        decoding: ways of decoding tried on the best run; 0 for none.
        measure: how answers are compared: rouge_l, chrf or token_f1.
        questions: questions answered for that measure, at most.
    """

    recipe: RunConfig
    space: Space
    seed: int = 1
    pruning: bool = True
    decoding: int = 8
    measure: str = "rouge_l"
    questions: int = 40

    @property
    def training_space(self) -> Space:
        return tuple(one for one in self.space if not one.key.startswith(DECODING))

    @property
    def decoding_space(self) -> Space:
        return tuple(one for one in self.space if one.key.startswith(DECODING))

    def to_json(self) -> dict[str, Any]:
        plain = {name: value for name, value in asdict(self).items() if name not in ("recipe", "space")}
        recipe = self.recipe.model_dump(mode="json")
        return {"recipe": recipe, "space": {one.key: one.text for one in self.space}, **plain}

    @classmethod
    def from_json(cls, value: Mapping[str, Any], where: str) -> "SearchSettings":
        plain = {name: value[name] for name in ("seed", "pruning", "decoding", "measure", "questions")}
        recipe = validated(dict(value["recipe"]), where)
        space = tuple(dimension(key, text, recipe, where) for key, text in value["space"].items())
        return cls(recipe=recipe, space=space, **plain)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A trial as the reports read it.

    Args:
        number: from 0, which is the starting recipe.
        state: complete, pruned, failed or unfinished.
        bits_per_byte: of the validation answers; None unless complete.
        values: of the searched options; those of the recipe for trial 0. An option that has no part in it is missing.
        reason: why it failed.
        seconds: from start to end, loading included.
        curve: bits per byte by quarter of the training.
        cut: validation dialogues cut to the row's length.
    """

    number: int
    state: str
    bits_per_byte: float | None
    values: dict[str, Any]
    reason: str
    seconds: float
    curve: dict[int, float]
    cut: int


@dataclass(frozen=True)
class SearchFolder:
    """A search on disk."""

    path: Path

    @classmethod
    def begin(
        cls, path: Path, settings: SearchSettings, trials: int, fingerprints: Mapping[str, str]
    ) -> "SearchFolder":
        """Makes the folder of a new search.

        Raises:
            InputError: it exists already.
        """
        if path.exists():
            raise InputError(
                tr(f"{path} existe déjà. Ajoutez --resume pour continuer cette recherche, ou choisissez un autre --out.",
                   f"{path} exists already. Add --resume to go on with that search, or choose another --out.")
            )  # fmt: skip
        folder = cls(path)
        folder._note(settings, trials, fingerprints)
        return folder

    @classmethod
    def open(cls, path: Path) -> "SearchFolder":
        """Opens a search.

        Raises:
            InputError: there is none.
        """
        if not (path / SETTINGS).exists():
            raise InputError(
                tr(f"{path} : aucune recherche à reprendre. Relancez sans --resume.",
                   f"{path}: no search to go on with. Run without --resume.")
            )  # fmt: skip
        return cls(path)

    def _note(self, settings: SearchSettings, trials: int, fingerprints: Mapping[str, str]) -> None:
        value = {"format": 1, "trials": trials, "data": dict(fingerprints), **settings.to_json()}
        write_json(self.path / SETTINGS, value)

    @property
    def settings(self) -> SearchSettings:
        return SearchSettings.from_json(read_json(self.path / SETTINGS), str(self.path / SETTINGS))

    @property
    def trials_wanted(self) -> int:
        return read_json(self.path / SETTINGS)["trials"]

    def want(self, trials: int) -> None:
        """Notes another number of trials to reach."""
        write_json(self.path / SETTINGS, {**read_json(self.path / SETTINGS), "trials": trials})

    def require_same_data(self, fingerprints: Mapping[str, str]) -> None:
        """Raises InputError when the prepared set changed since the search began."""
        if read_json(self.path / SETTINGS)["data"] != dict(fingerprints):
            raise InputError(
                tr(f"{self.path} : le jeu préparé a changé depuis le début de la recherche.\n"
                   "Commencez-en une autre avec un autre --out : les essais ne seraient plus comparables.",
                   f"{self.path}: the prepared set changed since the search began.\n"
                   "Begin another one with another --out: trials could no longer be compared.")
            )  # fmt: skip

    @contextmanager
    def held(self) -> Iterator[None]:
        """One process at a time: a lock that the system takes back, however the process ends.

        Raises:
            InputError: another one is at work in this folder.
        """
        with closing(sqlite3.connect(self.path / ".lock", timeout=0, isolation_level=None)) as connection:
            try:
                connection.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError as error:
                raise InputError(
                    tr(f"{self.path} : une autre commande travaille déjà à cette recherche. Attendez qu'elle finisse.",
                       f"{self.path}: another command is at work on this search. Wait for it to end.")
                ) from error  # fmt: skip
            yield

    def run(self, number: int) -> Path:
        """The run folder of a trial."""
        return self.path / "trials" / f"{number:04d}"

    @cached_property
    def _storage(self) -> Any:
        import optuna
        from sqlalchemy import URL

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        address = URL.create("sqlite", database=str(self.path / "search.db"))
        return optuna.storages.RDBStorage(address.render_as_string(hide_password=False))

    def _study(self, name: str, direction: Literal["minimize", "maximize"]) -> Any:
        """The Optuna study of that name, made where there is none yet."""
        import optuna

        return optuna.create_study(storage=self._storage, study_name=name, direction=direction, load_if_exists=True)

    def training_study(self) -> Any:
        return self._study("training", "minimize")

    def decoding_study(self, best: int) -> Any:
        """The ways of decoding tried on the run of a trial."""
        return self._study(f"decoding-{best:04d}", "maximize")

    def trials(self) -> list[Trial]:
        """All trials in order, those not yet begun left out."""
        settings = self.settings
        found = self.training_study().get_trials(deepcopy=False)
        return [_trial(one, settings) for one in found if one.state.name != "WAITING"]

    def ways_of_decoding(self, best: int) -> list[tuple[Sampling, float]]:
        """What was tried on the best run, with its measure, in order."""
        found = self.decoding_study(best).get_trials(deepcopy=False)
        return [
            (Sampling(**one.user_attrs["sampling"], seed=1), one.value) for one in found if one.state.name == "COMPLETE"
        ]

    @property
    def look(self) -> dict[str, Any] | None:
        """What the test split told, once it was looked at."""
        return read_json(self.path / LOOK) if (self.path / LOOK).exists() else None

    def drop_weights(self, number: int) -> None:
        """Leaves of a run its settings, its curve and its figures."""
        for name in WEIGHTS:
            path = self.run(number) / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def best_of(trials: list[Trial]) -> Trial | None:
    """The trial of the lowest validation cost; of equals the earliest."""
    complete = [trial for trial in trials if trial.bits_per_byte is not None]
    return min(complete, key=lambda trial: (trial.bits_per_byte, trial.number)) if complete else None


def _trial(found: Any, settings: SearchSettings) -> Trial:
    states = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed", "RUNNING": "unfinished"}
    notes = found.user_attrs
    space = settings.training_space
    if found.number == 0:
        values = {one.key: value_in(settings.recipe, one.key) for one in space}
    else:
        values = {one.key: one.value(found.params[one.key]) for one in space if one.key in found.params}
    return Trial(
        number=found.number,
        state=states[found.state.name],
        bits_per_byte=found.value if found.state.name == "COMPLETE" else None,
        values=values,
        reason=notes.get("reason", ""),
        seconds=notes.get("seconds", 0.0),
        curve=dict(found.intermediate_values),
        cut=notes.get("cut", 0),
    )
