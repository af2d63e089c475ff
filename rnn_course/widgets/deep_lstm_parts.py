"""The parts of a stack of LSTM layers: what each arrow carries, its shape, and which state it belongs to.

A part says this twice: for one step of the stack, and for `dynamic_rnn` over all steps. Its expression is Python that
gives the array, where `stack`, `x`, `state` … are what their names say; a test evaluates every one of them.
"""

from typing import NamedTuple

Shape = list[int | str]  # numbers, and "batch" and "time", which the reader can change


class View(NamedTuple):
    """What a part is in one of the two pictures."""

    label: str  # before the shape, in the picture
    expression: str
    shape: Shape  # empty for what is a tuple of arrays
    words: str


class Part(NamedTuple):
    """A thing that can be chosen. `also` names what is marked with it: the same numbers, or what it consists of."""

    name: str
    role: str
    also: tuple[str, ...]
    step: View
    whole: View


def parts(input_size: int, sizes: tuple[int, ...]) -> list[Part]:
    """All parts, from the input at the bottom to the output on top."""
    top, many = len(sizes) - 1, len(sizes)
    found = [_input(input_size)]
    for k, (below, size) in enumerate(zip((input_size, *sizes), sizes, strict=False)):
        found += [*_state_in(k, many, size), _kernel(k, below, size), *_state_out(k, many, size, k == top)]
        if k < top:
            found.append(_upward(k, size))
    found.append(_output(top, sizes[top]))
    return [*found, _tuple("in", "state", "initial_state", sizes), _tuple("out", "new_state", "final_state", sizes)]


def parameters_of(input_size: int, sizes: tuple[int, ...]) -> int:
    """(input + hidden) · 4·hidden + 4·hidden, summed over the layers."""
    return sum((below + size + 1) * 4 * size for below, size in zip((input_size, *sizes), sizes, strict=False))


def _input(size: int) -> Part:
    words = "It goes into layer 0 and belongs to no state."
    return Part(
        "x",
        "input",
        (),
        View("x", "x", ["batch", size], f"One step of the input, {size} numbers for each row. {words}"),
        View("inputs", "inputs", ["batch", "time", size], f"All steps of the input. One step after the other, {words}"),
    )


def _state_in(k: int, many: int, size: int) -> list[Part]:
    shape: Shape = ["batch", size]
    belongs = "It belongs to {}[{}], the pair (c, h) of this layer; the whole state is a tuple of {}."
    step, whole = belongs.format("state", k, many), belongs.format("initial_state", k, many)
    group = "Everything that layer {} remembers {}: the pair (c, h), an LSTMStateTuple."
    return [
        Part(
            f"in{k}.c",
            "memory",
            (),
            View("c", f"state[{k}].c", shape, f"The memory of layer {k} before this step. {step}"),
            View("c", f"initial_state[{k}].c", shape, f"The memory of layer {k} before the first step. {whole}"),
        ),
        Part(
            f"in{k}.h",
            "state",
            (),
            View("h", f"state[{k}].h", shape, f"The output of layer {k} one step ago. {step}"),
            View("h", f"initial_state[{k}].h", shape, f"What layer {k} takes for its last output. {whole}"),
        ),
        Part(
            f"in{k}",
            "ink",
            (f"in{k}.c", f"in{k}.h"),
            View("", f"state[{k}]", [], group.format(k, "before this step")),
            View("", f"initial_state[{k}]", [], group.format(k, "before the first step")),
        ),
    ]


def _kernel(k: int, below: int, size: int) -> Part:
    count = (below + size + 1) * 4 * size
    words = (
        f"The weights of layer {k}: {below} numbers from below and {size} of its own h go in, four gates of {size} "
        f"come out. With the bias [{4 * size}] these are {count:,} parameters. Weights belong to no state."
    )
    view = View("", f"stack.cells[{k}].kernel", [below + size, 4 * size], words)
    return Part(f"kernel{k}", "weights", (), view, view._replace(words=f"{words} They are the same at every step."))


def _state_out(k: int, many: int, size: int, is_top: bool) -> list[Part]:
    shape: Shape = ["batch", size]
    up = "as the output of the stack" if is_top else f"as the x of layer {k + 1}"
    also = "output" if is_top else f"up{k}"
    return [
        Part(
            f"out{k}.c",
            "memory",
            (),
            View("c′", f"new_state[{k}].c", shape, f"The new memory of layer {k}. It never goes up. It belongs to "
                 f"new_state[{k}], the state of this layer for the next step."),
            View("c", f"final_state[{k}].c", shape, f"The memory of layer {k} after each row's last step. It belongs "
                 f"to final_state[{k}], one of {many} pairs, and is in no output."),
        ),
        Part(
            f"out{k}.h",
            "state",
            (also,),
            View("h′", f"new_state[{k}].h", shape, f"The new h of layer {k}. It leaves twice, the same numbers: up, "
                 f"{up}; to the right, into new_state[{k}]."),
            View("h", f"final_state[{k}].h", shape, f"The h of layer {k} after each row's last step. It belongs to "
                 f"final_state[{k}]. " + ("For full rows it is outputs[:, -1]." if is_top else "It is not in outputs, "
                 "which are the top layer's.")),
        ),
        Part(
            f"out{k}",
            "ink",
            (f"out{k}.c", f"out{k}.h"),
            View("", f"new_state[{k}]", [], f"All that layer {k} hands to the next step: the pair (c, h)."),
            View("", f"final_state[{k}]", [], f"All that layer {k} has in the end: the pair (c, h)."),
        ),
    ]  # fmt: skip


def _upward(k: int, size: int) -> Part:
    above = "inputs"
    for layer in range(k + 1):
        above = f"dynamic_rnn(stack.cells[{layer}], {above})[0]"
    return Part(
        f"up{k}",
        "state",
        (f"out{k}.h",),
        View("h′", f"new_state[{k}].h", ["batch", size], f"The new h of layer {k} is the x of layer {k + 1}. The same "
             f"numbers go to the right, into new_state[{k}]."),
        View("h", above, ["batch", "time", size], f"The h of layer {k} at every step is what layer {k + 1} reads. "
             "dynamic_rnn does not return it: outputs are the top layer's, and final_state has its last step only."),
    )  # fmt: skip


def _output(top: int, size: int) -> Part:
    return Part(
        "output",
        "state",
        (f"out{top}.h",),
        View("output", "output", ["batch", size], "The output of the stack is the top layer's new h: "
             f"new_state[{top}].h, the same numbers. Of the layers below it shows nothing."),
        View("outputs", "outputs", ["batch", "time", size], "The top layer's h at every step. For full rows, "
             f"outputs[:, -1] is final_state[{top}].h."),
    )  # fmt: skip


def _tuple(side: str, step: str, whole: str, sizes: tuple[int, ...]) -> Part:
    also = tuple(f"{side}{k}.{part}" for k in range(len(sizes)) for part in "ch")
    listed = " and ".join((", ".join(map(str, sizes[:-1])), str(sizes[-1]))).removeprefix(" and ")
    axis = f"widths of {listed} could not share one array" if len(set(sizes)) > 1 else "not even where all widths agree"
    words = f"A tuple of {len(sizes)} pairs (c, h), one a layer, bottom first. There is no layer axis: {axis}."
    return Part(side, "ink", also, View("", step, [], words), View("", whole, [], words))
