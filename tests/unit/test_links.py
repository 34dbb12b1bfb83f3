"""Pages lead somewhere: every link between them, and every decision from the list of decisions."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
DECISIONS = ROOT / "docs" / "decisions"
PAGES = [
    page
    for page in sorted(ROOT.rglob("*.md"))
    if not any(part.startswith(".") for part in page.relative_to(ROOT).parts)
]


def anchor_of(heading: str) -> str:
    """Name a heading as a rendered page does.

    Examples
    --------
    >>> anchor_of("Plug in your `shop`, live")
    'plug-in-your-shop-live'
    """
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def links_of(page: Path) -> list[str]:
    """Give the targets of a page's links within the project."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets: list[str] = re.findall(r"\]\(([^)\s]+)\)", text)
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


def is_there(page: Path, target: str) -> bool:
    """Tell whether a link leads to a file, and to a heading of it if it names one."""
    path, _, anchor = target.partition("#")
    found = page.parent / path if path else page
    if not anchor or found.suffix != ".md":
        return found.exists()
    headings = re.findall(r"^#+ (.*)$", found.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return anchor in {anchor_of(heading) for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    assert [target for target in links_of(page) if not is_there(page, target)] == []


def test_every_decision_stands_in_the_list_of_decisions() -> None:
    listed = set(links_of(DECISIONS / "README.md"))
    assert {page.name for page in DECISIONS.glob("0*.md")} - listed == set()


def test_a_link_to_a_missing_page_or_heading_is_found(tmp_path: Path) -> None:
    page = tmp_path / "a.md"
    page.write_text("# Here I am\n[x](#here-i-am) [y](b.md) [z](#gone)", encoding="utf-8")
    assert [target for target in links_of(page) if not is_there(page, target)] == ["b.md", "#gone"]
