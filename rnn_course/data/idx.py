"""The IDX format of MNIST, gzipped: a strict reader, and a writer whose bytes depend on the array alone.

An IDX file is two zero bytes, a type byte, the rank, a 32-bit big-endian size for each axis, the values.
"""

import gzip
import math
import os
import struct
import sys
import zlib
from pathlib import Path

import numpy as np

from rnn_course.files import whole_file

UNSIGNED_BYTE = 0x08
MAX_RANK = 32  # axes; the format allows 255, NumPy 64, and real files have 1 or 3
AGAIN = "The file is damaged: delete it and get it again."


class DataError(ValueError):
    """Data cannot be had or cannot be used. The message says what was expected, what came and what to do."""


def read_idx(path: str | os.PathLike, *, expect_rank: int | None = None) -> np.ndarray:
    """Read a gzipped IDX file of unsigned bytes into a new array of dtype uint8.

    The array has the shape that the file states. The values come as they stand in the file (pixels are 0 to
    255 in MNIST). `expect_rank` is the number of axes the file must have: 3 for images `[example, row,
    column]`, 1 for labels `[example]`.

    Raises DataError, with the file's name, for a file that is missing, not gzip, truncated or damaged; for
    another magic number, type or rank; for an axis of size 0; and for bytes that are left over.
    Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits", section "File formats".
    """
    path = Path(path)
    try:
        packed = path.read_bytes()
    except OSError as error:
        got = error.strerror or str(error)
        raise _error(path, "a file that can be read", got, "Check the path.") from None
    if packed[:2] != b"\x1f\x8b":
        raise _error(path, "a gzip file (it starts with 1f 8b)", *_not_gzip(packed))
    stream = _Gzip(path, packed)

    zeros, kind, rank = struct.unpack(">HBB", stream.take(4, "the magic number"))
    if zeros != 0:
        raise _error(path, "an IDX file (its first two bytes are 0)", f"0x{zeros:04x}", "Give an IDX file.")
    if kind != UNSIGNED_BYTE:
        do = "Only unsigned bytes can be read: convert the values first."
        raise _error(path, f"IDX type 0x{UNSIGNED_BYTE:02x} (unsigned byte)", f"type 0x{kind:02x}", do)
    if not 1 <= rank <= MAX_RANK:
        raise _error(path, f"a rank from 1 to {MAX_RANK}", f"rank {rank}", AGAIN)
    if expect_rank is not None and rank != expect_rank:
        do = "Images have rank 3 and labels rank 1: check that the two files are not swapped."
        raise _error(path, f"rank {expect_rank}", f"rank {rank}", do)

    shape = struct.unpack(f">{rank}I", stream.take(4 * rank, f"the sizes of {rank} axes"))
    if 0 in shape:
        raise _error(path, "at least 1 along each axis", f"the shape {list(shape)}", AGAIN)
    values = stream.take(math.prod(shape), f"the values of an array {list(shape)}")
    stream.end()
    return np.frombuffer(values, np.uint8).reshape(shape).copy()


def write_idx(path: str | os.PathLike, array: np.ndarray) -> None:
    """Write an array of dtype uint8 as a gzipped IDX file that holds no date and no name.

    Raises DataError for another dtype, for rank 0 or above 32, and for an axis of size 0 or above 2**32 - 1;
    OSError if the file cannot be written.
    """
    path, array = Path(path), np.asarray(array)
    if array.dtype != np.uint8:
        raise _error(path, "an array of dtype uint8", f"{array.dtype}", "Scale and cast the values first.")
    if not 1 <= array.ndim <= MAX_RANK or not all(1 <= size < 2**32 for size in array.shape):
        expected = f"1 to {MAX_RANK} axes, each of size 1 to 2**32 - 1"
        raise _error(path, expected, f"the shape {list(array.shape)}", "Give the array an axis of examples.")
    header = struct.pack(f">HBB{array.ndim}I", 0, UNSIGNED_BYTE, array.ndim, *array.shape)
    with whole_file(path) as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(header + array.tobytes())


class _Gzip:
    """A gzip stream that unpacks exactly as many bytes as it is asked for, or raises DataError."""

    def __init__(self, path: Path, packed: bytes) -> None:
        self.path, self.rest, self.stream = path, packed, zlib.decompressobj(wbits=31)

    def take(self, count: int, what: str) -> bytes:
        """The next `count` bytes, which are `what`."""
        values = self._unpack(count)
        if len(values) < count:
            got = f"{len(values)} bytes" + ("" if self.stream.eof else ", where the gzip stream breaks off")
            raise _error(self.path, f"{what} in {count} bytes", got, AGAIN)
        return values

    def end(self) -> None:
        """Check that nothing is left, and let zlib compare the checksum."""
        if self._unpack(1):
            raise _error(self.path, "the end of the file after the values", "more bytes", AGAIN)
        if not self.stream.eof:
            raise _error(self.path, "the end of the gzip stream", "a stream that breaks off", AGAIN)
        if self.stream.unused_data:
            left = len(self.stream.unused_data)
            raise _error(self.path, "the end of the file after the gzip stream", f"{left} more bytes", AGAIN)

    def _unpack(self, count: int) -> bytes:
        if self.stream.eof:  # zlib would count what follows the stream twice
            return b""
        try:
            values = self.stream.decompress(self.rest, min(count, sys.maxsize))
        except zlib.error as error:
            raise _error(self.path, "a sound gzip stream", str(error), AGAIN) from None
        self.rest = self.stream.unconsumed_tail
        return values


def _not_gzip(content: bytes) -> tuple[str, str]:
    if not content:
        return "an empty file", AGAIN
    if content.startswith(b"\0\0"):
        return "an unpacked IDX file", "Keep the file packed (.gz), or pack it again with gzip."
    if content.lstrip().startswith(b"<"):
        return "a web page", "A download was answered by a page: delete the file and get it again."
    return f"a file that starts with {content[:2].hex(' ')}", AGAIN


def _error(path: Path, expected: str, got: str, do: str) -> DataError:
    return DataError(f"{path}: expected {expected}, got {got}. {do}")
