"""axe-core over a page: what keeps people with a screen reader, a keyboard or weak eyes out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from playwright.async_api import Page

from tests.browser.chromium import ASSETS


@cache
def _source() -> str:
    return (ASSETS / "node_modules/axe-core/axe.min.js").read_text()


async def axe_findings(page: Page, part: str = "", without: Sequence[str] = ()) -> list[str]:
    """What axe finds in the page, or in the part a selector names; rules in `without` are left out."""
    await page.evaluate(_source())
    options = {"rules": {rule: {"enabled": False} for rule in without}, "resultTypes": ["violations"]}
    found: dict[str, Any] = await page.evaluate(
        "([part, options]) => axe.run(part || document, options)", [part, options]
    )
    if not found["passes"]:
        raise AssertionError(f"axe looked at nothing: is there {part or 'a page'}?")
    return [_told(one) for one in found["violations"]]


def _told(finding: dict[str, Any]) -> str:
    where = "\n".join(f"    {' '.join(map(str, node['target']))}: {_summary(node)}" for node in finding["nodes"][:10])
    return f"{finding['id']} ({finding['impact']}): {finding['help']}\n{where}"


def _summary(node: dict[str, Any]) -> str:
    lines = str(node["failureSummary"]).splitlines()
    return "; ".join(line.strip() for line in lines[1:]) or lines[0]
