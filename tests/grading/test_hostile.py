"""Hostile notebooks, in harmless doses: the check does not hang or die, gives no credit for them, and goes on."""

import os
import sys
import time

import pytest

from rnn_course.grading.supervisor import descendants
from tests.grading.conftest import TIGHT, processes_with
from tests.grading.notebooks import RIGHT, WRONG, answered, passed, statuses

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="what is limited elsewhere is less"),
    pytest.mark.usefixtures("nothing_left"),
]
NAME = "views.time_major"
BODIES = {
    "endless loop": ("while True: pass", "timed out"),
    "endless loop that catches everything": (
        "while True:\n        try:\n            while True: pass\n        except BaseException: pass",
        "timed out",
    ),
    "sleep": ("import time; time.sleep(1000)", "timed out"),
    "os._exit": ("import os; os._exit(0)", "raised"),
    "kill itself": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL); os.abort()", "raised"),
    "exit": ("exit()", "raised"),
    "KeyboardInterrupt": ("raise KeyboardInterrupt", "raised"),
    "memory": ("x = bytearray(2 * 10**9); return x", "raised"),
    "recursion": ("return time_major(sequences)", "raised"),
    "fork": ("import os; os.fork(); return sequences", None),
    "endless output": ("while True: print('x' * 1000)", "timed out"),
    "endless output below Python": ("import os\n    while True: os.write(1, b'x' * 1000)", "raised"),
    "a huge result": ("import numpy as np; return np.zeros((10**4, 10**4), dtype='int8')", "wrong"),
    "a liar": (
        "class Liar(float):\n        __eq__ = lambda *a: True\n        __hash__ = None\n        shape = (1, 1)\n    "
        "return Liar(1)",
        "wrong",
    ),
    "an array of objects": ("import numpy as np; return np.array([object()])", "wrong"),
    "endless nesting": ("x = []; x.append(x); return x", "wrong"),
    "its arguments spoilt": ("sequences[...] = 0; return sequences", "wrong"),
    "a closed pipe": ("import os; os.closerange(0, 256)", "raised"),
    "noise on every pipe": (
        "import os\n    for fd in range(3, 64):\n        try: os.write(fd, b'\\xff' * 64)\n"
        "        except OSError: pass\n    return sequences",
        None,
    ),
}


@pytest.mark.parametrize("kind", BODIES)
def test_a_hostile_answer_gets_no_credit_and_the_others_theirs(check_cells, kind):
    body, status = BODIES[kind]
    answers = RIGHT | {NAME: f"def time_major(sequences):\n    {body}"}
    start = time.monotonic()
    result = check_cells(answered(answers), name="01_one_batch_three_views.ipynb")
    assert time.monotonic() - start < 40
    found = statuses(result)
    if status:
        assert found[NAME] == status, result
    report = next(report for report in result.reports if report.name == NAME)
    assert not report.passed
    assert report.credit <= 0.5, report  # an argument that comes back unchanged may be right in a special case
    assert passed(result) >= set(RIGHT) - {NAME}, result


CELLS = {
    "endless loop": "while True: pass",
    "os._exit": "import os; os._exit(0)",
    "exit": "exit()",
    "raise": "1 / 0",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "a syntax error": "def f(:",
    "a lone surrogate": "x = '\ud800'",
    "nesting without end": "(" * 5000,
    "many minus signs": "-" * 50_000 + "1",
    "a null character": "x = 1\0",
    "endless output": "while True: print('x' * 1000)",
    "memory": "x = bytearray(2 * 10**9)",
    "memory bit by bit": "x = []\nwhile True: x.append(bytearray(10**6))",
    "memory of many processes": "import os\nfor _ in range(4):\n    if not os.fork():\n        x = b'x' * 150_000_000\n"
    "        import time; time.sleep(100)\nimport time; time.sleep(100)",
    "many files": "for k in range(100):\n    with open(f'{k}', 'wb') as f: f.write(bytes(10**6))",
    "a file without end": "with open('x', 'wb') as f:\n    while True: f.write(bytes(10**6))",
    "many processes": "import os, time\nfor _ in range(40):\n    if not os.fork(): time.sleep(100)\n"
    "while True: time.sleep(1)",
    "a copy that comes back": "import os; os.fork()",
    "signals to everybody": "import os, signal\nfor pid in range(2, 70_000):\n"
    "    try: os.getpid() == 1 and os.kill(pid, signal.SIGTERM)  # only in a world of its own\n"
    "    except OSError: pass",
    "its parent": "import os, signal; os.getppid() == 0 and os.kill(0, signal.SIGKILL)",
    "all of its session": "import os, signal; os.killpg(0, signal.SIGKILL)",
    "a check of its own": "import rnn_course\nrnn_course.check = lambda *a, **k: 1/0",
    "a magic": "%load_ext nothing\n!rm -rf nothing\nx = !ls",
    "input": "input('name?')",
    "recursion": "def f(): return f()\nf()",
    "threads": "import threading\nfor _ in range(5): threading.Thread(target=lambda: [None for _ in iter(int, 1)],"
    " daemon=True).start()",
    "no more modules": "import sys\nsys.modules.clear()",
    "no builtins": "import builtins\nbuiltins.len = builtins.isinstance = builtins.callable = None",
    "a trace": "import sys\ndef trace(*a): raise SystemExit\nsys.settrace(trace)",
}
FATAL_TO_THE_REST = {"no more modules", "no builtins", "a trace"}


