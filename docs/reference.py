"""Writes the pages of the guide that are made from the code: every command with its options, every key of a recipe.

``python -m docs.reference``; a test fails when a page is not what the code says. Help texts are in the language that
was set when `app.cli` was imported, so one process writes one language: ``--lang en`` writes the English page.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

from chatbot.language import current_language, set_language, tr, typeset

DOCS = Path(__file__).parent
SPECIAL = ("\\", "`", "*", "_", "<", "[", "]", "|")  # what Markdown would not show as it is


def pages() -> dict[Path, str]:
    """The pages in the current language, as Markdown."""
    if current_language() == "en":
        return {DOCS / "en" / "commands.md": command_page()}
    return {DOCS / "commandes.md": command_page(), DOCS / "cles.md": key_page()}


def command_page() -> str:
    """Every command, its arguments and options: what ``--help`` says."""
    from typer.main import get_command

    from app.cli import app

    program = get_command(app)
    lines = [
        tr("# Commandes et options", "# Commands and options"),
        "",
        *_wrapped(tr(
            "Page écrite par `python -m docs.reference` à partir du code : c'est ce que montre `--help`. Partout, "
            "`--lang fr|en` choisit la langue, `--debug` montre la trace complète d'une erreur ; `--json` écrit un seul "
            "objet JSON sur la sortie standard.",
            "This page is written by `python -m docs.reference` from the code: it is what `--help` shows. Everywhere, "
            "`--lang fr|en` chooses the language and `--debug` shows the full trace of an error; `--json` writes one "
            "JSON object to standard output.")),
    ]  # fmt: skip
    for name, command in program.commands.items():  # type: ignore[attr-defined]
        lines += _command(f"causette {name}", command, "##")
    return "\n".join([*lines, ""])


def _command(name: str, command: Any, level: str) -> Iterator[str]:
    yield from ("", f"{level} `{name}`", "", *_wrapped(_plain(command.help)))
    for below, one in getattr(command, "commands", {}).items():
        yield from _command(f"{name} {below}", one, level + "#")
    if hasattr(command, "commands"):
        return
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option" and "--help" not in one.opts]
    usage = [f"[{_name(one)}]" if not one.required else _name(one) for one in arguments]
    yield from ("", "```text", " ".join([name, "[OPTIONS]", *usage]), "```", "")
    for one in [*arguments, *options]:
        yield from _wrapped(f"- {_spelt(one)}{tr(chr(0xA0), '')}: {_plain(one.help or '')}{_default(one)}", "  ")


def _spelt(param: Any) -> str:
    """A parameter as one writes it: `--out CHEMIN`, `--serve` or `--no-serve`."""
    from app.usage import kind_of

    if param.param_type_name == "argument":
        return f"`{_name(param)}`"
    kind = kind_of(param)
    words = [word for word in (*param.opts, *param.secondary_opts) if word.startswith("--")]
    return tr(" ou ", " or ").join(f"`{word} {kind}`" if kind else f"`{word}`" for word in words)


def _name(param: Any) -> str:
    return (param.metavar or param.name.upper()).strip("[]")


def _default(param: Any) -> str:
    """What stands where the option is not given; nothing for a switch that is off, or where there is nothing to say."""
    if isinstance(param.show_default, str):
        return tr(f" *Défaut\u00a0: {_plain(param.show_default)}.*", f" *Default: {_plain(param.show_default)}.*")
    if param.required:
        return tr(" *Obligatoire.*", " *Required.*")
    if param.secondary_opts:
        on = (param.opts if param.default else param.secondary_opts)[0]
        return tr(f" *Défaut\u00a0:* `{on}`.", f" *Default:* `{on}`.")
    value = param.default
    if value in (None, False, "", (), []) or not param.show_default or callable(value):
        return ""
    return tr(f" *Défaut\u00a0:* `{value}`.", f" *Default:* `{value}`.")


def key_page() -> str:
    """The keys of recipes, from the lines under the fields of `RunConfig`."""
    from training.config import RECIPES, FitOptions, LoraOptions, RunConfig

    intro = (
        "Page écrite par `python -m docs.reference` à partir du code ; les explications sont celles de "
        "`training/config.py`. Une recette est un fichier YAML ; `--set fit.epochs=3` change une seule valeur ; une clé "
        "inconnue est une erreur. Quelle recette sur quelle machine, et en combien de temps : [recettes](recettes.md)."
    )
    names = (f"- `{path.stem}` : {_plain(_head(path))}" for path in sorted(RECIPES.glob("*.yaml")))
    recipes = [line for name in names for line in _wrapped(name, "  ")]
    return "\n".join(
        [
            *(
                "# Clés des recettes",
                "",
                *_wrapped(intro),
                "",
                "Recettes fournies (`--recipe NOM`)\u00a0:",
                "",
                *recipes,
            ),
            *_section("", RunConfig),
            *_section("fit", FitOptions),
            *_section("lora", LoraOptions),
            "",
        ]
    )


def _section(name: str, options: Any) -> list[str]:
    from pydantic import BaseModel

    title = f"## `{name}.…`" if name else "## Premier niveau"
    lines = ["", title, "", "| Clé | Défaut | Sens |", "|---|---|---|"]
    for key, field in options.model_fields.items():
        if isinstance(field.default, BaseModel):
            continue
        default = "—" if field.is_required() else f"`{field.default}`"
        told = _plain(" ".join(field.description.split()))
        lines.append(f"| `{name + '.' if name else ''}{key}` | {default} | {told} |")
    return lines


def _head(path: Path) -> str:
    """The remark that a recipe begins with, whole."""
    lines = takewhile(lambda line: line.startswith("# "), path.read_text(encoding="utf-8").splitlines())
    return " ".join(line.removeprefix("# ") for line in lines)


def _plain(text: str) -> str:
    """A help text as Markdown shows it: every character itself, no line broken before French signs."""
    return "".join(f"\\{letter}" if letter in SPECIAL else letter for letter in typeset(text))


def _wrapped(text: str, indent: str = "") -> list[str]:
    """Lines of 120 characters at most, cut at blanks only, never inside `code`; no-break blanks hold."""
    lines, line = [], ""
    for word in _unbroken(typeset(text)):
        if line and len(line) + 1 + len(word) > 120:
            lines.append(line)
            line = indent + word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line]


def _unbroken(text: str) -> Iterator[str]:
    """Words, those of one `code` together."""
    held: list[str] = []
    for word in text.split(" "):
        held.append(word)
        if " ".join(held).replace("\\`", "").count("`") % 2 == 0:
            yield " ".join(held)
            held = []
    if held:
        yield " ".join(held)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--lang", choices=("fr", "en"), help="this language alone; both without it")
    options.add_argument("--check", action="store_true", help="writes nothing; fails where a page is not up to date")
    asked = options.parse_args()
    set_language(asked.lang or "fr")
    written = pages()
    stale = {path for path, text in written.items() if not path.is_file() or path.read_text(encoding="utf-8") != text}
    for path in sorted(stale):
        print(path.relative_to(DOCS.parent).as_posix())
        if not asked.check:
            path.write_text(written[path], encoding="utf-8", newline="\n")
    failed = asked.check and bool(stale)
    if asked.lang is None:
        again = [sys.executable, "-m", "docs.reference", "--lang", "en", *(["--check"] if asked.check else [])]
        failed |= subprocess.run(again, check=False).returncode != 0
    raise SystemExit(int(failed))


if __name__ == "__main__":
    main()
