"""What a training shows: its curve in characters, an answer before and after, and nothing that drives the terminal."""

import io

import pytest
from rich.console import Console

from app import progress
from app.loss_chart import LossChart
from app.output import Output, short
from app.progress import TrainingBar, exchange
from training.diagnosis import Finding
from training.loop import StepReport
from training.runs import HistoryRow
from training.samples import Sample

WGL4 = set("─│┌┐└┘┤┬○●▲ ")  # in the fonts of Windows' consoles


def chart_of(*losses: float, validation=((0, 6.0), (2, 5.0))) -> LossChart:
    return LossChart(
        total=len(losses),
        training=[(step, loss) for step, loss in enumerate(losses, start=1)],
        validation=list(validation),
    )


def text_of(chart: LossChart, width: int = 80) -> list[str]:
    return [line.plain for line in chart.lines(width)]


def test_the_curve_falls_where_the_loss_falls():
    lines = text_of(chart_of(6.0, 5.0, 4.0, 3.0, 2.0, 1.0, validation=[(0, 6.0), (3, 4.5), (6, 3.0)]))
    body = [line[6:] for line in lines[1:11]]
    assert lines[1].startswith("6,00 ┤○") and lines[10].startswith("1,00 ┤")
    lowest = [max((row for row in range(10) if body[row][column:column + 1] in set("─│┌┐└┘")), default=None)
              for column in range(0, 74, 10)]  # fmt: skip
    drawn = [row for row in lowest if row is not None]
    assert drawn == sorted(drawn) and drawn[-1] - drawn[0] >= 7
    assert sum(line.count("●") for line in lines[1:11]) == 1 and "la meilleure\u00a0: 3,000 au pas 6" in lines[-1]
    assert lines[-2].strip().endswith("6 pas")


@pytest.mark.parametrize("width", [30, 60, 80, 200])
def test_it_fits_and_uses_signs_that_every_console_has(width):
    steps = [6 - 5 * step / 400 for step in range(400)]
    lines = text_of(chart_of(*steps, validation=[(0, 6.0), (100, 4.0), (200, 3.0), (400, 3.5)]), width)
    assert max(map(len, lines)) <= width
    strange = {sign for line in lines[1:12] for sign in line if not sign.isalnum()} - WGL4 - set(",\u202f")
    assert not strange


def test_what_is_off_the_chart_is_at_its_edge_and_flat_losses_are_drawn():
    lines = text_of(chart_of(6.0, 20.0, 500.0, validation=[(0, 6.0), (3, 900.0)]))
    assert lines[1].startswith("12,00 ┤") and lines[1].count("▲") == 1
    assert text_of(chart_of(float("nan"), 6.0, validation=[(0, 6.0), (2, 6.0)]))
    assert text_of(chart_of(1.0, validation=[(0, 1.0)])) == []  # nothing to see before the first validation


def test_losses_are_written_in_the_users_language():
    from chatbot.language import set_language

    set_language("en")
    assert "the best: 5.000 at step 2" in text_of(chart_of(6.0, 5.0))[-1]


def sample(step: int, answer: str, name: str = "a") -> Sample:
    return Sample(step=step, id=name, question="Où ?", expected="Ici.", answer=answer)


def test_an_answer_before_and_now_without_its_control_characters():
    samples = [sample(0, "\x1b]0;pwned\x07\x1b[2Jrien\nde bon [bold]"), sample(0, "x", "b"), sample(9, "Ici." * 90)]
    lines = [line.plain for line in exchange(samples, 60)]
    assert (
        lines[1:3] == ["  Question  Où ?", "  Attendu   Ici."]
        and lines[3] == "  Avant     ]0;pwned[2Jrien de bon [bold]"
    )
    assert lines[4].startswith("  Pas 9     Ici.Ici.") and lines[4].endswith("…") and len(lines[4]) == 60
    assert "Pas" not in "".join(line.plain for line in exchange(samples[:2], 60))
    assert short("\x9b31m") == "31m"


def shown(monkeypatch, *, terminal: bool, height: int = 40) -> tuple[TrainingBar, io.StringIO]:
    """A bar on a console of its own."""
    stream = io.StringIO()
    console = Console(
        file=stream,
        force_terminal=terminal,
        width=80,
        height=height,
        soft_wrap=True,
        highlight=False,
        legacy_windows=False,
    )
    monkeypatch.setattr(progress, "advice", console)
    monkeypatch.setattr("app.output.advice", console)
    return TrainingBar(Output()), stream


def watched(bar: TrainingBar) -> None:
    """A training of six steps, as `train` tells of it."""
    with bar:
        bar.plan(6, 0)
        bar.samples([sample(0, "rien")])
        bar.start(6.0, [], [sample(0, "rien")])
        for step in range(1, 7):
            bar.step(
                StepReport(step=step, loss=6.0 - step, learning_rate=1e-3, tokens=10, trained_tokens=5, seconds=0.1)
            )
            if step % 2 == 0:
                bar.validation(HistoryRow(
                    step=step, epoch=1.0, loss=6.0 - step, validation_loss=6.0 - step / 2, learning_rate=1e-3,
                    tokens_per_second=100.0, seconds=1.0,
                ))  # fmt: skip
                bar.samples([sample(step, f"après {step}")])
        bar.finding(Finding(key="divergence", step=6, text="La perte diverge."))
        bar.end()
        bar.say("fin")


def test_without_a_terminal_the_curve_comes_once_at_the_end(monkeypatch):
    bar, stream = shown(monkeypatch, terminal=False)
    watched(bar)
    text = stream.getvalue()
    assert text.count("Perte sur les réponses") == 1 and "\x1b" not in text
    assert text.index("pas 6 (époque") < text.index("Perte sur les réponses") < text.index("fin")
    assert "Attention\u00a0: La perte diverge." in text and "Pas 6     après 6" in text and "après 4" not in text


def test_on_a_terminal_the_curve_is_drawn_anew_in_its_place(monkeypatch):
    bar, stream = shown(monkeypatch, terminal=True)
    watched(bar)
    text = stream.getvalue()
    assert text.count("\x1b[1A") > 20 and "(époque" not in text  # it goes up, and does not scroll away
    assert text.rindex("Perte sur les réponses") < text.index("fin")
    last = text[text.rindex("Perte sur les réponses") :]
    assert "après 6" in last and "6/6" in last


def test_a_low_terminal_gets_lines_and_the_curve_at_the_end(monkeypatch):
    bar, stream = shown(monkeypatch, terminal=True, height=15)
    watched(bar)
    assert stream.getvalue().count("Perte sur les réponses") == 1 and "(époque" in stream.getvalue()


def test_a_resumed_training_shows_what_was_before(monkeypatch):
    bar, stream = shown(monkeypatch, terminal=False)
    before = HistoryRow(
        step=4, epoch=1.0, loss=2.0, validation_loss=3.0, learning_rate=1e-3, tokens_per_second=1.0, seconds=1.0
    )
    with bar:
        bar.plan(8, 4)
        bar.start(6.0, [before], [sample(0, "rien"), sample(4, "mieux")])
        bar.end()
    assert "6,00 ┤○" in stream.getvalue() and "la meilleure\u00a0: 3,000 au pas 4" in stream.getvalue()
    assert "Pas 4     mieux" in stream.getvalue()
