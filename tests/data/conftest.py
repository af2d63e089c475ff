"""A mirror on this machine that serves tiny files, well or badly, and an empty cache."""

import hashlib
import socket
import struct
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from rnn_course.data import mnist, write_idx


class Answer(BaseHTTPRequestHandler):
    """Answers by the function that the mirror has for the path, else with 404."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.close_connection = True
        self.server.requests.append(self.path)
        answer = self.server.answers.get(self.path)
        if answer is None:
            self.send_error(404)
        else:
            answer(self)

    def start(self, length: int | None, **headers: str) -> None:
        self.send_response(200)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Connection", "close")
        self.end_headers()

    def log_message(self, *args):
        pass


class Mirror(ThreadingHTTPServer):
    """A web server on a free port of 127.0.0.1."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server_port}/"
        self.answers: dict[str, Callable[[Answer], None]] = {}
        self.requests: list[str] = []

    def handle_error(self, request, client_address):
        """A client that hangs up (as after a size limit) is no error of the server."""

    def answer(self, path: str, kind: str, body: bytes) -> None:
        """Answer `path` well or badly from now on; the kinds are those of `ANSWERS`."""
        self.answers[path] = ANSWERS[kind](body)

    def give(self, folder: str, files: dict[str, bytes]) -> str:
        """Serve `files` below `folder`, and return the address of that folder."""
        for name, body in files.items():
            self.answer(f"/{folder}/{name}", "whole", body)
        return f"{self.url}{folder}/"


def whole(body: bytes):
    """An answer as it should be."""

    def answer(handler: Answer) -> None:
        handler.start(len(body))
        handler.wfile.write(body)

    return answer


def truncated(body: bytes):
    """Half of the body; the length promises all of it."""

    def answer(handler: Answer) -> None:
        handler.start(len(body))
        handler.wfile.write(body[: len(body) // 2])

    return answer


def reset(body: bytes):
    """Half of the body, then the connection is reset."""

    def answer(handler: Answer) -> None:
        handler.start(len(body))
        handler.wfile.write(body[: len(body) // 2])
        handler.wfile.flush()
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.close()

    return answer


def cut_chunk(body: bytes):
    """A chunked answer that ends inside its first chunk; there is no total length."""

    def answer(handler: Answer) -> None:
        handler.start(None, Transfer_Encoding="chunked")
        handler.wfile.write(f"{len(body):x}\r\n".encode() + body[: len(body) // 2])

    return answer


def nothing(body: bytes):
    """The connection is closed without a word."""
    return lambda handler: None


def garbage(body: bytes):
    """An answer that is not HTTP."""
    return lambda handler: handler.wfile.write(b"?\r\n\r\n")


ANSWERS = {
    "whole": whole,
    "404": lambda body: None,
    "wrong hash": lambda body: whole(b"x" + body),
    "login page": lambda body: whole(b"<html>"),
    "truncated": truncated,
    "reset": reset,
    "cut chunk": cut_chunk,
    "not http": garbage,
    "hangs up": nothing,
}


@pytest.fixture
def mirror(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Mirror() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def tiny(tmp_path) -> dict[str, bytes]:
    """Files named like those of MNIST, with 7 examples to train on and 3 to test on, of 5 rows and 4 columns."""
    rng = np.random.default_rng(0)
    files = {}
    for name, shape in zip(mnist.FILES, [(7, 5, 4), (7,), (3, 5, 4), (3,)], strict=True):
        path = tmp_path / "made" / name
        path.parent.mkdir(exist_ok=True)
        write_idx(path, rng.integers(0, 256 if len(shape) == 3 else 10, shape, dtype=np.uint8))
        files[name] = path.read_bytes()
    return files


@pytest.fixture
def cache(tmp_path, tiny, monkeypatch):
    """The cache folder (not made yet) of a course whose MNIST is the tiny one and which has no mirror."""
    folder = tmp_path / "cache" / "mnist"
    monkeypatch.delenv("RNN_COURSE_DATA", raising=False)
    monkeypatch.setattr(mnist, "cache_folder", lambda: folder)
    monkeypatch.setattr(mnist, "FILES", {name: hashlib.sha256(body).hexdigest() for name, body in tiny.items()})
    monkeypatch.setattr(mnist, "MIRRORS", ())
    return folder
