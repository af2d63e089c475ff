"""The built book, on the disk and served."""

import functools
import http.server
import threading
from contextlib import contextmanager

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


@contextmanager
def serving(folder):
    """The address of a folder over http, on this machine."""
    handler = functools.partial(SilentHandler, directory=str(folder))
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
