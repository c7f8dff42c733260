"""The fine-tuning form's texts as HTML: the diagnosis of a file, the progress of a training, a model that was made.

Texts of the reader, of their file and of models are text and nothing else: `safe` sees to it.
"""

import base64
import html
from collections.abc import Sequence

from app.page.exhibit_parts import foreign
from app.page.look import words
from app.page.tuning_jobs import Diagnosed, Fault, Progress, Result, Sample
from chatbot.language import number, tr
from chatbot.terminal import printable

LONGEST = 700  # characters of a text that is shown
WIDE, HIGH = 320, 90  # of the curve
EXAMPLE = [
    ("Quels sont vos horaires ?", "Nous sommes ouverts du mardi au samedi, de 10 h à 19 h.",
     "What are your opening hours?", "We are open from Tuesday to Saturday, from 10 to 7."),
    ("Puis-je échanger un livre ?", "Oui, pendant 30 jours, avec le ticket.",
     "Can I exchange a book?", "Yes, within 30 days, with the receipt."),
    ("Où se trouve la boutique ?", "Au 12, rue des Lilas, à côté de la poste.",
     "Where is the shop?", "At 12 rue des Lilas, next to the post office."),
    ("Faites-vous des livraisons ?", "Oui, en deux à quatre jours ouvrés ; la livraison est offerte dès 35 €.",
     "Do you deliver?", "Yes, in two to four working days; delivery is free from €35."),
    ("Comment suivre ma commande ?", "Dans « Mon compte », avec le numéro reçu par courriel.",
     "How do I track my order?", "In “My account”, with the number that you got by e-mail."),
    ("Acceptez-vous les chèques ?", "Oui, sur présentation d'une pièce d'identité.",
     "Do you take cheques?", "Yes, with an identity card."),
    ("Vendez-vous des livres d'occasion ?", "Oui, au sous-sol ; ils sont vérifiés un par un.",
     "Do you sell used books?", "Yes, in the basement; each one is checked."),
    ("Peut-on commander un livre épuisé ?", "Nous cherchons chez les bouquinistes, comptez trois semaines.",
     "Can I order a book that is out of print?", "We ask second-hand dealers, it takes three weeks."),
    ("Organisez-vous des lectures ?", "Oui, le premier jeudi du mois, à 18 h 30.",
     "Do you hold readings?", "Yes, on the first Thursday of the month, at half past six."),
    ("Que faire d'un livre abîmé à la réception ?", "Envoyez-nous une photo : nous le remplaçons sans frais.",
     "What if a book arrives damaged?", "Send us a photo: we replace it free of charge."),
]  # fmt: skip


def safe(text: str) -> str:
    """Text as text: no markup, no control characters, no `${…}` of a template, and not without end."""
    shown = printable(text).strip()
    shown = f"{shown[:LONGEST]}…" if len(shown) > LONGEST else shown
    return html.escape(shown).replace("{", "&#123;").replace("$", "&#36;")


def intro_html(limits: str, most_bytes: int) -> str:
    """What the form is for, what a file looks like, and one to begin from."""
    title = words("Entraînez un petit modèle sur vos questions", "Train a small model on your questions")
    lead = words("Envoyez un tableau : une colonne de questions, une de réponses. Il est d'abord examiné, rien n'est "
                 "entraîné sans vous.",
                 "Send a table: a column of questions, one of answers. It is examined first, nothing is trained without "
                 "you.")  # fmt: skip
    link = words("Télécharger un exemple (CSV)", "Download an example (CSV)")
    personal = words("N'envoyez ni nom ni donnée personnelle. Votre fichier reste sur ce serveur, et s'efface d'un clic.",
                     "Send no name and no personal data. Your file stays on this server, and is deleted by a click.")  # fmt: skip
    size = number(most_bytes / 1e6)
    large = words(f"Ce fichier est trop grand : {size} Mo au plus. Gardez-en une partie.",
                  f"That file is too large: {size} MB at most. Keep a part of it.")  # fmt: skip
    encoded = base64.b64encode(example_csv().encode()).decode()
    name = tr("exemple.csv", "example.csv")
    return (
        f"<h2>{title}</h2><p>{lead}</p>"
        f'<p><a class="example-file" download="{name}" href="data:text/csv;base64,{encoded}">{link}</a></p>'
        f'<p class="small">{html.escape(limits)} {personal}</p>'
        f'<p class="warning" role="alert" id="tuning-too-large" data-most="{most_bytes}" hidden>{large}</p>'
    )


def example_csv() -> str:
    """A table that the form takes: with a mark, which spreadsheets need to know UTF-8 by."""
    rows = [
        tr("question;réponse", "question;answer"),
        *(f"{tr(q, qe)};{_quoted(tr(a, ae))}" for q, a, qe, ae in EXAMPLE),
    ]
    return "\ufeff" + "".join(f"{row}\r\n" for row in rows)


