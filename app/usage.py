"""Help pages and wrong calls, in the user's language.

Typer speaks English and keeps its exceptions and its display of types private. What is said in its place is gathered
here; requirements.txt holds typer to the versions that this was tested with.
"""

import difflib
from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args, get_origin

import typer
from typer import rich_utils
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from chatbot.errors import InputError
from chatbot.language import current_language, number, tr

BARE_CALL = 2  # exit status of a call without a command: its help page is shown, but nothing was done

if current_language() == "fr":
    rich_utils.COMMANDS_PANEL_TITLE = "Commandes"
    rich_utils.REQUIRED_LONG_STRING = "[obligatoire]"
    rich_utils.DEFAULT_STRING = "[défaut : {}]"
rich_utils.RANGE_STRING = ""  # the range is part of the kind, see `kind_of`


class Program(typer.Typer):
    """A typer program, or a group of its commands, that speaks the user's language."""

    def __init__(self, **options: Any):
        super().__init__(
            cls=Group, no_args_is_help=True, add_completion=False, rich_markup_mode="rich",
            pretty_exceptions_enable=False, options_metavar="[OPTIONS]",
            subcommand_metavar=tr("COMMANDE …", "COMMAND …"),
            context_settings={"help_option_names": ["--help", "-h"]}, **options,
        )  # fmt: skip

    def command(self, name: str | None = None, **options: Any) -> Callable[[Any], Any]:
        return super().command(name, cls=Command, **options)


class _Spoken:
    """What commands and groups have in common: help option, usage line, and wrong calls told in our words."""

    def get_help_option(self, ctx: Any) -> Any:
        option = super().get_help_option(ctx)  # type: ignore[misc]
        option.help = tr("Montre cette aide.", "Shows this help.")
        return option

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        pieces = " ".join(self.collect_usage_pieces(ctx))  # type: ignore[attr-defined]
        formatter.write_usage(ctx.command_path, pieces, prefix=tr("Usage : ", "Usage: "))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)  # type: ignore[misc]
        except Exception as error:
            if type(error).__name__ == "NoArgsIsHelpError":  # which has printed the help page
                raise typer.Exit(BARE_CALL) from error
            if not hasattr(error, "format_message"):  # none of typer's usage errors
                raise
            raise _wrong(ctx, _complaint(error, ctx)) from error


class Command(_Spoken, TyperCommand):
    """A command."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        arguments = [param for param in self.params if isinstance(param, TyperArgument)]
        return ["[OPTIONS]", *(_name(one) if one.required else f"[{_name(one)}]" for one in arguments)]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.allow_extra_args = True  # typer leaves them, so that they are told here
        extra = super().parse_args(ctx, args)
        if extra:
            listed = ", ".join(extra)
            raise _wrong(ctx, tr(f"En trop dans l'appel : {listed}.", f"Too much in the call: {listed}."))
        return extra


class Group(_Spoken, TyperGroup):
    """A command that only holds others."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, [] if args == ["--"] else args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if self.get_command(ctx, args[0]) is None:
            hint = _did_you_mean(difflib.get_close_matches(args[0], self.list_commands(ctx), n=1))
            raise _wrong(ctx, tr(f"Commande inconnue : {args[0]}.", f"No such command: {args[0]}.") + hint)
        return super().resolve_command(ctx, args)


def missing(names: Sequence[str], command: str) -> InputError:
    """The error of a call that lacks these options or arguments."""
    listed = tr(" et ", " and ").join(names)
    text = tr(f"Il manque {listed}.", f"{listed} is missing." if len(names) == 1 else f"{listed} are missing.")
    return InputError(f"{text}\n{_where_help_is(command)}")


def kind_of(param: Any) -> str:
    """What an option takes, for its help page: CHEMIN, ENTIER (de 0 à 65 535), or its words; nothing for a switch."""
    if param.metavar is not None:
        return param.metavar
    kind = param.type_descriptor.annotation
    kinds = {
        "Path": tr("CHEMIN", "PATH"),
        "str": tr("TEXTE", "TEXT"),
        "int": tr("ENTIER", "INTEGER"),
        "float": tr("NOMBRE", "NUMBER"),
    }
    if words := _words_of(param):
        return "|".join(words)
    between = _range(param)
    return kinds.get(kind.__name__, "") + (f" ({between})" if between else "")


