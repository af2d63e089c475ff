"""The offline edition: `python -m tools.editions.zipped` packs the built book into one file.

Unpacked, it opens from the disk. The same book gives the same bytes. The file is whole or not there.
"""

import os
import sys
import zipfile
from pathlib import Path

from tools.editions import EDITIONS, HTML, NAME, NO_BOOK

EPOCH = (1980, 1, 1, 0, 0, 0)  # the first date that a zip file can say
NOT_PACKED = (".buildinfo", "objects.inv", "_print.html")  # what only Sphinx reads, and what pdf.py is printing


def pack(html: Path, target: Path, folder: str = NAME) -> int:
    """Pack the built book into `target`, in one folder; the number of files."""
    files = sorted(path for path in html.rglob("*") if path.is_file() and path.name not in NOT_PACKED)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for path in files:
                entry = zipfile.ZipInfo(f"{folder}/{path.relative_to(html).as_posix()}", EPOCH)
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, 9)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    return len(files)


def main() -> int:
    if not (HTML / "index.html").is_file():
        print(NO_BOOK, file=sys.stderr)
        return 1
    target = EDITIONS / f"{NAME}.zip"
    count = pack(HTML, target)
    print(f"{target.relative_to(Path.cwd()) if target.is_relative_to(Path.cwd()) else target}: {count} files, ", end="")
    print(f"{target.stat().st_size / 1e6:.1f} MB. Unpack it and open {NAME}/index.html.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
