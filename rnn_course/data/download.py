"""One file from one address: streamed, limited in time and size, verified, and whole or not there at all."""

import hashlib
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any

from rnn_course.files import whole_file

TIMEOUT = 30.0  # seconds without an answer
MAX_BYTES = 16 * 2**20  # the largest file of MNIST has 9.9 million
CHUNK = 2**16  # bytes


class MirrorError(Exception):
    """An address did not give the file; the message says why, and another address may be tried."""


def fetch(url: str, path: Path, sha256: str, *, timeout: float = TIMEOUT, max_bytes: int = MAX_BYTES) -> None:
    """Download `url` (http or https) to `path`, replacing what is there only by a file with this SHA-256.

    Shows a progress bar on a terminal. Raises MirrorError if the address does not give this file, and
    OSError if the folder cannot be written; either way nothing is left behind.
    """
    digest = hashlib.sha256()
    with whole_file(path) as file, closing(_chunks(url, path.name, timeout, max_bytes)) as chunks:
        for chunk in chunks:
            digest.update(chunk)
            file.write(chunk)
        if digest.hexdigest() != sha256:
            raise MirrorError(f"a file with SHA-256 {digest.hexdigest()} came, expected {sha256}")


def _chunks(url: str, name: str, timeout: float, max_bytes: int) -> Generator[bytes, None, None]:
    """The body in pieces. All that goes wrong on the network, and only that, becomes a MirrorError here."""
    from http.client import HTTPException
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    from tqdm import tqdm

    received = 0
    try:
        request = Request(url, headers={"User-Agent": "rnn-course"})
        with urlopen(request, timeout=timeout) as response:
            promised: int | None = response.length
            if promised is not None and promised > max_bytes:
                raise MirrorError(f"the file has {promised} bytes, more than the {max_bytes} allowed")
            with tqdm(total=promised, desc=name, unit="B", unit_scale=True, leave=False, disable=None) as bar:
                while chunk := response.read(CHUNK):
                    received += len(chunk)
                    if received > max_bytes:
                        raise MirrorError(f"the file goes on after the {max_bytes} bytes allowed")
                    bar.update(len(chunk))
                    yield chunk
        if promised is not None and received != promised:
            raise MirrorError(f"the connection ended after {received} of {promised} bytes")
    except HTTPError as error:
        error.close()
        raise MirrorError(f"HTTP {error.code} {error.reason}") from None
    except URLError as error:
        raise MirrorError(f"no connection: {_reason(error.reason)}") from None
    except (OSError, HTTPException) as error:
        raise MirrorError(f"the connection broke after {received} bytes: {_reason(error)}") from None


def _reason(error: Any) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
