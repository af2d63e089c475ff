"""Chromium, for tests, PDF and reports: where it is, and how it is started so that it speaks to nobody."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # no other machine has an address
]
LOCAL = ("file:", "data:", "blob:", "http://127.0.0.1:")  # addresses that leave nothing behind on the way


class BrowserError(Exception):
    """There is no browser; the message says what to do."""


def find_chromium() -> str:
    """The path of Chromium or of a browser like it."""
    if path := next(filter(None, map(shutil.which, NAMES)), None):
        return path
    raise BrowserError(f"no browser: none of {', '.join(NAMES)} is on PATH. Install Chromium or Chrome.")


@contextmanager
def chromium() -> Iterator[Any]:
    """Chromium without a window, as Playwright's browser."""
    path = find_chromium()
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise BrowserError(
            'Playwright is missing. Install it with  pip install -c constraints.txt -e ".[dev]"'
        ) from None
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()
