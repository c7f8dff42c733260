"""How `causette chat` and `causette serve` decode: the user's options, else what the run says, else the defaults."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from app.output import Output
from chatbot.language import tr
from chatbot.sampling import Sampling


def sampling_for(model: str | None, options: Mapping[str, float | None], default: Sampling, output: Output) -> Sampling:
    """The way of decoding to begin with, and a line on where it comes from if that is the run.

    Args:
        model: its name; None for one that a server elsewhere computes.
        options: fields of `Sampling` that an option sets, None where it was not given.
        default: for what neither says.
        output: where it is said.
    """
    given = {name: value for name, value in options.items() if value is not None}
    return replace(default, **{**of_run(model, given, output), **given})  # type: ignore[arg-type]


def of_run(model: str | None, given: Mapping[str, float], output: Output) -> dict[str, float]:
    """What the run's `decoding.json` says; nothing for a model that is no run, or where it is for other weights."""
    from training.run_list import is_run

    if model is None or not is_run(Path(model)):
        return {}
    from training.decoding import decoding_of
    from training.evaluation.ways import choice_told
    from training.runs import RunFolder

    found = decoding_of(RunFolder(Path(model)))
    if found.why_not:
        output.warn(found.why_not)
    if not found.values:
        return {}
    values = dict(found.values)
    told = choice_told(Sampling(**values))  # type: ignore[arg-type]
    over = ", ".join(f"--{name.replace('_', '-')}" for name in given if name in values)
    more = tr(f" ; vos options l'emportent : {over}", f"; your options go before: {over}") if over else ""
    output.say(
        tr(f"Décodage du run : {told} (causette sweep){more}", f"The run's decoding: {told} (causette sweep){more}")
    )
    if values["temperature"] == 0:  # nothing was drawn: of a limit to the draw it knows nothing
        del values["top_p"]
    return values


def left_behind(model: str) -> str:
    """What to tell who writes a run in another form, which has no place for its decoding; "" where there is nothing."""
    from training.decoding import decoding_of
    from training.evaluation.ways import DEFAULT, as_values, choice_told
    from training.run_list import is_run
    from training.runs import RunFolder

    values = decoding_of(RunFolder(Path(model))).values if is_run(Path(model)) else {}
    if all(value == as_values(DEFAULT)[name] for name, value in values.items()):
        return ""
    told = choice_told(Sampling(**values))  # type: ignore[arg-type]
    return tr(f"\nDécodage du run, à donner à qui génère (il n'est pas écrit ici) : {told}",
              f"\nThe run's decoding, to give to what generates (it is not written here): {told}")  # fmt: skip
