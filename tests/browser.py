"""The browser of the tests that need one. Where it may not be missing, RNN_COURSE_BROWSER says `required`."""

import os

import pytest

from tools.browser import BrowserError, chromium


@pytest.fixture(scope="session")
def browser():
    """One Chromium for all tests, without a window; they are skipped where there is none, unless it is required."""
    try:
        with chromium() as browser:
            yield browser
    except BrowserError as error:
        if os.environ.get("RNN_COURSE_BROWSER") == "required":
            raise
        pytest.skip(str(error))
