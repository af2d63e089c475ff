"""`rnn-course reset`: one cell comes back, all others stay, and the notebook from before is kept."""

import json

import pytest

from rnn_course import learners_notebook
from rnn_course.checks.journal import Journal
from rnn_course.exercise_notebooks import exercise_notebooks

NAME = "01_one_batch_three_views.ipynb"
STUB = "    raise NotImplementedError"


@pytest.fixture
def mine(call, own_folders):
    """The learner's own notebook, begun."""
    call("start")
    return own_folders / "my-exercises" / NAME


@pytest.fixture
def original():
    return json.loads(next(path for path in exercise_notebooks() if path.name == NAME).read_bytes())


def place_of(notebook, exercise):
    return next(k for k, c in enumerate(notebook["cells"]) if f'check("{exercise}"' in "".join(c["source"]))


def change(path, edit):
    """Edit the notebook as Jupyter would, and return what it then holds."""
    notebook = json.loads(path.read_bytes())
    edit(notebook)
    path.write_text(json.dumps(notebook))
    return notebook


def answer_all(notebook):
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["source"] = "".join(cell["source"]).replace(STUB, "    return 1  # mine: 中文 ×\n    raise ValueError")
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["hello"]}]


def backups(mine):
    return sorted((mine.parent / "backups").iterdir())


def test_only_this_cell_comes_back_and_a_copy_is_kept(call, mine, original):
    before = change(mine, answer_all)
    content = mine.read_bytes()
    result = call("reset", "views.as_images")
    assert result.exit_code == 0, result.output
    after = json.loads(mine.read_bytes())
    k = place_of(before, "views.as_images")
    assert after["cells"][:k] + after["cells"][k + 1 :] == before["cells"][:k] + before["cells"][k + 1 :]
    assert {**after, "cells": []} == {**before, "cells": []}
    assert "".join(after["cells"][k]["source"]) == "".join(original["cells"][k]["source"])
    assert after["cells"][k]["outputs"] == []
    assert after["cells"][k]["execution_count"] is None
    (backup,) = backups(mine)
    assert backup.read_bytes() == content
    assert str(backup.name) in result.stdout
    assert [r.event for r in Journal.here(mine.parent).read().records][-1] == "reset"


def test_every_reset_keeps_a_copy_of_its_own(call, mine):
    for _ in range(3):
        change(mine, answer_all)
        call("reset", "views.as_images")
    assert len(backups(mine)) == 3


def test_a_cell_that_is_no_python_comes_back_too(call, mine, original):
    def break_it(notebook):
        notebook["cells"][place_of(notebook, "views.predict")]["source"] = 'def (:\ncheck("views.predict", '

    change(mine, break_it)
    call("reset", "views.predict")
    k = place_of(original, "views.predict")
    assert json.loads(mine.read_bytes())["cells"][k]["source"] == original["cells"][k]["source"]


@pytest.mark.parametrize(("heading", "where"), [(True, "below its heading"), (False, "at the end")])
def test_a_cell_that_was_deleted_comes_back(call, mine, original, heading, where):
    k = place_of(original, "views.as_images")
    before = change(mine, lambda notebook: notebook["cells"].__delitem__(slice(k if heading else k - 1, k + 1)))
    assert where in call("reset", "views.as_images").stdout
    after = json.loads(mine.read_bytes())
    place = k if heading else len(before["cells"])
    assert "".join(after["cells"][place]["source"]) == "".join(original["cells"][k]["source"])
    assert after["cells"][:place] + after["cells"][place + 1 :] == before["cells"]
    names = [cell["id"] for cell in after["cells"]]
    assert len(set(names)) == len(names)


def test_a_new_cell_has_no_id_in_an_old_format_and_a_new_one_where_it_is_taken(call, mine, original):
    k = place_of(original, "views.as_images")

    def old(notebook):
        notebook["nbformat_minor"] = 4
        del notebook["cells"][k]
        for cell in notebook["cells"]:
            del cell["id"]

    change(mine, old)
    call("reset", "views.as_images")
    assert not any("id" in cell for cell in json.loads(mine.read_bytes())["cells"])

    def taken(notebook):
        notebook["nbformat_minor"] = 5
        del notebook["cells"][k]
        for number, cell in enumerate(notebook["cells"]):
            cell["id"] = original["cells"][k]["id"] if number == 0 else f"mine{number}"

    change(mine, taken)
    call("reset", "views.as_images")
    names = [cell["id"] for cell in json.loads(mine.read_bytes())["cells"]]
    assert len(set(names)) == len(names)


def test_of_several_cells_the_original_one_comes_back(call, mine, original):
    k = place_of(original, "views.as_images")
    again = {"cell_type": "code", "id": "again", "metadata": {}, "source": 'check("views.as_images", second)'}
    before = change(mine, lambda notebook: (answer_all(notebook), notebook["cells"].insert(1, again)))
    assert "1 more that check it stay" in call("reset", "views.as_images").stdout
    after = json.loads(mine.read_bytes())
    assert [a == b for a, b in zip(after["cells"], before["cells"], strict=True)].count(False) == 1
    assert STUB in "".join(after["cells"][k + 1]["source"])


@pytest.mark.parametrize("content", [b"", b'{"cells": [', b"[]", b'{"cells": [1]}', b'{"cells": [{}]}', b"[" * 100_000])
def test_a_damaged_notebook_is_one_line_and_stays_as_it_is(error_of, mine, content):
    mine.write_bytes(content)
    message = error_of("reset", "views.predict")
    assert "is no notebook" in message
    assert "left as it is" in message
    assert mine.read_bytes() == content
    assert not (mine.parent / "backups").exists()


def test_a_notebook_that_is_not_there_is_one_line(error_of, mine):
    mine.unlink()
    assert f"there is no {NAME} in my-exercises: get it with: rnn-course start my-exercises" in error_of(
        "reset", "views.predict"
    )


def test_an_exercise_that_stands_in_no_notebook_is_one_line(error_of, mine, monkeypatch):
    monkeypatch.setattr(learners_notebook, "exercise_notebooks", lambda: ())
    assert "views.predict stands in no notebook" in error_of("reset", "views.predict")


def test_what_is_saved_in_the_meantime_is_not_lost(error_of, mine, monkeypatch):
    keep = learners_notebook._back_up

    def slow(path, content):
        path.write_text("saved by Jupyter")
        return keep(path, content)

    monkeypatch.setattr(learners_notebook, "_back_up", slow)
    assert "was saved by another program just now" in error_of("reset", "views.predict")
    assert mine.read_text() == "saved by Jupyter"


def test_no_room_for_the_copy_changes_nothing(error_of, mine):
    (mine.parent / "backups").write_text("a file")
    before = mine.read_bytes()
    assert "nothing was changed" in error_of("reset", "views.predict")
    assert mine.read_bytes() == before


def test_it_works_from_inside_the_folder_and_below(call, mine, monkeypatch):
    below = mine.parent / "notes"
    below.mkdir()
    for place in (mine.parent, below):
        monkeypatch.chdir(place)
        assert call("reset", "views.predict").exit_code == 0
    assert len(backups(mine)) == 2
