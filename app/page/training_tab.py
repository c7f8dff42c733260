"""The tab "Entraînement", where it shows: what was trained and how, its curves, its answers on the way, and what was
measured of it. Everything is read from the run; what was not measured is said not to be."""

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Any

from app.page.comparison_view import comparison_html, not_measured
from app.page.exhibit_figures import Line, curves
from app.page.exhibit_parts import (
    date,
    duration,
    exhibit,
    facts_list,
    fold,
    foreign,
    method_in_words,
    percent,
    plain,
    said,
    section,
    table,
    tiles,
    value_in_words,
)
from app.page.look import words
from app.page.trained import Exhibits, Point, Sampled, Setting, TrainingExhibit
from chatbot.language import number

SHORT_STRETCH = 0.5  # of the usual number of steps between two validations


class TrainingTab:
    """Layout of the tab; it has no actions.

    Args:
        exhibits: of the model that the page was opened for.
    """

    def __init__(self, exhibits: Exhibits):
        self.training, self.why = exhibits.training, exhibits.why

    def build(self, page: Any) -> None:
        """Adds the tab's component, inside `page`, the current `gr.Blocks`."""
        import gradio as gr

        gr.HTML(self.html(), elem_id="training-shown", padding=False)

    def html(self) -> str:
        """What the tab shows, in the current language."""
        if self.training is None:
            why = f'<p class="caution" role="note">{said(self.why or "")}</p>'
            return exhibit(section(words("Entraînement", "Training"), why))
        run = self.training
        measured = comparison_html(run.comparison) if run.comparison else [not_measured(run.measure_command)]
        return exhibit(_brief(run), _curves(run), *measured, *_samples(run), _settings(run))


def _brief(run: TrainingExhibit) -> str:
    figures = [
        (words("perte de validation, avant", "validation loss, before"), _loss(run.before)),
        (words("perte de validation, après", "validation loss, after"), _loss(run.after)),
        (words("pas", "steps"), number(run.steps)),
        (words("époques", "epochs"), number(run.epochs, 1).removesuffix(",0").removesuffix(".0")),
        (words("jetons lus", "tokens read"), _millions(run.tokens)),
        (words("durée", "time"), duration(run.seconds)),
    ]
    facts = [
        (words("Modèle de départ", "Base model"), f"<code>{plain(run.base)}</code>"),
        (words("Méthode", "Method"), method_in_words(run.method)),
        (words("Appareil", "Device"), plain(run.device)),
        (words("Précision", "Precision"), plain(" · ".join(filter(None, (run.precision, run.backend))))),
        (words("Vitesse", "Speed"), _speed(run)),
        (words("Lignes", "Rows"), _rows(run)),
        (words("Meilleurs poids", "Best weights"), _best(run)),
        (words("Les poids ont bougé de", "The weights moved by"), _moved(run.weights_moved)),
        (words("Fini le", "Finished on"), plain(date(run.date))),
    ]
    findings = "".join(f"<li>{foreign(said(one.text), one.language)}</li>" for one in run.findings)
    title = f"<h3>{words('Constats pendant l’entraînement', 'Findings while it trained')}</h3>"
    told = f'{title}<ul class="plain">{findings}</ul>' if findings else ""
    name = words(f"L'entraînement « {run.name} »", f"The run “{run.name}”")
    return section(plain(name), tiles(figures) + facts_list(facts) + told)


def _loss(loss: float) -> str:
    return number(loss, 3) if math.isfinite(loss) else "∞"


def _millions(tokens: int) -> str:
    if not tokens:
        return "—"
    return words(f"{number(tokens / 1e6, 1)} M", f"{number(tokens / 1e6, 1)}M") if tokens >= 1e6 else number(tokens)


def _speed(run: TrainingExhibit) -> str:
    if not run.tokens or not run.seconds:
        return ""
    speed = number(run.tokens / run.seconds)
    return words(
        f"{speed} jetons par seconde, validations comprises", f"{speed} tokens per second, validations included"
    )


