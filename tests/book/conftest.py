"""The built book, on the disk and served."""

import functools
import gzip
import http.server
import io
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.book.pages import HTML, NO_BOOK


@pytest.fixture(scope="session")
def html():
    """The folder of the built book."""
    if not (HTML / "book" / "index.html").is_file():
        pytest.skip(NO_BOOK)
    return HTML


class SilentHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


class CompressingHandler(SilentHandler):
    """Serves what is text in gzip, as the usual hosts of pages do."""

    protocol_version = "HTTP/1.1"  # one connection for many files
    TEXT = (".html", ".css", ".js", ".json", ".svg")

    def send_head(self):
        path = Path(self.translate_path(self.path))
        if path.suffix not in self.TEXT or not path.is_file() or "gzip" not in self.headers.get("Accept-Encoding", ""):
            return super().send_head()
        packed = gzip.compress(path.read_bytes(), 6)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(packed)))
        self.end_headers()
        return io.BytesIO(packed)


@contextmanager
def serving(folder, handler=SilentHandler):
    """The address of a folder over http, on this machine."""
    handler = functools.partial(handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def served(html):
    """The address of the book over http, on this machine."""
    with serving(html) as address:
        yield address


@pytest.fixture
def at(html, served):
    """The address of a page in a setting."""
    return lambda name, setting: f"{served}/{name}" if "http" in setting else (html / name).as_uri()
