"""Connections are counted before anybody has said what is wanted: one client cannot take them all."""

import resource
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from app.page.connections import KEPT, Connections, counted, room
from tests.app.asked import welcome
from tests.gate import PATIENCE, until

HALF = b"GET / HTTP/1.1\r\nHost: x\r\n"
OPEN_FILES = 1024
SERVED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (256, {most}))
from app.page.server import PageServer
from tests.app.asked import welcome
from starlette.routing import Route, Mount
server = PageServer({{}}, host="127.0.0.1", port=0, launch={{}}, heads={{}}, routes=[Mount("/", app=welcome)])
print(server.url.rstrip("/").rpartition(":")[2], server._connections._most, flush=True)
sys.stdin.read()
server.close()
"""


@pytest.fixture(scope="module")
def ports():
    """A server that the system allows as many open files as usual, and how many connections it takes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 2 * OPEN_FILES)), hard))
    code = SERVED.format(most=OPEN_FILES)
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1, text=True, cwd=root) as child:
        port, most = child.stdout.readline().split()
        yield int(port), int(most)
        child.stdin.close()
        assert child.wait(PATIENCE) == 0
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def opened(port, source="127.0.0.1", text=HALF):
    sock = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE, source_address=(source, 0))
    sock.sendall(text)
    return sock


def answer(sock):
    try:
        return sock.recv(1000)
    except ConnectionError:
        return b""


def whole(sock):
    """An answer to its last chunk."""
    text = b""
    while not text.endswith(b"0\r\n\r\n") and (piece := answer(sock)):
        text += piece
    return text


def test_more_connections_than_files_from_one_client_shut_nobody_else_out(ports):
    port, most = ports
    assert most == OPEN_FILES - KEPT  # the soft limit was raised
    with ExitStack() as stack:
        greedy = [stack.enter_context(opened(port)) for _ in range(1100)]
        began = time.monotonic()
        other = stack.enter_context(opened(port, "127.0.0.2", HALF + b"\r\n"))
        assert answer(other).startswith(b"HTTP/1.1 200") and time.monotonic() - began < 5
        last = answer(greedy[-1])
        assert last == b"" or last.startswith(b"HTTP/1.1 503")
        greedy[0].sendall(b"\r\n")  # who came first is still there
        assert answer(greedy[0]).startswith(b"HTTP/1.1 200")
    until(lambda: serves(port), "room for the same client again")


def serves(port):
    with opened(port, text=HALF + b"\r\n") as sock:
        return answer(sock).startswith(b"HTTP/1.1 200")


def test_a_class_behind_one_address_comes_in(ports):
    """Forty browsers, six connections each, all at the same time, one request after another."""
    with ExitStack() as stack:
        all_of_them = [stack.enter_context(opened(ports[0], text=HALF + b"\r\n")) for _ in range(240)]
        for _ in range(2):
            assert {whole(sock)[:12] for sock in all_of_them} == {b"HTTP/1.1 200"}
            for sock in all_of_them:
                sock.sendall(HALF + b"\r\n")


def test_they_are_counted_by_client_and_given_back():
    connections = Connections(3, 2)
    assert [connections.enter(client) for client in "aaabb"] == [True, True, False, True, False]
    connections.leave("a")
    assert connections.enter("b") and len(connections) == 3 and not connections.enter("c")
    for client in "abb":
        connections.leave(client)
    assert len(connections) == 0 and not connections._open


def test_there_is_room_for_what_is_no_connection(monkeypatch):
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (300, 1024))
    assert room() == 1024 - KEPT
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY,) * 2)
    assert room() == 2000


@pytest.mark.parametrize("before", [b"", HALF + b"\r\n"])
def test_a_head_that_never_ends_is_not_waited_for(before):
    """Neither the first one of a connection nor a later one; a body may take longer (see `Limits`)."""
    connections = Connections(10, 10)
    with running(counted(connections, hurry=0.3)) as port:
        with opened(port, text=before) as sock:
            if before:
                assert whole(sock).startswith(b"HTTP/1.1 200")
            sock.sendall(HALF)
            assert answer(sock) == b""
        until(lambda: len(connections) == 0, "giving it back")
        with opened(port, text=b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n") as sock:
            time.sleep(0.5)
            sock.sendall(b"ok")
            assert answer(sock).startswith(b"HTTP/1.1 200")


def running(protocol):
    import threading
    from contextlib import contextmanager

    import uvicorn

    @contextmanager
    def served():
        listening = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(welcome, http=protocol, ws="none", log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(PATIENCE)

    return served()
