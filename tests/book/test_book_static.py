"""The built pages, without a browser: complete, linked, described, and independent of the network."""

import pytest

from tests.book.pages import CSS_ADDRESS, ROOT, is_external, read_page, toc_pages

PAGES = toc_pages()
MADE_BY_SPHINX = {"index.html", "genindex.html", "search.html"}


@pytest.fixture(params=PAGES)
def page(request, html):
    path = html / request.param
    assert path.is_file(), f"{request.param} is in _toc.yml but was not built"
    return read_page(path)


def test_the_root_has_no_static_folder():
    assert not (ROOT / "_static").exists(), "Jupyter Book would load every script in it on every page"


def test_the_pages_are_those_of_the_table_of_contents(html):
    built = {path.relative_to(html).as_posix() for path in html.rglob("*.html")}
    built = {name for name in built if not name.startswith("_")} - MADE_BY_SPHINX
    assert built == set(PAGES), "a page too many is left over from an older build: delete _build"


def test_links_and_anchors_lead_somewhere(page):
    broken = []
    for link in page.links:
        if is_external(link) or link.startswith(("mailto:", "javascript:")):
            continue
        target, anchor = page.target(link)
        if target.is_dir():
            target /= "index.html"
        if not target.is_file() or (anchor and target.suffix == ".html" and anchor not in read_page(target).ids):
            broken.append(link)
    assert broken == []


def test_pictures_are_described(page):
    assert page.images_without_alt == []
    assert page.drawings_without_name == []


def test_a_page_loads_only_files_of_the_book(page, html):
    assert [address for address in page.loads if is_external(address)] == []
    local = [address for address in page.loads if not address.startswith("data:")]
    missing = [address for address in local if not page.target(address)[0].is_file()]
    assert missing == []
    assert all(page.target(address)[0].is_relative_to(html.resolve()) for address in local)


def test_style_sheets_load_nothing_from_outside(html):
    sheets = list(html.rglob("*.css"))
    assert sheets
    found = {sheet.name: CSS_ADDRESS.findall(sheet.read_text("utf8")) for sheet in sheets}
    assert {name: addresses for name, addresses in found.items() if addresses} == {}
