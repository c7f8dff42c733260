"""The card of a data set on the Hub: metadata that `load_dataset` reads, and what a stranger must know before using it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.hub.card_licence import licence_metadata, terms_lines
from app.hub.card_manifest import for_strangers
from app.hub.card_preparation import made_lines, personal_lines, sources_lines
from app.hub.card_text import HUB, card, items, other_language, section, told
from app.hub.told import size_told
from chatbot.language import number, tr
from datasets_prep.ledger import licences_of
from datasets_prep.prepared import PreparedSet
from training.evaluation.markdown import counted, grid, inline

if TYPE_CHECKING:
    from app.hub.dataset_parcel import Table

Json = Mapping[str, Any]
SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)  # the Hub's own classes
SIZE_NAMES = ("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M")
RARE = 0.005  # share of the dialogues under which a language is a mistake of the recogniser


def dataset_card(folder: Path, *, repo: str, tables: Mapping[str, "Table"] | None = None, private: bool = False) -> str:
    """README.md of a prepared set, in the current language, with a short section in the other.

    Args:
        folder: of the set.
        repo: "owner/name".
        tables: its splits as they are sent, for their sizes; without them no size is told.
        private: whether only its owner may see it, as its licences are unknown.

    Raises:
        InputError: no prepared set, or one that was changed by hand.
    """
    data = PreparedSet.open(folder)
    manifest, tables = for_strangers(data.manifest), tables or {}
    lines = [
        f"# {inline(repo.rpartition('/')[2])}",
        "",
        *_what(manifest),
        *(_private() if private else []),
        *section(tr("Ce que contient une ligne", "What a row holds"), *_features()),
        *section(tr("Les parties", "The splits"), *_splits(manifest, tables)),
        *section(tr("Les sources", "The sources"), *sources_lines(manifest)),
        *section(tr("Licences", "Licences"), *terms_lines(manifest)),
        *section(tr("Comment il a été fait", "How it was made"), *made_lines(manifest)),
        *section(tr("Données personnelles", "Personal data"), *personal_lines(manifest)),
        *section(tr("Le lire", "How to read it"), *_reading(data, repo)),
        *section(tr("Limites", "Limits"), *_limits(manifest)),
        *other_language(lambda: _brief(manifest, repo)),
    ]
    return card(_metadata(data, repo, tables), lines)


def languages_in(manifest: Json) -> list[str]:
    """The codes of its languages, the commonest first, without those that hardly occur."""
    counts = manifest.get("languages", {})
    total = sum(counts.values())
    found = [code for code, count in counts.items() if code and count >= RARE * total]
    return found or sorted({source["language"] for source in manifest["sources"] if source["language"]})


def _metadata(data: PreparedSet, repo: str, tables: Mapping[str, "Table"]) -> Any:
    from huggingface_hub import DatasetCardData

    from app.hub.dataset_parcel import parquet_place

    manifest, languages = for_strangers(data.manifest), languages_in(data.manifest)
    files = [{"split": split, "path": parquet_place(split)} for split in data.splits]
    address = f"{HUB}/datasets/{repo}/blob/main/README.md"
    return DatasetCardData(
        **licence_metadata(licences_of(manifest), address),
        language=languages or None,
        pretty_name=" ".join(repo.rpartition("/")[2].split()),
        task_categories=["text-generation", "question-answering"],
        size_categories=[_size_class(sum(manifest["counts"]["by_split"].values()))],
        multilinguality=[("multilingual" if len(languages) > 1 else "monolingual")] if languages else None,
        source_datasets=sorted({_source_kind(source) for source in manifest["sources"]}),
        tags=["causette", "chat"],
        configs=[{"config_name": "default", "data_files": files}],
        dataset_info=_dataset_info(data, tables),
    )


def _dataset_info(data: PreparedSet, tables: Mapping[str, "Table"]) -> dict[str, Any]:
    texts = [{"name": name, "dtype": "string"} for name in ("id", "source", "group", "language", "meta")]
    turn = [{"name": name, "dtype": "string"} for name in ("role", "content", "context")]
    counts = data.manifest["counts"]["by_split"]
    splits = [
        {
            "name": split,
            **({"num_bytes": tables[split].octets} if split in tables else {}),
            "num_examples": counts[split],
        }
        for split in data.splits
    ]
    sizes = {
        "download_size": sum(table.file_octets for table in tables.values()),
        "dataset_size": sum(table.octets for table in tables.values()),
    }
    return {"features": [*texts, {"name": "messages", "list": turn}], "splits": splits, **(sizes if tables else {})}


def _size_class(rows: int) -> str:
    return SIZE_NAMES[sum(rows >= bound for bound in SIZES)]


def _source_kind(source: Json) -> str:
    """In the Hub's words: made for this set, or taken from another."""
    own = source["set"] == "embedded" or not source["licence"]["checked"]
    return "original" if own else f"extended|other-{source['set']}"


