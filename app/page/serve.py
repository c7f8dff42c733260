"""The page as a whole: its tabs put together, warmed up and served."""

import html
import os
import socket
import threading
import webbrowser
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from app.page.chat import ChatTab
from app.page.look import CSS, LOGO, head, theme, words
from app.page.opinions import Opinions
from app.page.vote_look import CSS as VOTE_CSS
from app.page.warm_up import WarmUp
from chatbot.chat import Chat
from chatbot.errors import InputError
from chatbot.language import tr
from chatbot.runner import ChatModel
from chatbot.sampling import Sampling
from chatbot.session import facts_of
from chatbot.stream import WAITING

if TYPE_CHECKING:
    from app.page.user_test import UserTest

CLOSED = ("/gradio_api/upload", "/gradio_api/openapi.json")  # routes of Gradio that this page has no use for
# The browser itself then refuses to fetch anything from elsewhere, whatever a text may hold.
POLICY = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:"


def build_page(
    chat: Chat,
    *,
    title: str,
    examples: Sequence[str],
    sampling: Sampling,
    opinions: Opinions | None = None,
    user_test: "UserTest | None" = None,
) -> Any:
    """The page, as a `gr.Blocks` that is not served yet.

    Args:
        chat: the model to talk to.
        title: of the page, in its head and in the browser's tab.
        examples: questions to try, as plain text.
        sampling: how tokens are chosen at first.
        opinions: who keeps readers' opinions of answers, if anybody.
        user_test: a blind test, which then is the tab that opens.
    """
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # before the import: Gradio would call out
    import gradio as gr

    with gr.Blocks(title=title, analytics_enabled=False) as page:
        gr.HTML(header(chat, title), padding=False)
        with gr.Tabs(selected="user_test" if user_test else "chat"):
            with gr.Tab(words("Discuter", "Chat"), id="chat"):
                ChatTab(chat, examples=examples, sampling=sampling, opinions=opinions).build(page)
            if user_test:
                from app.page.user_test import UserTestTab

                with gr.Tab(words("Test à l'aveugle", "Blind test"), id="user_test"):
                    UserTestTab(user_test).build(page)
    return page.queue(max_size=WAITING, api_open=False)


def header(chat: Chat, title: str) -> str:
    """Logo, title, and which model answers."""
    about = " · ".join([f"<b>{html.escape(chat.name)}</b>", *facts_of(chat)])
    return f'<header id="header">{LOGO}<div><h1>{html.escape(title)}</h1><p class="model">{about}</p></div></header>'


def open_page(page: Any, *, host: str = "127.0.0.1", port: int = 7860, routes: Sequence[Any] = ()) -> str:
    """Serves the page in threads of its own, and returns its address.

    Args:
        page: what `build_page` returns.
        host: address to listen on.
        port: 0 takes a free one.
        routes: more addresses, of Starlette; they come before those of the page.

    Raises:
        InputError: the port is taken, or the host is not this machine.
    """
    from starlette.middleware import Middleware

    _, url, _ = page.launch(
        server_name=host, server_port=usable_port(host, port), prevent_thread_lock=True, inbrowser=False, quiet=True,
        share=False, ssr_mode=False, pwa=False, mcp_server=False, footer_links=[], run_history=False,
        enable_monitoring=False, max_file_size="1mb", state_session_capacity=1000,
        app_kwargs={"openapi_url": None, "middleware": [Middleware(Guard)], "routes": list(routes)}, theme=theme(), css=CSS + VOTE_CSS,
        head=head(),
    )  # fmt: skip
    return url


def usable_port(host: str, port: int) -> int:
    """The port, once it is known to be free; for 0, one that is.

    Raises:
        InputError: nothing can listen there.
    """
    try:
        with socket.create_server((host, port)) as server:
            return server.getsockname()[1]
    except OSError as error:
        raise InputError(
            tr(f"Impossible d'écouter sur {host}, port {port} : il est déjà pris, ou l'adresse n'est pas de cette machine.\n"
               "Fermez ce qui occupe le port, ou laissez-en choisir un libre : --port 0.",
               f"Cannot listen on {host}, port {port}: it is taken, or the address is not this machine's.\n"
               "Close what holds the port, or have a free one chosen: --port 0.")
        ) from error  # fmt: skip


class Guard:
    """ASGI middleware: unused routes do not exist, and pages fetch nothing from elsewhere."""

    def __init__(self, app: Any):
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        from starlette.responses import PlainTextResponse

        async def send_with_policy(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"content-security-policy", POLICY.encode())]
            await send(message)

        closed = scope["type"] == "http" and scope["path"].rstrip("/").endswith(CLOSED)
        app = PlainTextResponse("Not Found", status_code=404) if closed else self._app
        await app(scope, receive, send_with_policy)


def serve(
    chat: Chat,
    *,
    host: str = "127.0.0.1",
    port: int = 7860,
    title: str = "Causette",
    examples: Sequence[str] = (),
    sampling: Sampling | None = None,
    routes: Sequence[Any] = (),
    opinions: Opinions | None = None,
    user_test: "UserTest | None" = None,
    open_browser: bool = False,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serves the page until Ctrl-C.

    Args:
        chat: the model to talk to.
        host: address to listen on.
        port: 0 takes a free one.
        title: of the page.
        examples: questions to try, as plain text.
        sampling: how tokens are chosen at first; by default greedy, up to 160 tokens.
        routes: more addresses, see `open_page`.
        opinions: see `build_page`.
        user_test: see `build_page`.
        open_browser: whether to open the user's browser.
        on_ready: called with the page's address, once a first question is answered without delay.

    Raises:
        InputError: the port is taken, or the host is not this machine.
    """
    sampling, port = sampling or Sampling(max_new_tokens=160), usable_port(host, port)
    # In this order: Gradio's import and TensorFlow's tracing both parse Python code, which Python 3.11 cannot do in two
    # threads at once (python/cpython#106905).
    page = build_page(chat, title=title, examples=examples, sampling=sampling, opinions=opinions, user_test=user_test)
    with WarmUp(chat, sampling) as warm_up:
        try:
            url = open_page(page, host=host, port=port, routes=routes)
            warm_up.wait_for_first()
            if open_browser:
                webbrowser.open(url)
            if on_ready:
                on_ready(url)
            threading.Event().wait()
        except KeyboardInterrupt:
            pass
        finally:
            if isinstance(chat, ChatModel):
                chat.give_up()  # the server would wait for their end
            page.close(verbose=False)
