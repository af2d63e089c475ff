"""The model card says what the record says, and counts what the confusion matrix counts."""

from rnn_course.training.card import LIMITS, model_card
from tests.training.test_results import RECORD


def test_a_card_has_data_recipe_seed_accuracy_confusions_limits_and_versions():
    text = model_card(RECORD._replace(remark="The machine was busy.", test_examples=6))
    assert text.startswith("# lstm 5, 4 on mnist\n")
    assert "**66.67 %** ± 19.25" in text  # √(2/3 · 1/3 / 6)
    assert "| data | mnist: 600 examples to learn from, 6 to test |" in text
    assert "| seed | 7 |" in text
    assert "`rnn-course train lstm --data mnist`" in text
    assert "- 1 taken for 0: 1 times" in text
    assert "right answers by class: 100.0 %, 50.0 %" in text
    assert all(f"- {limit}" in text for limit in (*LIMITS, "The machine was busy."))
    assert "- numpy: 2.4" in text
    assert "watched after each epoch" in text
    assert "watched" not in model_card(RECORD._replace(accuracy_on="validation"))


def test_only_the_most_frequent_confusions_are_listed_worst_first():
    confusion = tuple(tuple(10 * row + column for column in range(3)) for row in range(3))
    lines = [line for line in model_card(RECORD._replace(confusion=confusion)).splitlines() if "taken for" in line]
    assert [line.split()[1] for line in lines] == ["2", "2", "1", "1", "0"]
    assert "- nothing" in model_card(RECORD._replace(confusion=((2, 0), (0, 1))))