def _rows(run: TrainingExhibit) -> str:
    text = words(f"{number(run.row_length)} jetons", f"{number(run.row_length)} tokens")
    if run.row_filled is not None:
        text += words(f", remplies à {percent(run.row_filled)}", f", {percent(run.row_filled)} filled")
    if run.truncated:
        text += _cut(run.truncated)
    return text


def _cut(count: int) -> str:
    """Of the dialogues that were trained and validated on, at the rows' length: *Données* counts those of all splits."""
    one, several = "dialogue d'entraînement ou de validation coupé", "dialogues d'entraînement et de validation coupés"
    noun = "dialogue" if count == 1 else "dialogues"
    return words(f" ; {number(count)} {several if count > 1 else one}",
                 f"; {number(count)} {noun} of training and validation cut")  # fmt: skip


def _best(run: TrainingExhibit) -> str:
    text = words(f"ceux du pas {number(run.best_step)}", f"those of step {number(run.best_step)}")
    ends = {"patience": words("arrêt anticipé", "stopped early"),
            "nan": words("arrêté : perte non finie", "stopped: loss not finite")}  # fmt: skip
    if run.stopped:
        planned = words(f"{number(run.planned_steps)} pas prévus", f"{number(run.planned_steps)} steps planned")
        text += f" ({plain(ends.get(run.stopped, run.stopped))}, {planned})"
    return text


def _moved(moved: float | None) -> str:
    """Of an adapter, which begins at 0, more than all of it."""
    if moved is None or not math.isfinite(moved):
        return ""
    return words(f"{number(100 * moved, 1)} % de leur taille au départ (0 % : rien n'a été appris ; un adaptateur part de presque "
                 "rien et peut dépasser 100 %)",
                 f"{number(100 * moved, 1)}% of their size at first (0%: nothing was learnt; an adapter begins at next to nothing "
                 "and may exceed 100%)")  # fmt: skip


def _curves(run: TrainingExhibit) -> str:
    """The losses, the learning rate, and their numbers."""
    if not run.curve:
        return section(
            words("Courbes", "Curves"), f"<p>{words('Aucune validation notée.', 'No validation noted.')}</p>"
        )
    last, (trained, merged) = max(point.step for point in run.curve), training_points(run.curve)
    losses = curves(
        [
            Line(name=words("entraînement", "training"), style="one", points=trained),
            Line(name=words("validation", "validation"), style="two",
                 points=[(0, run.before), *((p.step, p.validation_loss) for p in run.curve)]),
        ],
        title=words("Perte sur les réponses", "Loss on the answers"), up=words("nats par jeton de réponse", "nats per answer token"),
        across=words("pas de l'optimiseur", "optimizer steps"), last=last,
        mark=(run.best_step, words(f"poids gardés : {number(run.after, 2)}", f"weights kept: {number(run.after, 2)}")),
    )  # fmt: skip
    rates = curves(
        [Line(name=words("taux d'apprentissage × 1 000", "learning rate × 1,000"), style="one",
              points=[(p.step, 1000 * p.learning_rate) for p in run.curve])],
        title=words("Taux d'apprentissage", "Learning rate"), up=words("millièmes", "thousandths"),
        across=words("pas de l'optimiseur", "optimizer steps"), last=last,
    )  # fmt: skip
    lead = words("Chaque point est une validation. La perte d'entraînement est la moyenne depuis le point d'avant : elle tarde un peu "
                 "sur celle de validation.",
                 "Each point is a validation. The training loss is the mean since the point before: it lags a little behind that of "
                 "validation.")  # fmt: skip
    if merged:
        steps = words(f"{number(merged)} pas", f"{number(merged)} step{'' if merged == 1 else 's'}")
        lead += words(f" Le dernier tronçon ({steps}) est trop court pour une moyenne : il est joint à celui d'avant dans le dessin.",
                      f" The last stretch ({steps}) is too short for a mean: in the drawing it is joined to the one before.")  # fmt: skip
    rates = fold(words("Le taux d'apprentissage", "The learning rate"), rates) if rates else ""
    return section(words("Courbes", "Curves"), losses + _numbers(run) + rates, lead=lead)


