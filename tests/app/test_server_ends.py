"""The server's end: by Ctrl-C or a signal, with readers, without complaints, and without leaving anything behind."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from app.page.content import PageContent
from app.page.ending import ended_by_signals
from app.page.protection import Protection
from app.page.serve import open_page
from app.page.server import PageServer
from app.page.upload_folder import FILES, HELD, NAME, private_uploads, remove_left
from chatbot.sampling import Sampling
from tests.app.votes import Parrot
from tests.gate import PATIENCE, until

ROOT = Path(__file__).parents[2]
VALUES = (0.0, 1.0, 0, 1.0, 24)  # of the sliders
SIGTERM_ALONE = pytest.mark.skipif(os.name != "posix", reason="no signals")


async def endless():
    while True:
        yield b"."
        await asyncio.sleep(0.01)


async def failing():
    yield b"."
    while True:
        try:
            await asyncio.sleep(60)
        except BaseException as error:  # as Gradio does with a stream that is broken off
            raise RuntimeError("broken") from error


async def never(request):
    await asyncio.sleep(60)
    return PlainTextResponse("never")


async def announced(scope, receive, send):
    """Less than it says."""
    headers = [(b"content-length", b"100")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b".", "more_body": True})
    await asyncio.sleep(60)


class Announced:
    async def __call__(self, scope, receive, send):
        await announced(scope, receive, send)


ROUTES = [
    Route("/endless", lambda _: StreamingResponse(endless())),
    Route("/failing", lambda _: StreamingResponse(failing())),
    Route("/never", never),
    Route("/announced", Announced()),
]


def reader(port, path):
    sock = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    sock.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    return sock


def test_readers_who_are_left_make_no_noise(capfd):
    with ExitStack() as stack:
        server = PageServer({}, host="127.0.0.1", port=0, launch={}, heads={}, routes=ROUTES)
        port = int(server.url.rstrip("/").rpartition(":")[2])
        paths = ["/endless", "/failing", "/announced", "/never"] * 3
        readers = [stack.enter_context(reader(port, path)) for path in paths]
        for path, sock in zip(paths, readers, strict=True):
            assert path == "/never" or sock.recv(1000).startswith(b"HTTP/1.1 200")
        began = time.monotonic()
        server.close()
        assert time.monotonic() - began < 4
    assert capfd.readouterr().err == ""


def test_an_error_is_still_told_while_the_server_goes_on(capfd):
    async def broken(request):
        raise RuntimeError("a fault of ours")

    with (
        PageServer({}, host="127.0.0.1", port=0, launch={}, heads={}, routes=[Route("/", broken)]) as server,
        reader(int(server.url.rstrip("/").rpartition(":")[2]), "/") as sock,
    ):
        assert b" 500 " in sock.recv(1000)
        until(lambda: "a fault of ours" in capfd.readouterr().err, "telling of it")


def test_an_open_page_makes_no_noise(capfd):
    """Its heartbeats, and the stream of an answer that is being written."""
    import httpx

    from tests.app.visitors import function_of

    written = threading.Event()

    class Slow(Parrot):
        def reply(self, messages, sampling=None, *, likely=0):
            reply = super().reply(messages, sampling)
            pieces = reply.pieces

            def slowly():
                for piece in pieces:
                    yield piece
                    written.wait(PATIENCE)

            reply.pieces = slowly()
            return reply

    content = PageContent(chat=Slow(), sampling=Sampling(max_new_tokens=24))
    server = open_page(content, port=0, protection=Protection(rate=0))
    blocks = server._mounted[-1].get_blocks()
    port = int(server.url.rstrip("/").rpartition(":")[2])
    ask, listen = function_of(blocks, "ask"), function_of(blocks, "listen")
    body = {"event_data": None, "trigger_id": 0}
    with (
        ExitStack() as stack,
        httpx.Client(base_url=server.url) as client,
    ):
        readers = []
        for number in range(3):
            mine = {**body, "session_hash": f"s{number}"}
            asked = {"data": [None, "Bonjour à tous", *VALUES], "fn_index": ask}
            client.post("gradio_api/run/predict", json={**mine, **asked}).raise_for_status()
            client.post("gradio_api/queue/join", json={**mine, "data": [None], "fn_index": listen}).raise_for_status()
            readers.append(stack.enter_context(reader(port, f"/gradio_api/queue/data?session_hash=s{number}")))
            readers.append(stack.enter_context(reader(port, f"/gradio_api/heartbeat/h{number}")))
        for sock in readers[::2]:
            until(lambda sock=sock: b"process_generating" in sock.recv(100_000), "the answer's beginning")
        server.close()
        written.set()
    told = capfd.readouterr().err
    assert "Traceback" not in told and "Cancel" not in told, told


# -- signals ----------------------------------------------------------------------------------------------------------


@SIGTERM_ALONE
@pytest.mark.parametrize("number", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_a_signal_closes_all_that_is_open(number, tmp_path):
    code = (
        "import threading\n"
        "from contextlib import ExitStack\n"
        "from app.page.ending import ended_by_signals\n"
        "from app.page.upload_folder import private_uploads\n"
        "with ExitStack() as stack:\n"
        "    stack.enter_context(ended_by_signals())\n"
        "    stack.callback(print, 'closed', flush=True)\n"
        "    folder = stack.enter_context(private_uploads())\n"
        "    (folder / 'a.csv').write_text('secret')\n"
        "    try:\n"
        "        print('ready', flush=True)\n"
        "        threading.Event().wait()\n"
        "    except KeyboardInterrupt:\n"
        "        pass\n"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", code], stdout=-1, text=True, cwd=ROOT, env=environment) as child:
        assert child.stdout.readline() == "ready\n" and list(tmp_path.rglob("a.csv"))
        child.send_signal(getattr(signal, number))
        assert child.stdout.readline() == "closed\n"
        assert child.wait(PATIENCE) == 0
    assert list(tmp_path.iterdir()) == []


@SIGTERM_ALONE
def test_handlers_are_as_before_and_other_threads_do_nothing():
    before = signal.getsignal(signal.SIGTERM)
    with ended_by_signals():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
    seen = []

    def elsewhere():
        with ended_by_signals():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [before]


# -- uploads of those who could not clean up ----------------------------------------------------------------------------


def test_the_uploads_of_a_killed_server_are_removed_by_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    code = (
        "import sys, tempfile\n"
        f"tempfile.tempdir = {str(tmp_path)!r}\n"
        "from app.page.upload_folder import private_uploads\n"
        "with private_uploads() as folder:\n"
        "    (folder / 'a.csv').write_text('secret')\n"
        "    print(folder, flush=True); sys.stdin.read()\n"
    )
    strange = tmp_path / f"{NAME}stranger"  # without a lock: of whom?
    strange.mkdir()
    with subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1, text=True, cwd=ROOT) as child:
        files = Path(child.stdout.readline().strip())
        os.utime(files.parent / HELD, (0, 0))
        with private_uploads() as ours:
            assert files.exists() and ours != files and os.environ["GRADIO_TEMP_DIR"] == str(ours)
        assert (files / "a.csv").exists() and not ours.exists()  # its server lives
        child.kill()
        child.wait()
    assert (files / "a.csv").exists()
    with private_uploads():
        assert not files.parent.exists() and strange.exists()


def test_a_folder_that_is_just_being_made_stays(tmp_path):
    folder = tmp_path / f"{NAME}new"
    (folder / FILES).mkdir(parents=True)
    (folder / HELD).touch()
    remove_left(tmp_path)
    assert folder.exists()
    os.utime(folder / HELD, (0, 0))
    (tmp_path / f"{NAME}link").symlink_to(tmp_path)
    remove_left(tmp_path)
    assert not folder.exists() and (tmp_path / f"{NAME}link").is_symlink()
