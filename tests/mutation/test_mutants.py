import importlib
import os
import signal
import sys
import time
import tomllib

import pytest

from .child import ROOT, serve_source, start, status_of
from .mutants import HERE, Mutant, definition, describe, is_signature, judge, read_equivalents

SOURCE = '''"""A module."""

LIMIT: int = 3


class Cell:
    def scale(self, x: int | None = 1, *, by: float = -2.0) -> int | None:
        @staticmethod
        def backward(d):
            return d * by
        return x * by, x * by


def scale(x):
    return x * LIMIT
'''
SCALE = Mutant("cells", "Cell.scale.backward", "return d * by", "return d / by")


def listed(*becomes, reason="by is always one", module="cells"):
    changes = ", ".join(f'"{text}"' for text in becomes)
    where, line = SCALE.where, SCALE.line
    entry = f'module = "{module}"\nwhere = "{where}"\nline = "{line}"\nbecomes = [{changes}]\nreason = "{reason}"\n'
    return f"[[mutant]]\n{entry}"


def test_a_mutant_is_told_by_the_text_around_it_and_not_by_its_line_number():
    mutated = SOURCE.replace("d * by", "d / by")
    assert describe("cells", SOURCE, mutated) == SCALE
    assert describe("cells", f"import os\n\n{SOURCE}", f"import os\n\n{mutated}") == SCALE


def test_a_line_that_is_gone_becomes_nothing():
    mutated = SOURCE.replace("        @staticmethod\n", "")
    assert describe("cells", SOURCE, mutated) == Mutant("cells", "Cell.scale.backward", "@staticmethod", "")
    with_its_empty_line = describe("cells", SOURCE.replace("        @s", "\n        @s"), mutated)
    assert with_its_empty_line == Mutant("cells", "Cell.scale.backward", "@staticmethod", "")


@pytest.mark.parametrize(
    ("line", "name"), [(3, ""), (7, "Cell.scale"), (10, "Cell.scale.backward"), (11, "Cell.scale"), (15, "scale")]
)
def test_the_definitions_around_a_line(line, name):
    assert definition(SOURCE, line) == name


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("int = 3", True),
        ("3", False),
        ("int | None = 1", True),
        ("| None = 1", True),
        ("1, *", False),
        ("*, by", True),
        ("-2.0", False),
        ("| None:", True),
        ("* by, x", False),
    ],
)
def test_annotations_are_no_computations_but_defaults_are(text, is_one):
    before = SOURCE[: SOURCE.index(text)]
    position = before.count("\n") + 1, len(before.rsplit("\n", maxsplit=1)[-1])
    assert is_signature(SOURCE, position) is is_one


def test_a_survivor_is_reported_unless_it_is_listed():
    other = SCALE._replace(becomes="return d + by")
    entries = read_equivalents(listed("return d / by"))
    assert judge([SCALE, other], [SCALE, other], entries, ["cells"]) == ([other], [])
    assert judge([SCALE, other], [SCALE, other], [], ["cells"]) == ([SCALE, other], [])
    elsewhere = SCALE._replace(where="GRUCell.forward.backward")  # the same line in another function is another mutant
    assert judge([elsewhere], [elsewhere, SCALE], entries, ["cells"]) == ([elsewhere], [])


def test_an_entry_that_fits_no_mutant_is_reported_for_the_modules_that_are_run():
    entries = read_equivalents(listed("return d / by", "return d - by"))
    gone = SCALE._replace(becomes="return d - by")
    assert judge([], [SCALE], entries, ["cells"]) == ([], [gone])
    assert judge([], [], entries, ["gru"]) == ([], [])


def test_a_mutant_is_listed_once_and_with_a_reason():
    with pytest.raises(ValueError, match="expected a reason, got 'same'"):
        read_equivalents(listed("return d / by", reason="same"))
    with pytest.raises(ValueError, match="listed twice"):
        read_equivalents(listed("return d / by") + listed("return d / by"))


def test_the_list_and_the_settings_are_about_files_that_exist():
    settings = tomllib.loads((HERE / "config.toml").read_text(encoding="utf-8"))
    for module, files in settings["modules"].items():
        assert (ROOT / "rnn_course" / f"{module.replace('.', '/')}.py").exists()
        assert all((ROOT / "tests" / "core" / f"test_{name}.py").exists() for name in files)
    assert settings["only"].keys() <= settings["modules"].keys()
    for entry in read_equivalents((HERE / "equivalent.toml").read_text(encoding="utf-8")):
        assert entry.module in settings["modules"]
        path = ROOT / "rnn_course" / f"{entry.module.replace('.', '/')}.py"
        assert entry.line in [" ".join(line.split()) for line in path.read_text(encoding="utf-8").splitlines()]


forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system that can fork a process")


def ended(running):
    while (status := status_of(running)) is None:
        time.sleep(0.01)
    return status


@forks
def test_a_process_sees_the_other_source_and_its_parent_does_not(tmp_path, monkeypatch):
    module = tmp_path / "planted_module.py"
    module.write_text("answer = 1\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)

    def look():
        serve_source(module, "answer = 2\n")
        return importlib.import_module("planted_module").answer

    try:
        assert importlib.import_module("planted_module").answer == 1  # its byte code is kept now
        del sys.modules["planted_module"]
        assert ended(start("planted", look)) == 2
        assert importlib.import_module("planted_module").answer == 1
    finally:
        sys.modules.pop("planted_module", None)


@forks
def test_a_process_that_hangs_is_stopped():
    assert ended(start("hangs", lambda: time.sleep(60) or 0, limit=0.05)) == -signal.SIGKILL


@forks
def test_a_process_that_computes_for_ever_is_stopped_for_its_processor_time_and_not_for_that_of_others():
    def compute():
        while True:
            pass

    def compute_briefly():
        began = time.process_time()
        while time.process_time() - began < 0.3:
            pass
        return 0

    crowd = [start("brief", compute_briefly, limit=1) for _ in range(8)]
    endless = start("endless", compute, limit=1)
    assert [ended(one) for one in crowd] == [0] * 8
    assert ended(endless) == -signal.SIGXCPU
