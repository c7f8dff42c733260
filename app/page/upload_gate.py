"""Keeps uploads small before they are read, and the folder that they come to small as well.

Gradio counts the bytes of each file, but takes a thousand files at once, and leaves what a broken connection began.
"""

import shutil
import time
from pathlib import Path
from typing import Any

from app.page.look import words
from app.page.request import language_of, refuse
from app.page.upload_folder import private_uploads
from chatbot.language import current_language, speaking

__all__ = ["AROUND", "FULL", "UploadGate", "private_uploads"]

ROUTE = "/gradio_api/upload"
AROUND = 16 * 1024  # bytes of a form around its file
OLD = 600  # seconds after which an upload that nobody took is removed
FULL = 10  # times the largest file: what may lie there at most


class TooLarge(Exception):
    """The body has more bytes than it may have."""


class UploadGate:
    """ASGI middleware.

    Args:
        app: what is behind it.
        folder: where Gradio puts uploads, of this server alone: `private_uploads`.
        most_bytes: of a file.
    """

    def __init__(self, app: Any, folder: Path, most_bytes: int):
        self._app, self._folder, self._most = app, folder, most_bytes
        self._language = current_language()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or not scope["path"].rstrip("/").endswith(ROUTE):
            await self._app(scope, receive, send)
            return
        from starlette.concurrency import run_in_threadpool

        headers = dict(scope["headers"])
        announced = headers.get(b"content-length", b"0")
        room = await run_in_threadpool(self._room)
        if not announced.isdigit() or int(announced) > self._most + AROUND:
            await self._refuse(413, scope, send)
        elif not room:
            await self._swallowed(receive)
            await self._refuse(503, scope, send)
        else:
            await self._counted(scope, receive, send)

    async def _counted(self, scope: Any, receive: Any, send: Any) -> None:
        """The body passes as long as it is small enough, whatever was announced."""
        read, begun = 0, False

        async def counting() -> Any:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._most + AROUND:
                raise TooLarge
            return message

        async def noting(message: Any) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, counting, noting)
        except TooLarge:
            if not begun:
                await self._refuse(413, scope, send)

    async def _swallowed(self, receive: Any) -> None:
        """Reads a body of allowed size away: a browser that is still sending would not hear the answer."""
        read, more = 0, True
        while more and read <= self._most + AROUND:
            message = await receive()
            read, more = read + len(message.get("body", b"")), message.get("more_body", False)

    async def _refuse(self, status: int, scope: Any, send: Any) -> None:
        with speaking(language_of(scope, self._language)):
            said = words("Fichier trop grand.", "File too large.")
            if status == 503:
                said = words(
                    "Trop de fichiers attendent : réessayez plus tard.", "Too many files wait: try again later."
                )
        # Closed: the rest of the body is not read.
        await refuse(scope, send, status, said, {"connection": "close"})

    def _room(self) -> bool:
        """Whether there is room for one more, once what is old is gone."""
        size = 0
        for path in self._folder.iterdir() if self._folder.is_dir() else ():
            try:
                if time.time() - path.stat().st_mtime > OLD:
                    shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()
                    continue
                size += sum(file.stat().st_size for file in [path, *path.rglob("*")] if file.is_file())
            except OSError:  # taken away in the meantime
                continue
        return size <= FULL * self._most
