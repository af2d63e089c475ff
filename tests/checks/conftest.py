"""The checks run here as they do for a learner: without the types of shapes, which the tests of the core hold."""

import jaxtyping
import pytest
from jaxtyping import config


@pytest.fixture(autouse=True)
def as_for_a_learner(monkeypatch):
    """Switch the shape annotations off, those of functions inside functions too: they make a cell ten times slower."""
    monkeypatch.setattr(jaxtyping, "jaxtyped", lambda **_: lambda function: function)
    config.update("jaxtyping_disable", True)
    yield
    config.update("jaxtyping_disable", False)
