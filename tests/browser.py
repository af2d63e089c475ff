"""A browser for the tests that need one. Where it may not be missing, RNN_COURSE_BROWSER says `required`."""

import os
from contextlib import contextmanager

import pytest

from tools.browser import BrowserError, chromium


@contextmanager
def running():
    """Chromium, headless; the tests are skipped where there is none, unless it is required."""
    try:
        with chromium() as browser:
            yield browser
    except BrowserError as error:
        if os.environ.get("RNN_COURSE_BROWSER") == "required":
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def browser():
    with running() as browser:
        yield browser
