"""One source, two notebooks: the solutions, and the exercises with stubs in their place."""

import pytest

from tools.nb_source import BEGIN, END, PLACEHOLDER, STUB, SourceError, locate, read_source, solve_or_stub

CELL = f'''\
def step(x, h):
    """One step."""
    {BEGIN}
    y = x + h
    return y
    {END}

class Cell:
    def zero_state(self, n):
        {BEGIN}
        return n
        {END}

answer = ...
{BEGIN}
answer = 3
{END}
check("step", step)'''


def test_the_solution_has_no_markers():
    solution = solve_or_stub(CELL, stub=False, where="x")
    assert solution == "\n".join(line for line in CELL.splitlines() if "###" not in line)


def test_the_stub_keeps_signature_docstring_and_indentation():
    stub = solve_or_stub(CELL, stub=True, where="x").splitlines()
    assert stub[:3] == ["def step(x, h):", '    """One step."""', f"    {STUB}"]
    assert f"        {STUB}" in stub
    assert stub[-3:] == ["answer = ...", PLACEHOLDER, 'check("step", step)']
    compile("\n".join(stub), "stub", "exec")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (f"a\n{BEGIN}\nb", "cell 2, line 2: ### BEGIN SOLUTION: the region never ends"),
        (f"a\n{END}", "cell 2, line 2: ### END SOLUTION: no region is open"),
        (f"{BEGIN}\n{BEGIN}\n{END}", "cell 2, line 2: ### BEGIN SOLUTION: the region begun on line 1 is still open"),
        ("# begin solution\nb", "cell 2, line 1: # begin solution: this is not quite a marker"),
        (f"{BEGIN} of step", "this is not quite a marker"),
    ],
)
@pytest.mark.parametrize("kind", ["solutions", "exercises"])
def test_unbalanced_markers_name_file_and_cell(tmp_path, kind, source, message):
    path = tmp_path / "01_page.py"
    path.write_text(f"# %% [markdown]\n# Text.\n\n# %%\n{source}\n")
    with pytest.raises(SourceError) as error:
        read_source(path, kind)
    assert str(error.value).startswith(str(path))
    assert message in str(error.value)


def test_tagged_cells_are_in_one_of_the_two(tmp_path):
    path = tmp_path / "01_page.py"
    path.write_text('# %% tags=["solution"]\na\n\n# %% tags=["exercise"]\nb\n\n# %%\nc\n')
    assert [cell.source for cell in read_source(path, "solutions").cells] == ["a", "c"]
    assert [cell.source for cell in read_source(path, "exercises").cells] == ["b", "c"]
    assert [cell.source for cell in read_source(path, "book").cells] == ["a", "b", "c"]


def test_a_line_of_a_cell_is_found_in_the_source():
    text = f"# %%\na = 1\n\n# %%\n{CELL}\n"
    assert locate(text, "a = 1", 1) == 2
    stub = solve_or_stub(CELL, stub=True, where="x")
    assert text.splitlines()[locate(text, stub, len(stub.splitlines())) - 1] == 'check("step", step)'
    assert locate(text, "b = 2", 1) is None
