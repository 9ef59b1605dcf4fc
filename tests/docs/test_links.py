"""Links between the pages, and to files of the repository."""

import re

import pytest

from tests.docs.pages import FENCE, ROOT, headings, page_paths

LINK = re.compile(r"\]\(([^)\s]+)\)")
PAGES = page_paths()


def internal_links(page):
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    return [link for link in LINK.findall(text) if "://" not in link]


def leads_somewhere(page, link):
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists():
        return False
    return not anchor or anchor in headings(target.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page):
    """Each relative link names a file that exists, and a heading in it if it names one."""
    assert [link for link in internal_links(page) if not leads_somewhere(page, link)] == []


def test_the_index_names_every_page():
    """docs/README.md links each page of cookbook, reference and decisions."""
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / link).resolve() for link in internal_links(index)}
    pages = {page for page in PAGES if page.parent.parent == index.parent}
    assert sorted(pages - linked) == []
