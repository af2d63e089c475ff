"""Write all diagrams into book/_diagrams, or with --check name those that are not what the code draws."""

import sys
from pathlib import Path

from tools.diagrams import legend, strips, views
from tools.diagrams.sheet import sheet

BOOK = Path(__file__).resolve().parents[2] / "book"


def files() -> dict[str, str]:
    """The text of every file, by its path in book/."""
    return {"_assets/diagrams.css": sheet()} | strips.files() | views.files() | legend.files()


def main(arguments: list[str]) -> int:
    """Write the files, or compare them and return 1 if one is not what the code draws."""
    texts = files()
    stale = [name for name, text in texts.items() if read(BOOK / name) != text]
    orphans = [path for path in sorted((BOOK / "_diagrams").glob("*")) if f"_diagrams/{path.name}" not in texts]
    if "--check" not in arguments:
        for name in stale:
            (BOOK / name).parent.mkdir(exist_ok=True)
            (BOOK / name).write_text(texts[name], encoding="utf-8")
        for path in orphans:
            path.unlink()
        return 0
    if stale or orphans:
        names = ", ".join([*stale, *(path.name for path in orphans)])
        print(f"not what the code draws: {names}. Run make notebooks, look at the change, commit it.")
    return 1 if stale or orphans else 0


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
