"""Every tab as axe-core sees it: nothing serious, by day and by night, on a desktop and on a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from talkdemo.reference import gallery

AXE = "axe-core@4.14.1"  # npm, for this test alone
GRAVE = ("serious", "critical")
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def axe(npm) -> str:
    """The program, to be run in a page."""
    return (npm(AXE) / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def ways() -> dict[str, Callable]:
    """What is looked at, in this order, and how a visitor comes there."""
    tab = lambda name: lambda page: page.get_by_role("tab", name=name, exact=True).click()  # noqa: E731
    followed = lambda page: page.click("#td-system label:has(input[value=diffposetalk])")  # noqa: E731
    styles = {"DiffPoseTalk": followed, "style map": tab("Style map")} if gallery() else {}
    return {"Talk": tab("Talk"), **styles, "Compare": tab("Compare"), "Expression": tab("Expression")}


def serious(page) -> list[tuple]:
    """What axe finds: rule, element, summary."""
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
    return [
        (one["id"], node["target"], node["failureSummary"])
        for one in found
        for node in one["nodes"]
        if one["impact"] in GRAVE or one["id"] == "heading-order"
    ]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_tab_has_a_serious_finding(shipped, axe, browser, visiting, scheme: str, size: str) -> None:
    width, height = SIZES[size]
    look = {"viewport": {"width": width, "height": height}, "color_scheme": scheme, "reduced_motion": "reduce"}
    with visiting(browser, shipped.address, **look) as page:
        assert page.evaluate("document.body.classList.contains('dark')") == (scheme == "dark")
        page.evaluate(axe)
        for name, go in ways().items():
            go(page)
            for _ in range(5):
                page.wait_for_timeout(1000)  # what fades in has no contrast yet
                if not (told := serious(page)):
                    break
            assert not told, name
            assert page.evaluate("document.documentElement.scrollWidth") <= width
