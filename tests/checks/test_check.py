"""What a learner meets: the outcomes of a check, its messages, hints and solutions."""

import random

import numpy as np
import pytest
import torch

from rnn_course.checks import EXERCISES, CheckFailed, arguments, check, hint, solution
from rnn_course.checks.compare import first_difference


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
    monkeypatch.setattr("rnn_course.checks.engine.find_spec", lambda name: None)
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


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda x: None, "the result is None: is there a `return` missing?"),
        (
            lambda x: x.reshape(len(x), -1).tolist(),
            "the result is list, expected an array of shape [batch=5, pixel=12]",
        ),
        (lambda x: x.reshape(len(x), -1)[:, :3], "has shape [5, 3], expected [batch=5, pixel=12]"),
        (lambda x: x.reshape(len(x), -1) + 1, "60 of 60 numbers differ; the first at [batch 0, pixel 0]: expected"),
        (lambda x: x.reshape(len(x), -1)[:, ::-1] if isinstance(x, np.ndarray) else x, "axis pixel is reversed"),
        (lambda x: np.asarray(x).reshape(len(x), -1), "is a numpy array, but the arguments were torch arrays"),
        (
            lambda x: (x * 1.0).reshape(len(x), -1).astype("float64"),
            "is float64, expected float32: the type of",
        ),
        (lambda x: x.reshape(len(x), -1) * np.nan, "there are NaN in it"),
    ],
)
def test_a_wrong_answer_is_located(answer, message):
    report = check("views.as_vectors", answer)
    assert report.status == "wrong"
    assert message in repr(report)
    assert 'hint("views.as_vectors")' in repr(report)


def test_the_values_of_the_reference_are_not_given_away_as_code():
    for exercise in EXERCISES.values():
        shown = repr(check(exercise.name, lambda *a: a[0]))
        assert "lambda" not in shown
        assert "reshape(" not in shown


def test_an_error_quotes_the_learners_line_and_the_arguments():
    def typo(images):
        width = images.shape[3]
        return images.reshape(-1, width)

    report = check("views.as_vectors", typo)
    assert report.status == "raised"
    assert "IndexError: tuple index out of range" in report.message
    assert "width = images.shape[3]" in report.message
    assert "The arguments were: [5, 3, 4] float64" in report.message


def test_the_call_in_the_message_reproduces_the_failure():
    report = check("views.time_major", lambda x: x + 1)
    call = next(line for line in repr(report).splitlines() if "To see it" in line)
    inner = call.split("your_function(*")[1].rstrip(")") + ")"
    (sequences,) = eval(inner, {"arguments": arguments})
    assert sequences.shape == (4, 3, 5)


def test_an_argument_changed_in_place_is_found():
    def in_place(images):
        images *= 2
        return images.reshape(len(images), -1) / 2

    assert "argument 1 was changed in place" in check("views.as_vectors", in_place).message


def test_use_of_the_global_random_state_is_found():
    def rolls(images):
        np.random.rand()  # noqa: NPY002
        return images.reshape(len(images), -1)

    def rolls_python(images):
        random.random()
        return images.reshape(len(images), -1)

    for answer in (rolls, rolls_python):
        assert "the global random state has changed" in check("views.as_vectors", answer).message


def test_a_check_is_deterministic_and_leaves_the_random_state_alone(without_shape_types):  # beartype draws numbers
    before = random.getstate()
    first, second = (check("views.as_images", lambda v, r, c: v.reshape(-1, c, r, 1) * 2) for _ in range(2))
    assert repr(first) == repr(second)
    assert random.getstate() == before


def test_what_is_no_function_is_refused():
    assert "expected a function, got int" in check("views.predict", 3).message
    assert check("views.predict", ...).status == "not attempted"


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


def test_hints_climb_a_ladder_and_stay_on_top(monkeypatch):
    monkeypatch.setattr("rnn_course.checks._hints_shown", {})
    ladder = EXERCISES["views.time_major"].hints
    assert [hint("views.time_major") for _ in range(3)] == [
        f"Hint 1 of 2: {ladder[0]}",
        f"Hint 2 of 2: {ladder[1]}",
        f"Hint 2 of 2: {ladder[1]}",
    ]


def test_the_solution_is_shown_with_its_reason():
    shown = solution("views.time_major")
    assert "sequences.swapaxes(0, 1)" in shown
    assert EXERCISES["views.time_major"].reason in shown
    assert repr(shown) == str(shown)


@pytest.mark.parametrize(
    ("got", "expected", "message"),
    [
        (np.zeros((3, 2)), np.zeros((2, 3)), "has shape [3, 2], expected [2, 3]: the right sizes in another order"),
        (np.zeros(2), np.zeros((2, 3)), "1 axes instead of 2"),
        (np.zeros(2), (np.zeros(2), np.zeros(2)), "the result should be 2 values, got one ndarray"),
        ((1, 2, 3), (1, 2), "should have 2 parts, got 3"),
        ((1, 3), (1, 2), "[1] is 3, which is not right"),
        (np.arange(6.0).reshape(3, 2).T, np.arange(6.0).reshape(2, 3), "all the right numbers are there, in the wrong"),
    ],
)
def test_differences_in_words(got, expected, message):
    assert message in first_difference(got, expected)


def test_no_difference_is_an_empty_sentence():
    assert first_difference((np.ones(2), 3), (np.ones(2) + 1e-12, 3)) == ""
    assert first_difference(np.array([np.nan]), np.array([1.0])) != ""
