"""What no notebook of the course may contain, told from the file alone. nbval sees none of these.

Each guard looks at one thing and yields messages that say what is wrong and what to do.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode
from nbval.plugin import find_comment_markers

from tools.nbclaims.claims import INLINE_CODE, find_claims, prose, shows_shapes

IGNORED = ("nbval-ignore-output", "nbval-skip")
REASON = "reason:"
SOMEONES_PATH = r"(?<![\w/.~])/(?:tmp|home/\w+|Users/\w+|root|var/folders)/[\w.-]|\b[A-Z]:\\Users\\"
OFFLINE = "the book works with the network off, use a local file or remove it"
REBUILD = "run tools/notebooks.py"
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"

IMAGE_WITHOUT_ALT = re.compile(r"<img\b(?![^>]*\balt\s*=)[^>]*>", re.IGNORECASE)
MARKDOWN_WITHOUT_ALT = re.compile(r"!\[\s*\]\([^)]*\)")
FIGURE = re.compile(
    r"^[ \t]*(`{3,}|:{3,})\{(?:figure|image)\}(?P<target>.*)\n(?P<body>(?:.*\n)*?)[ \t]*\1", re.MULTILINE
)

# What a browser fetches by itself. A link (<a href>) is followed only when it is clicked, and a mention is text.
FETCHED = re.compile(
    r"""(?:<(?!a\b)[a-z][^>]*?\b(?:src|href|srcset|data|poster)\s*=\s*\\?["']?   # an attribute of any other element
    |\.src\s*=\s*["'`]                                                           # an element made by a script
    |\bfrom\s*["'`]|\bimport\s*\(?\s*["'`]|\bfetch\s*\(\s*["'`]                  # a module, a request
    |\burl\s*\(\s*["']?|@import\s*["'])                                          # a style
    \s*(?P<url>(?:https?:)?//(?!(?:www\.)?w3\.org/)[\w.-]+)""",
    re.IGNORECASE | re.VERBOSE,
)


def find_problems(
    notebook: NotebookNode, path: Path, root: Path, *, toc: str = "_toc.yml", teaching: str = "book"
) -> list[str]:
    """Every problem of the notebook at `path`, one line each. Pages of the folder `teaching` have to claim shapes."""
    problems: list[str] = []
    count = 0
    for number, cell in enumerate(notebook.cells, start=1):
        found: list[str] = []
        if cell.cell_type == "markdown":
            found += markdown_without_alt(cell.source)
        elif cell.cell_type == "code" and cell.source.strip():
            count += 1
            for guard in (stored_errors, external_urls, missing_alt, ignored_without_reason):
                found += guard(cell)
            found += wrong_count(cell, count)
            found += machine_paths(cell, root)
        problems += [f"cell {number}: {problem}" for problem in found]
    problems += widget_urls(notebook)
    problems += not_in_toc(path, root, root / toc)
    if path.parent.name == teaching:
        problems += shapes_without_claim(notebook)
    return problems


def wrong_count(cell: NotebookNode, count: int) -> Iterator[str]:
    if cell.execution_count is None:
        yield f"it has not been executed: {REBUILD}"
    elif cell.execution_count != count:
        yield f"its execution count is {cell.execution_count}, expected {count}: {REBUILD}, do not save from an editor"


def stored_errors(cell: NotebookNode) -> Iterator[str]:
    for output in cell.outputs:
        if output.output_type == "error" and "raises-exception" not in cell.metadata.get("tags", []):
            yield f"it stores the error {output.ename}: mend the cell, or tag it raises-exception if it is meant"
        if output.output_type == "stream" and output.name == "stderr":
            line = output.text.strip().splitlines()[:1]
            yield f"it writes to stderr {line}: remove the cause of the warning, or print to stdout"


def external_urls(cell: NotebookNode) -> Iterator[str]:
    for output in cell.outputs:
        for mime in ("text/html", "image/svg+xml", "application/javascript"):
            for match in FETCHED.finditer(str(output.get("data", {}).get(mime, ""))):
                yield f"its output ({mime}) loads {match['url']}: {OFFLINE}"


def widget_urls(notebook: NotebookNode) -> Iterator[str]:
    """The same for the scripts and styles that a widget brings along."""
    for model in notebook.metadata.get("widgets", {}).get(WIDGET_STATE, {}).get("state", {}).values():
        for value in model.get("state", {}).values():
            for match in FETCHED.finditer(value) if isinstance(value, str) else ():
                yield f"widget {model.get('model_name')} loads {match['url']}: {OFFLINE}"


def missing_alt(cell: NotebookNode) -> Iterator[str]:
    alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
    for output in cell.outputs:
        data = output.get("data", {})
        if IMAGE_WITHOUT_ALT.search(str(data.get("text/html", ""))):
            yield 'its HTML has an <img> without alt text: add alt="…" (alt="" if it is decoration)'
        shown = any(mime.startswith("image/") for mime in data) and not {"text/html", WIDGET_VIEW} & data.keys()
        if shown and not alt.strip():
            yield 'its picture has no alt text: write # %% mystnb={"image": {"alt": "what it shows"}}'


def markdown_without_alt(source: str) -> Iterator[str]:
    text = INLINE_CODE.sub("", prose(source))
    for match in [*MARKDOWN_WITHOUT_ALT.finditer(text), *IMAGE_WITHOUT_ALT.finditer(text)]:
        yield f"the image {match[0]} has no alt text: write ![what it shows](file)"
    for match in FIGURE.finditer(source + "\n"):
        if not re.search(r"^\s*:alt:\s*\S", match["body"], re.MULTILINE):
            yield f"the image{match['target']} has no alt text: add the option `:alt: what it shows`"


def ignored_without_reason(cell: NotebookNode) -> Iterator[str]:
    if is_ignored(cell) and not ignored_reason(cell):
        yield f"its output is not checked, and no tag says why: add a tag such as {REASON}animation"


def is_ignored(cell: NotebookNode) -> bool:
    """Whether nbval is told, by a tag or a comment, not to compare the outputs of the cell."""
    by_tag = set(IGNORED) & set(cell.metadata.get("tags", []))
    return bool(by_tag) or any(
        marker in (("check", False), ("skip", True)) for marker in find_comment_markers(cell.source)
    )


def ignored_reason(cell: NotebookNode) -> str:
    tags = [tag for tag in cell.metadata.get("tags", []) if tag.startswith(REASON)]
    return tags[0].removeprefix(REASON).strip() if tags else ""


def machine_paths(cell: NotebookNode, root: Path) -> Iterator[str]:
    """Paths that exist on one machine only; generic ones too, since the notebook may come from another machine."""
    own = [f"{path}/" for path in (root, Path.home(), Path(sys.prefix), Path(sys.base_prefix, "lib"))]
    pattern = re.compile("|".join([*(re.escape(path) for path in own if path != "//"), SOMEONES_PATH]))
    for output in cell.outputs:
        texts = [output.get("text", ""), output.get("evalue", ""), *output.get("traceback", [])]
        texts += [data for mime, data in output.get("data", {}).items() if not mime.startswith("image/p")]
        for match in pattern.finditer("\n".join(map(str, texts))):
            yield f"its output shows a path of one machine ({match[0]}…): print the name of the file only"
            return


def not_in_toc(path: Path, root: Path, toc: Path) -> Iterator[str]:
    """A notebook that no table of contents names is built into no page."""
    import yaml  # comes with Jupyter Book, whose file this is

    name = path.relative_to(root).with_suffix("").as_posix() if path.is_relative_to(root) else path.stem
    if toc.is_file() and name not in files_of_toc(yaml.safe_load(toc.read_text(encoding="utf-8"))):
        yield f"it is not in {toc.name}: add `- file: {name}` where its page shall stand"


def files_of_toc(tree: object) -> Iterator[str]:
    """Every page that a table of contents names, at any depth."""
    if isinstance(tree, dict):
        yield from (str(tree[key]).removesuffix(".ipynb") for key in ("root", "file") if key in tree)
        yield from files_of_toc(list(tree.values()))
    elif isinstance(tree, list):
        for branch in tree:
            yield from files_of_toc(branch)


def shapes_without_claim(notebook: NotebookNode) -> Iterator[str]:
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    if any(map(shows_shapes, texts)) and not any(claim.is_shape for text in texts for claim in find_claims(text)):
        yield "it shows shapes and claims none: write one as `name: [batch=4, time=3]`, of an array that is live there"
