"""Tables on a terminal and elsewhere."""

from rnn_course.cli.show import plain_table, show_table

ROWS = [("torch", "note", 'pip install "rnn-course[torch]" :smile:'), ("numpy", "ok", "2.4")]


def test_a_plain_table_is_aligned_and_complete():
    assert plain_table("Title", ("part", "status", "text"), ROWS).splitlines() == [
        "Title",
        "part   status  text",
        'torch  note    pip install "rnn-course[torch]" :smile:',
        "numpy  ok      2.4",
    ]


def test_columns_without_names_have_no_heading():
    assert plain_table("Title", ("", ""), [("a", "1")]).splitlines() == ["Title", "a  1"]


def test_without_a_terminal_the_table_is_plain(capsys):
    show_table("Title", ("part", "status", "text"), ROWS)
    assert capsys.readouterr().out == plain_table("Title", ("part", "status", "text"), ROWS) + "\n"


def test_on_a_terminal_it_is_drawn_and_shows_brackets_as_they_are(capsys):
    show_table("Title", ("part", "status", "text"), ROWS, terminal=True)
    out = capsys.readouterr().out
    assert "│" in out
    assert '"rnn-course[torch]" :smile:' in out