def training_points(curve: Sequence[Point]) -> tuple[list[tuple[float, float]], int]:
    """(step, training loss) as they are drawn, and of how many steps the last stretch was where it is joined to the one
    before: the mean of a few steps would look like a fall or a climb."""
    points = [(float(point.step), point.loss) for point in curve]
    if len(points) < 3:
        return points, 0
    ends = [0, *(point.step for point in curve)]
    stretches = [end - begin for begin, end in pairwise(ends)]
    *usual, before, last = stretches
    if last > SHORT_STRETCH * median([*usual, before]):
        return points, 0
    joined = (before * points[-2][1] + last * points[-1][1]) / (before + last)
    return [*points[:-2], (points[-1][0], joined)], last


def _numbers(run: TrainingExhibit) -> str:
    head = [words("Pas", "Step"), words("époque", "epoch"), words("entraînement", "training"), words("validation", "validation"),
            words("taux", "rate")]  # fmt: skip
    rows = [["0", number(0, 2), "—", _loss(run.before), "—"]]
    rows += [
        [number(p.step), number(p.epoch, 2), _loss(p.loss), _loss(p.validation_loss), value_in_words(p.learning_rate)]
        for p in run.curve
    ]
    return fold(
        words("Les nombres des courbes", "The numbers of the curves"),
        table(head, rows, name=words("Pertes par pas", "Losses by step"), text=()),
    )


def _samples(run: TrainingExhibit) -> list[str]:
    if not run.samples:
        return []
    lead = words("Les mêmes questions de validation, posées avant l'entraînement et à chaque validation : réponses courtes, sans tirage.",
                 "The same validation questions, asked before the training and at each validation: short answers, nothing drawn.")  # fmt: skip
    body = "".join(_sampled(one, opened=place == 0) for place, one in enumerate(run.samples))
    return [section(words("Ce qu'il répondait en chemin", "What it answered on the way"), body, lead=lead)]


def _sampled(sampled: Sampled, *, opened: bool) -> str:
    rows = "".join(
        f"<dt>{words(f'pas {number(step)}', f'step {number(step)}')}</dt><dd>{plain(answer) or '—'}</dd>"
        for step, answer in sampled.answers
    )
    rows += f'<dt class="expected">{words("attendu", "expected")}</dt><dd>{plain(sampled.expected)}</dd>'
    return fold(plain(sampled.question), f'<dl class="steps">{rows}</dl>', opened=opened)


def _settings(run: TrainingExhibit) -> str:
    """What was set otherwise than by default first; the rest in a fold."""
    changed = [one for one in run.settings if one.changed]
    others = [one for one in run.settings if not one.changed]
    body = _setting_table(changed, words("Réglages changés", "Settings changed")) if changed else (
        f"<p>{words('Tout est par défaut.', 'Everything is by default.')}</p>"
    )  # fmt: skip
    count = words(
        f"Les {number(len(others))} autres, laissés par défaut",
        f"The {number(len(others))} others, left as they are by default",
    )
    body += fold(count, _setting_table(others, words("Réglages par défaut", "Settings by default")))
    return section(words("Réglages", "Settings"), body)


def _setting_table(settings: list[Setting], name: str) -> str:
    """What a setting is for stands under its name: a column of its own was out of a phone's sight."""
    head = [
        words("Réglage, et à quoi il sert", "Setting, and what it is for"),
        words("valeur", "value"),
        words("par défaut", "by default"),
    ]
    rows = [
        [
            f"<code>{plain(one.key)}</code><small>{said(one.doc)}</small>",
            value_in_words(one.value),
            value_in_words(one.default),
        ]
        for one in settings
    ]
    return f'<div class="settings">{table(head, rows, name=name)}</div>'
