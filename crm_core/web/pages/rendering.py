"""Templates become answers: one Jinja environment per application, one viewer per rendering."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from markupsafe import Markup

from crm_core.domain.access import masked_text
from crm_core.errors import NotFound
from crm_core.web.keys import VIEWER
from crm_core.web.pages import formats, island_words, words
from crm_core.web.pages.catalogues import Catalogues, Words
from crm_core.web.pages.hints import hints_for
from crm_core.web.pages.navigation import entries_for, is_here
from crm_core.web.pages.packing import packed
from crm_core.web.said import said
from crm_core.web.static_files import StaticFiles
from crm_core.web.viewer import LANGUAGES, THEMES, Viewer

log = logging.getLogger(__name__)

TEMPLATES = Path(__file__).parents[1] / "templates"
#: A number as the database holds it: no masked viewer may receive one, whoever forgot to format it.
_E164 = re.compile(r"\+[1-9]\d{7,14}(?!\d)")
#: Icons made and kept: a board shows hundreds, of a dozen kinds.
_ICONS_KEPT = 2_000


@dataclass(frozen=True, slots=True)
class Pages:
    """What rendering stands on. `words` by language."""

    environment: Environment
    words: Mapping[str, Words]
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class _Sight:
    """Who sees what is being rendered, when, and at which address."""

    viewer: Viewer
    words: Words
    now: datetime
    path: str
    query: tuple[tuple[str, str], ...]


PAGES = web.AppKey("pages", Pages)
#: Set for one rendering, which awaits nothing. Thus macros need no `with context`, and filters know the viewer.
_sight: ContextVar[_Sight] = ContextVar("sight")


def make_pages(
    files: StaticFiles, catalogues: Catalogues, now: Callable[[], datetime], templates: Sequence[Path] = (TEMPLATES,)
) -> Pages:
    """The environment with macros (`ui`), formats as filters, languages and addresses. Reads the macros at once."""
    environment = Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_callables(  # type: ignore[attr-defined]  # added by the i18n extension
        lambda message: _sight.get().words.gettext(message),
        lambda one, many, n: _sight.get().words.ngettext(one, many, n),
        newstyle=True,
        pgettext=lambda context, message: _sight.get().words.pgettext(context, message),
        npgettext=lambda context, one, many, n: _sight.get().words.npgettext(context, one, many, n),
    )
    environment.filters.update(_filters())
    environment.globals.update(
        asset=lambda name: files[name].url,
        integrity=lambda name: files[name].integrity,
        icon=lru_cache(_ICONS_KEPT)(lambda name, label="": _icon(files, name, label)),
        url=url,
        this_page=_this_page,
        island_words=_island_words,
        csrf_word=lambda: _sight.get().viewer.csrf,
        first_hints=lambda: hints_for(_sight.get().viewer, _sight.get().path),
        is_here=lambda entry: is_here(entry, _sight.get().path),
        languages=LANGUAGES,
        themes=THEMES,
    )
    environment.globals["ui"] = environment.get_template("macros.html").module
    return Pages(environment, {code: Words(one) for code, one in catalogues.items()}, now)


def render(request: web.Request, template: str, /, status: int = 200, **context: Any) -> web.Response:
    """A whole page."""
    return _answer(request, lambda pages, full: pages.environment.get_template(template).render(full), status, context)


def render_part(
    request: web.Request, template: str, block: str | None = None, /, status: int = 200, **context: Any
) -> web.Response:
    """A fragment for htmx: a template of its own, or one block of a page's template, so that both stay one."""

    def text(pages: Pages, full: dict[str, Any]) -> str:
        found = pages.environment.get_template(template)
        if block is None:
            return found.render(full)
        return "".join(found.blocks[block](found.new_context(full)))

    return _answer(request, text, status, context)


def viewer_of(request: web.Request) -> Viewer:
    """Who looks."""
    return request[VIEWER]


def words_for(request: web.Request) -> Words:
    """The texts in the viewer's language, for Python: `words_for(request).gettext("Saved")`."""
    return request.app[PAGES].words[viewer_of(request).language]


def is_part(request: web.Request) -> bool:
    """Whether htmx asks for a fragment, and not for the whole page (also not when it restores its history)."""
    return request.headers.get("HX-Request-Type") == "partial" and "HX-History-Restore-Request" not in request.headers


