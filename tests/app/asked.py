"""A request to an ASGI application without a server: what tests of the middleware need where no socket matters."""

import asyncio


class Answer:
    """What the application sent."""

    def __init__(self):
        self.status, self.headers, self.body = None, {}, b""

    async def send(self, message):
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode().lower(): value.decode() for name, value in message["headers"]}
        else:
            self.body += message.get("body", b"")

    @property
    def text(self):
        return self.body.decode()


async def asked(app, path, *, method="GET", client="10.0.0.1", scheme="http", body=b"", **headers):
    """The answer to a request; a header's name is written with underscores."""
    given = {"host": "127.0.0.1:7860", **{name.replace("_", "-"): value for name, value in headers.items()}}
    scope = {
        "type": "http", "method": method, "path": path, "query_string": b"", "scheme": scheme, "client": (client, 1),
        "server": ("127.0.0.1", 7860), "headers": [(name.encode(), value.encode()) for name, value in given.items()],
    }  # fmt: skip
    answer, parts = Answer(), [body]

    async def receive():
        if parts:
            return {"type": "http.request", "body": parts.pop(), "more_body": False}
        await asyncio.Event().wait()

    await app(scope, receive, answer.send)
    return answer


async def welcome(scope, receive, send):
    """The smallest application: it reads the body, and says that all is well."""
    message = {"more_body": True}
    while message.get("more_body"):
        message = await receive()
        if message["type"] == "http.disconnect":
            return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"server", b"secret")]})
    await send({"type": "http.response.body", "body": b"welcome"})
