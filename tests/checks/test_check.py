"""What a learner meets: the outcomes of a check, its messages, hints and solutions."""

import random
import statistics
import time

import numpy as np
import pytest
import torch

from rnn_course.checks import EXERCISES, CheckFailed, arguments, check, hint, solution


def test_other_right_answers_pass():
    def by_loop(images):
        if isinstance(images, torch.Tensor):
            return torch.stack([image.flatten() for image in images])
        return np.stack([np.concatenate(list(image)) for image in images])

    assert check("views.as_vectors", by_loop).passed
    assert check("views.time_major", lambda x: x.swapaxes(1, 0)).passed
    assert check("views.channels_first", lambda x: np.moveaxis(x, -1, 1)).passed
    assert check("views.channels_first", lambda x: np.einsum("nhwc->nchw", x)).passed
    assert check("views.predict", lambda n: [[n, 784], [n, 28, 28, 1], [n, 28, 28]]).passed


def test_a_passed_check_says_what_was_checked():
    report = check("views.as_vectors", EXERCISES["views.as_vectors"].solution)
    assert repr(report).splitlines()[0] == "✓ passed · views.as_vectors"
    assert "12 calls agree with the reference: 3 cases, NumPy and Torch, float64 and float32." in repr(report)


def test_a_missing_torch_is_said(monkeypatch):
    monkeypatch.setattr("rnn_course.checks.trial.find_spec", lambda name: None)
    report = check("views.as_vectors", EXERCISES["views.as_vectors"].solution)
    assert report.passed
    assert "Torch is not installed and was not checked" in repr(report)


def test_a_mistake_is_recognised_even_if_the_answer_is_for_numpy_only():
    report = check("views.as_vectors", lambda x: np.array([image.T.ravel() for image in x]))
    assert report.mistake == "column after column"


def test_what_fails_on_torch_alone_is_said_to_be_right_on_numpy():
    report = check("views.time_major", lambda x: x.transpose(1, 0, 2))
    assert report.status == "raised"
    assert "case 1, Torch float64" in report.message
    assert "Every case on NumPy is right" in repr(report)
    assert "Every case on NumPy" not in repr(check("views.time_major", lambda x: x + 1))


def test_the_values_of_the_reference_are_not_given_away_as_code():
    for exercise in EXERCISES.values():
        shown = repr(check(exercise.name, lambda *a: a[0]))
        assert "lambda" not in shown
        assert "reshape(" not in shown


def test_the_call_in_the_message_reproduces_the_failure():
    report = check("views.time_major", lambda x: x + 1)
    call = next(line for line in repr(report).splitlines() if "To see it" in line)
    inner = call.partition("(*")[2].partition("  #")[0].removesuffix(")")
    (sequences,) = eval(inner, {"arguments": arguments})
    assert sequences.shape == (4, 3, 5)


def test_a_check_is_deterministic_and_leaves_the_random_state_alone(without_shape_types):  # beartype draws numbers
    before = random.getstate()
    first, second = (check("views.as_images", lambda v, r, c: v.reshape(-1, c, r, 1) * 2) for _ in range(2))
    assert repr(first) == repr(second)
    assert random.getstate() == before


def test_an_unknown_exercise_is_answered_with_the_closest_names():
    report = check("views.as_vector", lambda x: x)
    assert report.status == "unknown"
    assert "Did you mean: views.as_vectors" in report.message
    assert "Did you mean" in hint("view.predict")
    assert "Did you mean" in solution("view.predict")
    with pytest.raises(ValueError, match=r"Did you mean"):
        arguments("view.predict")
    with pytest.raises(ValueError, match="case: expected 1 to 3, got 4"):
        arguments("views.predict", case=4)


def test_strict_mode_raises_and_the_environment_can_ask_for_it(monkeypatch):
    with pytest.raises(CheckFailed, match=r"wrong · views\.as_vectors"):
        check("views.as_vectors", lambda x: x, strict=True)
    monkeypatch.setenv("RNN_COURSE_STRICT", "1")
    with pytest.raises(CheckFailed, match="not attempted"):
        check("views.as_vectors", None)
    assert not check("views.as_vectors", None, strict=False).passed
    assert check("views.as_vectors", EXERCISES["views.as_vectors"].solution).passed


def test_the_html_says_the_same_as_the_text_and_escapes_it():
    report = check("views.as_vectors", lambda x: [f"<b>{len(x)}</b>"])
    html = report._repr_html_()
    assert 'role="status"' in html
    assert "✗ wrong · views.as_vectors" in html
    evil = type(report)("n", "wrong", "<script>alert(1)</script>")
    assert "<script>" not in evil._repr_html_()
    assert "&lt;script&gt;" in evil._repr_html_()


def test_a_check_takes_less_than_a_second():
    """The median over the catalogue, both libraries included, once Torch is loaded."""
    seconds = []
    for name, exercise in EXERCISES.items():
        start = time.perf_counter()
        check(name, exercise.solution)
        seconds.append(time.perf_counter() - start)
    assert statistics.median(seconds) < 1
