"""Writes `docs/recettes.md`, the reference of recipe keys, from the lines under the fields of `RunConfig`.

``python -m docs.reference``; a test fails when the file is not what the code says.
"""

from pathlib import Path

from pydantic import BaseModel

from training.config import RECIPES, FitOptions, LoraOptions, RunConfig

PAGE = Path(__file__).parent / "recettes.md"


def reference() -> str:
    """The page as Markdown."""
    recipes = "\n".join(f"- `{path.stem}` : {_first_line(path)}" for path in sorted(RECIPES.glob("*.yaml")))
    return "\n".join(
        [
            "# Clés des recettes",
            "",
            "Page écrite par `python -m docs.reference` à partir du code ; les explications sont celles de",
            "`training/config.py`. Une recette est un fichier YAML ; `--set fit.epochs=3` change une seule valeur ; une clé",
            "inconnue est une erreur.",
            "",
            "Recettes fournies (`--recipe NOM`) :",
            "",
            recipes,
            *_section("", RunConfig),
            *_section("fit", FitOptions),
            *_section("lora", LoraOptions),
            "",
        ]
    )


def _section(name: str, options: type[BaseModel]) -> list[str]:
    title = f"## `{name}.…`" if name else "## Premier niveau"
    lines = ["", title, "", "| Clé | Défaut | Sens |", "|---|---|---|"]
    for key, field in options.model_fields.items():
        if isinstance(field.default, BaseModel):
            continue
        default = "—" if field.is_required() else f"`{field.default}`"
        lines.append(f"| `{name + '.' if name else ''}{key}` | {default} | {field.description} |")
    return lines


def _first_line(path: Path) -> str:
    return path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8", newline="\n")
    print(PAGE)
