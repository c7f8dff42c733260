"""The page as a whole: its tabs put together, in both languages, warmed up and served."""

import os
import threading
import webbrowser
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from app.page.behind_look import CSS as BEHIND_CSS
from app.page.chat import ChatTab
from app.page.compare import CompareTab
from app.page.content import PageContent
from app.page.exhibit_look import CSS as EXHIBIT_CSS
from app.page.look import CSS, head, theme, words
from app.page.masthead import masthead
from app.page.protection import Protection
from app.page.refusal import refusal_head
from app.page.server import PageServer, usable_port
from app.page.spoken import speak
from app.page.tuning_look import CSS as TUNING_CSS
from app.page.upload_gate import private_uploads
from app.page.vote_look import CSS as VOTE_CSS
from app.page.warm_up import WarmUp
from chatbot.language import LANGUAGES, current_language, speaking
from chatbot.runner import ChatModel
from chatbot.stream import WAITING

# The model's own line is full before Gradio's is, and refuses in the reader's words.
QUEUE = 4 * WAITING
SESSIONS = 1000  # readers whose conversation is kept; the one who was away longest is forgotten first
STYLE = CSS + VOTE_CSS + BEHIND_CSS + EXHIBIT_CSS + TUNING_CSS


def build_page(content: PageContent) -> Any:
    """The page in the current language, as a `gr.Blocks` that is not served yet."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # before the import: Gradio would call out
    import gradio as gr

    with gr.Blocks(title=content.title, analytics_enabled=False) as page:
        gr.HTML(masthead(content.chat, content.title, logout=content.logout), padding=False)
        with gr.Tabs(selected="user_test" if content.user_test else "chat") as tabs:
            for name, label, build in tabs_of(content):
                # Of a tab that is rendered when it is first seen, the browser would remember nothing before.
                with gr.Tab(label, id=name, elem_id=f"tab-{name}", render_children=name == "training") as opened:
                    build(page, opened, tabs)
    page.state_session_capacity = SESSIONS
    speak(page, current_language())
    return page.queue(max_size=QUEUE, api_open=False)


def tabs_of(content: PageContent) -> list[tuple[str, str, Callable[[Any, Any, Any], object]]]:
    """Name, label and what builds it in the page, its own tab and all tabs; in their order."""
    tabs: list[tuple[str, str, Callable[[Any, Any, Any], object]]] = []

    def add(name: str, label: str, build: Callable[[Any, Any, Any], object]) -> None:
        tabs.append((name, label, build))

    chat = ChatTab(content)
    add("chat", words("Discuter", "Chat"), lambda page, tab, _: chat.build(page, tab))
    if content.models and len(content.models.names) > 1:
        add("compare", words("Comparer", "Compare"), lambda page, tab, _: CompareTab(content).build(page, tab))
    if content.user_test:
        add("user_test", words("Test à l'aveugle", "Blind test"), lambda page, *_: _user_test(content, page))
    if content.exhibits:
        add("data", words("Données", "Data"), lambda page, tab, _: _data(content, page, tab))
    if content.exhibits or content.tuning:
        add("training", words("Entraînement", "Training"), lambda page, _, tabs: _training(content, page, tabs, chat))
    if content.exhibits:
        add("about", words("À propos", "About"), lambda page, *_: _about(content, page))
    return tabs


def _user_test(content: PageContent, page: Any) -> None:
    from app.page.user_test import UserTestTab

    assert content.user_test
    UserTestTab(content.user_test).build(page)


def _data(content: PageContent, page: Any, tab: Any) -> None:
    from app.page.data_tab import DataTab

    assert content.exhibits
    DataTab(content.exhibits, dialogues=content.dialogues, atlas=content.atlas).build(page, tab)


def _training(content: PageContent, page: Any, tabs: Any, chat: ChatTab) -> None:
    from app.page.training_tab import TrainingTab
    from app.page.tuning_form import TuningForm

    if content.exhibits:
        TrainingTab(content.exhibits).build(page)
    if tuning := content.tuning:
        tried = TuningForm(tuning.jobs, tuning.on_ready, tuning.why()).build(page, tabs, "training")
        if tried and content.models:
            chat.controls.follow(*tried)


def _about(content: PageContent, page: Any) -> None:
    from app.page.about_tab import AboutTab

    assert content.exhibits
    AboutTab(content.exhibits, opinions=content.opinions is not None, user_test=content.user_test is not None).build(
        page
    )


def open_page(
    content: PageContent,
    *,
    host: str = "127.0.0.1",
    port: int = 7860,
    routes: Sequence[Any] = (),
    protection: Protection = Protection(),  # noqa: B008
    uploads: Path | None = None,
) -> PageServer:
    """Serves the page in threads of its own: in the current language at "/", in the other one at its name.

    Args:
        content: what it shows.
        host: address to listen on.
        port: 0 takes a free one.
        routes: more addresses, of Starlette; they come before those of the page.
        protection: what stands around the whole.
        uploads: the folder that `private_uploads` gives, where files may be sent.

    Raises:
        InputError: the port is taken, or the host is not this machine.
    """
    usable_port(host, port)  # told before the pages are made
    paths = {"/" if language == current_language() else f"/{language}": language for language in LANGUAGES}
    pages, heads = {}, {}
    for path, language in paths.items():
        with speaking(language):
            pages[path] = build_page(content)
            heads[path] = head(next(other[1:] and f"{other[1:]}/" for other in paths if other != path)) + refusal_head()
    return PageServer(
        pages, host=host, port=port, heads=heads, routes=routes,
        launch={"theme": theme(), "css": STYLE, "max_file_size": content.upload or None},
        guards=protection.guards(content.title, uploads, content.upload), shared=protection.shared,
    )  # fmt: skip


def serve(
    content: PageContent,
    *,
    host: str = "127.0.0.1",
    port: int = 7860,
    routes: Sequence[Any] = (),
    protection: Protection = Protection(),  # noqa: B008
    open_browser: bool = False,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serves the page until Ctrl-C.

    Args:
        content: what it shows.
        host: see `open_page`.
        port: see `open_page`.
        routes: see `open_page`.
        protection: see `open_page`.
        open_browser: whether to open the user's browser.
        on_ready: called with the page's address, once a first question is answered without delay.

    Raises:
        InputError: the port is taken, or the host is not this machine.
    """
    chat = content.chat
    with ExitStack() as stack:
        uploads = stack.enter_context(private_uploads()) if content.upload else None
        server = stack.enter_context(
            open_page(content, host=host, port=port, routes=routes, protection=protection, uploads=uploads)
        )
        try:
            # After Gradio's import: TensorFlow's tracing parses Python code too, which Python 3.11 cannot do in two
            # threads at once (python/cpython#106905).
            with WarmUp(chat, content.sampling) as warm_up:
                warm_up.wait_for_first()
                if open_browser:
                    webbrowser.open(server.url)
                if on_ready:
                    on_ready(server.url)
                ended = threading.Event()
                while not ended.wait(0.5):  # on Windows an endless wait would not hear Ctrl-C
                    pass
        except KeyboardInterrupt:
            pass
        finally:
            if isinstance(chat, ChatModel):
                chat.give_up()  # the server would wait for their end
