"""What the tests of the catalogues share: an exercise's cases, its solution, and gradients by Torch's autograd."""

from collections.abc import Callable
from typing import Any

from rnn_course import leaves, to
from rnn_course.arrays import autograd
from rnn_course.checks import exercises
from rnn_course.checks.compare import agree
from rnn_course.checks.trial import Outcome
from rnn_course.gradcheck import sum_of_products


def every_case(name: str, dtype: str = "float64") -> list[tuple]:
    """The arguments of all cases, as NumPy arrays."""
    exercise = exercises()[name]
    return [exercise.arguments(case, dtype) for case in range(len(exercise.cases))]


def solve(name: str) -> Callable:
    """The reference answer."""
    return exercises()[name].solution


def same_outcome(one: Outcome, other: Outcome) -> bool:
    """The same results, the same arguments afterwards, and the same use of global random state."""
    if one.used_global_random or other.used_global_random:
        return one.used_global_random == other.used_global_random
    return agree(one.value, other.value) and agree(tuple(leaves(one.arguments)), tuple(leaves(other.arguments)))


def gradients(run: Callable[[Any], Any], arguments: Any, weights: Any) -> Any:
    """The gradients of <weights, run(arguments)> by autograd, as NumPy arrays."""
    weights = to(weights, "torch")
    return to(autograd(lambda moved: sum_of_products(run(moved), weights), to(arguments, "torch"))[1])