def _what(manifest: Json) -> list[str]:
    rows = counted(sum(manifest["counts"]["by_split"].values()), "dialogue", "dialogues")
    titles = ", ".join(dict.fromkeys(inline(source["title"]) for source in manifest["sources"]))
    languages = ", ".join(languages_in(manifest)) or tr("non reconnues", "not recognised")
    return [
        tr(f"{rows}, prêts pour affiner et mesurer un chatbot, préparés avec Causette à partir de : {titles}. "
           f"Langues : {languages}.",
           f"{rows}, ready to fine-tune and measure a chatbot, prepared with Causette from: {titles}. "
           f"Languages: {languages}.")
    ]  # fmt: skip


def _private() -> list[str]:
    return [
        "",
        tr("> **Dépôt privé, et qui doit le rester.** On ne sait pas si une source au moins peut être transmise : ce dépôt est "
           "envoyé sous la responsabilité de qui l'a créé. Ne le rendez pas public et ne le partagez pas avant d'avoir trouvé "
           "la licence.",
           "> **A private repository, which must stay one.** Nobody knows whether one source at least may be passed on: this "
           "repository was sent at the risk of who made it. Do not make it public, nor share it, before the licence is "
           "found."),
    ]  # fmt: skip


def _features() -> list[str]:
    rows = [
        ("id", tr("unique dans le jeu", "unique in the set")),
        ("source", tr("jeu ou fichier d'où vient le dialogue", "set or file that the dialogue comes from")),
        ("group", tr("ce que le découpage ne sépare jamais (sujet, document, question et ses reformulations)",
                     "what the splits never separate (topic, document, question with its paraphrases)")),
        ("language", tr("langue notée par la source, ou vide", "language noted by the source, or empty")),
        ("meta", tr("place dans la source et étiquettes, en JSON", "place in the source and labels, as JSON")),
        ("messages", tr("les tours : role (system, user, assistant), content, et context, le texte joint à une demande (vide s'il "
                        "n'y en a pas) ; un dialogue finit par une réponse",
                        "the turns: role (system, user, assistant), content, and context, the text that comes with a request "
                        "(empty for none); a dialogue ends with an answer")),
    ]  # fmt: skip
    head = [tr("Colonne", "Column"), tr("Contenu", "Content")]
    return grid(head, [[f"`{name}`", words] for name, words in rows], text=(0, 1))


def _splits(manifest: Json, tables: Mapping[str, "Table"]) -> list[str]:
    roles = {
        "train": tr("pour apprendre", "to learn from"),
        "validation": tr("pour choisir les réglages", "to choose settings"),
        "test": tr("pour mesurer, une fois", "to measure, once"),
        "recall": tr("questions apprises, dites autrement", "learnt questions in other words"),
    }  # fmt: skip
    counts = manifest["counts"]["by_split"]
    rows = [
        [f"`{inline(split)}`", number(count), size_told(tables[split].file_octets) if split in tables else "—", roles.get(split, "—")]
        for split, count in counts.items()
    ]  # fmt: skip
    head = [tr("Partie", "Split"), "Dialogues", "Parquet", tr("Rôle", "Role")]
    copies = manifest["counts"]["copies"]
    more = tr(f"Copies dans train, dues aux poids des sources : {number(copies)}.",
              f"Copies in train, made by the sources' weights: {number(copies)}.")  # fmt: skip
    return [*grid(head, rows, text=(0, 3)), *(["", more] if copies else [])]


