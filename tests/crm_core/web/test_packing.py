"""Pages packed on their way, but never for a page of somebody else that could measure what is in them."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import replace

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from crm_core.domain.access import Role
from crm_core.web.keys import WORKPLACE
from crm_core.web.pages.packing import packed
from tests.crm_core.web.conftest import Login, Site

_LONG = "a page of some length " * 200


@pytest.fixture
def database_kind() -> str:
    return "sqlite"


def _coding(site: Site, headers: Mapping[str, str], text: str = _LONG, *, https: bool) -> str | None:
    app = web.Application()
    app[WORKPLACE] = replace(site.place, https=https)
    request = make_mocked_request("GET", "/", headers={"Accept-Encoding": "gzip, br"} | dict(headers), app=app)
    body, said = packed(request, text)
    assert (gzip.decompress(body) if said else body) == text.encode()
    return said.get("Content-Encoding")


@pytest.mark.parametrize("https", [False, True])
async def test_what_ones_own_page_asks_for_is_packed(web_site: Site, https: bool) -> None:
    for own in ("same-origin", "none"):
        assert _coding(web_site, {"Sec-Fetch-Site": own}, https=https) == "gzip"
    for foreign in ("cross-site", "same-site", "rubbish"):
        assert _coding(web_site, {"Sec-Fetch-Site": foreign}, https=https) is None
    assert _coding(web_site, {"Sec-Fetch-Site": "none"}, "short", https=https) is None
    assert _coding(web_site, {"Sec-Fetch-Site": "none", "Accept-Encoding": "br"}, https=https) is None


async def test_a_browser_that_does_not_say_is_trusted_only_where_nothing_is_hidden(web_site: Site) -> None:
    assert _coding(web_site, {}, https=False) == "gzip"
    assert _coding(web_site, {}, https=True) is None


async def test_a_page_says_on_what_its_packing_hangs(web_site: Site, login: Login) -> None:
    me = await login(Role.SELLER)
    answer = await me.get("/deals")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert {"Accept-Encoding", "Sec-Fetch-Site"} <= set(answer.headers["Vary"].split(", "))
    assert "Deals" in await answer.text()
    plain = await me.get("/deals", headers={"Sec-Fetch-Site": "cross-site"})
    assert "Content-Encoding" not in plain.headers
