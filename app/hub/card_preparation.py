"""What the card of a data set tells of its sources, of how it was made, and of the persons in it: all from its manifest."""

from collections.abc import Mapping
from typing import Any

from app.hub.card_manifest import source_title
from app.hub.card_text import items, link, told
from chatbot.language import number, tr
from datasets_prep.personal import kind_in_words
from datasets_prep.rows import reason_in_words
from training.evaluation.markdown import code, grid, inline

Json = Mapping[str, Any]


def sources_lines(manifest: Json) -> list[str]:
    """Each source: where it comes from, which files, how many rows it gave."""
    lines: list[str] = []
    for source in manifest["sources"]:
        counts = source["counts"]
        name = f"{source['name']}:{source['part']}" if source["part"] else source["name"]
        lines += [
            f"- **{inline(name)}**, {inline(source['title'])}",
            *(f"  - {line}" for line in filter(None, [
                told(tr("Origine", "Origin"), link(source["origin"], source["origin"])),
                told(tr("Révision", "Revision"), code(source["revision"]) if source["revision"] else ""),
                tr(f"Lignes lues {number(counts['read'])} = gardées {number(counts['kept'])} + rejetées {number(counts['rejected'])}",
                   f"Rows read {number(counts['read'])} = kept {number(counts['kept'])} + rejected {number(counts['rejected'])}"),
                *(told(tr("Fichier", "File"), f"{code(file['name'])}, {number(file['bytes'])} {tr('octets', 'bytes')}, "
                                              f"sha256 {code(file['sha256'])}")
                  for file in source.get("files", ())),
            ])),
        ]  # fmt: skip
    return lines


def made_lines(manifest: Json) -> list[str]:
    """Read, cleaned, compared, split."""
    counts = manifest["counts"]
    read, kept, rejected = (number(counts[name]) for name in ("read", "kept", "rejected"))
    lines = [
        tr(f"Causette {_version(manifest)} a lu {read} lignes : {kept} gardées, {rejected} rejetées, aucune perdue.",
           f"Causette {_version(manifest)} read {read} rows: {kept} kept, {rejected} rejected, none lost.")
    ]  # fmt: skip
    if counts["by_reason"]:
        head = [tr("Raison du rejet", "Reason of the rejection"), tr("Lignes", "Rows")]
        lines += [
            "",
            *grid(head, [[inline(reason_in_words(why)), number(many)] for why, many in counts["by_reason"].items()]),
        ]
    return [
        *lines,
        "",
        *items(_cleaned(manifest), _boilerplate(manifest), *_split_rules(manifest), _seed(manifest), _leak(manifest)),
    ]


def personal_lines(manifest: Json) -> list[str]:
    """What was masked, what was not looked for, and what the ledger says of each source."""
    cleaning, kept = manifest.get("cleaning"), manifest.get("options", {}).get("keep_personal")
    masked = {kind: count for kind, count in (cleaning or {}).get("masked", {}).items() if count}
    if kept:
        first = tr("**Les données personnelles n'ont pas été cherchées ni masquées** (--keep-personal) : adresses électroniques, "
                   "téléphones ou numéros de compte peuvent s'y trouver.",
                   "**Personal data were neither looked for nor masked** (--keep-personal): e-mail addresses, telephone or "
                   "account numbers may be in it.")  # fmt: skip
    elif masked:
        listed = ", ".join(f"{inline(kind_in_words(kind))} {number(count)}" for kind, count in masked.items())
        first = tr(f"Masquées à la préparation : {listed}.", f"Masked in the preparation: {listed}.")
    elif cleaning:
        first = tr("Cherchées par motifs (courriel, téléphone, carte, IBAN, sécurité sociale) : aucune n'a été trouvée.",
                   "Looked for by patterns (e-mail, telephone, card, IBAN, social security): none was found.")  # fmt: skip
    else:
        first = tr("Rien n'est noté de leur recherche : le jeu vient d'une version ancienne de Causette.",
                   "Nothing is noted of a search for them: the set is of an earlier version of Causette.")  # fmt: skip
    left = tr("Les noms de personnes et les adresses postales ne sont pas cherchés : il peut en rester, comme des données d'une "
              "forme que les motifs ne connaissent pas.",
              "Names of persons and postal addresses are not looked for: some may remain, as may data of a form that the "
              "patterns do not know.")  # fmt: skip
    notes = [
        told(tr(f"Ce que l'on en sait, pour « {inline(source_title(source))} »", f"What is known, for “{inline(source_title(source))}”"),
             inline(source["licence"]["personal_data"]))
        for source in manifest["sources"]
    ]  # fmt: skip
    asked = tr("Quelqu'un qui s'y reconnaît peut demander le retrait par une discussion sur ce dépôt.",
               "Who finds themselves in it can ask for removal in a discussion on this repository.")  # fmt: skip
    return items(first, left, *notes, asked)


def _version(manifest: Json) -> str:
    return (
        inline(str(manifest.get("causette") or ""))
        if manifest.get("causette")
        else tr("(version non notée)", "(version not noted)")
    )


def _cleaned(manifest: Json) -> str:
    count = (manifest.get("cleaning") or {}).get("normalised", 0)
    return told(
        tr("Lignes dont le texte a été normalisé (Unicode NFC, blancs, caractères invisibles)",
           "Rows whose text was normalised (Unicode NFC, blanks, invisible characters)"), number(count) if count else ""
    )  # fmt: skip


def _boilerplate(manifest: Json) -> str:
    found = (manifest.get("cleaning") or {}).get("boilerplate") or {}
    if not found.get("answers"):
        return ""
    done = tr("coupées", "cut out") if found["cut"] else tr("laissées", "left")
    return tr(f"Phrases qui reviennent sous de nombreuses questions : {number(found['sentences'])}, dans "
              f"{number(found['answers'])} réponses, {done}.",
              f"Sentences that come back under many questions: {number(found['sentences'])}, in {number(found['answers'])} "
              f"answers, {done}.")  # fmt: skip


def _split_rules(manifest: Json) -> list[str]:
    return [told(tr("Découpage", "Splits"), inline(rule)) for rule in manifest.get("split_rule", ())]


def _seed(manifest: Json) -> str:
    shares = ", ".join(f"{inline(name)} {number(share, 2)}" for name, share in manifest.get("shares", {}).items())
    seed = manifest.get("seed")
    return (
        tr(f"Parts demandées : {shares} ; graine {seed}.", f"Shares asked for: {shares}; seed {seed}.")
        if shares
        else ""
    )


def _leak(manifest: Json) -> str:
    found = manifest.get("leak", {}).get("by_group")
    if not found:
        return ""
    return tr(f"Lignes de test dont train contient presque la question ou la réponse : {number(found['either'])} sur "
              f"{number(found['test'])}.",
              f"Test rows of which train nearly holds the question or the answer: {number(found['either'])} of "
              f"{number(found['test'])}.")  # fmt: skip
