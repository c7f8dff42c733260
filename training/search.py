"""Hyper-parameter search: many trainings of one recipe, each with other values, and what the best of them is worth.

The story: trial 0 is the recipe itself → Optuna's TPE draws the values of the next (Bergstra et al. 2011), a training
runs in a process of its own, and ends early where it lags behind the median of the others → on the best run, ways of
decoding are tried on validation questions → recipe and best are measured on the test split, once → the report.

Trials are compared by bits per byte of the validation answers, which templates and tokenizers do not change.
"""

import shutil
import time
from datetime import UTC, datetime
from typing import Any

from chatbot.errors import InputError, WorldError
from chatbot.files import write_json, write_text
from chatbot.language import number, tr
from chatbot.sampling import Sampling
from datasets_prep.prepared import PreparedSet
from training.config import RunConfig
from training.evaluation.ways import DEFAULT, as_values, greedy, way_told
from training.recorder import Watcher
from training.runs import HistoryRow, RunFolder, resumable
from training.search_draws import drawn_values, drawn_way, next_trial, pruner
from training.search_folder import LOOK, SearchFolder, Trial, best_of
from training.search_look import Side, look_at_test
from training.search_space import with_values
from training.search_trial import discard, mean_likeness, train_trial
from training.search_worker import TrialFailed, Worker

KEPT = 3  # trials that keep their weights, beside trial 0
ATTEMPTS = 3  # times that a trial may begin; one that takes the whole machine down must not do so for ever
QUARTERS = 4  # at each quarter of its own plan a training is compared with the others at the same


class SearchWatcher(Watcher):
    """Looks at a search; this one says nothing. Steps and validations are those of the trial that runs."""

    def trial(self, name: str, total: int, values: dict[str, Any]) -> None:
        """A trial or a way of decoding begins."""

    def answers(self, done: int, total: int) -> None:
        """Questions answered."""


