"""Whatever goes wrong on the way from a mirror to the cache has one clear message and leaves nothing behind."""

import errno
import hashlib
import io
import os
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest

from rnn_course.data import DataError, download, load_mnist, mnist
from tests.data.helpers import FIRST, assert_is_tiny, assert_only_good_files, put


def test_an_empty_cache_is_filled_once(cache, tiny, mirror, monkeypatch, capfd):
    monkeypatch.setattr(mnist, "MIRRORS", (mirror.give("a", tiny),))
    assert_is_tiny(load_mnist())
    assert_is_tiny(load_mnist())
    assert mirror.requests == [f"/a/{name}" for name in mnist.FILES]
    assert sorted(os.listdir(cache)) == sorted(mnist.FILES)
    assert_only_good_files(cache, tiny)
    assert capfd.readouterr() == ("", "")  # no progress bar where there is no terminal


def test_a_terminal_sees_a_progress_bar(tiny, mirror, tmp_path, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    url = mirror.give("a", tiny) + FIRST
    download.fetch(url, tmp_path / FIRST, hashlib.sha256(tiny[FIRST]).hexdigest())
    assert f"{FIRST}:" in sys.stderr.getvalue()


def test_only_the_faulty_files_of_the_cache_are_downloaded(cache, tiny, mirror, monkeypatch):
    monkeypatch.setattr(mnist, "MIRRORS", (mirror.give("a", tiny),))
    put(cache, tiny | {FIRST: b"damaged"})
    assert_is_tiny(load_mnist())
    assert mirror.requests == [f"/a/{FIRST}"]
    assert_only_good_files(cache, tiny)


BAD = {  # a kind of answer -> what the message says of it
    "404": "HTTP 404 Not Found",
    "wrong hash": "a file with SHA-256 [0-9a-f]{64} came, expected ",
    "login page": "a file with SHA-256 [0-9a-f]{64} came, expected ",
    "truncated": r"the connection ended after \d+ of \d+ bytes",
    "reset": r"the connection broke after \d+ bytes: Connection reset",
    "cut chunk": r"the connection broke after \d+ bytes: IncompleteRead",
    "not http": r"broke after 0 bytes: \?",
    "hangs up": "broke after 0 bytes: Remote end closed",
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_mirror_alone_is_one_clear_error(case, cache, tiny, mirror, monkeypatch):
    monkeypatch.setattr(mnist, "MIRRORS", (mirror.give("a", tiny),))
    mirror.answer(f"/a/{FIRST}", case, tiny[FIRST])
    with pytest.raises(DataError, match=BAD[case]) as caught:
        load_mnist()
    assert f"{mirror.url}a/{FIRST}: " in str(caught.value)
    assert caught.value.__suppress_context__
    assert_only_good_files(cache, tiny)
    assert os.listdir(cache) == []


@pytest.mark.parametrize("case", BAD)
def test_after_a_bad_mirror_comes_the_second(case, cache, tiny, mirror, monkeypatch):
    monkeypatch.setattr(mnist, "MIRRORS", (mirror.give("a", tiny), mirror.give("b", tiny)))
    mirror.answer(f"/a/{FIRST}", case, tiny[FIRST])
    assert_is_tiny(load_mnist())
    assert mirror.requests[:3] == [f"/a/{FIRST}", f"/b/{FIRST}", "/a/train-labels-idx1-ubyte.gz"]
    assert_only_good_files(cache, tiny)


def test_a_failure_later_keeps_the_files_that_are_whole(cache, tiny, mirror, monkeypatch):
    monkeypatch.setattr(mnist, "MIRRORS", (mirror.give("a", tiny),))
    bad = "t10k-images-idx3-ubyte.gz"
    mirror.answer(f"/a/{bad}", "truncated", tiny[bad])
    with pytest.raises(DataError, match=f"and {bad} could not be downloaded"):
        load_mnist()
    assert sorted(os.listdir(cache)) == ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"]
    assert_only_good_files(cache, tiny)


def test_a_damaged_file_stays_until_a_good_one_is_there(cache, tiny, mirror, monkeypatch):
    monkeypatch.setattr(mnist, "MIRRORS", (mirror.give("a", tiny),))
    put(cache, tiny | {FIRST: b"damaged"})
    mirror.answer(f"/a/{FIRST}", "truncated", tiny[FIRST])
    with pytest.raises(DataError, match=f"{FIRST}: damaged: SHA-256 is"):
        load_mnist()
    assert sorted(os.listdir(cache)) == sorted(tiny)
    assert (cache / FIRST).read_bytes() == b"damaged"


def test_offline_and_empty_says_how_to_go_on(cache, tiny, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(mnist, "MIRRORS", ("http://127.0.0.1:9/one/", "http://127.0.0.1:9/two/"))
    with pytest.raises(DataError) as caught:
        load_mnist()
    message = str(caught.value)
    for part in (*mnist.FILES, str(cache), "RNN_COURSE_DATA", "load_digits()", "--data digits"):
        assert part in message
    for mirror in mnist.MIRRORS:
        assert f"{mirror}{FIRST}: no connection: Connection refused" in message
    assert_only_good_files(cache, tiny)


def test_a_file_above_the_limit_is_not_taken(tiny, mirror, tmp_path):
    body = bytes(300_000)

    def endless(handler):
        handler.start(None)
        handler.wfile.write(body)

    mirror.answer("/promised", "whole", body)
    mirror.answers["/endless"] = endless
    expected = hashlib.sha256(body).hexdigest()
    folder = put(tmp_path / "limit", {})
    with pytest.raises(download.MirrorError, match="has 300000 bytes, more than the 100000 allowed"):
        download.fetch(mirror.url + "promised", folder / "x", expected, max_bytes=100_000)
    with pytest.raises(download.MirrorError, match="goes on after the 100000 bytes allowed"):
        download.fetch(mirror.url + "endless", folder / "x", expected, max_bytes=100_000)
    assert os.listdir(folder) == []
    download.fetch(mirror.url + "endless", folder / "x", expected, max_bytes=300_000)
    assert (folder / "x").read_bytes() == body


def test_the_limit_has_room_for_the_largest_file():
    assert 9_912_422 < download.MAX_BYTES < 100_000_000


def test_a_silent_mirror_is_given_up(mirror, tmp_path):
    enough = threading.Event()

    def silent(handler):
        handler.start(1000)
        handler.wfile.write(b"abc")
        enough.wait(5)

    mirror.answers["/silent"] = silent
    folder = put(tmp_path / "silent", {})
    with pytest.raises(download.MirrorError, match="timed out"):
        download.fetch(mirror.url + "silent", folder / "x", "", timeout=0.2)
    enough.set()
    assert os.listdir(folder) == []


def test_a_file_where_the_cache_should_be(cache, tiny, mirror, monkeypatch):
    monkeypatch.setattr(mnist, "MIRRORS", (mirror.give("a", tiny),))
    cache.parent.mkdir()
    cache.touch()
    with pytest.raises(DataError, match=f"cannot be written to the cache {cache}: .*RNN_COURSE_DATA") as caught:
        load_mnist()
    assert "load_digits()" in str(caught.value)
    assert all(name in str(caught.value) for name in mnist.FILES)
    assert mirror.requests == []


def test_a_folder_where_a_file_of_the_cache_should_be(cache, tiny, mirror, monkeypatch):
    monkeypatch.setattr(mnist, "MIRRORS", (mirror.give("a", tiny),))
    (cache / FIRST).mkdir(parents=True)
    with pytest.raises(DataError, match="cannot be written to the cache"):
        load_mnist()
    assert os.listdir(cache) == [FIRST]


def test_a_full_disk_is_not_blamed_on_the_mirror(cache, tiny, mirror, monkeypatch):
    class Full(io.BytesIO):
        def write(self, _):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    @contextmanager
    def full_file(path):
        yield Full()

    monkeypatch.setattr(mnist, "MIRRORS", (mirror.give("a", tiny), mirror.give("b", tiny)))
    monkeypatch.setattr(download, "whole_file", full_file)
    with pytest.raises(DataError, match=r"cannot be written to the cache .*No space left"):
        load_mnist()
    assert mirror.requests == [f"/a/{FIRST}"]


LOADER = """
import sys
from pathlib import Path
from rnn_course.data import load_mnist, mnist
cache, url, *hashes = sys.argv[1:]
mnist.cache_folder = lambda: Path(cache)
mnist.MIRRORS = (url,)
mnist.FILES = dict(zip(mnist.FILES, hashes, strict=True))
print(load_mnist().train.images.shape)
"""


def test_two_processes_may_fill_the_cache_at_once(cache, tiny, mirror):
    url = mirror.give("a", tiny)
    both_in_it = threading.Barrier(2)

    def slow(handler):
        handler.start(len(tiny[FIRST]))
        handler.wfile.write(tiny[FIRST][:20])
        handler.wfile.flush()
        both_in_it.wait(25)  # each process has an open, half-written file now
        handler.wfile.write(tiny[FIRST][20:])

    mirror.answers[f"/a/{FIRST}"] = slow
    command = [sys.executable, "-c", LOADER, str(cache), url, *mnist.FILES.values()]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, **pipes) for _ in range(2)]
    for process in processes:
        assert process.communicate(timeout=90) == ("(7, 5, 4)\n", "")
        assert process.returncode == 0
    assert not both_in_it.broken
    assert sorted(os.listdir(cache)) == sorted(tiny)
    assert_only_good_files(cache, tiny)
