"""Templates become answers: in every language and direction, with nothing that the policy forbids."""

from __future__ import annotations

import hashlib
import logging
import re
from base64 import b64encode
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import make_mocked_request
from jinja2 import UndefinedError

from crm_core.domain.access import STANDINGS, Right, Role
from crm_core.errors import NotFound, Unavailable
from crm_core.web.keys import VIEWER
from crm_core.web.pages.catalogues import read_catalogues
from crm_core.web.pages.navigation import ENTRIES, entries_for, home_for, is_here
from crm_core.web.pages.rendering import (
    PAGES,
    TEMPLATES,
    is_part,
    make_pages,
    render,
    render_part,
    toast,
    url,
    words_for,
)
from crm_core.web.static_files import FOLDER, read_static_files
from crm_core.web.viewer import LANGUAGES, Viewer
from tests.crm_core.web.style_page import NOW, make_style_app, viewer_from

_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class Page(HTMLParser):
    """What a page consists of; complains about what does not close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.faults: list[str] = []
        self.feed(text)
        self.close()
        self.faults += [f"<{tag}> stays open" for tag in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        self.faults += [f"{name} twice in <{tag}>" for name in set(names) if names.count(name) > 1]
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()} closes something else")

    def all(self, name: str) -> list[str]:
        return [str(attrs[name]) for _, attrs in self.tags if name in attrs]


@pytest.fixture(scope="module")
async def base() -> AsyncIterator[str]:
    """The address of the shell without the CRM behind it."""
    runner = web.AppRunner(make_style_app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}"
    await runner.cleanup()


async def _get(address: str) -> str:
    async with ClientSession() as client, client.get(address) as answer:
        return await answer.text()


def _request(templates: Path, path: str = "/x", **query: str) -> web.Request:
    app = web.Application()
    app[PAGES] = make_pages(read_static_files(), read_catalogues(), lambda: NOW, (templates, TEMPLATES))
    request = make_mocked_request("GET", path, app=app)
    request[VIEWER] = viewer_from(query)
    return request


PATHS = ["/style", "/login", "/login?step=code", "/login?error=wrong&step=password", "/offline"]
PATHS += [f"/error/{code}" for code in (401, 403, 404, 409, 418, 422, 429, 500, 503)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("who", ["theme=dark", "masked=1", "stranger=1"])
async def test_every_page_is_whole_and_obeys_the_policy(base: str, path: str, language: str, who: str) -> None:
    page = Page(await _get(f"{base}{path}{'&' if '?' in path else '?'}language={language}&{who}"))
    assert page.faults == []
    html = next(attrs for tag, attrs in page.tags if tag == "html")
    assert (html["lang"], html["dir"]) == (language, LANGUAGES[language].direction)
    names = {name for _, attrs in page.tags for name in attrs}
    assert not {name for name in names if name == "style" or name.startswith(("on", "hx-on"))}
    assert all("src" in attrs or attrs.get("type") == "application/json" for tag, attrs in page.tags if tag == "script")
    assert "style" not in {tag for tag, _ in page.tags}
    ids = page.all("id")
    assert len(ids) == len(set(ids)), [one for one in ids if ids.count(one) > 1]
    targets = (
        page.all("aria-describedby") + page.all("popovertarget") + page.all("commandfor") + page.all("aria-controls")
    )
    assert {one for words in targets for one in words.split()} <= set(ids)
    labels = set(page.all("for"))
    unnamed = [
        attrs
        for tag, attrs in page.tags
        if tag in {"input", "select", "textarea"}
        and attrs.get("type") not in {"hidden", "radio", "checkbox"}
        and "aria-label" not in attrs
        and attrs.get("id") not in labels
    ]
    assert unnamed == []
    assert sum(tag == "h1" for tag, _ in page.tags) == 1


async def test_files_are_served_as_they_are_promised(base: str) -> None:
    page = Page(await _get(f"{base}/style"))
    wanted = {
        str(attrs.get("src") or attrs["href"]): attrs["integrity"] for _, attrs in page.tags if "integrity" in attrs
    }
    assert len(wanted) >= 4
    async with ClientSession() as client:
        for address, integrity in wanted.items():
            for coding in ("identity", "gzip", "br"):
                if coding == "br":  # the client has no decoder for it: the sort of answer is what counts
                    async with client.get(
                        base + address, headers={"Accept-Encoding": "br"}, auto_decompress=False
                    ) as answer:
                        assert answer.headers.get("Content-Encoding", "br") == "br"
                        continue
                async with client.get(base + address, headers={"Accept-Encoding": coding}) as answer:
                    assert answer.status == 200
                    assert "immutable" in answer.headers["Cache-Control"]

                    body = await answer.read()
                assert integrity == "sha384-" + b64encode(hashlib.sha384(body).digest()).decode()
        async with client.get(base + "/static/built/manifest.json") as answer:
            assert answer.status == 404


async def test_a_masked_viewer_gets_no_digits(base: str) -> None:
    shown, masked = await _get(f"{base}/style"), await _get(f"{base}/style?masked=1")
    assert "90 123 45 12" in shown
    assert "+998 90 ••• •• 12" in masked
    assert "9012345" not in re.sub(r"\D", "", re.sub(r"<svg.*?</svg>|integrity=\S+", "", masked))


async def test_what_a_template_forgot_to_mask_is_blotted_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "x.html").write_text('<a href="/call?to={{ number }}" data-at="2026-11-26">{{ number }}</a>')
    assert "+998901234512" in str(render(_request(tmp_path), "x.html", number="+998901234512").text)
    assert not caplog.records
    with caplog.at_level(logging.ERROR):
        answer = render(_request(tmp_path, masked="1"), "x.html", number="+998901234512")
    assert answer.text == '<a href="/call?to=•••••••" data-at="2026-11-26">•••••••</a>'
    assert [record.message for record in caplog.records] == ["a template showed numbers to a masked viewer"]


async def test_what_comes_from_people_is_text_and_not_html(tmp_path: Path) -> None:
    (tmp_path / "x.html").write_text(
        '{{ name }}{{ ui.field("a", name, name, attrs={"data-x": name}) }}{{ _("Account: %(name)s", name=name) }}'
    )
    body = str(render(_request(tmp_path), "x.html", name='"><script>').text)
    assert "<script" not in body
    assert body.count("&lt;script&gt;") == 5


async def test_what_is_not_defined_raises(tmp_path: Path) -> None:
    (tmp_path / "x.html").write_text("{{ forgotten }}")
    with pytest.raises(UndefinedError, match="forgotten"):
        render(_request(tmp_path), "x.html")
    (tmp_path / "y.html").write_text('{{ icon("no such thing") }}')
    with pytest.raises(NotFound, match="no such thing"):
        render(_request(tmp_path), "y.html")


async def test_a_literal_is_read_anew_by_each_viewer(tmp_path: Path) -> None:
    (tmp_path / "x.html").write_text('{{ 1234|number }} {{ 0.5|percent }} {{ "+998901234512"|phone }}')
    request = _request(tmp_path)
    assert str(render(request, "x.html").text).startswith("1,234 50%")
    request[VIEWER] = viewer_from({"language": "ru", "masked": "1"})
    assert render(request, "x.html").text == "1\u00a0234 50% \u2066+998 90 ••• •• 12\u2069"


async def test_free_text_is_masked_for_whoever_is(tmp_path: Path) -> None:
    (tmp_path / "x.html").write_text("{{ note|shown }}")
    note = "<b> call 90 123-45-12 at 5"
    assert render(_request(tmp_path), "x.html", note=note).text == "&lt;b&gt; call 90 123-45-12 at 5"
    assert render(_request(tmp_path, masked="1"), "x.html", note=note).text == "&lt;b&gt; call ••••••• at 5"


async def test_every_template_can_be_compiled(tmp_path: Path) -> None:
    environment = _request(tmp_path).app[PAGES].environment
    for name in environment.list_templates(["html"]):
        environment.get_template(name)  # an unknown filter is an error here, not when somebody looks


async def test_a_part_is_one_block_of_the_page(tmp_path: Path) -> None:
    (tmp_path / "x.html").write_text(
        '{% extends "base.html" %}{% block title %}T{% endblock %}'
        '{% block content %}<h1>H</h1>{% block list %}<p id="list">{{ ui.badge(_("Tasks")) }}{{ n|number }}</p>'
        "{% endblock %}{% endblock %}"
    )
    request = _request(tmp_path, language="uz")
    part, whole = render_part(request, "x.html", "list", n=1000).text, render(request, "x.html", n=1000).text
    assert str(part).startswith('<p id="list">')
    assert "Vazifalar" in str(part)
    assert str(part) in str(whole)
    (tmp_path / "row.html").write_text("<td>{{ n }}</td>")
    answer = render_part(request, "row.html", n=1, status=422)
    assert (answer.status, answer.text) == (422, "<td>1</td>")
    assert answer.headers["Cache-Control"] == "no-store"


async def test_the_same_page_with_another_query(tmp_path: Path) -> None:
    (tmp_path / "x.html").write_text('{{ this_page(sort="-due", after=none) }}')
    answer = render(_request(tmp_path, "/tasks?tag=a&tag=b&after=k&sort=due"), "x.html")
    assert answer.text == "/tasks?tag=a&amp;tag=b&amp;sort=-due"


def test_an_address_leaves_out_what_is_empty() -> None:
    assert url("/deals") == url("/deals", q="", after=None) == "/deals"
    assert url("/deals", q="Карим & co", tag=["a", "b"], n=0) == (
        "/deals?q=%D0%9A%D0%B0%D1%80%D0%B8%D0%BC+%26+co&tag=a&tag=b&n=0"
    )


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, False),
        ({"HX-Request": "true", "HX-Request-Type": "partial"}, True),
        ({"HX-Request": "true", "HX-Request-Type": "full"}, False),
        ({"HX-Request": "true", "HX-Request-Type": "partial", "HX-History-Restore-Request": "true"}, False),
    ],
)
def test_a_part_is_asked_for_by_htmx(headers: dict[str, str], expected: bool) -> None:
    assert is_part(make_mocked_request("GET", "/", headers=headers)) is expected


async def test_python_speaks_the_viewers_language(tmp_path: Path) -> None:
    assert words_for(_request(tmp_path, language="ru")).gettext("Tasks") == "Задачи"


def test_a_toast_goes_in_a_header_of_ascii() -> None:
    answer = toast(web.Response(), "Сделано", undo="/tasks/7/undo")
    assert answer.headers["HX-Trigger"].isascii()
    assert '"undo": "/tasks/7/undo"' in answer.headers["HX-Trigger"]
    assert "undo" not in toast(web.Response(), "Done").headers["HX-Trigger"]


async def test_navigation_shows_what_one_may_open(base: str) -> None:
    rights = frozenset(right.value for right in STANDINGS[Role.SELLER].rights)
    seller = Viewer(role="seller", rights=rights)
    assert [entry.path for entry in entries_for(seller)] == ["/operator", "/tasks", "/deals", "/contacts"]
    assert home_for(seller) == "/operator"
    assert home_for(Viewer()) == "/"
    assert {entry.path for entry in entries_for(viewer_from({}))} == {entry.path for entry in ENTRIES}
    assert len({entry.key for entry in ENTRIES}) == len(ENTRIES)
    page = await _get(f"{base}/style")
    assert all(f'href="{entry.path}"' in page for entry in ENTRIES)
    assert 'href="/tasks"' not in await _get(f"{base}/style?stranger=1")


def test_a_page_below_an_entry_belongs_to_it() -> None:
    deals = next(entry for entry in ENTRIES if entry.right == Right.SEE_DEALS)
    assert is_here(deals, "/deals")
    assert is_here(deals, "/deals/7")
    assert not is_here(deals, "/deals-old")


def test_without_built_files_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"scripts/assets\.sh"):
        read_static_files(tmp_path)
    files = read_static_files()
    with pytest.raises(NotFound, match=r"scripts/assets\.sh"):
        files["nothing.js"]
    assert "site.css" in files
    assert "nothing.js" not in files


def test_our_style_has_no_left_and_right() -> None:
    text = (FOLDER / "site.css").read_text()
    sided = (
        r"(?:margin|padding|border|inset)-(?:left|right)|[;{ ](?:left|right)\s*:|text-align:\s*(?:left|right)|float:"
    )
    assert [line for line in text.splitlines() if re.search(sided, line) and "float: none" not in line] == []


def test_every_macro_is_on_the_style_page() -> None:
    macros = re.findall(r"{% macro ([a-z]\w*)", (TEMPLATES / "macros.html").read_text())
    shown = (Path(__file__).parent / "templates" / "style.html").read_text()
    elsewhere = {"island", "table_head", "kbd", "key_help"}  # drawn by base.html or other macros
    assert [name for name in macros if f"ui.{name}(" not in shown and name not in elsewhere] == []


def test_no_template_switches_escaping_off() -> None:
    unsafe = re.compile(r"\|\s*safe\b|autoescape false")
    assert [path.name for path in TEMPLATES.rglob("*.html") if unsafe.search(path.read_text())] == []
