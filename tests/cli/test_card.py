"""`rnn-course card`: the model card of a run."""

from rnn_course.training.card import model_card
from rnn_course.training.results import write_run
from tests.training.test_results import RECORD


def test_the_command_prints_or_writes_it(call, tmp_path):
    record = write_run(tmp_path, RECORD)
    result = call("card", record)
    assert result.exit_code == 0, result.stderr
    assert result.stdout == model_card(RECORD)
    assert call("card", record, "--out", tmp_path / "card.md").exit_code == 0
    assert (tmp_path / "card.md").read_text(encoding="utf-8") == model_card(RECORD)
    record.write_text("{}")
    result = call("card", record)
    assert result.exit_code == 2
    assert "expected the fields of RunRecord" in result.stderr
