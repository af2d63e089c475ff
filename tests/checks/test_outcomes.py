"""What the check answers to every kind of answer: right, wrong in every way, raising, endless, absent."""

import random
import threading
import time
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from rnn_course import sequence_mask
from rnn_course.checks import EXERCISES
from rnn_course.checks.engine import grade
from tests.checks.toy import MEMORY, SQUARE, remember, remember_with, square


def test_a_right_answer_passes_and_says_what_was_checked():
    def own(inputs, c, sequence_length):
        return remember(inputs, c, sequence_length)

    report = grade(MEMORY, own)
    assert report.passed
    assert report.credit == 1
    assert "12 calls agree with the reference: 3 cases, NumPy and Torch, float64 and float32." in repr(report)


def test_the_results_may_come_as_a_list():
    assert grade(MEMORY, lambda *a: list(remember(*a))).passed


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (None, "placeholder is still there"),
        (..., "placeholder is still there"),
        (lambda *a: ..., "Your turn"),
        (lambda *a: (None, None), "Your turn"),
        (lambda *a: (..., ...), "Your turn"),
    ],
)
def test_placeholders_are_not_attempted(answer, why):
    report = grade(MEMORY, answer)
    assert report.status == "not attempted"
    assert report.credit == 0
    assert why in report.message


def test_stubs_are_not_attempted():
    def empty(inputs, c, sequence_length):
        """What it should do."""

    def dots(inputs, c, sequence_length): ...

    def returns_none(inputs, c, sequence_length):
        return None

    def raises(inputs, c, sequence_length):
        raise NotImplementedError("your turn")

    for stub in (empty, dots, returns_none, raises):
        assert grade(MEMORY, stub).status == "not attempted", stub.__name__


def test_an_error_of_something_called_is_no_stub():
    def calls(inputs, c, sequence_length):
        return np.ndarray.__array_function__(inputs, None, (), (), {})

    def not_implemented_elsewhere(inputs, c, sequence_length):
        class Base:
            def step(self):
                raise NotImplementedError

        return inputs.no_such_thing, Base

    assert grade(MEMORY, calls).status == "raised"
    assert grade(MEMORY, not_implemented_elsewhere).status == "raised"


def test_a_missing_return_is_said():
    def forgets(inputs, c, sequence_length):
        for t in range(inputs.shape[1]):
            c = 0.5 * c + inputs[:, t]

    report = grade(MEMORY, forgets)
    assert report.status == "wrong"
    assert "the result is None: is there a `return` missing?" in report.message


def test_what_is_no_function_is_refused():
    assert "expected a function, got int" in grade(MEMORY, 3).message
    assert "expected a function, got ndarray" in grade(MEMORY, np.ones(2)).message


def test_an_error_quotes_the_learners_line_and_the_arguments():
    def typo(inputs, c, sequence_length):
        width = inputs.shape[3]
        return width, c

    report = grade(MEMORY, typo)
    assert report.status == "raised"
    assert "IndexError: tuple index out of range" in report.message
    assert "width = inputs.shape[3]" in report.message
    assert "inputs [3, 5, 4] float64; c [3, 4] float64; sequence_length [3] int64" in report.message


def test_exit_and_its_like_are_errors_of_the_answer():
    assert "SystemExit: it called exit()" in grade(MEMORY, lambda *a: exit()).message
    assert grade(MEMORY, lambda inputs, *a: remember(inputs[0], *a)).status == "raised"
    assert "takes 1 positional argument but 3 were given" in grade(MEMORY, lambda x: x).message

    def deep(*a):
        return deep(*a)

    assert "RecursionError" in grade(MEMORY, deep).message


def test_an_endless_loop_times_out_even_if_it_catches_everything():
    def endless(*arguments):
        while True:
            try:
                time.sleep(0.01)
            except Exception:  # not even this holds it
                continue

    start = time.monotonic()
    report = grade(replace(MEMORY, seconds=0.3), endless)
    assert report.status == "timed out"
    assert "did not finish within 0.3 seconds" in report.message
    assert time.monotonic() - start < 5


def test_the_time_limit_holds_outside_the_main_thread():
    def endless(*arguments):
        while True:
            pass

    found = []
    thread = threading.Thread(target=lambda: found.append(grade(replace(MEMORY, seconds=0.3), endless)))
    thread.start()
    thread.join(10)
    assert found[0].status == "timed out"


def test_the_users_interrupt_is_not_swallowed():
    def interrupted(*arguments):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        grade(MEMORY, interrupted)


def test_an_argument_changed_in_place_is_named():
    def in_place(inputs, c, sequence_length):
        result = remember(inputs, c, sequence_length)
        c += 1
        return result

    assert "the argument `c` was changed in place" in grade(MEMORY, in_place).message


@pytest.mark.parametrize("draw", [lambda: np.random.rand(), lambda: random.random(), lambda: torch.rand(1)])  # noqa: NPY002
def test_global_random_state_is_found(draw):
    def rolls(*arguments):
        draw()
        return remember(*arguments)

    report = grade(MEMORY, rolls)
    assert "the global random state has changed" in report.message
    assert 0 < report.credit < 1


