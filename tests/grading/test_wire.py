"""What travels between the processes arrives as it was, and nothing else arrives at all."""

import json
import math
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rnn_course import LSTMStateTuple
from rnn_course.arrays import to
from rnn_course.checks.compare import agree
from rnn_course.grading.frames import HEAD, LONGEST, Frames, frame
from rnn_course.grading.wire import DTYPES, LARGEST, BadMessage, clean, pack, unpack

ARRAYS = st.sampled_from(DTYPES).flatmap(lambda d: hnp.arrays(d, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0)))
PLAIN = st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.floats() | st.text(max_size=20) | st.just(...)
LEAVES = PLAIN | ARRAYS
TREES = st.recursive(
    LEAVES,
    lambda t: (
        st.lists(t, max_size=3)
        | st.lists(t, max_size=3).map(tuple)
        | st.tuples(t, t).map(lambda pair: LSTMStateTuple(*pair))
    ),
    max_leaves=8,
)


def same(a, b):
    """Whether two values are the same in type, shape, kind and every bit."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray | np.generic):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, tuple | list):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b or (isinstance(a, float) and math.isnan(a) and math.isnan(b))


def travelled(value):
    """A value after a journey through a socket's bytes."""
    frames = Frames()
    data, blob = pack(value)
    sent = frame({"value": data}, blob)
    for k in range(0, len(sent), 1000):
        frames.feed(sent[k : k + 1000])
    message, blob = frames.next()
    assert frames.next() is None
    return unpack(message["value"], blob)


@settings(deadline=None)
@given(TREES)
def test_a_tree_arrives_as_it_was(tree):
    assert same(travelled(tree), tree)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "bool"])
def test_torch_arrives_as_torch(dtype):
    tensor = to(np.arange(6).reshape(2, 3).astype(dtype), "torch")
    assert agree(travelled((tensor, tensor.T)), (tensor, tensor.T))


def test_numbers_of_numpy_and_views_arrive():
    array = np.arange(24.0).reshape(2, 3, 4)
    for value in (np.float32(2), np.int64(3), array.T, array[:, ::-1], np.asfortranarray(array)):
        assert same(travelled(value), np.ascontiguousarray(value) if isinstance(value, np.ndarray) else value)


def test_a_generator_goes_on_where_it_was():
    rng = np.random.default_rng(3)
    rng.standard_normal(5)
    assert travelled(rng).standard_normal() == rng.standard_normal()


class Odd:
    def __repr__(self):
        raise RuntimeError


LOOP: list = []
LOOP.append(LOOP)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (object(), "object"),
        (Odd(), "Odd"),
        ({1: 2}, "dict"),
        (1j, "complex"),
        (b"x", "bytes"),
        (type("float", (float,), {"__eq__": lambda *_: True})(1), "float"),
        (np.array([None]), "ndarray of object"),
        (np.broadcast_to(0.0, (10**5, 10**5)), "array of shape [100000, 100000], too large to be compared"),
        (2**100_000, "a very large int"),
        ("x" * 10**6, "a very long str"),
        (len, "builtin_function_or_method"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 90 else "value",
)
def test_of_anything_else_the_type_arrives(value, kind):
    arrived = travelled(value)
    assert type(arrived).__name__ == kind
    assert not agree(arrived, np.zeros(2))
    assert not agree(arrived, 1.0)


def test_what_has_no_end_is_cut():
    assert not agree(travelled(LOOP), (1.0,))


def test_a_named_tuple_of_the_learner_keeps_its_fields():
    from collections import namedtuple

    arrived = travelled(namedtuple("Mine", "h c")(1, 2))
    assert (type(arrived).__name__, arrived._fields, tuple(arrived)) == ("Mine", ("h", "c"), (1, 2))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda j: (
        st.lists(j, max_size=4)
        | st.dictionaries(
            st.sampled_from(["is", "items", "fields", "type", "module", "text", "dtype", "shape", "library", "state"]),
            j
            | st.sampled_from(["array", "tuple", "named", "rng", "foreign", "float64", "numpy", "torch", "rnn_course"]),
        )
    ),
    max_leaves=10,
)


@settings(deadline=None)
@given(JSON, st.binary(max_size=40))
def test_whatever_arrives_it_is_a_value_or_a_bad_message(data, blob):
    with suppress(BadMessage):
        unpack(data, blob)


@settings(deadline=None)
@given(st.binary(max_size=64))
def test_noise_on_the_socket_is_a_bad_message_or_not_complete(noise):
    frames = Frames()
    frames.feed(noise)
    with suppress(BadMessage):
        while frames.next() is not None:
            pass


@pytest.mark.parametrize("head", [(LONGEST + 1, 0), (2, LARGEST + 1)])
def test_a_message_that_is_too_long_is_refused_before_it_is_there(head):
    frames = Frames()
    frames.feed(HEAD.pack(*head))
    with pytest.raises(BadMessage):
        frames.next()


@settings(deadline=None)
@given(st.text())
def test_clean_text_can_be_written_anywhere(text):
    import xml.etree.ElementTree as ElementTree

    for given_text in (text, text + "\ud800\x00\x1b"):
        cleaned = clean(given_text)
        element = ElementTree.Element("x")
        element.text = cleaned
        ElementTree.fromstring(ElementTree.tostring(element))
        assert clean(json.loads(json.dumps(cleaned))) == cleaned
