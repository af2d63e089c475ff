"""Find what the prose of a notebook states about live objects, and how to ask the kernel whether it is true.

A claim is inline code. Everything else that looks like a shape is symbolic and free, or an error.

    `outputs: [batch=4, time=3, hidden=5]`   the shape of an array, with or without names of the axes; [] is a scalar
    `state.c: float32`                       its dtype
    `parameters(cell) = 180`                 what a call returns
    `outputs[:, -1] == state.h`              equal shapes and exactly equal numbers; trees leaf by leaf
    `0.95 <= accuracy`, `0 < loss < 1`       a bound; also ≥ ≤ >= >
    `[batch, time, input]`                   free: symbolic
    `[4, 3, 5]`                              an error: the shape of what?

A claim should change nothing: it is evaluated in the kernel of the notebook. Code that is talked about and not claimed
is written with a role, as {code}`a == b`.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

# Fenced text that is not prose. Any other directive (a note, a table, an exercise) is.
VERBATIM = ("code", "code-block", "code-cell", "sourcecode", "math", "mermaid", "raw", "literalinclude")
FENCE = re.compile(r"[ >]*(?P<fence>`{3,}|~{3,})\s*(?P<rest>(?:\{(?P<directive>[\w-]+)\})?.*)")
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
# Inline code may run over a line, not over a paragraph. What a {role}`…` marks is no claim.
INLINE_CODE = re.compile(
    r"(?P<role>\{[\w:.-]+\})?(?<![`\\])(?P<ticks>`+)(?!`)(?P<code>(?:(?!\n\s*\n).)+?)(?<!`)(?P=ticks)(?!`)", re.DOTALL
)

LAYOUT = re.compile(r"(?:(?P<name>.+?):\s*)?(?P<open>[\[(])(?P<axes>[^\[\]()]*)[\])]")
NUMERIC_AXIS = re.compile(r"(?:[^=]+=\s*)?(?P<size>\d+(?:\s*[+*·×]\s*\d+)*)")  # 5, hidden=5, 28 + 64, 4·hidden=4·5
NUMBERS = r"[\[(]\s*\d+(?:\s*,\s*\d+)+\s*,?\s*[\])]"
NAMELESS = re.compile(rf"{NUMBERS}(?:\s*(?:→|->|@|==?)\s*{NUMBERS})*")
DTYPE = re.compile(r"(?P<name>.+?):\s*(?P<dtype>bool|bfloat16|(?:uint|int|float|complex)\d+)")
COUNT = re.compile(r"(?P<call>[\w.]+\(.*\))\s*=\s*(?P<number>\d[\d,_]*)")
EQUALITY = re.compile(r"(?P<left>.+?)\s==\s(?P<right>.+)")
SIGNS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}

# The questions to the kernel, answered by kernel/nbclaims_answers.py with a text.
ASK = "__import__('nbclaims_answers').{what}(lambda: ({value}){more})"


@dataclass(frozen=True)
class Claim:
    """One statement: where it stands, what to ask the kernel, and the answer that makes it true."""

    line: int
    text: str
    question: str = ""
    expected: str = ""
    problem: str = ""  # set if it cannot be asked
    is_shape: bool = False


def find_claims(markdown: str) -> list[Claim]:
    """The claims of a markdown cell in the order of the text, those that can only fail among them."""
    found = (read_claim(line, code) for line, code in inline_codes(markdown))
    return [claim for claim in found if claim]


def shows_shapes(markdown: str) -> bool:
    """Whether the text shows a layout of two axes or more, numeric or symbolic."""
    layouts = (LAYOUT.fullmatch(code) for _, code in inline_codes(markdown))
    return any(layout and "," in layout["axes"].rstrip(", ") for layout in layouts)


def inline_codes(markdown: str) -> Iterator[tuple[int, str]]:
    """Each inline code of the prose with its line (from 1)."""
    text = prose(markdown)
    for match in INLINE_CODE.finditer(text):
        code = " ".join(match["code"].split()).replace("\\|", "|")  # a table needs its bars escaped
        if not match["role"]:
            yield text.count("\n", 0, match.start()) + 1, code


def prose(markdown: str) -> str:
    """The text without code blocks, comments and fences, on the same lines; the content of a directive stays."""
    lines: list[str] = []
    directives: list[str] = []  # the fences of the directives around the line
    block = ""  # the fence of the code block around the line
    for line in COMMENT.sub(lambda match: "\n" * match[0].count("\n"), markdown).splitlines():
        fence = FENCE.fullmatch(line)
        if block:
            if fence and not fence["rest"] and fence["fence"].startswith(block):
                block = ""
        elif not fence:
            lines.append(line)
            continue
        elif directives and not fence["rest"] and fence["fence"].startswith(directives[-1]):
            directives.pop()
        elif fence["directive"] and fence["directive"] not in VERBATIM:
            directives.append(fence["fence"])
        else:
            block = fence["fence"]
        lines.append("")
    return "\n".join(lines)


def read_claim(line: int, code: str) -> Claim | None:
    """What one inline code claims; None if it is free."""
    if NAMELESS.fullmatch(code):
        return nameless(line, code)
    if layout := LAYOUT.fullmatch(code):
        return read_shape(line, code, layout)
    if (match := DTYPE.fullmatch(code)) and is_value(match["name"]):
        return Claim(line, code, ask("dtype", match["name"]), match["dtype"])
    if (match := COUNT.fullmatch(code)) and isinstance(parse(match["call"]), ast.Call):
        number = match["number"].replace(",", "").replace("_", "")
        return Claim(line, code, ask("count", match["call"]), number)
    if (match := EQUALITY.fullmatch(code)) and parse(match["left"]) and parse(match["right"]):
        return Claim(line, code, ask("equal", f"({match['left']}), ({match['right']})"), "equal")
    return read_bound(line, code)


def read_bound(line: int, code: str) -> Claim | None:
    """The claim of a comparison with a number: `x < 1`, `0 ≤ x`, `0 < x < 1`; None if there is no number in it."""
    plain = code.replace("≥", ">=").replace("≤", "<=")
    tree = parse(plain)
    if not isinstance(tree, ast.Compare) or not all(type(sign) in SIGNS for sign in tree.ops):
        return None
    sides = [ast.unparse(side) for side in (tree.left, *tree.comparators)]
    if not (any(map(is_number, sides)) and any(map(is_value, sides))):
        return None
    signs = [SIGNS[type(sign)] for sign in tree.ops]
    return Claim(line, code, ask("bound", ", ".join(f"({side})" for side in sides), f", {signs}"), "true")


def ask(what: str, value: str, more: str = "") -> str:
    """The question for one kind of answer about a value."""
    return ASK.format(what=what, value=value, more=more)


def read_shape(line: int, code: str, layout: re.Match[str]) -> Claim | None:
    """The claim of a layout: a claim if its axes are numbers, free if they are symbols, an error if they are mixed."""
    axes = [axis.strip() for axis in layout["axes"].split(",") if axis.strip()]
    numeric = [NUMERIC_AXIS.fullmatch(axis) for axis in axes]
    sizes = [compute(match["size"]) for match in numeric if match]
    with_names = any(match and "=" in match[0] for match in numeric)
    if len(sizes) < len(axes):
        mixed = f"give every axis a number, as `{axes[numeric.index(None)]}=…`, or none"
        return Claim(line, code, problem=mixed) if with_names and layout["open"] == "[" else None
    if not layout["name"]:
        return nameless(line, code) if with_names and layout["open"] == "[" else None
    if not is_value(layout["name"]):
        what = f"{layout['name']!r} is no expression with an array as its value, such as x, state.c or states[1].h"
        return Claim(line, code, problem=what, is_shape=True)
    return Claim(line, code, ask("shape", layout["name"]), str(sizes), is_shape=True)


def compute(size: str) -> int:
    """The size that numbers joined by + and * make."""
    return sum(prod(map(int, re.split(r"[*·×]", term))) for term in size.split("+"))


def nameless(line: int, code: str) -> Claim:
    what = "a shape in numbers that names no array: write `name: [4, 3, 5]` to have it checked, or use symbols"
    return Claim(line, code, problem=what)


def parse(code: str) -> ast.expr | None:
    """The expression that `code` is, or None."""
    try:
        return ast.parse(code, mode="eval").body
    except SyntaxError:
        return None


def is_value(code: str) -> bool:
    """Whether `code` is an expression about something live: a name, dotted, indexed, called or computed with."""
    values = ast.Name | ast.Attribute | ast.Subscript | ast.Call | ast.BinOp | ast.UnaryOp
    tree = parse(code)
    return tree is not None and isinstance(tree, values) and any(isinstance(node, ast.Name) for node in ast.walk(tree))


def is_number(code: str) -> bool:
    """Whether `code` is a number, signed or not."""
    tree = parse(code)
    tree = tree.operand if isinstance(tree, ast.UnaryOp) else tree
    return isinstance(tree, ast.Constant) and isinstance(tree.value, int | float)
