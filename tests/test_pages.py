"""The pages that are no chapters: the glossary in order and in two languages, the changelog of this version."""

import re
from pathlib import Path

import pytest

import rnn_course

ROOT = Path(__file__).parents[1]
GLOSSARY = (ROOT / "book" / "glossary.md").read_text("utf8")
ENTRY = re.compile(r"^(?P<term>\S.*?) · (?P<chinese>.+)\n(?P<told>(?:  .+\n)+)", re.MULTILINE)
ENTRIES = list(ENTRY.finditer(GLOSSARY))
TERMS = [entry["term"] for entry in ENTRIES]


def test_the_glossary_is_made_of_entries_and_nothing_else():
    [block] = re.findall(r"```\{glossary\}\n(.*?)```", GLOSSARY, re.DOTALL)
    assert len(ENTRIES) > 50
    assert re.sub(r"\n+", "", ENTRY.sub("", block)) == ""


def test_the_glossary_is_in_the_order_of_the_alphabet_and_names_nothing_twice():
    assert sorted(TERMS, key=str.casefold) == TERMS
    assert len({term.casefold() for term in TERMS}) == len(TERMS)


@pytest.mark.parametrize("entry", ENTRIES, ids=TERMS)
def test_an_entry_has_a_chinese_name_and_a_sentence_or_a_few(entry):
    assert re.search(r"[\u4e00-\u9fff]", entry["chinese"]), "its Chinese name is missing"
    assert not re.search(r"[\u4e00-\u9fff]", entry["term"])
    told = " ".join(entry["told"].split())
    assert told.endswith((".", ".)"))
    assert 20 < len(told) < 500


def test_the_changelog_is_a_page_and_begins_with_this_version():
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf8"), re.MULTILINE)
    assert headings[0] == rnn_course.__version__
    page = (ROOT / "book" / "changelog.md").read_text("utf8")
    assert "```{include} ../CHANGELOG.md" in page
    assert "book/changelog" in (ROOT / "_toc.yml").read_text("utf8")