@pytest.mark.parametrize("kind", CELLS)
def test_a_hostile_cell_leaves_the_other_answers_their_credit(check_cells, kind):
    answers = RIGHT | {NAME: WRONG[NAME]}
    first, *rest = answered(answers)
    start = time.monotonic()
    result = check_cells([first, CELLS[kind], *rest])
    assert time.monotonic() - start < 45
    report = next(report for report in result.reports if report.name == NAME)
    assert not report.passed
    if kind not in FATAL_TO_THE_REST:
        assert passed(result) == set(RIGHT) - {NAME}, result


@pytest.mark.parametrize(
    "start_it",
    [
        "subprocess.Popen(command)",
        "subprocess.Popen(command, start_new_session=True)",
        "subprocess.run(['sh', '-c', 'setsid \"$@\" >/dev/null 2>&1 &', 'sh', *command])",
        "[subprocess.Popen(command, start_new_session=True) for _ in range(6)]",
    ],
)
def test_no_process_is_left_behind(check_cells, start_it):
    mark = f"mark_{os.getpid()}"
    command = f"import subprocess, sys\ncommand = [sys.executable, '-c', 'import time; time.sleep(300) # {mark}']\n"
    first, *rest = answered(RIGHT)
    result = check_cells([first, f"{command}{start_it}\nimport time; time.sleep(.3)", *rest])
    assert passed(result) == set(RIGHT), result
    assert "It left other processes behind; they were ended." in result.problems
    assert processes_with(mark) == []


PATCHES = {
    "grade": "import rnn_course.checks.engine as e\nfrom rnn_course.checks import Report\n"
    "e.grade = lambda x, a: Report(x.name, 'passed', '')",
    "passed": "from rnn_course.checks import Report\nReport.passed = property(lambda self: True)\n"
    "Report.credit = property(lambda self: 1.0)",
    "compare": "import rnn_course.checks.compare as c\nc.agree = lambda *a: True\n"
    "c.first_difference = lambda *a: None\nc.agreeing_parts = lambda g, e, a: {'': True}\n"
    "import rnn_course.checks.findings as f\nf.is_close = lambda g, e: g == g",
    "cases": "import rnn_course.checks as c\nfor e in c.exercises().values(): object.__setattr__(e, 'cases', ())",
    "solution": "import rnn_course.checks as c\nfor e in c.exercises().values():\n"
    "    object.__setattr__(e, 'solution', lambda *a: a[0])",
    "numpy": "import numpy as np\nnp.isclose = lambda a, b, **k: np.ones(np.shape(a), bool)\n"
    "np.array_equal = lambda *a: True",
    "files": "import os, pathlib, rnn_course\nfor p in pathlib.Path(rnn_course.__file__).parent.rglob('engine.py'):\n"
    "    try: p.write_text(p.read_text() + ' ')\n    except OSError as e: print(e)",
    "progress": "import os, pathlib\nfor p in (os.environ['RNN_COURSE_PROGRESS'], 'progress', '.rnn-course'):\n"
    "    try: pathlib.Path(p).write_text('passed')\n    except OSError as e: print(e)",
    "frames": "import sys\nf = sys._getframe()\nwhile f:\n    f.f_locals.update(passed=True); f = f.f_back",
}


@pytest.mark.parametrize("kind", PATCHES)
def test_a_patch_of_the_checks_earns_nothing(check_cells, kind):
    first, *rest = answered(WRONG)
    honest = check_cells([first, *rest])
    assert not any(report.passed for report in honest.reports)
    result = check_cells([first, PATCHES[kind], *rest])
    assert [report.as_dict() for report in result.reports] == [report.as_dict() for report in honest.reports]


def test_a_notebook_cannot_read_what_others_have_handed_in(check_cells, tmp_path):
    secret = tmp_path / "of_somebody_else.txt"
    secret.write_text("def time_major(s): return s.swapaxes(0, 1)", encoding="utf-8")
    stolen = f"exec(open({str(secret)!r}).read())\ncheck('{NAME}', time_major)"
    result = check_cells([answered({})[0], stolen])
    confined = "PermissionError" in " ".join(result.problems)
    if not confined:
        pytest.skip("this system cannot keep a process from reading files")
    assert {report.status for report in result.reports} == {"not attempted"}


def test_the_limits_are_in_force_here(check_cells):
    """So that on a system where they are not, somebody learns of it."""
    cell = "import socket\nsocket.create_connection(('127.0.0.1', 9), timeout=1)"
    assert "Error" in check_cells([*answered(RIGHT), cell]).problems[0]
    assert TIGHT.processes < 40
    assert not descendants(2**22)
