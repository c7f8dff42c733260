"""What several commands have in common: their options, and how the text of one becomes a value."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from chatbot.errors import InputError
from chatbot.language import tr

RECIPES = ", ".join(sorted(path.stem for path in (Path(__file__).parents[1] / "training" / "recipes").glob("*.yaml")))
Json = Annotated[
    bool, typer.Option("--json", help=tr("Un objet JSON au lieu de texte.", "One JSON object instead of text."))
]
Model = Annotated[str, typer.Argument(metavar=tr("MODÈLE", "MODEL"), help=tr(
    "mini, un dossier (runs/…), un nom KerasHub, hf://… ou kaggle://…",
    "mini, a folder (runs/…), a KerasHub name, hf://… or kaggle://…"))]  # fmt: skip
ModelOrServers = Annotated[str | None, typer.Argument(
    metavar=tr("MODÈLE", "MODEL"), show_default=tr("mini, ou le seul modèle du serveur", "mini, or the server's only model"),
    help=tr("mini, un dossier (runs/…), un nom KerasHub, hf://… ou kaggle://… ; avec --engine openai, un modèle du serveur.",
            "mini, a folder (runs/…), a KerasHub name, hf://… or kaggle://…; with --engine openai, a model of the server."))]  # fmt: skip
Engine = Annotated[Literal["keras", "openai"], typer.Option(help=tr(
    "keras : calcule ici ; openai : un serveur qui parle comme l'API d'OpenAI (clé : OPENAI_API_KEY).",
    "keras: computes here; openai: a server that speaks like OpenAI's API (key: OPENAI_API_KEY)."))]  # fmt: skip
BaseUrl = Annotated[str | None, typer.Option(show_default="OPENAI_BASE_URL", help=tr(
    "Adresse de ce serveur : http://127.0.0.1:8000/v1.", "Address of that server: http://127.0.0.1:8000/v1."))]  # fmt: skip
Domain = Annotated[str | None, typer.Option(metavar=tr("NOM", "NAME"), show_default=tr(
    "celui qui va aux données du modèle", "the one that fits the model's data"), help=tr(
    "Domaine du raisonnement : boutique, sante, marches_publics, cours, general, un fichier .yaml, ou aucun.",
    "Domain of the reasoning: boutique, sante, marches_publics, cours, general, a .yaml file, or none."))]  # fmt: skip
_TEMPERATURE = tr(
    "0 : le jeton le plus probable ; plus haut : plus varié.", "0: the likeliest token; higher: more varied."
)
_TOP_P = tr("Part de probabilité gardée au tirage.", "Share of probability kept when drawing.")
_REPETITION_PENALTY = tr("Au-dessus de 1 : moins de redites.", "Above 1: less repetition.")
_OR_SWEPT = tr(", ou celle que causette sweep a trouvée", ", or that found by causette sweep")
Temperature = Annotated[float, typer.Option(min=0, max=5, help=_TEMPERATURE)]
TopP = Annotated[float, typer.Option(min=1e-6, max=1, help=_TOP_P)]
RepetitionPenalty = Annotated[float, typer.Option(min=0.1, max=10, help=_REPETITION_PENALTY)]
# For those who talk to a model: None leaves it to the run, see `app.decoding`.
OwnTemperature = Annotated[float | None, typer.Option(min=0, max=5, show_default="0" + _OR_SWEPT, help=_TEMPERATURE)]
OwnTopP = Annotated[float | None, typer.Option(min=1e-6, max=1, show_default="0.95" + _OR_SWEPT, help=_TOP_P)]
OwnRepetitionPenalty = Annotated[float | None, typer.Option(
    min=0.1, max=10, show_default="1" + _OR_SWEPT, help=_REPETITION_PENALTY)]  # fmt: skip
MaxTokens = Annotated[
    int,
    typer.Option(
        min=1, max=100_000, help=tr("Longueur maximale d'une réponse, en jetons.", "Longest answer, in tokens.")
    ),
]
Seed = Annotated[int, typer.Option(min=0, help=tr("Même graine, mêmes tirages.", "Same seed, same draws."))]
Weights = Annotated[Literal["float32", "bfloat16", "int8"], typer.Option(help=tr(
    "Poids en mémoire pendant la discussion : float32 (exacts), bfloat16 ou int8 (plus rapides, un peu moins justes).",
    "Weights in memory while talking: float32 (exact), bfloat16 or int8 (faster, slightly less true)."))]  # fmt: skip
Prepared = Annotated[Path, typer.Argument(metavar=tr("DOSSIER", "FOLDER"), help=tr("Jeu préparé.", "Prepared set."))]  # fmt: skip
IN_TABLE = tr("Lecture d'un tableau", "Reading a table")
IN_DOCUMENT = tr("Lecture d'un PDF ou d'un texte", "Reading a PDF or a text")
IN_CLEANING = tr("Nettoyage et découpage", "Cleaning and splitting")
Table = Annotated[Path, typer.Argument(metavar=tr("FICHIER", "FILE"), help=tr(
    "Tableau : .csv ou .tsv, éventuellement dans une archive .gz ou .zip.", "Table: .csv or .tsv, maybe in a .gz or .zip."))]  # fmt: skip
ColumnPair = Annotated[str | None, typer.Option(rich_help_panel=IN_TABLE, help=tr(
    "Colonnes de question et de réponse, par nom ou numéro : question,reponse.",
    "Question and answer columns, by name or number: question,answer."))]  # fmt: skip
Encoding = Annotated[str | None, typer.Option(rich_help_panel=IN_TABLE, help=tr(
    "Encodage, au lieu de le deviner : utf-8, cp1252, utf-16.", "Encoding, instead of guessing it: utf-8, cp1252, utf-16."))]  # fmt: skip
Separator = Annotated[str | None, typer.Option(rich_help_panel=IN_TABLE, help=tr(
    "Séparateur des colonnes, au lieu de le deviner : « ; », tab.", "Separator of the columns, instead of guessing it: “;”, tab."))]  # fmt: skip
NoHeader = Annotated[bool, typer.Option("--no-header", rich_help_panel=IN_TABLE, help=tr(
    "La première ligne est déjà une donnée.", "The first row is data already."))]  # fmt: skip


def source_files(texts: list[str]) -> Path | dict[str, Path] | None:
    """What `--from` gives: one file, or several by the name of their source."""
    from datasets_prep.sources import SOURCES

    files: dict[str, Path] = {}
    for text in texts:
        name, equals, path = text.partition("=")
        name, path = (name, path) if equals and name in SOURCES else ("", text)
        if name in files:
            raise InputError(
                tr("--from donné deux fois : nommez les sources, --from medquad=medquad.csv.gz.",
                   "--from given twice: name the sources, --from medquad=medquad.csv.gz.")
            )  # fmt: skip
        files[name] = Path(path)
    return files.get("") if list(files) == [""] else files or None


def column_pair(text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    question, comma, answer = text.partition(",")
    if not comma:
        raise InputError(
            tr("--columns : deux noms séparés par une virgule.", "--columns: two names, with a comma between.")
        )
    return question.strip(), answer.strip()


def request_language(text: str | None) -> Any:
    if text not in (None, "fr", "en"):
        raise InputError(
            tr(f"--requests : fr ou en (reçu : « {text} »).", f"--requests: fr or en (received: “{text}”).")
        )
    return text


def pair_maker(text: str | None) -> Any:
    if text not in (None, "rules", "model"):
        raise InputError(tr(f"--maker : rules ou model. Reçu : {text}.", f"--maker: rules or model. Received: {text}."))
    return text


def model_prices(text: str | None) -> tuple[float, float] | None:
    from datasets_prep.questions.making import read_prices

    return None if text is None else read_prices(text, "--prices")


def split_shares(text: str) -> tuple[float, float, float]:
    try:
        train, validation, test = (float(part) for part in text.split(","))
    except ValueError as error:
        raise InputError(
            tr("--shares : trois nombres, comme 0.8,0.1,0.1.", "--shares: three numbers, like 0.8,0.1,0.1.")
        ) from error
    return train, validation, test
