"""The event file: read back by an independent reader of its format, and its checksum by the published values."""

import struct

import pytest

from rnn_course.training.tensorboard import EventLog, crc32c, masked


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"\0" * 32, 0x8A9136AA), (b"\xff" * 32, 0x62A8AB43), (bytes(range(32)), 0x46DD794E), (b"123456789", 0xE3069283)],
)
def test_the_checksum_is_that_of_rfc_3720(content, expected):
    assert crc32c(content) == expected


def fields(message):
    """The fields of a protocol buffer: (number, value)."""
    k = 0

    def varint():
        nonlocal k
        value = shift = 0
        while True:
            value |= (message[k] & 0x7F) << shift
            k, shift = k + 1, shift + 7
            if message[k - 1] < 0x80:
                return value

    while k < len(message):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
            continue
        size = {1: 8, 5: 4}.get(key & 7) or varint()
        yield key >> 3, message[k : k + size]
        k += size


def records(content):
    while content:
        (length,) = struct.unpack("<Q", content[:8])
        assert struct.unpack("<I", content[8:12])[0] == masked(content[:8])
        event = content[12 : 12 + length]
        assert struct.unpack("<I", content[12 + length : 16 + length])[0] == masked(event)
        yield dict(fields(event))
        content = content[16 + length :]


def test_what_is_written_can_be_read(tmp_path):
    log = EventLog.create(tmp_path)
    log.write(1, {"loss/train": 0.75, "accuracy/test": 0.5})
    log.write(300, {"loss/train": 0.25})
    version, first, second = records(log.path.read_bytes())
    assert version[3] == b"brain.Event:2"
    assert first[2] == 1
    assert second[2] == 300
    values = [dict(fields(value)) for _, value in fields(first[5])]
    assert [(value[1], struct.unpack("<f", value[2])[0]) for value in values] == [
        (b"loss/train", 0.75), (b"accuracy/test", 0.5)
    ]  # fmt: skip
    assert struct.unpack("<d", first[1])[0] > 1.6e9


def test_tensorboard_itself_reads_it_where_it_is_installed(tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    log = EventLog.create(tmp_path)
    log.write(1, {"loss/train": 0.75})
    log.write(2, {"loss/train": 0.25})
    events = accumulator.EventAccumulator(str(tmp_path))
    events.Reload()
    assert [(event.step, event.value) for event in events.Scalars("loss/train")] == [(1, 0.75), (2, 0.25)]
