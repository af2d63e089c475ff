"""Building and checking a small course: the same bytes twice, nothing half-written, and every difference found."""

import json
import re
import sys

import nbformat
import pytest

from tests.notebooks.canaries import with_red_spot
from tests.notebooks.course import build, files, list_in_toc, nbval, read, write
from tools.nb_build import KINDS, main
from tools.nb_normalise import WIDGET_STATE
from tools.nbclaims.start import STARTS, start

LIVE = """\
# %% [markdown]
# # Figures that differ in nothing from run to run

# %% tags=["hide-input"] mystnb={"image": {"alt": "a straight line"}}
import matplotlib.pyplot as plt
fig, ax = plt.subplots(figsize=(3, 2))
ax.plot([1, 2, 3])
plt.show()

# %%
import ipywidgets
one, two = ipywidgets.IntSlider(value=3), ipywidgets.IntSlider(value=4)
link = ipywidgets.jslink((one, "value"), (two, "value"))
ipywidgets.VBox([one, two])

# %%
import anywidget
import traitlets
class Counter(anywidget.AnyWidget):
    _esm = "export default { render({ model, el }) { el.textContent = model.get('count') } }"
    count = traitlets.Int(3).tag(sync=True)
    weights = traitlets.Bytes(b"abc").tag(sync=True)
Counter()

# %%
from tqdm import tqdm
total = sum(tqdm(range(3)))  # no bar where notebooks are built
print("one", flush=True)
print("two", object())
"""

EXERCISE = """\
# %% tags=["solution"]
print("for the solutions only")

# %%
def double(x):
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION

def check(function):
    try:
        print("passed" if function(2) == 4 else "wrong")
    except NotImplementedError:
        print("not attempted")

# %%
check(double)
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A built course of one chapter and its exercises."""
    root = tmp_path_factory.mktemp("course")
    write(root / "book/01_live.py", LIVE)
    write(root / "solutions/02_double.py", EXERCISE)
    assert main([], root=root) == 0
    list_in_toc(root, "book/01_live", "solutions/02_double", "exercises/02_double")
    return root


def test_two_runs_give_the_same_bytes(course):
    before = files(course)
    assert main(["01_live", "--force"], root=course) == 0
    assert files(course) == before


def test_the_notebook_is_normal(course):
    text = (course / "book/01_live.ipynb").read_text()
    notebook = read(course / "book/01_live.ipynb")
    assert text == json.dumps(json.loads(text), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    assert [cell.id for cell in notebook.cells] == [f"c00{index}" for index in range(5)]
    assert [cell.execution_count for cell in notebook.cells[1:]] == [1, 2, 3, 4]
    assert notebook.cells[1].metadata == {"tags": ["hide-input"], "mystnb": {"image": {"alt": "a straight line"}}}
    assert notebook.cells[4].outputs == [
        {"output_type": "stream", "name": "stdout", "text": "one\ntwo <object object at 0x0>\n"}
    ]
    assert notebook.metadata.kernelspec == {"name": "python3", "display_name": "Python 3", "language": "python"}
    assert notebook.metadata.language_info.pygments_lexer == "ipython3"
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)


def test_the_widgets_keep_their_state_and_their_references(course):
    notebook = read(course / "book/01_live.ipynb")
    state = notebook.metadata.widgets[WIDGET_STATE].state
    assert list(state) == [f"{number:032x}" for number in range(len(state))]
    shown = notebook.cells[2].outputs[0].data["application/vnd.jupyter.widget-view+json"].model_id
    children = [child.removeprefix("IPY_MODEL_") for child in state[shown].state.children]
    assert [state[child].state.value for child in children] == [3, 4]
    [link] = [model.state for model in state.values() if model.model_name == "LinkModel"]
    assert link.source == [f"IPY_MODEL_{children[0]}", "value"]


