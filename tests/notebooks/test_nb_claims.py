"""What counts as a claim, what is free, and what is an error, without a kernel."""

import pytest

from tools.nbclaims.claims import find_claims, inline_codes, shows_shapes


def claims(markdown):
    return [(claim.text, claim.expected) for claim in find_claims(markdown)]


def problems(markdown):
    return [claim.problem for claim in find_claims(markdown) if claim.problem]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("outputs: [batch=4, time=3, hidden=5]", "[4, 3, 5]"),
        ("outputs: [4, 3, 5]", "[4, 3, 5]"),
        ("outputs: (4, 3, 5)", "[4, 3, 5]"),
        ("lengths: [4]", "[4]"),
        ("loss: []", "[]"),
        ("state.c: [4, 5]", "[4, 5]"),
        ("states[1].h: [4, 5]", "[4, 5]"),
        ("digits.train.images: [1438, 64]", "[1438, 64]"),
        ("outputs[:, -1]: [4, 5]", "[4, 5]"),
        ('weights["kernel"]: [8, 20]', "[8, 20]"),
        ("images.reshape(-1, 784): [batch=5, pixel=784]", "[5, 784]"),
        ("images @ kernel: [5, 625]", "[5, 625]"),
        ("kernel: [28 + 64, 4·64]", "[92, 256]"),
        ("kernel: [input + hidden=92, 4*hidden=4*64]", "[92, 256]"),
        ("outputs: float32", "float32"),
        ("outputs[:, -1]: float64", "float64"),
        ("parameters(cell) = 180", "180"),
        ("parameters(deep) = 1,734,400", "1734400"),
        ("outputs[:, -1] == state.h", "equal"),
        ("outputs.shape == (4, 3, 5)", "equal"),
        ("accuracy >= 0.95", "true"),
        ("accuracy ≥ 0.95", "true"),
        ("abs(error) < 1e-6", "true"),
        ("0.95 ≤ accuracy", "true"),
        ("-1 < loss < 1", "true"),
    ],
)
def test_a_claim_is_read(code, expected):
    assert claims(f"Here `{code}` stands.") == [(code, expected)]
    assert not problems(f"`{code}`")


@pytest.mark.parametrize(
    "code",
    [
        "[batch, time, input]",
        "[N, 28, 28, 1]",
        "[-1, 784]",
        "kernel: [input + hidden, 4*hidden]",
        "images: [N, 28, 28, 1]",
        "outputs[:, -1]",
        "x[0, 1]",
        "[5]",
        "(x, state)",
        "axis=(1, 2)",
        "lengths = [3, 0, 2]",
        "time_major=False",
        "np.zeros((4, 3))",
        "x: Float[Array, 'batch input']",
        "output, new_state = cell(x, state)",
        "forget_bias=1.0",
        "t >= length",
        "low < value < high",
        "1 < 2",
        "=>",
    ],
)
def test_symbols_and_code_are_free(code):
    assert not find_claims(f"Here `{code}` stands.")


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("[4, 3, 5]", "names no array"),
        ("(4, 3, 5)", "names no array"),
        ("[batch=4, time=3]", "names no array"),
        ("[4, 3, 5] → [4, 15]", "names no array"),
        ("outputs: [batch=4, time, 5]", "give every axis a number"),
        ("step 3: [4, 5]", "'step 3' is no expression with an array as its value"),
        ("3: [4, 5]", "'3' is no expression with an array as its value"),
    ],
)
def test_a_shape_that_cannot_be_checked_is_an_error(code, problem):
    [found] = problems(f"Here `{code}` stands.")
    assert problem in found


def test_claims_are_found_in_tables_lists_and_directives_with_their_line():
    markdown = "| a | `x: [4, 3]` |\n\n- `y: [5]`\n\n```{note}\n`z: [7]`\n```\n:::{tip}\n`w: [2]`\n:::\nlast `v:\n[8]`"
    assert [(claim.line, claim.text) for claim in find_claims(markdown)] == [
        (1, "x: [4, 3]"),
        (3, "y: [5]"),
        (6, "z: [7]"),
        (9, "w: [2]"),
        (11, "v: [8]"),
    ]


def test_code_blocks_comments_and_roles_are_no_prose():
    markdown = "```python\n`x: [4]`\n```\n~~~\n`x: [4]`\n~~~\n```{code-block} python\n`x: [4]`\n```\n<!-- `x: [4]` -->"
    assert not find_claims(markdown + "\n{code}`[4, 3]` and {math}`x == y`")
    assert [code for _, code in inline_codes("``a `b` c`` and \\`no\\`")] == ["a `b` c"]


@pytest.mark.parametrize("code", ["[batch, time]", "x: [4, 3]", "kernel: [input + hidden, 4*hidden]"])
def test_a_page_that_shows_shapes_is_recognised(code):
    assert shows_shapes(f"The layout is `{code}`.")


@pytest.mark.parametrize("text", ["[a link](b, c)", "`x[0, 1]`", "`lengths: [4]`", "```\n[batch, time]\n```"])
def test_a_page_without_shapes_is_recognised(text):
    assert not shows_shapes(text)
