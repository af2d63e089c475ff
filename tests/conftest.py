"""Fixtures for all tests. The import hook checks every shape in the package's annotations, in every test."""

import os
import signal
from pathlib import Path

from jaxtyping import config, install_import_hook

os.environ.setdefault("OMP_NUM_THREADS", "1")
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # in the background, `make test &`, and so would our processes
    signal.signal(signal.SIGINT, signal.default_int_handler)
# Their annotations hold no shapes, they are called all the time, and the hook makes a call ten times as long.
WITHOUT_SHAPES = ("arrays", "tree", "checks", "grading", "cli")
PACKAGE = Path(__file__).parents[1] / "rnn_course"
MODULES = [path.stem for path in sorted(PACKAGE.iterdir()) if path.suffix == ".py" or (path / "__init__.py").exists()]
install_import_hook(
    [f"rnn_course.{name}" for name in MODULES if name not in (*WITHOUT_SHAPES, "__init__")], "beartype.beartype"
)

import numpy as np  # noqa: E402
import pytest  # noqa: E402

from tests.browser import browser  # noqa: E402, F401


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture(params=["numpy", "torch"])
def backend(request):
    """Each array library in turn."""
    return request.param


@pytest.fixture
def without_shape_types(monkeypatch):
    """Switch the shape annotations off, so that a wrong shape reaches the package's own error."""
    config.update("jaxtyping_disable", True)
    yield
    config.update("jaxtyping_disable", False)