def test_one_source_gives_solutions_and_exercises(course):
    solutions, exercises = read(course / "solutions/02_double.ipynb"), read(course / "exercises/02_double.ipynb")
    assert len(solutions.cells) == 3
    assert len(exercises.cells) == 2
    assert solutions.cells[-1].outputs[0].text == "passed\n"
    assert exercises.cells[-1].outputs[0].text == "not attempted\n"
    assert "    return 2 * x" in solutions.cells[1].source
    assert "2 * x" not in exercises.cells[0].source


def test_check_finds_every_fault_and_touches_nothing(course, capsys):
    live = course / "book/01_live.ipynb"
    original = files(course)
    notebook = read(live)
    notebook.cells[1].outputs[0].data["image/png"] = with_red_spot(notebook.cells[1].outputs[0].data["image/png"])
    notebook.metadata.widgets[WIDGET_STATE].state[f"{2:032x}"].state["value"] = 5
    notebook.cells[4].outputs[0].text = "one\ntwo\n"
    nbformat.write(notebook, live)
    write(course / "solutions/02_double.py", EXERCISE.replace("2 * x", "x + x"))  # stale, but the exercise is the same
    write(course / "book/03_new.py", "# %%\n")
    (course / "exercises/04_orphan.ipynb").write_bytes(original["exercises/02_double.ipynb"])
    before = files(course)
    try:
        assert main(["--check"], root=course) == 1
        assert files(course) == before
    finally:
        for name in files(course).keys() - original.keys():
            (course / name).unlink()
        for name, content in original.items():
            (course / name).write_bytes(content)
    out, err = capsys.readouterr()
    assert "cell 2, outputs 1, data, image/png: the picture differs: by" in err
    assert f"state, {2:032x}, state, value: stored 5, a fresh run gives 3" in err
    assert "cell 5, outputs 1, text: the text differs" in err
    assert "-    return 2 * x" in err
    assert "+    return x + x" in err
    assert "it has not been built" in err
    assert "there is no solutions/04_orphan.py" in err
    assert [line.split()[:2] for line in out.splitlines() if "exercises/02" in line] == [
        ["exercises/02_double", "agrees"]
    ]
    assert out.endswith("5 notebooks, 4 failed\n")


def test_nbval_agrees_with_what_was_built(course):
    report = nbval(course, "-n", "2", "--dist", "loadfile", *KINDS)
    assert re.findall(r"^(\S+\.ipynb) +(\d+) ", report, re.MULTILINE) == [
        ("book/01_live.ipynb", "4"),
        ("exercises/02_double.ipynb", "2"),
        ("solutions/02_double.ipynb", "3"),
    ]
    assert " failed" not in report


@pytest.mark.parametrize("deaths", [STARTS - 1, STARTS])
def test_a_kernel_that_dies_before_it_answers_is_started_again(tmp_path, monkeypatch, deaths):
    """Its ports were taken by another program meanwhile. A kernel that dies for good is told."""
    command, marks = tmp_path / "kernel.py", tmp_path / ".cache" / "deaths"
    marks.parent.mkdir()
    command.write_text(
        "import pathlib, runpy, sys\n"
        f"marks = pathlib.Path({str(marks)!r}); count = len(marks.read_text()) if marks.exists() else 0\n"
        f"marks.write_text((count + 1) * 'x'); count < {deaths} and sys.exit(1)\n"
        "runpy.run_module('ipykernel_launcher', run_name='__main__')\n"
    )
    spec = {"argv": [sys.executable, str(command), "-f", "{connection_file}"], "language": "python"}
    monkeypatch.setattr("tools.nb_kernel.get_kernel_dict", lambda: spec)
    write(tmp_path / "book/01_page.py", "# %%\nprint(1)\n")
    status, said = build(tmp_path)
    assert (status, "the kernel is gone" in said) == ((0, False) if deaths < STARTS else (1, True)), said


def test_nbvals_kernel_too():
    calls = []

    def begin():
        calls.append(len(calls))
        if len(calls) < 3:
            raise RuntimeError("Kernel died before replying to kernel_info")

    start(begin)
    assert calls == [0, 1, 2]
    with pytest.raises(RuntimeError, match="for good"):
        start(lambda: (_ for _ in ()).throw(RuntimeError("for good")))
