"""The commands of `causette data`: the known sets, a team's tables and documents, a prepared set in other forms."""

from pathlib import Path
from typing import Annotated

import typer

from app.options import ColumnPair, Encoding, Json, NoHeader, Prepared, Seed, Separator, Table, column_pair
from app.output import Output
from app.quiet import load_tfds
from app.usage import Program
from chatbot.language import number, tr

data_app = Program(help=tr("Jeux connus, tableaux à réparer, documents à lire, jeux à exporter.",
                           "Known sets, tables to repair, documents to read, sets to export."))  # fmt: skip


@data_app.command("list", help=tr("Les jeux connus : langue, taille, licence, provenance, présence sur le disque.",
                                  "The known sets: language, size, licence, origin, what is on disk."))  # fmt: skip
def data_list(json: Json = False) -> None:
    from app.catalogue import list_sets

    Output(json).result(*list_sets())


@data_app.command("licences", help=tr("Ce que les sources énoncent, et ce qu'en hérite un mélange : des faits, pas un avis.",
                                      "What the sources state, and what a mixture inherits: facts, no advice."))  # fmt: skip
def data_licences(
    wanted: Annotated[list[str] | None, typer.Argument(metavar=tr("[JEU…]", "[SET…]"), help=tr(
        "Noms de jeux ou dossiers préparés ; par défaut tous les jeux.", "Names of sets or prepared folders; by default all sets."))] = None,
    json: Json = False,
) -> None:  # fmt: skip
    from app.catalogue import show_licences

    Output(json).result(*show_licences(wanted or []))


@data_app.command("tfds", help=tr("Écrit un jeu préparé au format TFDS, que lisent TensorFlow et tf.data.",
                                  "Writes a prepared set in TFDS's format, for TensorFlow and tf.data."))  # fmt: skip
def data_tfds(
    folder: Prepared,
    out: Annotated[Path, typer.Option(help=tr("Dossier TFDS, qui peut tenir plusieurs jeux.", "TFDS folder, which may hold several sets."))],
    name: Annotated[str, typer.Option(help=tr("Nom du jeu ; par défaut celui du dossier.", "Name of the set; by default that of the folder."))] = "",
    json: Json = False,
) -> None:  # fmt: skip
    load_tfds()
    from datasets_prep.tfds_set import write_tfds

    written = write_tfds(folder, out, name)
    line = tr(f"Jeu TFDS : {written}\nÀ lire par : tfds.builder_from_directory(\"{written}\")",
              f"TFDS set: {written}\nRead it by: tfds.builder_from_directory(\"{written}\")")  # fmt: skip
    Output(json).result({"folder": str(written)}, line)


@data_app.command("passages", help=tr("Ce qui est lu dans un PDF ou un texte : pages, articles, couples par règle.",
                                      "What is read in a PDF or a text: pages, articles, pairs by rule."))  # fmt: skip
def data_passages(
    file: Annotated[Path, typer.Argument(metavar=tr("FICHIER", "FILE"), help=tr("PDF ou texte.", "PDF or text file."))],
    show: Annotated[int, typer.Option(min=0, max=1_000, help=tr("Couples à montrer, tirés au hasard.", "Pairs to show, drawn at random."))] = 3,
    out: Annotated[Path | None, typer.Option(help=tr("Fichier .jsonl où écrire les passages nettoyés.", "A .jsonl file for the cleaned passages."))] = None,
    seed: Seed = 0,
    replace: Annotated[bool, typer.Option("--replace", help=tr("Remplace le fichier de --out.", "Replaces the file of --out."))] = False,
    json: Json = False,
) -> None:  # fmt: skip
    from app.documents import read_passages

    value, shown = read_passages(file, show=show, seed=seed, out=out, replace=replace)
    Output(json).result(value, *shown)


@data_app.command("export", help=tr("Une partie d'un jeu préparé, en un fichier .txt (###human: / ###assistant:), .csv ou .jsonl.",
                                    "A split of a prepared set as one .txt (###human: / ###assistant:), .csv or .jsonl file."))  # fmt: skip
def data_export(
    folder: Prepared,
    out: Annotated[Path, typer.Option(help=tr("Fichier à écrire.", "File to write."))],
    split: Annotated[str, typer.Option(help=tr("Partie du jeu.", "Split of the set."))] = "train",
    replace: Annotated[bool, typer.Option("--replace", help=tr("Remplace le fichier.", "Replaces the file."))] = False,
    json: Json = False,
) -> None:
    from datasets_prep.export import export

    count = export(folder, out, split, replace=replace)
    line = tr(f"{out} : {number(count)} dialogues ({split}).", f"{out}: {number(count)} dialogues ({split}).")
    Output(json).result({"file": str(out), "split": split, "dialogues": count}, line)


@data_app.command("check", help=tr("Examine un tableau abîmé : ce qui serait réparé ou rejeté ; n'écrit rien.",
                                   "Examines a damaged table: what would be repaired or rejected; writes nothing."))  # fmt: skip
def data_check(
    file: Table,
    columns: ColumnPair = None,
    encoding: Encoding = None,
    separator: Separator = None,
    no_header: NoHeader = False,
    json: Json = False,
) -> None:
    from app.clinic import check_table
    from datasets_prep.spec import Given

    given = Given(columns=column_pair(columns), encoding=encoding, separator=separator, no_header=no_header)
    value, *shown = check_table(file, given)
    Output(json).result(value, *shown)


@data_app.command("repair", help=tr("Répare un tableau abîmé, à côté de l'original, avec le journal des réparations.",
                                    "Repairs a damaged table, beside the original, with a log of the repairs."))  # fmt: skip
def data_repair(
    file: Table,
    out: Annotated[Path | None, typer.Option(help=tr(
        "Tableau réparé ; par défaut NOM.repaired.csv, à côté.", "Repaired table; by default NAME.repaired.csv, beside it."))] = None,
    columns: ColumnPair = None,
    encoding: Encoding = None,
    separator: Separator = None,
    no_header: NoHeader = False,
    replace: Annotated[bool, typer.Option("--replace", help=tr(
        "Remplace les fichiers d'une réparation précédente.", "Replaces the files of an earlier repair."))] = False,
    json: Json = False,
) -> None:  # fmt: skip
    from app.clinic import repair_table
    from datasets_prep.spec import Given

    given = Given(columns=column_pair(columns), encoding=encoding, separator=separator, no_header=no_header)
    value, *shown = repair_table(file, given, out, replace_old=replace)
    Output(json).result(value, *shown)
