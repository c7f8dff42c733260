"""report.md: what the preparation did, for the eyes of the team; each figure with a few examples."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chatbot.language import number, tr
from datasets_prep.leak import Leak
from datasets_prep.personal import kind_in_words
from datasets_prep.rows import reason_in_words

Json = Mapping[str, Any]


def report_of(manifest: Json, cleaning: Json) -> str:
    """The report as Markdown, in the user's language.

    Args:
        manifest: that of the prepared set.
        cleaning: the examples, as `cleaning.json` holds them.
    """
    sections = (
        _sources,
        _rejected,
        _changes,
        _personal,
        _languages,
        _boilerplate,
        _duplicates,
        _several_answers,
        _splits,
        _leak,
    )
    title = tr("# Ce que la préparation a fait", "# What the preparation did")
    texts = [title, *(section(manifest, cleaning) for section in sections)]
    return "\n\n".join(text for text in texts if text) + "\n"


def leak_lines(leak: Mapping[str, Leak]) -> list[str]:
    """The leak of both splits, one line each."""
    return [_told(_leak_name(kind), _leak_words(one.counts())) for kind, one in leak.items()]


def _sources(manifest: Json, cleaning: Json) -> str:
    head = tr("Source|Poids|Lues|Gardées|Rejetées|Lignes écrites|Licence", "Source|Weight|Read|Kept|Rejected|Lines written|Licence")  # fmt: skip
    rows = []
    for one in manifest["sources"]:
        counts = one["counts"]
        name = f"{one['name']}:{one['part']}" if one["part"] else one["name"]
        figures = (counts["read"], counts["kept"], counts["rejected"], sum(counts["by_split"].values()))
        weight = number(one["weight"], 0 if one["weight"] == int(one["weight"]) else 2)
        rows.append([name, weight, *map(number, figures), one["licence"]["stated"]])
    total = manifest["counts"]
    figures = (total["read"], total["kept"], total["rejected"], sum(total["by_split"].values()))
    rows.append([tr("**Total**", "**Total**"), "", *map(number, figures), ""])
    said = tr(
        "Aucune ligne n'est perdue : lues = gardées + rejetées. `rejected.jsonl` les donne toutes, avec la raison.",
        "No row is lost: read = kept + rejected. `rejected.jsonl` gives all of them, with the reason.",
    )
    return f"## {tr('Sources', 'Sources')}\n\n{markdown_table(head.split('|'), rows)}\n\n{said}"


def _rejected(manifest: Json, cleaning: Json) -> str:
    by_reason = manifest["counts"]["by_reason"]
    if not by_reason:
        return ""
    lines = [f"## {tr('Lignes rejetées', 'Rejected rows')}"]
    for reason, count in by_reason.items():
        lines += ["", _told(f"**{reason_in_words(reason)}**", number(count)), ""]
        for name, example in _examples(cleaning, reason):
            detail = f" ({example['detail']})" if example["detail"] else ""
            pair = f"{_quoted(example['question'])} → {_quoted(example['answer'])}"
            shown = _quoted(example["text"]) if example.get("text") else pair
            lines.append(_item(f"{name}, {example['place']}{detail}", shown))
    return "\n".join(lines).rstrip()


def _changes(manifest: Json, cleaning: Json) -> str:
    count = manifest["cleaning"]["normalised"]
    told = tr(
        f"Lignes dont le texte a changé : {number(count)} (Unicode NFC, blancs, caractères invisibles, et ce "
        "que la lecture de la source met en ordre ; la typographie française reste).",
        f"Rows whose text changed: {number(count)} (Unicode NFC, blanks, invisible characters, and what the reading of the "
        "source sets right; French typography stays).",
    )
    examples = [
        _item(f"{name}, {example['place']}", f"{_quoted(example['before'])} → {_quoted(example['after'])}")
        for name, example in _examples(cleaning, "normalised")
    ]
    return _section(tr("Normalisation", "Normalisation"), told, examples)


def _personal(manifest: Json, cleaning: Json) -> str:
    found = {kind: count for kind, count in manifest["cleaning"]["masked"].items() if count}
    if manifest["options"]["keep_personal"]:
        told = tr("Elles n'ont pas été cherchées (--keep-personal).", "They were not looked for (--keep-personal).")
    elif not found:
        told = tr("Aucune n'a été trouvée parmi celles qu'un motif reconnaît (courriel, téléphone, carte, IBAN, sécurité "
                  "sociale) ; les noms et les adresses postales ne sont pas cherchés.",
                  "None was found among those that a pattern knows (e-mail, telephone, card, IBAN, social security); "
                  "names and postal addresses are not looked for.")  # fmt: skip
    else:
        listed = ", ".join(f"{kind_in_words(kind)} ({number(count)})" for kind, count in found.items())
        told = tr(f"Masquées : {listed}. Les noms et les adresses postales ne sont pas cherchés.",
                  f"Masked: {listed}. Names and postal addresses are not looked for.")  # fmt: skip
    examples = [
        _item(f"{name}, {example['place']}", _quoted(example["text"]))
        for kind in found
        for name, example in _examples(cleaning, kind)
    ]
    return _section(tr("Données personnelles", "Personal data"), told, examples)


def _languages(manifest: Json, cleaning: Json) -> str:
    listed = ", ".join(
        f"{code or tr('incertaine', 'not sure')} {number(count)}" for code, count in manifest["languages"].items()
    )
    only = manifest["options"]["only_language"]
    kept = tr(f" Seule la langue demandée ({only}) est gardée, avec les textes dont elle n'est pas sûre.",
              f" Only the language asked for ({only}) is kept, with the texts of which it is not sure.") if only else ""  # fmt: skip
    return _section(
        tr("Langues", "Languages"), tr(f"Dialogues gardés : {listed}.", f"Dialogues kept: {listed}.") + kept, []
    )


def _boilerplate(manifest: Json, cleaning: Json) -> str:
    counts = manifest["cleaning"]["boilerplate"]
    if not counts["answers"]:
        return ""
    answers, sentences = number(counts["answers"]), number(counts["sentences"])
    done = tr("coupées", "cut out") if counts["cut"] else tr("laissées ; --cut-boilerplate les coupe", "left; --cut-boilerplate cuts them out")  # fmt: skip
    told = tr(f"{sentences} phrases reviennent dans les réponses à de nombreuses questions ({answers} réponses en portent "
              f"une, à côté d'autre chose) : {done}.",
              f"{sentences} sentences come back in the answers to many questions ({answers} answers hold one, beside "
              f"something else): {done}.")  # fmt: skip
    examples = [f"- {number(one['times'])} × {_quoted(one['text'][:200])}" for one in cleaning["boilerplate"]]
    return _section(tr("Passages répétés", "Boilerplate"), told, examples)


def _duplicates(manifest: Json, cleaning: Json) -> str:
    duplicates = manifest["duplicates"]
    if not any(sum(counts.values()) for counts in duplicates.values()):
        return ""
    head = tr("|Rejetés|Dans la même partie que l'original|Dans une autre partie|Tirés au sort",
              "|Rejected|In the same split as the original|In another split|Drawn by lot").split("|")  # fmt: skip
    order = ("within", "across", "anywhere")
    rows = [
        [reason_in_words(reason), number(sum(counts.values())), *(number(counts[where]) for where in order)]
        for reason, counts in duplicates.items()
    ]
    told = tr("Où ces lignes seraient-elles allées, si on les avait gardées ? Avec les autres lignes de leur groupe. Dans la "
              "partie de l'original, elles ne feraient que le répéter. Dans une autre, on jugerait le modèle sur une ligne "
              "apprise : c'est une fuite. Une ligne seule de son groupe irait dans une partie tirée au sort.",
              "Where would these rows have gone, had they been kept? With the other rows of their group. In the split of the "
              "original they would only repeat it. In another one the model would be judged on a row it has learnt: a leak. "
              "A row alone in its group would go to a split drawn by lot.")  # fmt: skip
    return f"## {tr('Doublons', 'Duplicates')}\n\n{markdown_table(head, rows)}\n\n{told}"


def _several_answers(manifest: Json, cleaning: Json) -> str:
    if not manifest["several_answers"]:
        return ""
    count = number(manifest["several_answers"])
    told = tr(
        f"Demandes gardées avec plusieurs réponses : {count}. Deux réponses peuvent être vraies ; deux étiquettes, non. "
        "Elles restent : à vous de lire.",
        f"Requests kept with several answers: {count}. Two answers may be true; two labels may not. They stay: read them.",
    )
    examples = [
        f"- {_quoted(one['request'])} → {_quoted(one['answers'][0])} / {_quoted(one['answers'][1])}"
        for one in cleaning["several_answers"]
    ]
    return _section(tr("Plusieurs réponses", "Several answers"), told, examples)


def _splits(manifest: Json, cleaning: Json) -> str:
    counts = manifest["counts"]
    listed = ", ".join(f"{split} {number(count)}" for split, count in counts["by_split"].items())
    copies = tr(f" (dont {number(counts['copies'])} copies dues aux poids)", f" ({number(counts['copies'])} of them copies made by weights)") if counts["copies"] else ""  # fmt: skip
    rules = "\n".join(f"- {rule}" for rule in manifest["split_rule"])
    known = ", ".join(f"{split} {number(count)}" for split, count in counts["shared_answers"].items())
    told = tr(f"{listed}{copies}. Réponses déjà présentes dans train sous d'autres questions, étiquettes non comptées : {known}.",
              f"{listed}{copies}. Answers that are in train too, under other questions, labels not counted: {known}.")  # fmt: skip
    return f"## {tr('Découpage', 'Splits')}\n\n{told}\n\n{rules}"


def _leak(manifest: Json, cleaning: Json) -> str:
    if "leak" not in manifest:
        return ""
    head = tr("Découpage|Lignes de test|Question presque identique dans train|Réponse presque identique dans train|"
              "L'une ou l'autre",
              "Split|Test rows|Nearly the same question in train|Nearly the same answer in train|Either").split("|")  # fmt: skip
    order = ("question", "answer", "either")
    rows = [
        [_leak_name(kind), number(leak["test"]), *(_share(leak[side], leak["test"]) for side in order)]
        for kind, leak in manifest["leak"].items()
    ]
    told = tr("Une ligne de test « fuit » quand train en contient presque une copie : le modèle peut répondre de mémoire, et sa "
              "note est trop belle. Le premier découpage est celui de ce jeu. Le second ne sert qu'à comparer : les mêmes "
              "dialogues, tirés au sort sans regarder leurs groupes. Ces parts sont comptées sur les textes ; aucun modèle "
              "n'a été entraîné.",
              "A test row “leaks” when train nearly holds a copy of it: the model may answer from memory, and its mark is too "
              "good. The first split is that of this set. The second is there to compare: the same dialogues, drawn by lot "
              "without regard to their groups. These shares are counted on the texts; no model was trained.")  # fmt: skip
    labels = manifest["leak"]["by_group"]["labels"]
    if labels:
        told += " " + tr(
            f"Les réponses qui sont des étiquettes ({number(labels)} lignes de test) ne sont pas comparées.",
            f"Answers that are labels ({number(labels)} test rows) are not compared.",
        )
    sides = {"question": tr("question", "question"), "answer": tr("réponse", "answer")}
    examples = [
        _item(f"{_leak_name(kind)}, {sides[one['side']]}", f"{_quoted(one['test'])} ≈ {_quoted(one['train'])}")
        for kind, found in cleaning["leak"].items()
        for one in found
    ]
    return f"## {tr('Fuite', 'Leak')}\n\n{markdown_table(head, rows)}\n\n{told}\n\n" + "\n".join(examples)


def _leak_name(kind: str) -> str:
    if kind == "by_group":
        return tr("par groupes (ce jeu)", "by group (this set)")
    return tr("tirage au sort (pour comparer)", "drawn by lot (to compare)")


def _leak_words(counts: Mapping[str, int]) -> str:
    test = counts["test"]
    question, answer, either = (_share(counts[side], test) for side in ("question", "answer", "either"))
    return tr(
        f"{either} des {number(test)} lignes de test ont un proche dans train (question {question}, réponse {answer}).",
        f"{either} of {number(test)} test rows have a near neighbour in train (question {question}, answer {answer}).",
    )


def _share(part: int, whole: int) -> str:
    return tr(f"{number(100 * part / whole, 1)} %", f"{number(100 * part / whole, 1)}%") if whole else "–"


def _examples(cleaning: Json, kind: str) -> Iterable[tuple[str, Json]]:
    for name, source in cleaning["sources"].items():
        for example in source["examples"].get(kind, ()):
            yield name, example


def _told(name: str, text: str) -> str:
    return tr(f"{name} : {text}", f"{name}: {text}")


def _item(name: str, text: str) -> str:
    return f"- {_told(name, text)}"


def _section(title: str, told: str, examples: Sequence[str]) -> str:
    listed = "\n\n" + "\n".join(examples) if examples else ""
    return f"## {title}\n\n{told}{listed}"


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table of texts without line breaks; a bar inside a cell stands as ¦."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '¦') for cell in line)} |" for line in lines)


def _quoted(text: str) -> str:
    """Text of the data, on one line and without any meaning for Markdown; "(vide)" where there is none."""
    shown = " ".join(text.split()).replace("`", "ʹ")
    return f"`{shown}`" if shown else tr("(vide)", "(empty)")
