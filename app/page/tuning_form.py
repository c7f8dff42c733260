"""The tab "Entraîner": a reader's file is examined, then trained on while the chat goes on, then tried.

The page is a picture of `Jobs.view`: a page loaded again shows the same. What the browser keeps is a random name.
"""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.page.drawing import notice_html
from app.page.look import words
from app.page.tuning_cards import file_card, found_card, progress_card, result_card
from app.page.tuning_drawing import diagnosis_html, progress_html, result_html, safe, why_not_html
from app.page.tuning_jobs import Jobs, Person, Settings, View
from app.page.tuning_look import TOO_LARGE
from chatbot.errors import CausetteError, InputError
from chatbot.language import tr

EVERY = 5.0  # seconds between two looks at a training: 12 of the 60 questions that a reader may ask in a minute

OnReady = Callable[[str, Path], object]


class TuningForm:
    """Layout and actions of the tab.

    Args:
        jobs: who does the work; None where this server trains nothing.
        on_ready: told the name and the run folder of a model that its reader wants to try.
        why: the sentence that is shown in place of the form, without `jobs`.
    """

    def __init__(self, jobs: Jobs | None, on_ready: OnReady = lambda name, folder: None, why: str = ""):
        self.jobs, self.on_ready, self.why = jobs, on_ready, why

    # -- actions: each returns `_shown` -----------------------------------------------------------------------------

    def open(self, person: Person, here: bool) -> tuple:
        return self._shown(person, here)

    def tick(self, person: Person, here: bool, stage: str) -> tuple:
        """A look at the training; all but its progress is left alone while nothing else changed."""
        view = self._jobs.view(person)
        if stage != _stage(view) or view.progress is None:
            return self._drawn(here, view)
        import gradio as gr

        kept = [gr.skip() for _ in self._drawn(here, view)]
        kept[PROGRESS] = gr.update(value=progress_html(view.progress, mine=view.state == "running"))
        return tuple(kept)

    def send(self, person: Person, here: bool, file: object) -> tuple:
        """An uploaded file, as Gradio has checked that it was uploaded."""
        if not isinstance(file, dict):
            return self._shown(person, here)
        path = Path(str(file.get("path")))
        try:
            _require_upload(path)
            known = self._jobs.take(person, path, str(file.get("orig_name") or path.name))
        except CausetteError as error:
            return self._shown(person, here, str(error))
        return known, *self._shown(known, here)[1:]

    def choose(self, person: Person, here: bool, question: object, answer: object) -> tuple:
        return self._after(person, here, lambda jobs: jobs.choose(person, str(question), str(answer)))

    def start(self, person: Person, here: bool, base: object, method: object, epochs: object) -> tuple:
        def begin(jobs: Jobs) -> None:
            jobs.start(person, settings_of(base, method, epochs))

        return self._after(person, here, begin)

    def cancel(self, person: Person, here: bool) -> tuple:
        return self._after(person, here, lambda jobs: jobs.cancel(person))

    def forget(self, person: Person, here: bool) -> tuple:
        return self._after(person, here, lambda jobs: jobs.forget(person))

    def delete(self, person: Person, here: bool, name: object) -> tuple:
        return self._after(person, here, lambda jobs: jobs.delete(person, str(name)))

    def try_it(self, person: Person, here: bool, name: object) -> tuple:
        results = {result.name: result for result in self._jobs.view(person).results}
        if not isinstance(name, str) or name not in results:
            gone = words("Ce modèle n'est plus là.", "That model is gone.")
            return self._shown(person, here, gone)
        told = words(f"« {name} » est dans la liste des modèles : choisissez-le dans l'onglet « Discuter ».",
                     f"“{name}” is in the list of models: choose it in the tab “Chat”.")  # fmt: skip
        return self._after(person, here, lambda jobs: self.on_ready(name, results[name].folder), told)

    def look_at(self, person: Person, name: object) -> Any:
        """Another of the reader's models."""
        import gradio as gr

        found = [result for result in self._jobs.view(person).results if result.name == name]
        return gr.update(value=result_html(found[0])) if found else gr.skip()

    def _after(self, person: Person, here: bool, act: Callable[[Jobs], object], told: str = "") -> tuple:
        try:
            act(self._jobs)
        except CausetteError as error:
            return self._shown(person, here, str(error))
        return self._shown(person, here, told)

    @property
    def _jobs(self) -> Jobs:
        assert self.jobs is not None
        return self.jobs

    # -- what is shown ----------------------------------------------------------------------------------------------

    def _shown(self, person: Person, here: bool, notice: str = "") -> tuple:
        return self._drawn(here, self._jobs.view(person), notice)

    def _drawn(self, here: bool, view: View, notice: str = "") -> tuple:
        """Person and stage, notice, timer, then each card with what changes in it, in the order of `build`.

        The person is left alone: a page that loads may ask before the browser has remembered them.
        """
        import gradio as gr

        progress, found, results = view.progress, view.diagnosed, view.results
        mine = view.state == "running"
        examined = view.state == "examined" and found is not None
        question, answer = (found.chosen or (None, None)) if found else (None, None)
        header = [(safe_name(name), value) for name, value in found.header] if found else []
        return (
            gr.skip(),
            _stage(view),
            notice_html(notice or view.notice),
            gr.update(active=bool(here and progress)),
            gr.update(visible=progress is not None),
            gr.update(value=progress_html(progress, mine=mine) if progress else ""),
            gr.update(visible=mine),
            gr.update(visible=bool(results) and not mine),
            gr.update(choices=[result.name for result in results], value=results[0].name if results else None,
                      visible=len(results) > 1),
            gr.update(value=result_html(results[0]) if results else ""),
            *_sure(False),
            gr.update(visible=view.state == "empty"),
            gr.update(value=None),
            gr.update(visible=examined),
            gr.update(value=diagnosis_html(found) if found else ""),
            gr.update(visible=len(header) > 1),
            gr.update(choices=header, value=question),
            gr.update(choices=header, value=answer),
            gr.update(interactive=bool(found and found.enough and progress is None)),
            gr.update(value=why_not_html(found, busy=progress is not None)),
        )  # fmt: skip

    # -- layout -----------------------------------------------------------------------------------------------------

    def build(self, page: Any, tabs: Any = None, tab: str = "tuning") -> tuple[Any, Any] | None:
        """Adds the tab's components and wires them, inside `page`, the current `gr.Blocks`.

        Args:
            page: what they are in.
            tabs: the `gr.Tabs` around; without, the form is always in sight.
            tab: the id of the form's tab among them. It needs `render_children=True`, or the browser remembers nobody
                before the tab is seen.
        """
        import gradio as gr

        if self.jobs is None:
            gr.HTML(f"<p>{safe(self.why)}</p>", elem_classes=["card", "tuning"], padding=False)
            return None
        # The browser's memory is no secret of ours: it holds a random name.
        person = gr.BrowserState(None, storage_key="causette-tuning", secret="causette-tuning")
        stage, here = gr.State(""), gr.State(tabs is None or tabs.selected == tab)
        notice = gr.HTML(elem_id="tuning-notice", elem_classes="notice", padding=False)
        timer = gr.Timer(EVERY, active=False)
        at_work, made, file, found = (
            progress_card(),
            result_card(),
            file_card(self._jobs.limits, self._jobs.most_bytes),
            found_card(self._jobs.bases),
        )
        shown = [
            person, stage, notice, timer, at_work.card, at_work.drawn, at_work.cancel, made.card, made.which, made.drawn,
            made.delete, made.sure, made.stay, file.card, file.send, found.card, found.drawn, found.columns,
            found.question, found.answer, found.start, found.why_not,
        ]  # fmt: skip
        who: list[Any] = [person, here]
        private: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
        page.load(self.open, who, shown, **private)
        page.load(None, js=TOO_LARGE, **private)
        timer.tick(self.tick, [*who, stage], shown, **private)
        # Not preprocessed: Gradio would write an empty file for each; that the file was uploaded it checks all the same.
        file.send.upload(self.send, [*who, file.send], shown, preprocess=False, **{**private, "queue": True},
                         concurrency_id="examine", concurrency_limit=2)  # fmt: skip
        for column in (found.question, found.answer):
            column.input(self.choose, [*who, found.question, found.answer], shown, **private)
        found.start.click(self.start, [*who, found.base, found.method, found.epochs], shown, **private)
        found.forget.click(self.forget, who, shown, **private)
        at_work.cancel.click(self.cancel, who, shown, **private)
        made.which.input(self.look_at, [person, made.which], made.drawn, **private)
        tried = made.try_it.click(self.try_it, [*who, made.which], shown, **private)
        asking = [made.delete, made.sure, made.stay]
        made.delete.click(lambda: _sure(True), None, asking, **private)
        made.stay.click(lambda: _sure(False), None, asking, **private)
        made.sure.click(self.delete, [*who, made.which], shown, **private)
        if tabs is not None:
            self._follow(tabs, tab, person, here, shown, private)
        return tried, made.which

    def _follow(self, tabs: Any, tab: str, person: Any, here: Any, shown: list[Any], private: dict[str, Any]) -> None:
        """The timer rests while another tab is in sight."""
        import gradio as gr

        def selected(person: Person, event: gr.SelectData) -> tuple:
            seen = event._data.get("id") == tab
            return seen, *self.open(person, seen)

        tabs.select(selected, person, [here, *shown], **private)