def _reading(data: PreparedSet, repo: str) -> list[str]:
    name = repo.rpartition("/")[2]
    return [
        "```python",
        "from datasets import load_dataset",
        "",
        f'data = load_dataset("{repo}")',
        f'print(data["{data.splits[0]}"][0]["messages"])',
        "```",
        "",
        tr("Avec Causette, qui vérifie chaque fichier contre son empreinte :", "With Causette, which checks each file against its fingerprint:"),
        "",
        "```",
        f"causette pull {repo} --dataset --out data/{name}",
        f"causette train --data data/{name} --model mini --out runs/{name}",
        "```",
        "",
        tr("`jsonl/` tient les mêmes dialogues, octet pour octet ceux du dossier préparé ; `manifest.json` dit tout ce qui a été fait.",
           "`jsonl/` holds the same dialogues, byte for byte those of the prepared folder; `manifest.json` says all that was done."),
    ]  # fmt: skip


def _limits(manifest: Json) -> list[str]:
    counts, several = manifest["counts"], manifest.get("several_answers", 0)
    learnt_too = _shared(
        {split: many for split, many in counts.get("shared_answers", {}).items() if split in counts["by_split"]}
    )
    made = tr("Personne n'a relu chaque ligne : des réponses fausses, datées ou mal formées dans la source le sont ici aussi.",
              "Nobody has read each row: answers that are wrong, dated or malformed in the source are so here too.")  # fmt: skip
    few = tr("La partie test est petite : les mesures qu'on y prend ont de larges intervalles.",
             "The test split is small: what is measured on it has wide intervals.")  # fmt: skip
    return items(
        made,
        told(tr("Demandes gardées avec plusieurs réponses", "Requests kept with several answers"), number(several) if several else ""),
        told(tr("Réponses qui sont aussi dans train, sous d'autres questions",
                "Answers that are in train too, under other questions"), learnt_too),
        few if counts["by_split"].get("test", 0) < 200 else "",
        tr("Les doublons proches sont cherchés par leurs mots ; une même question dite tout autrement n'est pas reconnue.",
           "Near duplicates are looked for by their words; one question in quite other words is not recognised."),
    )  # fmt: skip


def _shared(counts: Mapping[str, int]) -> str:
    """Of each split; those of recall are there on purpose, and those of test are not."""
    if not any(counts.values()):
        return ""
    listed = ", ".join(f"{inline(split)} {number(many)}" for split, many in counts.items())
    wanted = tr(" (recall reprend exprès des réponses apprises)", " (recall takes up learnt answers on purpose)")
    return listed + (wanted if counts.get("recall") else "")


def _brief(manifest: Json, repo: str) -> list[str]:
    parts = [f"{inline(split)} {number(count)}" for split, count in manifest["counts"]["by_split"].items()]
    rows = counted(sum(manifest["counts"]["by_split"].values()), "dialogue", "dialogues")
    licences = ", ".join(
        dict.fromkeys(inline(one.to_json()["stated"]) for one in licences_of(for_strangers(manifest)).values())
    )
    return [
        tr(f"{rows} pour affiner un chatbot, préparés avec Causette ({', '.join(parts)}). Licences des sources : {licences} ; "
           "les termes et les attributions sont ci-dessus, et dans `manifest.json`. À lire par "
           f'`load_dataset("{repo}")`.',
           f"{rows} to fine-tune a chatbot, prepared with Causette ({', '.join(parts)}). Licences of the sources: {licences}; "
           "terms and attributions stand above, and in `manifest.json`. To be read by "
           f'`load_dataset("{repo}")`.')
    ]  # fmt: skip
