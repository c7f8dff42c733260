"""The comparison of a run with the generic model and the baselines: sentences, main measures, table, limits."""

from app.page.exhibit_figures import Bar, interval_told, intervals
from app.page.exhibit_parts import NONE, date, fold, marked, plain, said, section, table
from app.page.look import words
from app.page.trained import ComparedSplit, ComparisonExhibit, MeasureRow, Side
from chatbot.language import number, tr

LEADING = ("accuracy", "token_f1", "bits_per_byte")  # drawn, those that were measured
SIGNS = {"better": "★", "worse": "↓", "different": "≠", "unsure": "≈"}


def comparison_html(comparison: ComparisonExhibit) -> list[str]:
    """The card of a comparison: unseen questions first and open, the others folded."""
    splits = sorted(comparison.splits, key=lambda one: one.split != "test")
    first, *others = splits
    body = f"<h3>{said(first.title)}</h3>{_split(first, comparison.sides)}"
    body += "".join(fold(said(one.title), _split(one, comparison.sides)) for one in others)
    limits = "".join(f"<li>{marked(sentence)}</li>" for sentence in comparison.limits)
    body += fold(
        words("Ce que ces nombres disent, et ce qu'ils ne disent pas", "What these numbers say, and what they do not"),
        f'<ul class="plain">{limits}</ul>', opened=True,
    )  # fmt: skip
    lead = words("Mêmes questions, même décodage pour tous. Le trait fin sur chaque barre est l'intervalle à 95 %.",
                 "Same questions, same decoding for all. The thin line on each bar is the 95% interval.")  # fmt: skip
    if day := date(comparison.date):
        lead += words(f" Mesuré le {day}.", f" Measured on {day}.")
    return [section(words("Spécialisé contre générique", "Specialised against generic"), body, lead=plain(lead))]


def not_measured(command: str) -> str:
    """The card of a run that was not compared."""
    text = words("Non mesuré : cet entraînement n'a pas été comparé au modèle générique. Pour le mesurer :",
                 "Not measured: this run was not compared with the generic model. To measure it:")  # fmt: skip
    return section(
        words("Spécialisé contre générique", "Specialised against generic"), f"<p>{text}</p><p><code>{plain(command)}</code></p>"
    )  # fmt: skip


def _split(one: ComparedSplit, sides: tuple[Side, ...]) -> str:
    sentences = "".join(f"<li>{marked(sentence)}</li>" for sentence in one.conclusion)
    drawn = "".join(_drawn(row, sides) for row in one.rows if row.name in LEADING)
    asked = words(
        f"Toutes les mesures ({number(one.questions)} questions)", f"All measures ({number(one.questions)} questions)"
    )
    return (
        f'{drawn}<h4 style="margin-top: 16px">{words("Ce que cela montre", "What this shows")}</h4><ul class="plain">{sentences}</ul>'
        + fold(asked, _table(one, sides))
    )


def _drawn(row: MeasureRow, sides: tuple[Side, ...]) -> str:
    note = {
        True: words("plus haut est mieux", "higher is better"),
        False: words("plus bas est mieux", "lower is better"),
    }
    bars = [
        Bar(name=_name(side), style=side.role, value=value.value, low=value.low, high=value.high)
        for side, value in zip(sides, row.values, strict=True)
        if value
    ]
    return intervals(bars, title=said(row.label), note=note.get(row.higher, ""), digits=row.digits)  # type: ignore[arg-type]


def _name(side: Side) -> str:
    role = {"main": tr("spécialisé", "specialised"), "reference": tr("générique", "generic")}.get(side.role)
    return f"{said(side.name)} ({role})" if role else said(side.name)


def _table(one: ComparedSplit, sides: tuple[Side, ...]) -> str:
    head = [words("Mesure", "Measure"), *map(_name, sides), words("le spécialisé est", "the specialised is")]
    rows = []
    for row in one.rows:
        cells = []
        for value in row.values:
            if value is None:
                cells.append(f'<span title="{words("non mesuré", "not measured")}">{NONE}</span>')
                continue
            interval = (
                f"<small>{interval_told(value.low, value.high, row.digits)}</small>"
                if value.low is not None and value.high is not None
                else ""
            )
            cells.append(number(value.value, row.digits) + interval)
        told = f"{SIGNS.get(row.verdict, '')} {said(row.told)}".strip()
        rows.append([said(row.label), *cells, f'<span class="{row.verdict}">{told}</span>'])
    name = words(f"Mesures, {said(one.title)}", f"Measures, {said(one.title)}")
    note = words("Entre crochets : l'intervalle à 95 %, sur les groupes de questions. « — » : non mesuré, ou rien à comparer.",
                 "In brackets: the 95% interval, over groups of questions. “—”: not measured, or nothing to compare.")  # fmt: skip
    return table(head, rows, name=name, text=(0, len(sides) + 1)) + f'<p class="small">{note}</p>'
