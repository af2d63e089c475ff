"""npm's Lighthouse, in a pinned version, on a page of the built book, as on a phone with a slow line."""

import json
import os
import subprocess

from tools.browser import FLAGS, find_chromium
from tools.vendor import VendorError, npm_command

PINNED = "lighthouse@12.8.2"
KINDS = ("performance", "accessibility", "best-practices", "seo")
TIMEOUT = 300  # seconds, the download by npm included


class LighthouseError(Exception):
    """It did not run; the message says why."""


def scores(address, folder):
    """The score of each category, from 0 to 100; the whole report stays in `folder`."""
    target = folder / f"lighthouse-{address.rpartition('/')[2].removesuffix('.html')}.json"
    flags = " ".join(["--headless=new", *(flag for flag in FLAGS if " " not in flag)])
    options = ("--quiet", "--output=json", f"--output-path={target}", f"--chrome-flags={flags}")
    try:
        command = [*npm_command(), "exec", "--yes", "--package", PINNED, "--", "lighthouse", address, *options]
        environment = {**os.environ, "CHROME_PATH": find_chromium()}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT)
    except (VendorError, subprocess.TimeoutExpired) as error:
        raise LighthouseError(f"{PINNED} did not run: {error}") from None
    if done.returncode:
        raise LighthouseError(f"{PINNED} did not run: {done.stderr.strip()[-600:]}")
    found = json.loads(target.read_text("utf8"))["categories"]
    return {kind: round(100 * found[kind]["score"]) for kind in KINDS}
