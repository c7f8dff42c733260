"""Entry point: sets the language, runs a command, turns exceptions into one clean line and an exit status.

Exit status: 0 done, 1 it failed, 2 the user's input or call is wrong, 130 interrupted by Ctrl-C.
"""

import os
import sys
from collections.abc import Sequence

from chatbot.errors import CausetteError, InputError
from chatbot.language import LANGUAGES, set_language, tr

INTERRUPTED = 130  # 128 + SIGINT, as shells say it


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
        return INTERRUPTED
    except BrokenPipeError:  # `causette … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except CausetteError as error:
        if debug:
            raise
        print(error, file=sys.stderr)
        return error.exit_status
    except OSError as error:
        if debug:
            raise
        print(_refused_by_the_system(error), file=sys.stderr)
        return 1
    except Exception as error:
        if debug:
            raise
        print(_unexpected(error), file=sys.stderr)
        return 1


def _run(words: list[str]) -> int:
    """Runs typer's command and returns its exit status."""
    from typer.main import get_command

    from app.cli import app

    status = get_command(app).main(args=words, prog_name="causette", standalone_mode=False)
    if status == INTERRUPTED:  # typer keeps Ctrl-C for itself, without a word
        raise KeyboardInterrupt
    return int(status or 0)


def _take_language(words: list[str]) -> list[str]:
    """Sets the language asked for by ``--lang`` anywhere in the call, and takes the option out."""
    left: list[str] = []
    values = iter(words)
    for word in values:
        if word == "--lang" or word.startswith("--lang="):
            value = word.partition("=")[2] if "=" in word else next(values, "")
            if value not in LANGUAGES:
                raise InputError(
                    tr(f"--lang : fr ou en (reçu : « {value} »).", f"--lang: fr or en (received: “{value}”).")
                )
            set_language(value)
        else:
            left.append(word)
    return left


def _refused_by_the_system(error: OSError) -> str:
    """A full disk, a forbidden folder: which file, and why."""
    from chatbot.errors import disk_reason

    if error.errno is None:  # network libraries derive their own errors from OSError
        return _unexpected(error)
    where = tr(f"{error.filename} : ", f"{error.filename}: ") if error.filename else ""
    return f"{where}{disk_reason(error)}."


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
