"""The quizzes: each answer is computed, each reason holds, and what cannot be posed is one clear error."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

pytest.importorskip("anywidget")

from rnn_course.quizzes import QUIZZES, Question, QuizError, Wrong, pose
from rnn_course.quizzes.question import evaluate, in_words, run
from rnn_course.widgets import ShapeQuiz

ALL = [(chapter, number) for chapter, questions in QUIZZES.items() for number in range(len(questions))]
QUESTIONS = pytest.mark.parametrize(("chapter", "number"), ALL, ids=lambda part: str(part))
CODE = re.compile(r"`([^`]+)`")
SHAPE = re.compile(r"(?P<of>.+): (?P<shape>\[[\d, ]*\])")
LAYOUT = re.compile(r"\[[a-z0-9*+ ]+(, [a-z0-9*+ ]+)*\]")  # [batch, 4*hidden]: the names of axes
KEYWORD = re.compile(r"\w+=\w+")


def wrong_claims(prose, names):
    """What the code in a sentence says and what does not hold: shapes, sums, equal arrays, names that nothing has."""
    found = []
    if re.search(r"\[-?\d[\d, ]*\]", CODE.sub("", prose)):
        found.append("a numeric shape that names nothing")
    for code in CODE.findall(prose):
        if match := SHAPE.fullmatch(code):
            holds = in_words(evaluate(match["of"], names)) == match["shape"]
        elif " == " in code:
            left, right = (evaluate(side, names) for side in code.split(" == "))
            holds = np.all(np.equal(left, right)) and np.size(left) > 0
        elif " = " in code:
            holds = len({int(evaluate(side, names)) for side in code.split(" = ")}) == 1
        elif LAYOUT.fullmatch(code) or KEYWORD.fullmatch(code):
            holds = True
        else:
            holds = is_known(code, names)
        if not holds:
            found.append(code)
    return found


def is_known(code, names):
    """Whether a piece of code without a claim means something: it runs, or begins with a method of an array."""
    if hasattr(np.ndarray, code.split("(")[0]):
        return True
    try:
        evaluate(code, names)
    except Exception:
        return False
    return True


@pytest.fixture
def question(chapter, number):
    return QUIZZES[chapter][number]


@QUESTIONS
def test_the_answer_is_computed_and_no_other_choice_is_it(question):
    posed = pose(question)
    right = [choice.text for choice in posed.choices if choice.right]
    names = run(question)
    if question.raises:
        with pytest.raises(question.raises):
            evaluate(question.asks, names)
        assert right == ["an error"]
    else:
        assert right == [in_words(evaluate(question.asks, names))]
    texts = [choice.text for choice in posed.choices]
    assert len(set(texts)) == len(texts)
    assert len(texts) - 1 == len(question.wrong) >= 3
    assert question.asks in posed.prompt


@QUESTIONS
def test_every_reason_holds(question):
    names = run(question) | {"nn": pytest.importorskip("torch").nn}
    for choice in pose(question).choices:
        assert wrong_claims(choice.reason, names) == [], choice.text
        assert choice.reason.count("`") % 2 == 0
        assert choice.reason.endswith(".")
        assert len(choice.reason) > 40, "a reason, not a verdict"


@QUESTIONS
def test_the_shape_of_something_else_is_what_the_reason_says(question):
    """Computed a second time, without what made the choice."""
    names = run(question)
    for wrong in question.wrong:
        if isinstance(wrong.shape, str):
            text = in_words(evaluate(wrong.shape, names))
            choice = next(choice for choice in pose(question).choices if choice.text == text)
            assert not choice.right
            assert f"`{wrong.shape}`. {wrong.reason}" in choice.reason


@QUESTIONS
def test_the_code_fits_a_phone_and_varies_over_time(question):
    assert max(map(len, question.code.splitlines())) <= 48
    assert not re.search(r"np\.(ones|zeros)\(", question.code), "equal numbers hide mistakes"


def test_the_counts_of_the_curriculum_are_asked_for():
    answers = [choice.text for questions in QUIZZES.values() for q in questions for choice in pose(q).choices]
    assert {"180", "200", "400", "1,734,400", "[-1, 784]", "[55000, 784]"} <= set(answers)
    torch = pytest.importorskip("torch")
    assert sum(weights.numel() for weights in torch.nn.LSTM(3, 5).parameters()) == 200


@pytest.mark.parametrize("chapter", QUIZZES)
def test_the_right_choice_moves_about(chapter):
    places = [[choice.right for choice in pose(question).choices].index(True) for question in QUIZZES[chapter]]
    assert len(set(places)) >= 3
    assert len(places) >= 5


@pytest.mark.parametrize("chapter", QUIZZES)
def test_the_widget_stores_the_same_every_time(chapter):
    first, second = ({**ShapeQuiz(chapter).get_state(), "layout": None} for _ in range(2))
    assert first == second
    assert "export default { render }" in first["_esm"]
    assert ".rc-shape-quiz" in first["_css"]
    assert [set(question) for question in first["questions"]] == [{"code", "prompt", "choices"}] * len(QUIZZES[chapter])
    assert sum(choice["right"] for question in first["questions"] for choice in question["choices"]) == len(
        QUIZZES[chapter]
    )
    assert sum(len(str(value)) for value in first.values()) < 25_000


def test_a_viewer_without_widgets_gets_the_questions_as_text_and_as_a_static_page():
    quiz = ShapeQuiz("01")
    bundle, _ = quiz._repr_mimebundle_()
    assert repr(quiz) == "ShapeQuiz(5 questions)"
    assert not re.search(r"0x[0-9a-f]{6,}", str(bundle))
    for question in quiz.posed:
        assert f"{question.code}\n{question.prompt}\n" in bundle["text/plain"]
    right = "".join("abcdefgh"[[choice.right for choice in q.choices].index(True)] for q in quiz.posed)
    assert bundle["text/plain"].endswith("Right: " + ", ".join(f"{k}{letter}" for k, letter in enumerate(right, 1)))

    class Tags(HTMLParser):
        def __init__(self):
            super().__init__()
            self.opened = []

        def handle_starttag(self, tag, attrs):
            self.opened.append(tag)

        def handle_endtag(self, tag):
            assert tag in self.opened

    tags = Tags()
    tags.feed(bundle["text/html"])
    assert tags.opened.count("details") == sum(len(question.choices) for question in quiz.posed)
    assert "script" not in tags.opened


def test_a_chapter_can_be_named_by_its_number():
    assert ShapeQuiz(1).questions == ShapeQuiz("01").questions


@pytest.mark.parametrize("name", ["00", "1", "views", "", 99])
def test_a_chapter_without_a_quiz_is_one_clear_error(name):
    with pytest.raises(ValueError, match=f"expected one of {', '.join(QUIZZES)}, .* got {name!r}$"):
        ShapeQuiz(name)


@pytest.mark.parametrize("quiz", [None, [], [1], 2.5])
def test_what_is_no_quiz_is_one_clear_error(quiz):
    with pytest.raises(ValueError, match=r"expected a chapter, .* or questions"):
        ShapeQuiz(quiz)


WRONG = tuple(Wrong([size], "It is some other size.") for size in (1, 2, 3))


def own(code="x = np.zeros(7)", asks="x", wrong=WRONG, raises=None):
    return Question(code, asks, "It is as long as that.", wrong, raises)


def test_questions_of_ones_own():
    quiz = ShapeQuiz([own(), own(asks="x.size")])
    assert [question["prompt"] for question in quiz.questions] == ["What is the shape of `x`?", "How much is `x.size`?"]


@pytest.mark.parametrize(
    ("question", "message"),
    [
        (own(wrong=(*WRONG, Wrong([7], "This is right."))), r"`x`: the wrong choice \[7\] is the right answer"),
        (own(wrong=(*WRONG, Wrong("x", "This is right."))), r"\[7\] is the right answer"),
        (own(wrong=(*WRONG, Wrong("x[:2]", "Twice."))), r"\[2\] stands there twice"),
        (own(wrong=(*WRONG, Wrong("y", "No such name."))), "wrong choice `y` raises NameError"),
        (own(wrong=(*WRONG, Wrong(2.5, "No shape."))), "wrong choice `2.5` raises TypeError: expected an array"),
        (own(wrong=WRONG[:2]), "at least 3 wrong choices, got 2"),
        (own(code="x = 1 / 0"), "the code raises ZeroDivisionError"),
        (own(code="x = ("), "the code raises SyntaxError"),
        (own(asks="y"), "evaluating it raises NameError"),
        (own(asks="'seven'"), "expected an array, a tuple of arrays or a whole number, got str"),
        (own(raises=ValueError), "expected ValueError, but evaluating it raises nothing"),
        (own(asks="y", raises=ValueError), "evaluating it raises NameError"),
    ],
)
def test_a_question_that_does_not_hold_cannot_be_posed(question, message):
    with pytest.raises(QuizError, match=message):
        ShapeQuiz([question])


@pytest.mark.parametrize(
    "prose",
    ["It is [4, 5].", "`x: [6]`.", "`3 + 5 = 7`.", "`x == 1`.", "`x[:0] == 0`.", "See `y`.", "`len(x) = 6`."],
)
def test_a_reason_that_does_not_hold_is_found(prose):
    assert wrong_claims(prose, run(own())) != []


def test_a_reason_that_holds_is_accepted():
    prose = "`x: [7]`, `x == 0`, `x.size = 3 + 4 = 7`, `[batch, 4*hidden]`, `reshape(-1, 392)`, `np.stack`, `a=True`."
    assert wrong_claims(prose, run(own())) == []
