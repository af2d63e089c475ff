"""The IDX reader takes what the writer wrote, and nothing else."""

import gzip
import os
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import array_shapes, arrays

from rnn_course.data import DataError, read_idx, write_idx
from rnn_course.files import whole_file

IMAGES = np.arange(2 * 5 * 3, dtype=np.uint8).reshape(2, 5, 3)
HEADER = struct.pack(">HBB3I", 0, 8, 3, 2, 5, 3)
CONTENT = HEADER + IMAGES.tobytes()


def packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


@given(array=arrays(np.uint8, array_shapes(min_dims=1, max_dims=4, max_side=9)))
def test_reading_gives_what_was_written(array, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "round-trip.gz"
    write_idx(path, array)
    again = read_idx(path, expect_rank=array.ndim)
    assert again.dtype == np.uint8
    assert again.shape == array.shape
    np.testing.assert_array_equal(again, array)


def test_a_large_array_comes_back_whole(tmp_path):
    array = np.random.default_rng(0).integers(0, 256, (300, 28, 28), dtype=np.uint8)
    write_idx(tmp_path / "x.gz", array)
    np.testing.assert_array_equal(read_idx(tmp_path / "x.gz"), array)


def test_the_layout_is_the_published_one(tmp_path):
    path = tmp_path / "x.gz"
    write_idx(path, IMAGES)
    assert gzip.decompress(path.read_bytes()) == CONTENT
    path.write_bytes(packed(CONTENT))
    np.testing.assert_array_equal(read_idx(path), IMAGES)


def test_an_array_in_another_memory_order_is_written_in_row_order(tmp_path):
    write_idx(tmp_path / "x.gz", IMAGES.transpose(2, 0, 1))
    np.testing.assert_array_equal(read_idx(tmp_path / "x.gz"), IMAGES.transpose(2, 0, 1))


def test_the_result_can_be_written_to(tmp_path):
    write_idx(tmp_path / "x.gz", IMAGES)
    read_idx(tmp_path / "x.gz")[0] = 0


def test_equal_arrays_give_equal_bytes(tmp_path):
    write_idx(tmp_path / "a.gz", IMAGES)
    write_idx(tmp_path / "b.gz", IMAGES)
    first = (tmp_path / "a.gz").read_bytes()
    assert first == (tmp_path / "b.gz").read_bytes()
    assert first[3] == 0  # no flags: no file name
    assert first[4:8] == bytes(4)  # no date


WRONG = {
    "two bytes not zero": (packed(b"\1" + CONTENT[1:]), "first two bytes are 0.*got 0x0100"),
    "another type": (packed(b"\0\0\x0d" + CONTENT[3:]), r"type 0x08 \(unsigned byte\), got type 0x0d"),
    "rank 0": (packed(b"\0\0\x08\0"), "rank from 1 to 32, got rank 0"),
    "rank 200": (packed(b"\0\0\x08\xc8" + bytes(900)), "rank from 1 to 32, got rank 200"),
    "another rank": (packed(b"\0\0\x08\1" + struct.pack(">I", 2) + b"ab"), "expected rank 3, got rank 1.*swapped"),
    "an axis of size 0": (packed(struct.pack(">HBB3I", 0, 8, 3, 2, 0, 3)), r"got the shape \[2, 0, 3\]"),
    "no header": (packed(b""), "magic number in 4 bytes, got 0 bytes"),
    "half a magic number": (packed(CONTENT[:2]), "magic number in 4 bytes, got 2 bytes"),
    "half the sizes": (packed(CONTENT[:10]), "sizes of 3 axes in 12 bytes, got 6 bytes"),
    "too few values": (packed(CONTENT[:-4]), r"values of an array \[2, 5, 3\] in 30 bytes, got 26 bytes\."),
    "sizes beyond any memory": (
        packed(struct.pack(">HBB3I", 0, 8, 3, *[2**32 - 1] * 3) + b"abc"),
        "in 79228162458924105385300197375 bytes, got 3 bytes",
    ),
    "too many values": (packed(CONTENT + b"x"), "end of the file after the values, got more bytes"),
    "bytes after the gzip stream": (packed(CONTENT) + b"xyz", "after the gzip stream, got 3 more bytes"),
    "zeros after the gzip stream": (packed(CONTENT) + bytes(5), "after the gzip stream, got 5 more bytes"),
    "a second gzip stream": (packed(CONTENT) * 2, "after the gzip stream, got .* more bytes"),
    "a stream cut in its values": (packed(CONTENT)[:-20], "where the gzip stream breaks off"),
    "a stream cut in its checksum": (packed(CONTENT)[:-4], "end of the gzip stream, got a stream that breaks off"),
    "a stream cut in its header": (packed(CONTENT)[:7], "got 0 bytes, where the gzip stream breaks off"),
    "a wrong checksum": (packed(CONTENT)[:-8] + bytes(8), "sound gzip stream, got .*incorrect data check"),
    "garbage in the stream": (packed(CONTENT)[:10] + b"\xff" * 40, "sound gzip stream, got .*invalid block type"),
    "not packed": (CONTENT, "a gzip file .*got an unpacked IDX file. Keep the file packed"),
    "a web page": (b"\n<!DOCTYPE html>", "a gzip file .*got a web page"),
    "an empty file": (b"", "a gzip file .*got an empty file"),
    "a zip file": (b"PK\3\4", "a gzip file .*got a file that starts with 50 4b"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_gives_one_clear_error(case, tmp_path):
    content, message = WRONG[case]
    path = tmp_path / "wrong.gz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        read_idx(path, expect_rank=3)
    text = str(caught.value)
    assert text.startswith(f"{path}: expected ")
    assert text.endswith(".")  # the last sentence says what to do
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_every_cut_of_a_file_is_noticed(tmp_path):
    path = tmp_path / "cut.gz"
    whole = packed(CONTENT)
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        with pytest.raises(DataError):
            read_idx(path)


def test_no_flipped_bit_changes_the_values_unnoticed(tmp_path):
    path = tmp_path / "flipped.gz"
    unnoticed = 0
    for place in range(len(packed(CONTENT)) * 8):
        content = bytearray(packed(CONTENT))
        content[place // 8] ^= 1 << place % 8
        path.write_bytes(content)
        try:
            array = read_idx(path)
        except DataError:
            continue
        unnoticed += 1
        np.testing.assert_array_equal(array, IMAGES)
    assert unnoticed < 60  # the date, the system and the padding bits of the gzip stream carry no values


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(DataError, match=r"none\.gz: expected a file that can be read, got No such file"):
        read_idx(tmp_path / "none.gz")
    with pytest.raises(DataError, match="expected a file that can be read, got Is a directory"):
        read_idx(tmp_path)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((2, 3)), "dtype uint8, got float64"),
        (np.zeros((), np.uint8), r"1 to 32 axes.*got the shape \[\]"),
        (np.zeros((2, 0), np.uint8), r"each of size 1 to .*got the shape \[2, 0\]"),
        (np.zeros((1,) * 33, np.uint8), "1 to 32 axes"),
    ],
)
def test_the_writer_refuses_what_the_reader_would(array, message, tmp_path):
    with pytest.raises(DataError, match=message):
        write_idx(tmp_path / "x.gz", array)
    assert os.listdir(tmp_path) == []


def test_an_interrupted_write_leaves_the_old_file_alone(tmp_path):
    path = tmp_path / "x.gz"
    path.write_bytes(b"old")

    def write_and_stop():
        with whole_file(path) as file:
            file.write(b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_and_stop()
    assert os.listdir(tmp_path) == ["x.gz"]
    assert path.read_bytes() == b"old"
