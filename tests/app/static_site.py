"""A static Space on this machine: its files over HTTP, as the Hub serves them, and what was asked for."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Site:
    """Where it is, and what browsers asked it for.

    Args:
        url: of the page.
        asked: paths, in their order.
        instead: path → the bytes that are served in place of the file; None for an answer 404.
    """

    def __init__(self, url: str):
        self.url = url
        self.asked: list[str] = []
        self.instead: dict[str, bytes | None] = {}


@contextmanager
def served_site(folder: Path) -> Iterator[Site]:
    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self):
            path = self.path.partition("?")[0]
            site.asked.append(path)
            if path not in site.instead:
                return super().do_GET()
            content = site.instead[path]
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Type", self.guess_type(path))
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder))) as server:
        server.daemon_threads = True
        site = Site(f"http://127.0.0.1:{server.server_port}/")
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield site
        server.shutdown()
        thread.join()
