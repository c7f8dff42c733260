"""What the tab *Données* says of a prepared set: counts, sources, licences, cleaning, and dialogues."""

from collections.abc import Sequence
from itertools import groupby

from app.page.exhibit_parts import (
    NONE,
    caution,
    date,
    facts_list,
    fold,
    foreign,
    kept,
    link,
    percent,
    plain,
    said,
    section,
    split_name,
    table,
    tiles,
)
from app.page.exhibits import DataExhibit, ShownDialogue, Source
from app.page.look import words
from chatbot.language import number, tr

SHORT = 12  # characters of a fingerprint
NEWLINE = "\n"
LONG = 600  # characters of a turn that are shown at once


def sections_html(data: DataExhibit) -> list[str]:
    """The cards about a set."""
    return [_brief(data), _sources(data), _sifting(data)]


def _brief(data: DataExhibit) -> str:
    figures = [
        (words("lignes lues", "rows read"), number(data.read)),
        (words("dialogues gardés", "dialogues kept"), number(data.kept)),
        (words("lignes rejetées", "rows rejected"), number(data.rejected)),
        *((split_name(split), number(count)) for split, count in data.splits),
    ]
    balance = words(f"Rien ne se perd : {number(data.read)} lues = {number(data.kept)} gardées + {number(data.rejected)} rejetées.",
                    f"Nothing is lost: {number(data.read)} read = {number(data.kept)} kept + {number(data.rejected)} rejected.")  # fmt: skip
    if data.copies:
        balance += words(f" {number(data.copies)} copies ont été ajoutées par les poids des sources.",
                         f" {number(data.copies)} copies were added by the weights of the sources.")  # fmt: skip
    missing = caution(said(data.missing)) if data.missing else ""
    sources = ", ".join(source.name for source in data.sources)
    of = "" if data.name in sources else f" ({sources})"
    title = words(f"Le jeu « {data.name} »{of}", f"The set “{data.name}”{of}")
    return section(plain(title), missing + tiles(figures) + f"<p>{balance}</p>")


def _sources(data: DataExhibit) -> str:
    body = "".join(_source(source, alone=len(data.sources) == 1) for source in data.sources)
    if len(data.sources) > 1 and data.terms:
        names = {"redistribution": words("Redistribution", "Redistribution"),
                 "commercial_use": words("Usage commercial", "Commercial use"),
                 "share_alike": words("Partage à l'identique", "Sharing alike")}  # fmt: skip
        title = words("Le mélange : de chaque condition, la plus stricte", "The mixture: of each term the strictest")
        body += f"<h3>{title}</h3>" + facts_list(
            [(names[key], _answer(value, free="no" if key == "share_alike" else "yes")) for key, value in data.terms]
        )
    lead = words("Le registre des licences dit ce que chaque source déclare ; ce n'est pas un avis juridique.",
                 "The licence ledger tells what each source states; it is no legal advice.")  # fmt: skip
    return section(words("Sources et licences", "Sources and licences"), body, lead=lead)


def _source(source: Source, *, alone: bool) -> str:
    weight = "" if alone and source.weight == 1 else number(source.weight, 2)
    facts = [
        (words("Nom", "Name"), f"<code>{plain(source.name)}</code>"),
        (words("Provenance", "Origin"), link(str(source.origin))),
        (words("Révision", "Revision"), plain(source.revision)),
        (words("Langue", "Language"), plain(source.language)),
        (words("Lignes", "Rows"), words(f"{number(source.read)} lues, {number(source.kept)} gardées",
                                        f"{number(source.read)} read, {number(source.kept)} kept")),
        (words("Poids dans le mélange", "Weight in the mixture"), weight),
        (words("Licence", "Licence"), said(source.licence)),
        (words("Redistribution", "Redistribution"), _answer(source.redistribution)),
        (words("Usage commercial", "Commercial use"), _answer(source.commercial_use)),
        (words("Partage à l'identique", "Sharing alike"), _answer(source.share_alike, free="no")),
        (words("Données personnelles", "Personal data"), said(source.personal_data)),
        (words("À citer", "To be named"), plain(source.attribution)),
        (words("Licence lue", "Licence read"), _checked(source)),
    ]  # fmt: skip
    files = "".join(
        f"<li>{plain(file.name)} · {_size(file.octets)} · SHA-256 <code>{plain(file.sha256[:SHORT])}…</code></li>"
        for file in source.files
    )
    where = fold(words("Fichiers lus", "Files read"), f'<ul class="plain">{files}</ul>') if files else ""
    return f"<h3>{said(source.title)}</h3>{facts_list(facts)}{where}"


def _checked(source: Source) -> str:
    if not source.link and not source.checked:
        return ""
    when = (
        words(f"en {source.checked}", f"in {source.checked}")
        if source.checked
        else words("jamais vérifiée", "never checked")
    )
    return " · ".join(filter(None, (link(source.link), plain(when))))


def _answer(value: str, free: str = "yes") -> str:
    """An answer of the ledger; what is `free` needs no second thought."""
    told = {"yes": tr("oui", "yes"), "no": tr("non", "no")}.get(value, tr("inconnu", "unknown"))
    return f'<span class="answer{" free" if value == free else ""}">{told}</span>'


