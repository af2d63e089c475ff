"""The picture of `dynamic_rnn`: a block of numbers for each row and step, the mask above it, the final state beside."""

from collections.abc import Mapping, Sequence
from typing import Any

from rnn_course.widgets.drawing import Number, cell, drawing, element, text

WIDE, TALL, CHIP = 42, 17, 16  # a number; the mask above a block
LABEL, TOP, SIGN = 54, 40, 26  # the names on the left, the names on top, room for = or ≠


def places(batch: int, time: int, hidden: int, memory: bool, time_major: bool) -> dict[str, list[Number]]:
    """Where everything stands, `[x, y]`; `places` of dynamic_rnn.js says the same.

    The first axis runs down, the second to the right; the final state has no time, so it stands where time ends.
    """
    across, down = WIDE + 4, CHIP + hidden * TALL + 12
    rows, columns = (time, batch) if time_major else (batch, time)
    found: dict[str, list[Number]] = {}
    for b in range(batch):
        for t in range(time):
            r, c = (t, b) if time_major else (b, t)
            found[f"block.{b}.{t}"] = [LABEL + c * across, TOP + r * down]
        x, y = LABEL + time * across + SIGN, TOP + b * down
        if time_major:
            x, y = LABEL + b * across, TOP + time * down + SIGN
        found[f"h.{b}"] = [x, y]
        found[f"c.{b}"] = [x, y + down] if time_major else [x + across, y]
        found[f"mark.{b}"] = (
            [x + WIDE / 2, y - SIGN / 2 + 8] if time_major else [x - SIGN / 2 - 2, y + CHIP + hidden * TALL / 2]
        )
        found[f"row.{b}"] = [x + WIDE / 2, TOP - 22] if time_major else [0, y + CHIP + 12]
    for t in range(time):
        found[f"step.{t}"] = [0, TOP + t * down + CHIP + 12] if time_major else [LABEL + t * across + WIDE / 2, TOP - 8]
    x, y = found["h.0"]
    found["name.h"] = [0, y + CHIP + 12] if time_major else [x + WIDE / 2, TOP - 8]
    x, y = found["c.0"]
    found["name.c"] = [0, y + CHIP + 12] if time_major else [x + WIDE / 2, TOP - 8]
    x, y = found[f"block.0.{time - 1}"]
    wide, tall = (batch * across, down - 12) if time_major else (across, batch * down - 12)
    found["last"] = [x - 4, y - 4, wide + 4, tall + 8]
    states = 2 if memory else 1
    found["size"] = [LABEL + columns * across, TOP + rows * down]
    found["size"][1 if time_major else 0] += SIGN + states * (down if time_major else across)
    return found


def draw(shown: Mapping[str, Any], time_major: bool, chosen: tuple[int, int]) -> str:
    """The picture; `shown` is that of `look` in dynamic_rnn.py, `chosen` a row and a step."""
    outputs, lengths = shown["outputs"], shown["lengths"]
    batch, time, hidden = len(outputs), len(outputs[0]), len(outputs[0][0])
    at = places(batch, time, hidden, "c" in shown, time_major)
    parts = [_last(at["last"])]
    for b in range(batch):
        left = time_major
        parts.append(
            _at(f"row.{b}", at, text(0, 0, f"row {b}", class_=_label(not left)),
                text(0, 14, f"length {lengths[b]}", class_=f"{_label(not left)} rc-length", data_name=f"length.{b}"))
        )  # fmt: skip
        for t in range(time):
            alive = t < lengths[b]
            role = "state" if alive else "padding"
            names = ["rc-block"]
            names += ["rc-final"] if t == lengths[b] - 1 else []
            names += ["rc-chosen"] if (b, t) == chosen else []
            parts.append(
                _at(f"block.{b}.{t}", at,
                    element("rect", x=-2, y=-2, width=WIDE + 4, height=CHIP + hidden * TALL + 4, class_="rc-target"),
                    text(WIDE / 2, 12, f"mask {int(alive)}", class_="rc-label rc-mask", data_name=f"mask.{b}.{t}"),
                    *_column(role, outputs[b][t], f"output.{b}.{t}"), class_=" ".join(names))
            )  # fmt: skip
        differ = outputs[b][-1] != shown["h"][b]
        parts.append(_at(f"mark.{b}", at, text(0, 0, "≠" if differ else "=", class_="rc-equal", data_name=f"mark.{b}")))
        parts.append(_at(f"h.{b}", at, *_column("state", shown["h"][b], f"h.{b}"), class_="rc-end-state"))
        if "c" in shown:
            parts.append(_at(f"c.{b}", at, *_column("memory", shown["c"][b], f"c.{b}")))
    for t in range(time):
        parts.append(_at(f"step.{t}", at, text(0, 0, f"step {t}", class_=_label(time_major))))
    for name, role in (("h", "state"), ("c", "memory"))[: 2 if "c" in shown else 1]:
        names = f"rc-name rc-{role}{' rc-start' if time_major else ''}"
        parts.append(_at(f"name.{name}", at, text(0, 0, f"final {name}", class_=names, style="font-size:11px")))
    width, height = at["size"]
    return drawing(width, height, describe(shown), *parts)


def describe(shown: Mapping[str, Any]) -> str:
    """The picture in words; `describe` of dynamic_rnn.js says the same."""
    outputs, lengths = shown["outputs"], shown["lengths"]
    time = len(outputs[0])
    words = [f"{len(outputs)} rows of {time} steps."]
    for b, length in enumerate(lengths):
        if length == time:
            words.append(f"Row {b} is full: its last output is the final h.")
        elif length == 0:
            words.append(f"Row {b} is empty: all its outputs are 0, its final state is the initial one.")
        else:
            words.append(
                f"Row {b} ends after {length}: the outputs from step {length} on are 0, the final h is the output of "
                f"step {length - 1}."
            )
    return " ".join(words)


def _column(role: str, values: Sequence[Number], name: str) -> list[str]:
    return [
        cell(role, 0, CHIP + k * TALL, value, f"{name}.{k}", width=WIDE, height=TALL) for k, value in enumerate(values)
    ]


def _at(name: str, at: Mapping[str, list[Number]], *parts: str, class_: str = "") -> str:
    x, y = at[name]
    names = {"class_": class_} if class_ else {}
    return element("g", *parts, transform=f"translate({x:g} {y:g})", data_place=name, **names)


def _last(box: list[Number]) -> str:
    x, y, width, height = box
    return element("rect", x=x, y=y, width=width, height=height, class_="rc-last", data_place="last")


def _label(start: bool) -> str:
    return "rc-label rc-start" if start else "rc-label"
