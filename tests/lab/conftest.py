"""A learner's own folder, served by a real JupyterLab that knows nothing of the settings of this machine."""

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from importlib.util import find_spec

import pytest

SECONDS = 90  # for anything that a browser or a kernel has to do; a busy machine takes its time
SETTINGS = {  # as after a first visit: no question about news, every cell on the page
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
}


@pytest.fixture
def lab(tmp_path):
    """The address of JupyterLab on a folder that `rnn-course start` has made, and the folder."""
    if not find_spec("jupyterlab"):
        pytest.skip("jupyterlab is not installed")
    folder = tmp_path / "my-exercises"
    start = [sys.executable, "-c", "from rnn_course.cli import app; app()", "start", str(folder)]
    subprocess.run(start, check=True, capture_output=True)
    for name, values in SETTINGS.items():
        file = (tmp_path / "settings" / name).with_suffix(".jupyterlab-settings")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values), encoding="utf-8")
    with serving(folder, tmp_path) as address:
        yield address, folder


@contextmanager
def serving(folder, home):
    """JupyterLab as a process of its own; it ends with the block, its kernels too."""
    own = {f"JUPYTER_{kind}_DIR": str(home / kind.lower()) for kind in ("CONFIG", "DATA", "RUNTIME")}
    own |= {"JUPYTERLAB_SETTINGS_DIR": str(home / "settings"), "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces")}
    environment = {**os.environ, **own, "HOME": str(home), "IPYTHONDIR": str(home / "ipython"), "OMP_NUM_THREADS": "1"}
    environment = {k: v for k, v in environment.items() if k not in ("RNN_COURSE_PROGRESS", "RNN_COURSE_STRICT")}
    options = ("--no-browser", "--ip=127.0.0.1", "--port=0", "--allow-root", "--expose-app-in-browser")
    command = [sys.executable, "-m", "jupyterlab", *options, f"--notebook-dir={folder}", "--LabApp.token=learner"]
    with (home / "lab.log").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        yield f"http://127.0.0.1:{port_of(server, home)}/lab/tree/{{}}?token=learner"
    finally:
        server.terminate()
        server.wait(SECONDS)


def port_of(server, home):
    """The port that the server has chosen, once it answers."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        for file in (home / "runtime").glob("jpserver-*.json"):
            try:
                return json.loads(file.read_text())["port"]
            except ValueError:
                continue  # it is being written
        time.sleep(0.05)
    pytest.fail(f"JupyterLab has not started: {(home / 'lab.log').read_text()[-2000:]}")
