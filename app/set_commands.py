"""The commands that make a prepared set and show it: `prepare` and `inspect`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from app.options import (
    IN_CLEANING,
    IN_DOCUMENT,
    ColumnPair,
    Encoding,
    Json,
    NoHeader,
    Prepared,
    Seed,
    Separator,
    column_pair,
    model_prices,
    pair_maker,
    request_language,
    source_files,
    split_shares,
)
from app.output import Output
from chatbot.errors import InputError
from chatbot.language import number, tr


def prepare(
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE…", help=tr(
        "embedded, medquad… (causette data list), ou vos fichiers .csv, .json, .jsonl, .pdf et .txt ; un poids peut suivre : medquad:2.",
        "embedded, medquad… (causette data list), or your own .csv, .json, .jsonl, .pdf and .txt files; a weight may follow: medquad:2."))],
    out: Annotated[Path, typer.Option(help=tr("Dossier à écrire.", "Folder to write."))],
    from_: Annotated[list[str] | None, typer.Option("--from", metavar=tr("[NOM=]FICHIER", "[NAME=]FILE"), help=tr(
        "Fichier déjà téléchargé (medquad.csv.gz) ; à répéter, avec le nom, pour plusieurs sources.",
        "File already downloaded (medquad.csv.gz); again, with the name, for several sources."))] = None,
    columns: ColumnPair = None,
    encoding: Encoding = None,
    separator: Separator = None,
    no_header: NoHeader = False,
    licence: Annotated[str | None, typer.Option(metavar=tr("NOM", "NAME"), help=tr(
        "Licence que vous déclarez pour vos propres fichiers : cc-by-4.0, etalab-2.0, propriétaire…",
        "Licence that you declare for your own files: cc-by-4.0, etalab-2.0, proprietary…"))] = None,
    attribution: Annotated[str, typer.Option(metavar=tr("TEXTE", "TEXT"), help=tr(
        "Qui citer, sous cette licence.", "Whom to name, under that licence."))] = "",
    requests: Annotated[str | None, typer.Option(metavar="fr|en", help=tr(
        "Langue des demandes et des étiquettes, pour les jeux sans question.", "Language of requests and labels, for sets without questions."))] = None,
    maker: Annotated[str | None, typer.Option(rich_help_panel=IN_DOCUMENT, help=tr(
        "D'un PDF ou d'un texte, couples faits par rules (règles, par défaut) ou model (modèle de langue).",
        "From PDF or text, pairs made by rules (the default) or model (a language model)."))] = None,
    max_calls: Annotated[int | None, typer.Option(rich_help_panel=IN_DOCUMENT, min=1, help=tr("Appels au modèle, au plus.", "Calls to the model, at most."))] = None,
    max_cost: Annotated[float | None, typer.Option(rich_help_panel=IN_DOCUMENT, min=0, help=tr("Dépense, au plus (avec --prices).", "Money, at most (with --prices)."))] = None,
    prices: Annotated[str | None, typer.Option(rich_help_panel=IN_DOCUMENT, help=tr(
        "Prix par million de jetons lus et écrits : 0.15,0.60.", "Prices per million tokens read and written: 0.15,0.60."))] = None,
    shares: Annotated[str, typer.Option(rich_help_panel=IN_CLEANING, help=tr(
        "Parts d'entraînement, de validation et de test.", "Shares of train, validation and test."))] = "0.8,0.1,0.1",
    seed: Seed = 0,
    only_language: Annotated[str, typer.Option(rich_help_panel=IN_CLEANING, metavar=tr("CODE", "CODE"), help=tr(
        "Ne garde que les dialogues de cette langue (fr, en…).", "Keeps the dialogues of this language alone (fr, en…)."))] = "",
    keep_personal: Annotated[bool, typer.Option("--keep-personal", rich_help_panel=IN_CLEANING, help=tr(
        "Laisse courriels, téléphones, cartes et numéros sociaux, masqués sinon.",
        "Leaves e-mails, telephones, cards and social numbers, otherwise masked."))] = False,
    cut_boilerplate: Annotated[bool, typer.Option("--cut-boilerplate", rich_help_panel=IN_CLEANING, help=tr(
        "Coupe des réponses les phrases qui reviennent sous de nombreuses questions.",
        "Cuts out of the answers the sentences that come back under many questions."))] = False,
    show_leak: Annotated[bool, typer.Option("--show-leak", rich_help_panel=IN_CLEANING, help=tr(
        "Compte les lignes de test qui ont un proche dans l'entraînement, ici et au hasard.",
        "Counts the test rows with a near neighbour in training, here and at random."))] = False,
    replace: Annotated[bool, typer.Option("--replace", help=tr(
        "Remplace un jeu déjà préparé.", "Replaces a set already prepared."))] = False,
    json: Json = False,
) -> None:  # fmt: skip
    from datasets_prep.prepare import PrepareConfig
    from datasets_prep.prepare import prepare as run
    from datasets_prep.prepared import PreparedSet
    from datasets_prep.spec import Shares

    output = Output(json)
    config = PrepareConfig(
        sources=tuple(sources), out=out, from_file=source_files(from_ or []), columns=column_pair(columns), encoding=encoding,
        separator=separator, no_header=no_header, licence=licence, attribution=attribution, requests=request_language(requests), maker=pair_maker(maker), max_calls=max_calls,
        max_cost=max_cost, prices=model_prices(prices), shares=Shares(*split_shares(shares)), seed=seed,
        only_language=only_language, keep_personal=keep_personal, cut_boilerplate=cut_boilerplate, show_leak=show_leak,
        replace=replace,
    )  # fmt: skip
    manifest = dict(PreparedSet.open(run(config, say=output.say)).manifest)
    output.result(manifest, _balance(manifest["counts"], out))


def inspect(
    folder: Prepared,
    row: Annotated[int, typer.Option(help=tr("Dialogue à montrer, à partir de 0.", "Dialogue to show, from 0."))] = 0,
    split: Annotated[str, typer.Option(help=tr("Partie du jeu.", "Split of the set."))] = "train",
    model: Annotated[
        str, typer.Option(help=tr("Modèle dont le tokenizer découpe.", "Model whose tokenizer cuts."))
    ] = "mini",
    template: Annotated[str | None, typer.Option(help=tr("Gabarit.", "Chat template."))] = None,
    atlas: Annotated[bool, typer.Option("--atlas/--no-atlas", help=tr(
        "Dessine l'atlas (nuages de mots, longueurs…), ou montre seulement le dialogue.",
        "Draws the atlas (word clouds, lengths…), or only shows the dialogue."))] = True,
    out: Annotated[Path | None, typer.Option(help=tr(
        "Dossier de l'atlas ; par défaut celui du jeu.", "Folder of the atlas; by default that of the set."))] = None,
    against: Annotated[Path | None, typer.Option(help=tr(
        "Autre jeu préparé, dont les mots sont comparés.", "Another prepared set, whose words are compared."))] = None,
    seed: Seed = 0,
    open_browser: Annotated[bool, typer.Option("--open", help=tr(
        "Ouvre l'atlas dans le navigateur.", "Opens the atlas in the browser."))] = False,
    json: Json = False,
) -> None:  # fmt: skip
    from app.inspection import inspect_set

    output = Output(json)
    request, value, shown = inspect_set(
        folder, row=row, split=split, model=model, template=template, against=against, seed=seed, coloured=output.coloured
    )  # fmt: skip
    if not atlas:
        _refuse_without_atlas({"--out": out, "--against": against, "--seed": seed, "--open": open_browser})
        output.result(value, *shown)
        return
    from app.atlas import atlas_of, open_atlas

    if not json:  # what is at hand is not kept waiting for the drawing
        output.result({}, *shown)
    value["atlas"], findings = atlas_of(request, out or folder, output=output)
    output.result(value, findings)
    if open_browser:
        open_atlas(out or folder)


def _balance(counts: Mapping[str, Any], out: Path) -> str:
    read, kept, rejected = (number(counts[name]) for name in ("read", "kept", "rejected"))
    return tr(
        f"Lues {read} = gardées {kept} + rejetées {rejected}. Dossier : {out} (rapport : report.md)",
        f"Read {read} = kept {kept} + rejected {rejected}. Folder: {out} (report: report.md)",
    )


def _refuse_without_atlas(given: dict[str, Any]) -> None:
    """No option without effect: these do nothing where no atlas is drawn."""
    listed = ", ".join(name for name, value in given.items() if value)
    if listed:
        raise InputError(
            tr(f"{listed} : sans effet avec --no-atlas. Retirez l'un ou l'autre.",
               f"{listed}: no effect with --no-atlas. Take one of them out.")
        )  # fmt: skip