def _quoted(cell: str) -> str:
    return '"{}"'.format(cell.replace('"', '""')) if ";" in cell or '"' in cell else cell


def diagnosis_html(found: Diagnosed) -> str:
    """What was found in a file."""
    title = words(f"Ce qu'il y a dans « {safe(found.file)} »", f"What is in “{safe(found.file)}”")
    facts = "".join(f"<div><dt>{safe(name)}</dt><dd>{safe(value)}</dd></div>" for name, value in found.facts)
    remarks = "".join(f"<p>{safe(line)}</p>" for line in [found.columns, *found.remarks] if line)
    parts = [
        _faults(words("Réparé", "Repaired"), found.repairs),
        _faults(words("Lignes illisibles, laissées de côté", "Unreadable rows, left aside"), found.rejects),
        _faults(words("Dialogues écartés", "Dialogues left out"), found.not_kept),
    ]
    return f"<h2>{title}</h2>{_balance(found)}<dl>{facts}</dl>{remarks}{''.join(parts)}{_samples(found.samples)}"


def _balance(found: Diagnosed) -> str:
    read, readable, kept = number(found.read), number(found.readable), number(found.kept)
    many = found.kept > 1
    left = words(f"dialogue{'s' if many else ''} au plus : les doublons seront cherchés avant l'entraînement, et une partie ne sera "
                 "pas apprise, pour vérifier le modèle.",
                 f"dialogue{'' if found.kept == 1 else 's'} at most: duplicates are looked for before the training, and a part is "
                 "not learnt, to check the model.")  # fmt: skip
    few = words("C'est trop peu pour entraîner.", "That is too few to train.")
    short = "" if found.enough else f'<br><b class="short">{few}</b>'
    rows = words(f"Lignes lues : {read}, dont lisibles : {readable}.", f"Rows read: {read}, readable: {readable}.")
    return f'<p class="balance"><b class="kept">{kept}</b> {left}{short}<br>{rows}</p>'


def why_not_html(found: Diagnosed | None, *, busy: bool) -> str:
    """Why the training of this file cannot be started now; "" where it can."""
    if found is None or (found.enough and not busy):
        return ""
    kept, fewest = number(found.kept), number(found.fewest)
    if not found.enough:
        cure = words("choisissez d'autres colonnes ou un autre fichier.", "choose other columns or another file.") if (
            len(found.header) > 1) else words("choisissez un autre fichier.", "choose another file.")  # fmt: skip
        text = words(f"L'entraînement ne peut pas être lancé : {kept} dialogue{'s' if found.kept > 1 else ''}, il en faut au moins "
                     f"{fewest} ; {cure}",
                     f"The training cannot be started: {kept} dialogue{'' if found.kept == 1 else 's'}, it takes at least {fewest}; "
                     f"{cure}")  # fmt: skip
    else:
        text = words("Un entraînement est déjà en cours : vous pourrez lancer le vôtre ensuite.",
                     "A training is under way already: you can start yours after it.")  # fmt: skip
    return f'<p class="small" role="status">{text}</p>'


def _faults(title: str, faults: Sequence[Fault]) -> str:
    if not faults:
        return ""
    total = number(sum(fault.count for fault in faults))
    items = "".join(
        f"<li><b>{number(fault.count)} ×</b> {safe(fault.words)}<pre>{safe(fault.example)}</pre></li>"
        for fault in faults
    )
    return f"<details><summary>{title} ({total})</summary><ul>{items}</ul></details>"


def _samples(samples: Sequence[tuple[str, str]]) -> str:
    if not samples:
        return ""
    title = words("Les premiers dialogues", "The first dialogues")
    rows = "".join(
        f'<li><p class="q">{safe(question)}</p><p class="a">{safe(answer)}</p></li>' for question, answer in samples
    )
    return f'<h3>{title}</h3><ul class="talk">{rows}</ul>'


def progress_html(progress: Progress, *, mine: bool) -> str:
    """A training under way: a bar, and its figures in a line."""
    title = words("Votre modèle apprend", "Your model is learning") if mine else words(
        "Un entraînement est déjà en cours", "A training is under way already")  # fmt: skip
    wait = words("Celui d'un autre lecteur ; vous pourrez lancer le vôtre ensuite. La discussion reste ouverte.",
                 "Another reader's; you can start yours after it. The chat stays open.")  # fmt: skip
    stay = words("Vous pouvez fermer la page ou discuter : l'entraînement continue.",
                 "You may close the page or chat: the training goes on.")  # fmt: skip
    percent, figures = round(100 * progress.share), _figures(progress)
    label = words("Avancement de l'entraînement", "Progress of the training")
    return (
        f"<h2>{title}</h2>"
        f'<div class="track" role="progressbar" aria-label="{label}" aria-valuemin="0" aria-valuemax="100" '
        f'aria-valuenow="{percent}" aria-valuetext="{safe(progress.phase)}, {figures[0]}">'
        f'<div style="width: {percent}%"></div></div>'
        f'<p class="figures"><b>{safe(progress.phase)}</b> {" · ".join(figures)}</p><p>{stay if mine else wait}</p>'
    )