class Search:
    """A search at work.

    Args:
        folder: of the search, held by the caller.
        worker: where trials run.
        watcher: told what happens.
    """

    def __init__(self, folder: SearchFolder, worker: Worker, watcher: SearchWatcher):
        self.folder, self.worker, self.watcher = folder, worker, watcher
        self.settings = folder.settings

    def train(self, trials: int, seconds: float | None = None) -> None:
        """Runs trials until there are so many, or none is begun any more because the time is over.

        Raises:
            InputError: the recipe itself is wrong.
            WorldError: the recipe could not even begin.
        """
        from optuna.trial import TrialState

        began = time.monotonic()
        study = self.folder.training_study()
        study.pruner = pruner(self.settings.pruning)
        ended = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
        while len(study.get_trials(deepcopy=False, states=ended)) < trials:
            if seconds is not None and time.monotonic() - began >= seconds:
                self.watcher.say(
                    tr(f"Le temps est écoulé : {len(study.trials)} essai(s) sur {trials}. --resume continue.",
                       f"Time is over: {len(study.trials)} trial(s) of {trials}. --resume goes on.")
                )  # fmt: skip
                return
            self._run_trial(study, trials)
            self._keep_the_best()

    def _run_trial(self, study: Any, total: int) -> None:
        from optuna.trial import TrialState

        trial = next_trial(study, self.settings)
        out = self.folder.run(trial.number)
        began = time.monotonic()
        value, state = None, TrialState.PRUNED
        try:
            values = drawn_values(trial, self.settings)
            self.watcher.trial(tr(f"Essai {trial.number}", f"Trial {trial.number}"), total, values)
            # Trial 0 is the recipe, to the last digit.
            # Nobody sees the samples of a trial.
            given = {**({} if trial.number == 0 else values), "out": out, "fit.samples": 0}
            config = with_values(self.settings.recipe, given, tr(f"essai {trial.number}", f"trial {trial.number}"))
            value = self._trained(trial, config)
            if value is not None:
                state = TrialState.COMPLETE
        except (TrialFailed, InputError) as error:
            if trial.number == 0 and "cut" not in trial.user_attrs:
                raise _NeverBegan from (error if isinstance(error, InputError) else WorldError(str(error)))
            discard(out)
            state = TrialState.FAIL
            trial.set_user_attr("reason", str(error))
        trial.set_user_attr("seconds", trial.user_attrs.get("seconds", 0.0) + time.monotonic() - began)
        study.tell(trial, value, state=state)
        self.watcher.say(_outcome(self.folder.trials()[trial.number]))

    def _trained(self, trial: Any, config: RunConfig) -> float | None:
        """Bits per byte of the validation answers; None when the trial was ended early."""
        if not config.out.exists():  # else: killed after its last step, before it was noted
            attempts = trial.user_attrs.get("attempts", 0)
            if attempts >= ATTEMPTS:
                raise TrialFailed(tr(f"interrompu {attempts} fois", f"interrupted {attempts} times"))
            trial.set_user_attr("attempts", attempts + 1)
            arguments = (config, resumable(config.out))
            if not self.worker.call(train_trial, *arguments, on_event=lambda *event: self._heard(trial, *event)):
                return None
        metrics = RunFolder.open(config.out).metrics
        if metrics["stopped"] == "nan":
            step = metrics["steps"]
            raise TrialFailed(tr(f"la perte n'est plus un nombre fini après le pas {step}",
                                 f"the loss is no longer finite after step {step}"))  # fmt: skip
        return metrics["validation_loss_after"] * trial.user_attrs["bits_per_byte_of_loss"]

    def _heard(self, trial: Any, name: str, value: Any) -> bool | None:
        """What the worker tells of a training; to a validation the answer is whether to end it."""
        if name == "prepared":
            for key, fact in value.items():
                trial.set_user_attr(key, fact)
        elif name == "plan":
            self._total = value[0]
            self.watcher.plan(*value)
        elif name == "step":
            self.watcher.step(value)
        elif name == "validation":
            self.watcher.validation(value)
            return self._lags(trial, value)
        return None

    def _lags(self, trial: Any, row: HistoryRow) -> bool:
        """Notes the validation, once in each quarter of the plan, and asks the pruner."""
        quarter = QUARTERS * row.step // self._total
        noted = trial.study.get_trials(deepcopy=False)[trial.number].intermediate_values
        if quarter == 0 or quarter in noted:
            return False
        best = min([row.validation_loss * trial.user_attrs["bits_per_byte_of_loss"], *noted.values()])
        trial.report(best, quarter)
        return quarter < QUARTERS and trial.should_prune()

    def _keep_the_best(self) -> None:
        """The disk holds the weights of a few trials, however many there are."""
        complete = [trial for trial in self.folder.trials() if trial.bits_per_byte is not None]
        for trial in sorted(complete, key=lambda trial: (trial.bits_per_byte, trial.number))[KEPT:]:
            if trial.number > 0:
                self.folder.drop_weights(trial.number)

    def decode(self) -> None:
        """Tries ways of decoding on the best run, on validation questions."""
        best = best_of(self.folder.trials())
        if best is None or not self.settings.decoding:
            return
        study = self.folder.decoding_study(best.number)
        measured = {greedy(way): value for way, value in self.folder.ways_of_decoding(best.number)}
        settings = self.settings
        while len(self.folder.ways_of_decoding(best.number)) < settings.decoding:
            trial = next_trial(study, settings)
            way = drawn_way(trial, settings)
            self.watcher.trial(
                tr(f"Décodage {trial.number}", f"Decoding {trial.number}"), settings.decoding, as_values(way)
            )
            if way not in measured:
                run, data = self.folder.run(best.number), settings.recipe.data
                arguments = (run, data, settings.questions, settings.recipe.fit.seed, way, settings.measure)
                measured[way] = self.worker.call(mean_likeness, *arguments, on_event=self._heard_answers)
            trial.set_user_attr("sampling", as_values(way))
            study.tell(trial, measured[way])
            self.watcher.say(f"  {way_told(way)}{tr(' : ', ': ')}{number(measured[way], 3)}")

    def _heard_answers(self, name: str, value: Any) -> None:
        self.watcher.answers(*value)

    def look(self) -> None:
        """Measures recipe and best on the test split, unless that was done before, and writes it down."""
        trials = self.folder.trials()
        best = best_of(trials)
        if self.folder.look is not None or best is None:
            return
        way = self.best_way(best.number)
        recipe, chosen = self.folder.run(0), self.folder.run(best.number)
        sides = [Side(name="recipe", run=recipe, sampling=DEFAULT)] if trials[0].bits_per_byte is not None else []
        if best.number > 0:
            sides.append(Side(name="best", run=chosen, sampling=DEFAULT))
        if way != DEFAULT:
            sides.append(Side(name="decoding", run=chosen, sampling=way))
        self.watcher.trial(tr("Partie test, une seule fois", "Test split, once"), 1, {})
        settings = self.settings
        arguments = (sides, settings.recipe.data, settings.questions, settings.recipe.fit.seed, settings.measure)
        facts = {
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "trials": len(trials),
            "chosen": best.number,
            "sampling": as_values(way),
            "measure": settings.measure,
        }
        found = self.worker.call(look_at_test, *arguments, on_event=self._heard_answers)
        write_json(self.folder.path / LOOK, {**facts, **found})

    def best_way(self, best: int) -> Sampling:
        """The way of decoding of the highest measure; of equals the earliest, which is the default first of all."""
        ways = self.folder.ways_of_decoding(best)
        return max(ways, key=lambda pair: pair[1])[0] if ways else DEFAULT

    def write_recipe(self) -> None:
        """Writes `best.yaml`: the recipe with the values found, for `causette train --recipe`."""
        import yaml

        best = best_of(self.folder.trials())
        if best is not None:
            found = with_values(self.settings.recipe, best.values, "best.yaml").model_dump(mode="json")
            values = {key: value for key, value in found.items() if key not in ("data", "out")}
            head = tr(f"# Recette trouvée : essai {best.number}.", f"# Recipe found: trial {best.number}.")
            text = yaml.safe_dump(values, allow_unicode=True, sort_keys=False)
            write_text(self.folder.path / "best.yaml", f"{head}\n{text}")


