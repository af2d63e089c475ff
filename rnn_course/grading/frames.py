"""Messages on a socket: two lengths, JSON, and the bytes of arrays. A message that is too long is refused unread."""

import json
import socket
import struct
from typing import Any

from rnn_course.grading.wire import LARGEST, BadMessage

HEAD = struct.Struct(">II")
LONGEST = 4_000_000  # bytes of the JSON part


def frame(message: dict, blob: bytes = b"") -> bytes:
    """A message as bytes."""
    text = json.dumps(message).encode()
    return HEAD.pack(len(text), len(blob)) + text + blob


class Frames:
    """Takes bytes as they come, and gives whole messages."""

    def __init__(self) -> None:
        self.buffer = bytearray()

    def feed(self, data: bytes) -> None:
        """Add what was received."""
        self.buffer += data

    def next(self) -> tuple[dict, bytes] | None:
        """The next message, or None while it is not complete. Raises BadMessage for what is no message."""
        if len(self.buffer) < HEAD.size:
            return None
        text, blob = HEAD.unpack_from(self.buffer)
        if text > LONGEST or blob > LARGEST:
            raise BadMessage("the message is too long")
        end = HEAD.size + text + blob
        if len(self.buffer) < end:
            return None
        content = bytes(self.buffer[HEAD.size : end])
        del self.buffer[:end]
        try:
            message: Any = json.loads(content[:text])
        except (ValueError, RecursionError):
            raise BadMessage("the message is no JSON") from None
        if not isinstance(message, dict):
            raise BadMessage("the message is no object")
        return message, content[text:]


def receive(source: socket.socket, frames: Frames) -> tuple[dict, bytes] | None:
    """Wait for a message; None where the other side has closed."""
    while (message := frames.next()) is None:
        data = source.recv(1 << 16)
        if not data:
            return None
        frames.feed(data)
    return message
