"""A log that TensorBoard shows, written without TensorBoard: `tensorboard --logdir RUNS` reads it.

An event file is a sequence of records: the length of the content (8 bytes, little-endian), a checksum of the length,
the content, a checksum of the content. The content is an `Event` of TensorFlow's event.proto in the wire format of
protocol buffers: a wall time, a step, and named numbers. The checksum is CRC-32C, turned and moved, as in TFRecords.
"""

import struct
import time
from pathlib import Path
from typing import NamedTuple

CASTAGNOLI = 0x82F63B78  # the polynomial of CRC-32C, its bits reversed
MASK = 0xA282EAD8


class EventLog(NamedTuple):
    """The event file of one run, or of the part of a run after it was resumed."""

    path: Path

    @classmethod
    def create(cls, folder: Path) -> "EventLog":
        """A new file in the folder, with the version that has to come first."""
        log = cls(folder / f"events.out.tfevents.{time.time_ns() // 1_000_000_000}.{time.time_ns() % 1_000_000_000}")
        log._append(_field(3, b"brain.Event:2"))
        return log

    def write(self, step: int, numbers: dict[str, float]) -> None:
        """Append one number for each name at this step; it is on its way to the disk when this returns."""
        values = b"".join(
            _field(1, _field(1, name.encode()) + struct.pack("<Bf", 2 << 3 | 5, number))
            for name, number in numbers.items()
        )
        self._append(b"\x10" + _varint(step) + _field(5, values))

    def _append(self, content: bytes) -> None:
        event = struct.pack("<Bd", 1 << 3 | 1, time.time()) + content
        length = struct.pack("<Q", len(event))
        record = length + struct.pack("<I", masked(length)) + event + struct.pack("<I", masked(event))
        with self.path.open("ab") as file:
            file.write(record)


def masked(content: bytes) -> int:
    """The checksum of a record's part: CRC-32C, its bits turned by 15, plus a constant."""
    crc = crc32c(content)
    return ((crc >> 15 | crc << 17) + MASK) & 0xFFFFFFFF


def crc32c(content: bytes) -> int:
    """The cyclic redundancy check of Castagnoli, Bräuer and Herrmann (1993), as in RFC 3720."""
    crc = 0xFFFFFFFF
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (CASTAGNOLI if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def _field(number: int, content: bytes) -> bytes:
    """A field of bytes, or a message in a message."""
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    """A whole number, seven bits a byte, the lowest first; a set eighth bit says that more follow."""
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])
