"""Write the pages of the book that are made from the code: `python -m tools.pages`, or `--check` to compare only."""

import sys
from pathlib import Path

from tools import api_page, exercise_index_page, kill_table_page, visual_language_page

BOOK = Path(__file__).parents[1] / "book"
PAGES = {
    "api.md": api_page.page,
    "exercise_index.md": exercise_index_page.page,
    "kill_table.md": kill_table_page.page,
    "visual_language.md": visual_language_page.page,
}


def main(arguments: list[str]) -> int:
    """Write all pages, or with --check name those that are not what the code says and return 1."""
    stale = []
    for name, page in PAGES.items():
        path, text = BOOK / name, page()
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            stale.append(f"book/{name}")
    if stale:
        print(f"not what the code says: {', '.join(stale)}. Run make notebooks, look at the change, commit it.")
    return 1 if stale else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