PROGRESS = 5  # the place of the progress among what `_drawn` gives


def settings_of(base: object, method: object, epochs: object) -> Settings:
    """What a reader chose; the server knows which are there.

    Raises:
        InputError: no whole number of epochs.
    """
    whole: int | None = None
    with contextlib.suppress(TypeError, ValueError, OverflowError):
        whole = int(epochs) if int(epochs) == epochs else None  # type: ignore[call-overload]
    if whole is None or method not in ("full", "lora"):
        raise InputError(tr("Ce réglage n'est pas au choix.", "That setting is not among the choices."))
    return Settings(base=str(base), method=method, epochs=whole)


def safe_name(name: str) -> str:
    """The name of a column as a list shows it, which escapes by itself."""
    shown = " ".join(name.split())
    return f"{shown[:60]}…" if len(shown) > 60 else shown


def _sure(asked: bool) -> tuple:
    """The buttons to delete: the first one, or the question whether one is sure."""
    import gradio as gr

    return gr.update(visible=not asked), gr.update(visible=asked), gr.update(visible=asked)


def _stage(view: View) -> str:
    """The same while nothing but the progress changes."""
    results = ",".join(result.name for result in view.results)
    return f"{view.state} {view.progress is not None} {results} {view.notice}"


def _require_upload(path: Path) -> None:
    """Gradio checks it too; nothing else may ever be taken away.

    Raises:
        InputError: the file was not uploaded.
    """
    from gradio.utils import get_upload_folder

    if (
        not path.is_file()
        or path.is_symlink()
        or not path.resolve().is_relative_to(Path(get_upload_folder()).resolve())
    ):
        raise InputError(tr("Ce fichier n'a pas été envoyé.", "That file was not sent."))
