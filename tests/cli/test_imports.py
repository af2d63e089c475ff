"""What is loaded when: the package and the help text answer at once, so neither loads anything heavy."""

import json
import subprocess
import sys

HEAVY = {"torch", "matplotlib", "sklearn", "scipy", "tqdm", "IPython", "ipywidgets", "anywidget"}
COMMANDS = (
    ["--help"],
    ["--version"],
    ["train", "--help"],
    ["train", "foo"],
    ["start", "--help"],
    ["list"],
    ["hint", "views.predict"],
    ["progress"],
    ["check", "--help"],
    ["watch", "--help"],
)


def loaded_by(*lines):
    """The top-level modules that are loaded after running `lines` in a fresh process, where warnings are errors."""
    report = "import sys, json; print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    command = [sys.executable, "-W", "error", "-c", "\n".join([*lines, report])]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(json.loads(result.stdout.splitlines()[-1]))


def test_importing_the_package_loads_nothing_heavy():
    assert not loaded_by("import rnn_course") & (HEAVY | {"typer", "rich", "jaxtyping", "asyncio"})


def test_shapes_in_signatures_are_jaxtypings_where_it_is_there_before():
    see = "import inspect; print(inspect.signature(rnn_course.dynamic_rnn).parameters['inputs'].annotation)"
    for first, shown in (("jaxtyping", "Float[Any, 'batch time input']"), ("sys", "typing.Any")):
        command = [sys.executable, "-c", f"import {first}; import rnn_course; {see}"]
        result = subprocess.run(command, capture_output=True, text=True, check=True)
        assert shown in result.stdout


def test_what_is_loaded_is_seen():
    assert loaded_by("import rnn_course, tqdm, typer") & (HEAVY | {"typer"}) == {"tqdm", "typer"}


def test_help_and_lists_load_nothing_heavy():
    run = "    with contextlib.suppress(SystemExit): app(arguments)"
    lines = ["import contextlib", "from rnn_course.cli import app", f"for arguments in {COMMANDS}:", run]
    assert not loaded_by(*lines) & HEAVY