def search(
    folder: SearchFolder,
    *,
    trials: int,
    seconds: float | None = None,
    test: bool = True,
    watcher: SearchWatcher | None = None,
    worker: Worker | None = None,
) -> None:
    """Goes on with a search to its end: trials, decoding, the look at the test split.

    Args:
        folder: of a search, new or begun.
        trials: to reach, those already there included.
        seconds: after which no trial is begun.
        test: whether the test split is looked at now.
        watcher: told what happens.
        worker: where trials run.

    Raises:
        InputError: the recipe is wrong, in which case a new search leaves nothing behind; or another process is at it.
    """
    watcher = watcher or SearchWatcher()
    settings = folder.settings
    folder.require_same_data(PreparedSet.open(settings.recipe.data).manifest["fingerprints"])
    with folder.held(), worker or Worker() as there:
        at_work = Search(folder, there, watcher)
        try:
            at_work.train(trials, seconds)
        except _NeverBegan as error:
            shutil.rmtree(folder.path, ignore_errors=True)
            raise error.__cause__ from None  # type: ignore[misc]
        at_work.decode()
        if test:
            at_work.look()
        at_work.write_recipe()


def _outcome(trial: Trial) -> str:
    """A line on a trial that ended."""
    if trial.state == "failed":
        return tr(f"  essai {trial.number} : échec, {trial.reason}", f"  trial {trial.number}: failed, {trial.reason}")
    if trial.state == "pruned":
        return tr(
            f"  essai {trial.number} : arrêté, en retard sur les autres",
            f"  trial {trial.number}: ended early, behind the others",
        )
    value = number(trial.bits_per_byte or 0.0, 4)
    return tr(f"  essai {trial.number} : {value} bits par octet", f"  trial {trial.number}: {value} bits per byte")


class _NeverBegan(Exception):
    """Trial 0 could not be trained at all: its cause is the user's to hear, and nothing is left to go on with."""
