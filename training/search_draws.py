"""What Optuna decides in a search: the values of the next trial, and which training is ended early.

A trial draws from a generator seeded by the search's seed and its own number, and from the values of the trials before
it: so a search that was killed goes on with the values that it would have drawn.
"""

from typing import Any

import numpy as np

from chatbot.sampling import Sampling
from training.evaluation.ways import DEFAULT, as_values, greedy
from training.search_dimension import Space, plain
from training.search_folder import SearchSettings
from training.search_space import DECODING, value_in

RANDOM_TRIALS = 6  # complete ones before TPE, which has nothing to learn from yet, takes over from chance
UNPRUNED = 4  # complete trials before any is ended early


def next_trial(study: Any, settings: SearchSettings) -> Any:
    """The trial that a killed search left behind, else a new one; the first of a training study is the recipe."""
    from optuna.samplers import TPESampler
    from optuna.trial import Trial, TrialState

    there = study.get_trials(deepcopy=False)
    begun = [trial for trial in there if trial.state != TrialState.WAITING]
    left = [trial for trial in begun if trial.state == TrialState.RUNNING]
    number = left[0].number if left else len(begun)
    seed = int(np.random.SeedSequence([settings.seed, number]).generate_state(1)[0])
    study.sampler = TPESampler(n_startup_trials=RANDOM_TRIALS, seed=seed)
    if left:
        return Trial(study, left[0]._trial_id)
    if not there and study.study_name == "training" and recipe_inside(settings):
        study.enqueue_trial({one.key: plain(value_in(settings.recipe, one.key)) for one in recipe_space(settings)})
    return study.ask()


def pruner(wanted: bool) -> Any:
    """Ends what is worse than the median of the complete trials at the same quarter of their own plans."""
    from optuna.pruners import MedianPruner, NopPruner

    return MedianPruner(n_startup_trials=UNPRUNED, n_min_trials=UNPRUNED - 1) if wanted else NopPruner()


def drawn_values(trial: Any, settings: SearchSettings) -> dict[str, Any]:
    """The values of a training trial; none for a recipe that lies outside the space."""
    if trial.number == 0:
        inside = recipe_inside(settings)
        return {one.key: one.suggested(trial) for one in recipe_space(settings)} if inside else {}
    values: dict[str, Any] = {}
    for one in sorted(settings.training_space, key=lambda one: one.key != "method"):
        if _has_a_part(one.key, values.get("method", settings.recipe.method)):
            values[one.key] = one.suggested(trial)
    return values


def drawn_way(trial: Any, settings: SearchSettings) -> Sampling:
    """A way of decoding; the first is the default one."""
    if trial.number == 0:
        return DEFAULT
    values = {one.key.removeprefix(DECODING): one.suggested(trial) for one in settings.decoding_space}
    return greedy(Sampling(**{**as_values(DEFAULT), **values}, seed=1))


def recipe_space(settings: SearchSettings) -> Space:
    """The dimensions that have a part in the starting recipe."""
    return tuple(one for one in settings.training_space if _has_a_part(one.key, settings.recipe.method))


def recipe_inside(settings: SearchSettings) -> bool:
    """Whether the starting recipe lies in the space: then its result teaches the sampler."""
    return all(one.holds(value_in(settings.recipe, one.key)) for one in recipe_space(settings))


def _has_a_part(key: str, method: str) -> bool:
    """The shape of an adapter is no setting of a training without one."""
    return method != "full" or not key.startswith("lora.")