def _size(octets: int) -> str:
    for unit, size in ((tr("Go", "GB"), 1e9), (tr("Mo", "MB"), 1e6), (tr("ko", "kB"), 1e3)):
        if octets >= size:
            return f"{number(octets / size, 1)}\N{NO-BREAK SPACE}{unit}"
    return f"{number(octets)}\N{NO-BREAK SPACE}{tr('octets', 'bytes')}"


def _sifting(data: DataExhibit) -> str:
    body = ""
    if data.reasons:
        rows = [[said(one.name), number(one.count), percent(one.count / data.read)] for one in data.reasons]
        head = [words("Pourquoi rejetée", "Why rejected"), words("lignes", "rows"), words("des lues", "of those read")]
        body += table(head, rows, name=words("Lignes rejetées, par raison", "Rejected rows, by reason"))
    else:
        body += f"<p>{words('Aucune ligne rejetée.', 'No row rejected.')}</p>"
    masked = ", ".join(f"{said(one.name)} {number(one.count)}" for one in data.masked)
    languages = ", ".join(
        f"{plain(code) or tr('incertaine', 'not sure')} {number(count)}" for code, count in data.languages
    )
    body += facts_list([
        (words("Données personnelles masquées", "Personal data masked"), masked or words("aucune trouvée", "none found")),
        (words("Langues des dialogues", "Languages of the dialogues"), languages),
        (words("Découpage", "Splits"), foreign(said(data.split_rule), data.split_rule_language)),
        (words("Graine", "Seed"), number(data.seed)),
        (words("Préparé le", "Prepared on"), plain(date(data.created) or NONE)),
        (words("Empreinte", "Fingerprint"), f"<code>{plain(data.fingerprint[:SHORT])}…</code>"),
    ])  # fmt: skip
    return section(words("Tri, nettoyage et découpage", "Sifting, cleaning and splitting"), body)


def dialogues_html(dialogues: Sequence[ShownDialogue], wanted: str) -> str:
    """Some dialogues, each with its tokens below; a word of comfort where there are none."""
    if dialogues:
        return "".join(map(_dialogue, dialogues))
    text = words(f"Aucun dialogue ne contient « {wanted} ».", f"No dialogue holds “{wanted}”.")
    return f"<p>{plain(text)}</p>"


def _dialogue(dialogue: ShownDialogue) -> str:
    names = {
        "user": tr("Question", "Question"),
        "assistant": tr("Réponse", "Answer"),
        "system": tr("Consigne", "Instruction"),
    }
    turns = "".join(
        f'<div class="turn {plain(turn.role)}"><span class="who">{names.get(turn.role, plain(turn.role))} :</span>{_text(turn.text)}</div>'
        for turn in dialogue.turns
    )
    labels = " · ".join(_label(key, value) for key, value in dialogue.labels)
    about = " · ".join(filter(None, (f"<code>{plain(dialogue.id)}</code>", plain(dialogue.group), labels)))
    return f'<article class="talk">{turns}<p class="small">{about}</p>{_tokens(dialogue)}</article>'


def _label(key: str, value: str) -> str:
    """What a source tells of a dialogue; what it is called is ours where we know it."""
    names = {
        "origin": words("origine", "origin"),
        "theme": words("thème", "theme"),
        "phrasing": words("formulation", "phrasing"),
        "label": words("classe", "class"),
        "agreement": words("accord des juges", "agreement of the judges"),
        "agreement_at_least": words("accord des juges, au moins", "agreement of the judges, at least"),
        "date": words("date", "date"),
        "line": words("ligne", "line"),
        "file": words("fichier", "file"),
        "article": words("article", "article"),
        "document": words("document", "document"),
        "passage": words("passage", "passage"),
        "rule": words("règle", "rule"),
        "maker": words("écrit par", "written by"),
        "characters": words("caractères", "characters"),
        "cut": words("coupé", "cut"),
    }
    return plain(words(f"{names.get(key, key)} : {value}", f"{names.get(key, key)}: {value}"))


def _text(text: str) -> str:
    """A long text begins, and goes on in a fold."""
    if len(text) <= 1.5 * LONG:
        return plain(text)
    cut = text.rfind(" ", 0, LONG) + 1 or LONG
    more = words(f"la suite ({number(len(text) - cut)} caractères)", f"the rest ({number(len(text) - cut)} characters)")
    return f"{plain(text[:cut])} …<details><summary>{more}</summary><div>{plain(text[cut:])}</div></details>"


def _tokens(dialogue: ShownDialogue) -> str:
    if not dialogue.tokens:
        return ""
    runs = []
    for learnt, group in groupby(dialogue.tokens, key=lambda token: token.learnt):
        kind = ' class="learnt"' if learnt else ""
        runs += [f"<span{kind}>{kept(token.text.replace(NEWLINE, '↵'))}</span>" for token in group]
    cut = dialogue.count - len(dialogue.tokens)
    more = words(f" … et {number(cut)} de plus", f" … and {number(cut)} more") if cut > 0 else ""
    title = words(f"Ce que le modèle lit : {number(dialogue.count)} jetons, dont {number(dialogue.learnt)} appris",
                  f"What the model reads: {number(dialogue.count)} tokens, {number(dialogue.learnt)} of them learnt")  # fmt: skip
    legend = words("Surlignés et soulignés : appris. ↵ fin de ligne, ■ fin de réponse.",
                   "Highlighted and underlined: learnt. ↵ line end, ■ end of answer.")  # fmt: skip
    return fold(title, f'<p class="small">{legend}</p><p class="tokens">{"".join(runs)}{more}</p>')