def _words_of(param: Any) -> tuple[str, ...]:
    """The words that an option chooses from; none where it takes another kind of value."""
    kind = param.type_descriptor.annotation
    return get_args(kind) if get_origin(kind) is Literal else ()


# The column of types: an argument's name says enough, an option's type is told by `kind_of`.
TyperArgument.display_type_rich = lambda self, ctx: None  # type: ignore[method-assign]
TyperOption.display_type_rich = lambda self, ctx: kind_of(self)  # type: ignore[method-assign]


def _wrong(ctx: Any, text: str) -> InputError:
    return InputError(f"{text}\n{_where_help_is(ctx.command_path)}")


def _where_help_is(command: str) -> str:
    return tr(f"Aide : {command} --help", f"Help: {command} --help")


def _complaint(error: Any, ctx: Any) -> str:
    """One of typer's usage errors as a sentence."""
    kind = type(error).__name__
    if kind == "NoSuchOption":
        text = tr(f"Option inconnue : {error.option_name}.", f"Unknown option: {error.option_name}.")
        return text + _did_you_mean(error.possibilities)
    if kind == "MissingParameter":
        return tr(f"Il manque {_name(error.param)}.", f"{_name(error.param)} is missing.")
    if kind == "BadOptionUsage":
        return _bad_option_usage(error.option_name, ctx)
    if kind == "BadParameter":
        return _refused(error)
    return error.format_message()


def _bad_option_usage(name: str, ctx: Any) -> str:
    """An option with a value that takes none, or without one that needs it."""
    switches = {
        word for param in ctx.command.get_params(ctx) if getattr(param, "is_flag", False) for word in param.opts
    }
    if name in switches:
        return tr(f"{name} ne prend pas de valeur.", f"{name} takes no value.")
    return tr(f"{name} attend une valeur.", f"{name} needs a value.")


def _refused(error: Any) -> str:
    """A value of the wrong type or out of its range: which option, what came, what was expected."""
    name, param = _name(error.param), error.param
    faults = error.__cause__.errors() if hasattr(error.__cause__, "errors") else []  # those of pydantic
    received = f" ({faults[0]['input']})" if faults else ""
    kinds = {"int": tr("un entier", "a whole number"), "float": tr("un nombre", "a number")}
    words = tr(" ou ", " or ").join(_words_of(param)) or tr("une autre valeur", "another value")
    kind = kinds.get(getattr(param.type_descriptor.annotation, "__name__", ""), words)
    expected = " ".join(filter(None, (kind, _range(param))))
    return tr(f"{name} : valeur refusée{received} ; attendu : {expected}.",
              f"{name}: value refused{received}; expected: {expected}.")  # fmt: skip


def _range(param: Any) -> str:
    low, high = (None if bound is None else _bound(bound) for bound in (param.min, param.max))
    if low is not None and high is not None:
        return tr(f"de {low} à {high}", f"from {low} to {high}")
    if low is not None:
        return tr(f"à partir de {low}", f"from {low}")
    return "" if high is None else tr(f"jusqu'à {high}", f"up to {high}")


def _bound(value: float) -> str:
    """A bound without blanks between thousands, for a help page would break the line there."""
    digits = len(f"{value:.10f}".rstrip("0").partition(".")[2])
    return number(value, digits).replace("\N{NARROW NO-BREAK SPACE}", "").replace(",", tr(",", ""))


def _name(param: Any) -> str:
    """A parameter as the user writes it: --out, or MODEL."""
    if isinstance(param, TyperArgument):
        return param.metavar or (param.name or "").upper()
    return next((word for word in param.opts if word.startswith("--")), param.opts[0])


def _did_you_mean(near: Sequence[str] | None) -> str:
    return tr(f" Vouliez-vous dire « {near[0]} » ?", f" Did you mean “{near[0]}”?") if near else ""
