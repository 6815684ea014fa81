"""Pages packed on their way: a board is 240 kB of text that says the same things again and again, packed it is 24."""

from __future__ import annotations

import gzip

from aiohttp import web

from crm_core.web.keys import WORKPLACE

_SMALLEST = 1_400  # bytes: less fits into one packet as it is
_LEVEL = 4  # 3 ms for a board; 6 takes twice as long for a tenth less
#: Pages that nobody else's page has asked for.
_OWN = ("same-origin", "none")


def packed(request: web.Request, text: str) -> tuple[bytes, dict[str, str]]:
    """The body of a page for whoever asks, and what its headers say of that.

    What a stranger's page brings a browser to ask for stays as long as it is: the length of a packed page that repeats
    what stands in its address would give away what else stands in it (BREACH, CVE-2013-3587).
    """
    body = text.encode()
    takes = "gzip" in request.headers.get("Accept-Encoding", "")
    if len(body) < _SMALLEST or not takes or not _is_own(request):
        return body, {}
    return gzip.compress(body, _LEVEL, mtime=0), {"Content-Encoding": "gzip"}


def _is_own(request: web.Request) -> bool:
    """Browsers say where a request comes from, to sites with a certificate; without one there is nothing to hide."""
    asked_by = request.headers.get("Sec-Fetch-Site")
    if asked_by is not None:
        return asked_by in _OWN
    place = request.app.get(WORKPLACE)
    return place is not None and not place.https
