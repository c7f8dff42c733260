"""HTTP of the local Hub: requests read, answers written, connections cut; it knows no repository."""

import json
import re
import socket
import struct
import sys
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote

from tests.hub_faults import Fault, Faults


@dataclass(frozen=True, kw_only=True)
class Request:
    method: str
    path: str  # still quoted: a branch may have a slash
    query: dict[str, list[str]]
    token: str | None
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body or b"{}")

    def asks(self, name: str) -> bool:
        return self.query.get(name, [""])[0].lower() in ("true", "1")

    def matches(self, pattern: str) -> re.Match[str] | None:
        return re.fullmatch(pattern, self.path)


@dataclass(frozen=True, kw_only=True)
class Reply:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class Refused(Exception):
    """An answer that is no success, with the Hub's own code and sentence."""

    def __init__(self, status: int, message: str, code: str = "", **more: Any):
        super().__init__(message)
        headers = {"X-Error-Message": message.encode("ascii", "replace").decode()} | (
            {"X-Error-Code": code} if code else {}
        )
        self.reply = said({"error": message, **more}, status=status, headers=headers)


def said(value: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    return Reply(
        status=status,
        body=json.dumps(value).encode(),
        headers={"Content-Type": "application/json; charset=utf-8", **(headers or {})},
    )


class Cut(ConnectionError):
    """The connection is to be closed without an answer."""


class HubServer(ThreadingHTTPServer):
    """Calls `answer(Request) -> Reply`, and notes (method, path, status) of each request; status 0 for one that was cut."""

    daemon_threads = True

    def __init__(self, answer: Any, faults: Faults) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.answer, self.faults = answer, faults
        self.requests: list[tuple[str, str, int]] = []

    def handle_error(self, *_: object) -> None:
        """A client that went away is no news."""


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: HubServer

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        fault = self.server.faults.taken(self.command, unquote(path))
        try:
            body = self._read(fault)
            reply = self._failed(fault) if fault and fault.kind == "fail" else self._answered(path, query, body)
            self._note(path, reply.status)
            self._write(reply, fault)
        except Cut:
            self._note(path, 0)
            self._slam()

    do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_GET

    def _answered(self, path: str, query: str, body: bytes) -> Reply:
        given = self.headers.get("authorization", "")
        request = Request(
            method=self.command,
            path=path,
            query=parse_qs(query, keep_blank_values=True),
            token=given.removeprefix("Bearer ") if given else None,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
        )
        try:
            reply: Reply = self.server.answer(request)
            return reply
        except Refused as refused:
            return refused.reply

    def _failed(self, fault: Fault) -> Reply:
        return said(fault.body or {"error": f"status {fault.status}"}, status=fault.status, headers=fault.headers)

    def _read(self, fault: Fault | None) -> bytes:
        """The body; no more than the fault leaves of it."""
        limit = fault.after if fault and fault.kind == "cut" else None
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            body = self._chunks(limit)
        else:
            length = int(self.headers.get("content-length") or 0)
            body = self.rfile.read(length if limit is None else min(limit, length))
        if limit is not None:
            raise Cut
        return body

    def _chunks(self, limit: int | None) -> bytes:
        parts, held = [], 0
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
            held += size
            if limit is not None and held >= limit:
                break
        else:
            self.rfile.readline()
        return b"".join(parts)

    def _write(self, reply: Reply, fault: Fault | None) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if "Content-Length" not in reply.headers:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if fault and fault.kind == "drop":
            self.wfile.write(reply.body[: fault.after])
            self.wfile.flush()
            self.close_connection = True
            return
        self.wfile.write(reply.body)

    def _note(self, path: str, status: int) -> None:
        self.server.requests.append((self.command, unquote(path), status))

    def _slam(self) -> None:
        """Closes at once: what was not read is lost, and the other side is told so."""
        self.close_connection = True
        self.connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
        )
        self.connection.shutdown(socket.SHUT_RD)
        self.rfile.close()
        self.wfile.close()
        self.connection.close()

    def log_message(self, *_: object) -> None:
        pass
