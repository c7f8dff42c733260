"""Entry point: sets the language, runs a command, turns exceptions into one clean line and an exit status.

Exit status: 0 done, 1 it failed, 2 the user's input or call is wrong.
"""

import os
import sys
from collections.abc import Sequence

from chatbot.errors import CausetteError, InputError
from chatbot.language import LANGUAGES, set_language, tr


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit status."""
    _quiet_libraries()
    _utf8_streams()
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    try:
        words = _take_language([word for word in words if word != "--debug"])
        return _run(words)
    except KeyboardInterrupt:
        print(tr("\nInterrompu.", "\nInterrupted."), file=sys.stderr)
        return 130
    except BrokenPipeError:  # `causette … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except CausetteError as error:
        if debug:
            raise
        print(error, file=sys.stderr)
        return error.exit_status
    except Exception as error:
        if debug:
            raise
        print(_unexpected(error), file=sys.stderr)
        return 1


def _run(words: list[str]) -> int:
    """Runs typer's command; its usage errors are told in our words."""
    from typer.main import get_command

    from app.cli import app

    try:
        status = get_command(app).main(args=words, prog_name="causette", standalone_mode=False)
    except Exception as error:
        # typer keeps its usage errors private, but they all know how to tell themselves
        if not hasattr(error, "format_message"):
            raise
        raise InputError(_usage(error)) from error
    return int(status or 0)


def _usage(error: Exception) -> str:
    """A wrong call in the user's language, with where to find help."""
    kind = type(error).__name__
    if kind == "NoSuchOption":
        near = ", ".join(getattr(error, "possibilities", None) or [])
        hint = tr(f" Vouliez-vous dire {near} ?", f" Did you mean {near}?") if near else ""
        text = tr(f"Option inconnue : {error.option_name}.", f"Unknown option: {error.option_name}.") + hint  # type: ignore[attr-defined]
    elif kind == "MissingParameter":
        name = "/".join(error.param.opts)  # type: ignore[attr-defined]
        text = tr(f"Il manque {name}.", f"{name} is missing.")
    elif kind == "BadParameter":
        text = tr(f"Valeur refusée : {error.format_message()}", error.format_message())  # type: ignore[attr-defined]
    else:
        text = error.format_message()  # type: ignore[attr-defined]
        if text.startswith("No such command"):
            text = tr(
                "Commande inconnue" + text.removeprefix("No such command").replace("Did you mean", "Vouliez-vous dire"),
                text,
            )
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "causette"
    return f"{text}\n" + tr(f"Aide : {command} --help", f"Help: {command} --help")


def _take_language(words: list[str]) -> list[str]:
    """Sets the language asked for by ``--lang`` anywhere in the call, and takes the option out."""
    left: list[str] = []
    values = iter(words)
    for word in values:
        if word == "--lang" or word.startswith("--lang="):
            value = word.partition("=")[2] if "=" in word else next(values, "")
            if value not in LANGUAGES:
                raise InputError(
                    tr(f"--lang : fr ou en (reçu : {value!r}).", f"--lang: fr or en (received: {value!r}).")
                )
            set_language(value)
        else:
            left.append(word)
    return left


def _unexpected(error: Exception) -> str:
    reason = " ".join(f"{type(error).__name__} : {error}".split())[:400]
    return tr(
        f"Erreur imprévue : {reason}\nRelancez avec --debug pour le détail, et signalez-la.",
        f"Unexpected error: {reason}\nRun again with --debug for the details, and report it.",
    )


def _quiet_libraries() -> None:
    """No banners of libraries between the lines we print; a user's own settings win."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    os.environ.setdefault("GLOG_minloglevel", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")


def _utf8_streams() -> None:
    """Windows consoles default to cp1252, which has no "→": write UTF-8 everywhere."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
