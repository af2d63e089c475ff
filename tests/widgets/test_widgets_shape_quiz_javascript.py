"""What ShapeQuiz says and how it moves, in the browser's language: its functions run in node on the real questions."""

import json
import shutil
import subprocess
from dataclasses import asdict
from pathlib import Path

import pytest

from rnn_course.quizzes import QUIZZES, pose
from tests.widgets.node import node_program

SCRIPT = Path(__file__).resolve().parents[2] / "rnn_course" / "widgets" / "shape_quiz.js"
ALL = [asdict(pose(question)) for questions in QUIZZES.values() for question in questions]
TINY = [{"choices": [{"text": "[1]", "right": right, "reason": "Why."} for right in (False, True)]} for _ in range(3)]
GIVEN = {
    "nothing": [[], [], []],
    "one wrong": [[0], [], []],
    "right at once": [[1], [], []],
    "right later": [[0, 1], [], []],
    "read on": [[1, 0], [], []],
    "both": [[1], [0, 1], []],
    "all": [[1], [1], [1, 0]],
}

PROGRAM = """
import { readFileSync } from "node:fs";
import { tokens, pieces, verdict, standing, score, moved } from "./shape_quiz.mjs";
const { all, tiny, given } = JSON.parse(readFileSync("data.json", "utf8"));
console.log(JSON.stringify({
  tokens: all.map((question) => tokens(question.code)),
  pieces: all.flatMap((question) => question.choices.map((choice) => pieces(choice.reason))),
  verdicts: all.map((question) => question.choices.map((_, chosen) => verdict(question, chosen))),
  scores: Object.fromEntries(Object.entries(given).map(([name, choices]) => [name, score(tiny, choices)])),
  standings: [[], [0], [0, 1], [1, 0]].map((choices) => standing(tiny[0], choices)),
  moves: ["ArrowDown", "ArrowRight", "ArrowUp", "ArrowLeft", "Enter"].map((key) => [0, 2].map((k) => moved(k, key, 3))),
  line: tokens('x = f(10_0, a1, "#2")  # for 3 in x'),
}));
"""


@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("node")
    shutil.copyfile(SCRIPT, folder / "shape_quiz.mjs")
    (folder / "program.mjs").write_text(PROGRAM, "utf8")
    (folder / "data.json").write_text(json.dumps({"all": ALL, "tiny": TINY, "given": GIVEN}), "utf8")
    done = subprocess.run([node_program(), "program.mjs"], cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_coloured_code_is_the_code(computed):
    for question, found in zip(ALL, computed["tokens"], strict=True):
        assert "".join(text for _, text in found) == question["code"]
    assert {kind for found in computed["tokens"] for kind, _ in found} >= {"plain", "comment", "number", "text"}


def test_numbers_words_and_comments_are_told_apart(computed):
    assert computed["line"] == [
        ["plain", "x = f("],
        ["number", "10_0"],
        ["plain", ", a1, "],
        ["text", '"#2"'],
        ["plain", ")  "],
        ["comment", "# for 3 in x"],
    ]


def test_prose_is_cut_at_its_backquotes(computed):
    reasons = [choice["reason"] for question in ALL for choice in question["choices"]]
    for reason, found in zip(reasons, computed["pieces"], strict=True):
        assert "".join(f"`{text}`" if code else text for code, text in found) == reason


def test_each_choice_is_answered_in_words_with_its_own_reason(computed):
    for question, verdicts in zip(ALL, computed["verdicts"], strict=True):
        for choice, said in zip(question["choices"], verdicts, strict=True):
            first = f"✓ Yes, {choice['text']}." if choice["right"] else f"✗ No, not {choice['text']}."
            assert said == {"right": choice["right"], "first": first, "reason": choice["reason"]}


def test_the_score_is_told_in_words(computed):
    assert computed["scores"] == {
        "nothing": "Nothing answered yet.",
        "one wrong": "0 of 3 right so far.",
        "right at once": "1 of 3 right, at the first try.",
        "right later": "1 of 3 right, none at the first try.",
        "read on": "1 of 3 right, at the first try.",
        "both": "2 of 3 right, 1 at the first try.",
        "all": "3 of 3 right, all at the first try.",
    }
    solved = [(one["solved"], one["known"]) for one in computed["standings"]]
    assert solved == [(False, False), (False, False), (True, False), (True, True)]


def test_arrow_keys_go_round(computed):
    assert computed["moves"] == [[1, 0], [1, 0], [2, 1], [2, 1], [None, None]]
