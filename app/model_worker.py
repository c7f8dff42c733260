"""The process of a `ModelProcess`: loads a model and serves it by our own API on this machine.

Its standard input brings one line of JSON, the order, and then stays open for as long as the parent lives: whatever
becomes of that one, this process ends with it. Its standard output takes one line of JSON back: where the model is and
what it is, or why it cannot be.
"""

import json
import os
import signal
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from app.quiet import load_keras
from chatbot.errors import CausetteError
from chatbot.locate import locate
from chatbot.sampling import Sampling

KILLED_FIRST = "500"  # of 1,000: where memory is short, Linux ends this process rather than the page


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):  # said to all processes at once, they are the parent's affair
        signal.signal(number, signal.SIG_IGN)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(KILLED_FIRST)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints is no answer
    order = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        _serve(order, lambda value: print(json.dumps(value), file=answers, flush=True))
    except CausetteError as error:
        print(json.dumps({"error": type(error).__name__, "message": str(error)}), file=answers, flush=True)


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def _serve(order: dict[str, Any], tell: Any) -> None:
    """For ever, once the model is loaded and a first question is answered without delay."""
    loading = order["loading"]
    locate(loading["model"])  # a wrong name is told before Keras is loaded, which takes seconds
    load_keras()
    from app.page.warm_up import WarmUp
    from chatbot.model import load_model
    from chatbot.runner import ChatModel

    chat = ChatModel(
        load_model(loading["model"], template=loading["template"], bits=loading["bits"]), loading["weights"]
    )
    with WarmUp(chat, Sampling(**order["sampling"])) as warm_up:
        warm_up.wait_for_first()
        listening = socket.create_server(("127.0.0.1", 0))
        server = threading.Thread(target=_answer, args=(chat, order["key"], listening), name="server")
        server.start()
        tell(
            {
                "port": listening.getsockname()[1],
                "facts": {
                    name: getattr(chat, name) for name in ("name", "context", "parameters", "exchanges", "at_once")
                },
            }
        )
        server.join()


def _answer(chat: Any, key: str, listening: socket.socket) -> None:
    """In a thread that is not the main one, where uvicorn takes no signals."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.routing import Mount

    from app.api.routes import api

    app = Starlette(routes=[Mount("/v1", app=api(chat, Sampling(), key))])
    config = uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="off", ws="none",
        timeout_keep_alive=24 * 3600,  # the parent ends a connection: else its next question might meet the end of one
    )  # fmt: skip
    uvicorn.Server(config).run([listening])


if __name__ == "__main__":
    main()