def test_global_random_state_used_by_backward_is_found():
    def rolls(x, scale):
        y, backward = square(x, scale)
        return y, lambda d_y: (random.random(), backward(d_y))[1]

    assert "the global random state has changed" in grade(SQUARE, rolls).message


def test_what_is_kept_from_call_to_call_is_found():
    seen = {}

    def keeps(inputs, c, sequence_length):
        key = (str(type(inputs)), str(inputs.dtype), tuple(inputs.shape))
        c = c + seen.get(key, 0)
        seen[key] = 1
        return remember(inputs, c, sequence_length)

    report = grade(MEMORY, keeps)
    assert "a second call with the same arguments gives something else" in report.message


def test_a_right_answer_that_prints_passes_and_a_wrong_one_shows_what_it_printed(capsys):
    def chatty(*arguments):
        print("inputs:", arguments[0].shape)
        return remember(*arguments)

    def endless_talk(inputs, *arguments):
        for _ in range(10_000):
            print("x" * 100)
        return remember(inputs + 1, *arguments)

    assert grade(MEMORY, chatty).passed
    report = grade(MEMORY, endless_talk)
    assert "Your function printed:" in repr(report)
    assert "characters more" in repr(report)
    assert len(repr(report)) < 3000
    assert capsys.readouterr().out == ""


def test_partial_credit_counts_results_that_are_right_everywhere():
    wrong_last = grade(MEMORY, lambda *a: (remember(*a)[0], a[1]))
    assert wrong_last.parts == (
        ("states, NumPy", True),
        ("c, NumPy", False),
        ("states, Torch", True),
        ("c, Torch", False),
        ("keeps to the rules", False),
    )
    assert wrong_last.credit == pytest.approx(2 / 5)
    assert grade(MEMORY, lambda *a: 0).credit == 0
    assert 0 < grade(MEMORY, lambda x, c, n: remember(x, c, n) if isinstance(x, np.ndarray) else 0).credit < 1


def test_what_is_right_on_numpy_alone_is_told_which_line_to_change():
    def numpy_only(inputs, c, sequence_length):
        states = inputs.astype(inputs.dtype)
        for t in range(inputs.shape[1]):
            c = np.where((sequence_length > t)[:, None], 0.5 * c + inputs[:, t], c)
            states[:, t] = c
        return states, c

    report = grade(MEMORY, numpy_only)
    assert report.status == "raised"
    assert "case 1, Torch float64" in report.message
    assert "Every case on NumPy is right" in repr(report)
    assert "Line 2 of your function:  states = inputs.astype(inputs.dtype)" in repr(report)
    assert "Line 4 of your function:  c = np.where(" in repr(report)
    assert "Every case on NumPy" not in repr(grade(MEMORY, lambda x, c, n: remember(x + 1, c, n)))


def test_the_packages_own_work_passes_and_is_told_apart():
    def mask(lengths, steps):
        return np.arange(steps) < lengths[:, None]

    exercise = replace(
        SQUARE,
        solution=mask,
        cases=(lambda rng: (rng.integers(0, 5, 3), 4),),
        results=("[batch, time]",),
        laws=(),
        backends=("numpy",),
        dtypes=("float64",),
    )
    assert not grade(exercise, lambda lengths, steps: mask(lengths, steps)).borrowed
    for answer in (sequence_mask, partial(sequence_mask), lambda lengths, steps: sequence_mask(lengths, steps)):
        report = grade(exercise, answer)
        assert report.passed
        assert report.borrowed
        assert (
            "the package's own `sequence_mask`" in report.message or "package's `sequence_mask` does" in report.message
        )
    assert not grade(replace(exercise, by_hand=False), sequence_mask).borrowed


def test_a_function_that_is_handed_in_is_there_to_be_called():
    """As in `learn.numeric`: what is differentiated comes from the package, and no answer can do without it."""

    def slopes(f, x, step):
        moves = step * np.eye(x.size).reshape(x.size, *x.shape)
        return np.array([f(x + move) - f(x - move) for move in moves]).reshape(x.shape) / (2 * step)

    report = grade(EXERCISES["learn.numeric"], slopes)
    assert report.passed
    assert not report.borrowed


def test_nothing_raised_reaches_the_caller():
    class Evil:
        def __call__(self, *arguments):
            return Evil()

        def __eq__(self, other):
            raise RuntimeError("no")

        __hash__ = None

        def __getattr__(self, name):
            raise RuntimeError("no")

    for answer in (Evil(), lambda *a: Evil(), lambda *a: (Evil(), Evil()), lambda *a: {"states": 1}, type, print):
        assert grade(MEMORY, answer).status in ("wrong", "raised")


def test_a_wrong_answer_can_be_reproduced_from_its_message():
    def named(*arguments):
        return remember_with(keep=0.25)(*arguments)

    report = grade(MEMORY, named)
    assert (
        'To see it: named(*arguments("toy.memory", case=1, backend="numpy", dtype="float64"))  # seed [0, 0]'
        in repr(report)
    )
