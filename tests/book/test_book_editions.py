"""The zipped edition works from wherever it is unpacked; the PDF has every page, and its links lead somewhere."""

import re
import zipfile

import pytest

from tests.book.artefacts import Shown
from tests.book.browsing import DESKTOP, opened
from tests.book.pages import ROOT, is_external, read_page, toc_pages
from tools.editions.one_page import one_page
from tools.editions.pdf import contents, print_book
from tools.editions.zipped import pack

PAGES = toc_pages()


@pytest.fixture
def unpacked(html, tmp_path):
    """The zipped edition, unpacked in a folder whose name is hard to write as an address."""
    root = tmp_path
    count = pack(html, root / "book.zip", "book")
    again = root / "again.zip"
    pack(html, again, "book")
    assert again.read_bytes() == (root / "book.zip").read_bytes(), "the same book gives the same bytes"
    folder = root / "übung & more #1"
    with zipfile.ZipFile(root / "book.zip") as archive:
        assert len(archive.namelist()) == count
        archive.extractall(folder)
    return folder / "book"


def test_the_zipped_edition_is_read_and_searched_from_the_disk(browser, unpacked):
    assert "url=book/index.html" in (unpacked / "index.html").read_text("utf8"), "it leads to the first page"
    with opened(browser, (unpacked / "book" / "index.html").as_uri(), width=DESKTOP) as (page, problems):
        page.get_by_role("navigation", name="Book").get_by_role("link", name="8 · LSTM cell", exact=True).first.click()
        page.locator(".rc-first-frame").first.scroll_into_view_if_needed()  # the live figure comes when it is near
        figure = page.locator(".rc-lstm-cell")
        figure.get_by_role("button", name="Forget everything").click()
        assert figure.get_by_role("button", name="Forget everything").get_attribute("aria-pressed") == "true"
        page.goto(f"{(unpacked / 'search.html').as_uri()}?q=forget+bias")
        page.locator("#search-results li a").first.wait_for()
        assert page.locator("#search-results li").count() > 2
    assert problems == []


def test_nothing_half_written_is_left(tmp_path):
    html = tmp_path / "html"
    html.mkdir()
    (html / "index.html").write_text("x")
    (html / "objects.inv").write_text("x")
    assert pack(html, tmp_path / "a.zip") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "html"]


def test_the_pdf_has_every_page_and_its_links_lead_somewhere(browser, html, tmp_path):
    title, names = contents(ROOT)
    assert names == PAGES
    print_book(browser, html, names, title, tmp_path / "book.pdf")
    assert not (html / "_print.html").exists()
    pdf = (tmp_path / "book.pdf").read_bytes()
    assert pdf.startswith(b"%PDF-")
    [number] = re.findall(rb"/Dests (\d+) 0 R", pdf)
    [places] = re.findall(rb"\n" + number + rb" 0 obj\n(.*?)endobj", pdf, re.DOTALL)
    defined = set(re.findall(rb"/(\S+) \[", places))
    wanted = re.findall(rb"/Dest /(\S+)", pdf)
    assert set(wanted) <= defined
    assert {b"p%02d" % number for number in range(len(PAGES))} <= set(wanted), "the contents lead to every page"
    outside = re.findall(rb"/URI \(([^)]*)\)", pdf)
    assert [address for address in outside if not address.startswith((b"http://", b"https://", b"mailto:"))] == []
    assert len(wanted) > 200
    bookmarks = {bytes.fromhex(text.decode()).decode("utf-16") for text in re.findall(rb"/Title <([0-9A-F]+)>", pdf)}
    bookmarks |= {text.decode("latin1") for text in re.findall(rb"/Title \(([^)]*)\)", pdf)}
    for name in PAGES:
        assert Shown((html / name).read_text("utf8")).headings[0].removesuffix("#") in bookmarks


def test_the_one_page_has_no_id_twice_and_no_link_without_a_target(html, tmp_path):
    path = tmp_path / "one.html"
    text = one_page(html, PAGES, "A book", "")
    path.write_text(text, "utf8")
    ids = re.findall(r'(?<=\s)id="([^"]*)"', re.sub(r"<script\b.*?</script>", "", text, flags=re.DOTALL))
    assert len(ids) == len(set(ids)) > 500
    page = read_page(path)
    broken = [link for link in page.links if link.startswith("#") and link[1:] not in page.ids]
    assert broken == []
    elsewhere = [link for link in page.links if not (link.startswith(("#", "mailto:")) or is_external(link))]
    assert [link for link in elsewhere if link.endswith(".html")] == []
    missing = [
        load for load in page.loads if not load.startswith("data:") and not (html / load.split("?")[0]).is_file()
    ]
    assert missing == []
