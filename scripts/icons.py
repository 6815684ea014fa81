"""Draw the PNG icons beside crm_core/web/static/icon.svg anew, after that was changed. Needs Chromium.

Usage: .venv/bin/python scripts/icons.py
"""

from __future__ import annotations

import asyncio
import base64

from playwright.async_api import Page

from crm_core.web.static_files import FOLDER
from tests.browser.chromium import opened_chromium

#: Name, side in pixels, and whether the platform cuts a shape out of it: then it has no corners of its own.
ICONS = (("icon-192", 192, False), ("icon-512", 512, False), ("icon-cut-512", 512, True))
_CORNERS = ' rx="7"'
#: What is cut out leaves at least a circle of 80 % (W3C Web App Manifest, "Icon masks and safe zone").
_SAFE = ' viewBox="-4 -4 40 40"'


async def _draw(page: Page, svg: str, side: int, *, is_cut: bool) -> bytes:
    if is_cut:
        svg = svg.replace(_CORNERS, "").replace(' viewBox="0 0 32 32"', _SAFE)
        svg = svg.replace('<rect width="32" height="32"', '<rect x="-4" y="-4" width="40" height="40"')
    picture = base64.b64encode(svg.encode()).decode()
    await page.set_viewport_size({"width": side, "height": side})
    style = f"margin:0;background:transparent url(data:image/svg+xml;base64,{picture}) 0 0/{side}px {side}px"
    await page.set_content(f'<body style="{style}"></body>')
    return await page.screenshot(omit_background=True)


async def main() -> None:
    svg = (FOLDER / "icon.svg").read_text()
    async with opened_chromium() as browser:
        page = await browser.new_page()
        for name, side, is_cut in ICONS:
            (FOLDER / f"{name}.png").write_bytes(await _draw(page, svg, side, is_cut=is_cut))


if __name__ == "__main__":
    asyncio.run(main())