def toast(answer: web.Response, text: str, *, undo: str | None = None, kind: str = "good") -> web.Response:
    """Let the page say `text` (translated) in passing; `undo` is the address to POST that takes it back. For htmx."""
    said = {"text": text, "kind": kind} | ({"undo": undo} if undo else {})
    answer.headers["HX-Trigger"] = json.dumps({"trunkline:toast": said})
    return answer


def url(path: str, **query: Any) -> str:
    """An address with its query; what is None or "" is left out, a list is repeated."""
    kept = [(name, value) for name, value in query.items() if value is not None and value != ""]
    return path + ("?" + urlencode(kept, doseq=True) if kept else "")


def _answer(
    request: web.Request, text: Callable[[Pages, dict[str, Any]], str], status: int, context: dict[str, Any]
) -> web.Response:
    pages, viewer = request.app[PAGES], viewer_of(request)
    words = pages.words[viewer.language]
    sight = _Sight(viewer, words, pages.now(), request.path, tuple(request.query.items()))
    standing = {"viewer": viewer, "now": sight.now, "path": sight.path, "entries": entries_for(viewer)}
    token = _sight.set(sight)
    try:
        body = text(pages, standing | context)
    finally:
        _sight.reset(token)
    if viewer.masked:
        body = _without_numbers(body, request.path)
    bare, coding = packed(request, body)
    vary = "HX-Request-Type, Cookie, Accept-Language, Accept-Encoding, Sec-Fetch-Site"
    headers = {"Cache-Control": "no-store", "Vary": vary, **coding}
    return web.Response(body=bare, status=status, content_type="text/html", charset="utf-8", headers=headers)


def _without_numbers(body: str, path: str) -> str:
    clean, count = _E164.subn("•••••••", body)
    if count:
        log.error("a template showed numbers to a masked viewer", extra={"path": path, "numbers": count})
    return clean


def _island_words(**more: str) -> dict[str, str]:
    """What the scripts say, in the viewer's language; `more` are those of a page's own island, translated already."""
    return {name: _sight.get().words.gettext(word) for name, word in island_words.WORDS.items()} | more


def _this_page(**changes: Any) -> str:
    """This page's address with parts of its query changed; None takes one away."""
    sight = _sight.get()
    kept: dict[str, Any] = {}
    for name, value in sight.query:
        kept.setdefault(name, []).append(value)
    return url(sight.path, **(kept | changes))


def _icon(files: StaticFiles, name: str, label: str) -> Markup:
    """A picture of Tabler's. Without a label it is decoration beside a word, and not read out."""
    try:
        shape = Markup(files.icons[name])
    except KeyError:
        raise NotFound("icon", name, "See tabler.io/icons") from None
    said = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    is_sided = name.endswith(("-left", "-right"))
    return Markup('<svg class="icon{}{}" viewBox="0 0 24 24" {}>{}</svg>').format(
        " icon-solid" if name.endswith("-filled") else "", " icon-sided" if is_sided else "", said, shape
    )


def _filters() -> dict[str, Callable[..., Any]]:
    """Formats for whoever looks."""

    def of_viewer(function: Callable[..., Any]) -> Callable[..., Any]:
        # With a context Jinja does not work a literal out once and for all, in the language of whoever came first.
        return pass_context(lambda _context, value, *options: function(_sight.get().viewer, value, *options))

    def with_now(function: Callable[..., Any]) -> Callable[..., Any]:
        return of_viewer(lambda viewer, at: function(viewer, at, _sight.get().now))

    def in_words(function: Callable[..., str]) -> Callable[..., str]:
        return pass_context(lambda _context, *said: function(_sight.get().words, *said))

    named = (formats.exact, formats.clock, formats.weekday, formats.span, formats.number, formats.percent)
    return {
        **{one.__name__: of_viewer(one) for one in (*named, formats.money, formats.file_size, formats.phone)},
        "ago": with_now(formats.relative),
        "day": with_now(formats.day),
        "shown": of_viewer(lambda viewer, text: masked_text(str(text)) if viewer.masked else text),
        "duration": formats.duration,
        "said": pass_context(lambda _context, text: said(text, _sight.get().words, _sight.get().viewer.language)),
        "result": in_words(words.result),
        "stage": in_words(words.stage),
        "silent": words.is_silent,
        "pause_reason": in_words(words.pause),
        "signature": in_words(words.signature),
        "done_by": in_words(words.done_by),
    }
