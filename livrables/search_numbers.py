"""What the trials of a search sum up to: read from its folder, which only `training.search_folder` knows."""

from pathlib import Path
from typing import Any

from training.search_folder import SearchFolder, best_of


def numbers_of(folder: Path) -> dict[str, Any]:
    """Trials by state, the best one, and what each option weighs, as JSON values.

    Raises:
        InputError: no search there.
        OSError, ValueError, LookupError: a file of it is damaged.
    """
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return _numbers(folder)
    except SQLAlchemyError as error:
        raise ValueError(f"search.db: {type(error).__name__}") from error


def _numbers(folder: Path) -> dict[str, Any]:
    from training.search_report import importance_of

    search = SearchFolder.open(folder)
    if not (folder / "search.db").is_file():
        raise FileNotFoundError(folder / "search.db")
    trials = search.trials()
    best = best_of(trials)
    states = [trial.state for trial in trials]
    return {
        "trials": len(trials),
        "complete": states.count("complete"),
        "pruned": states.count("pruned"),
        "failed": states.count("failed"),
        "recipe_bits_per_byte": trials[0].bits_per_byte if trials else None,
        "best": best and {"number": best.number, "bits_per_byte": best.bits_per_byte, "values": _plain(best.values)},
        "importance": importance_of(search),
    }


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}