def _figures(progress: Progress) -> list[str]:
    percent = round(100 * progress.share)
    parts = [tr(f"{percent}\u00a0%", f"{percent}%")]
    if progress.step:
        parts.append(words(f"pas {progress.step} / {progress.steps}", f"step {progress.step} / {progress.steps}"))
        epoch = number(progress.epoch, 1)
        parts.append(words(f"époque {epoch} / {progress.epochs}", f"epoch {epoch} / {progress.epochs}"))
    if progress.loss is not None:
        parts.append(words(f"perte {number(progress.loss, 2)}", f"loss {number(progress.loss, 2)}"))
    if progress.validation_loss is not None:
        loss = number(progress.validation_loss, 2)
        parts.append(words(f"validation {loss}", f"validation {loss}"))
    if progress.seconds_left is not None:
        left = _time(progress.seconds_left)
        parts.append(words(f"encore {left} environ", f"about {left} left"))
    else:
        parts.append(words(f"depuis {_time(progress.seconds)}", f"for {_time(progress.seconds)}"))
    return parts


def _time(seconds: float) -> str:
    """ "3 min 20 s"."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}\u00a0min {rest:02}\u00a0s" if minutes else f"{rest}\u00a0s"


def result_html(result: Result) -> str:
    """A model that was made: does it know more than before, what it answers, how to look closer."""
    title = words(f"Le modèle « {safe(result.name)} » est prêt", f"The model “{safe(result.name)}” is ready")
    warnings = "".join(f'<p class="warning">{foreign(safe(one.text), one.language)}</p>' for one in result.warnings)
    return (
        f"<h2>{title}</h2><p>{safe(result.file)}, {safe(result.settings)}. {_counts(result)}</p>"
        f"{_curve(result.losses)}<p>{safe(result.verdict)} {_moved()}</p>{warnings}{_answers(result.samples)}{_commands(result)}"
    )


def _counts(result: Result) -> str:
    """All dialogues of the set, so that the parts add up to what the file was told to hold."""
    every, time = number(result.train + result.validation + result.others), _time(result.seconds)
    learnt, asked, aside = number(result.train), number(result.validation), number(result.others)
    return words(f"Sur {every} dialogues : {learnt} appris, {asked} pour vérifier en chemin, {aside} mis de côté pour un test. "
                 f"Durée : {time}.",
                 f"Of {every} dialogues: {learnt} learnt, {asked} to check on the way, {aside} put aside for a test. "
                 f"Time: {time}.")  # fmt: skip


def _moved() -> str:
    return words("(Ce que les poids ont bougé, en part de leur taille : 0 % veut dire que rien n'a été appris.)",
                 "(How far the weights moved, as a share of their size: 0% means that nothing was learnt.)")  # fmt: skip


def _curve(losses: Sequence[tuple[int, float]]) -> str:
    """The validation loss against the steps, from its first value to its last."""
    if len(losses) < 2:
        return ""
    (_, first), (_, last) = losses[0], losses[-1]
    low, high, end = min(y for _, y in losses), max(y for _, y in losses), losses[-1][0] or 1
    points = " ".join(
        f"{8 + (WIDE - 16) * x / end:.1f},{8 + (HIGH - 16) * (high - y) / ((high - low) or 1):.1f}" for x, y in losses
    )
    words_of = words(f"Perte sur des questions jamais apprises : {number(first, 2)} au début, {number(last, 2)} à la fin.",
                     f"Loss on questions never learnt: {number(first, 2)} at first, {number(last, 2)} in the end.")  # fmt: skip
    return (
        f'<figure><svg viewBox="0 0 {WIDE} {HIGH}" role="img" aria-label="{words_of}"><polyline points="{points}"/></svg>'
        f"<figcaption>{words_of}</figcaption></figure>"
    )


def _answers(samples: Sequence[Sample]) -> str:
    if not samples:
        return ""
    title = words(
        "Ce qu'il répond à des questions qu'il n'a pas apprises", "What it answers to questions that it did not learn"
    )
    expected, answered = words("Attendu", "Expected"), words("Réponse", "Answer")
    empty = words("(réponse vide)", "(empty answer)")
    rows = "".join(
        f'<li><p class="q">{safe(one.question)}</p><p class="a"><b>{answered}</b> {safe(one.answer) or empty}</p>'
        f'<p class="e"><b>{expected}</b> {safe(one.expected)}</p></li>'
        for one in samples
    )
    return f'<h3>{title}</h3><ul class="talk">{rows}</ul>'


def _commands(result: Result) -> str:
    title = words("Aller plus loin dans un terminal", "Further in a terminal")
    lines = "\n".join(safe(command) for command in result.commands)
    return f"<details><summary>{title}</summary><pre>{lines}</pre></details>"
