"""Messages by a provider's HTTP: one request a message, and what its answer means."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import aiohttp
from yarl import URL

from crm_core.domain.messages import FaultKind, Message, NotSent
from crm_core.messaging.provider import HttpRequest, Provider, found_at, request_for

CONNECT_WITHIN = timedelta(seconds=10)
ANSWER_WITHIN = timedelta(seconds=30)
#: Names the message, the same at each try, to providers that know the header; the others pass it over.
_IDEMPOTENCY = "Idempotency-Key"  # draft-ietf-httpapi-idempotency-key-header
_LONGEST_ANSWER = 64 * 1024  # bytes
_WORDS = 300  # characters of an answer that is shown whole


class HttpGateway:
    """Hands messages to one provider."""

    def __init__(self, provider: Provider, session: aiohttp.ClientSession) -> None:
        self._provider, self._session = provider, session

    @property
    def is_repeatable(self) -> bool:
        """As the provider's file says: whether he keeps a second request with the same id from going out."""
        return self._provider.repeatable

    async def send(self, message: Message) -> str | None:
        """Hand it over; returns the provider's id of it. Raises NotSent."""
        request = request_for(self._provider, message)
        try:
            async with self._opened(request, message) as response:
                content = await response.content.read(_LONGEST_ANSWER)
                return meaning(self._provider, response.status, response.headers, content)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotSent(FaultKind.TEMPORARY, _words_of(error)) from error
        except (aiohttp.ClientError, TimeoutError) as error:  # the request was on its way
            words = f"it is not known whether it went out: {_words_of(error)}"
            raise NotSent(FaultKind.UNCERTAIN, words) from error
        except ValueError as error:  # aiohttp refuses the request: nothing has been sent
            raise NotSent(FaultKind.PERMANENT, f"no request can be made of it: {error}") from error

    def _opened(self, request: HttpRequest, message: Message) -> Any:
        url = URL(request.url, encoded=True)
        return self._session.request(
            self._provider.method,
            url.extend_query(request.query) if request.query else url,
            headers={_IDEMPOTENCY: message.token, **request.headers},
            json=request.json,
            data=None if request.form is None else dict(request.form),
            allow_redirects=False,  # a POST that is sent on comes as a GET, and the secrets with it
        )


@asynccontextmanager
async def opened_session(
    connect_within: timedelta = CONNECT_WITHIN, answer_within: timedelta = ANSWER_WITHIN
) -> AsyncIterator[aiohttp.ClientSession]:
    """What gateways send through. Each request has a connection of its own: over one that the provider has just closed,
    nobody could tell whether a message went out."""
    timeout = aiohttp.ClientTimeout(total=answer_within.total_seconds(), sock_connect=connect_within.total_seconds())
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
        yield session


def meaning(provider: Provider, status: int, headers: Mapping[str, str], content: bytes) -> str | None:
    """The provider's id in an answer that says it is sent; raises NotSent for every other one."""
    text = content.decode("utf-8", "replace")
    try:
        answer = json.loads(text)
    except ValueError:
        answer = None
    if status in provider.success:
        found = found_at(answer, provider.id_at)
        if provider.id_at is not None and found is None:  # many tell a fault with status 200
            raise NotSent(FaultKind.UNCERTAIN, f"{_told(provider, status, answer, text)} (no {provider.id_at} in it)")
        return found
    is_temporary = status == 429 or status >= 500
    kind = FaultKind.TEMPORARY if is_temporary else FaultKind.PERMANENT
    raise NotSent(kind, _told(provider, status, answer, text), _asked_wait(headers))


def _told(provider: Provider, status: int, answer: Any, text: str) -> str:
    words = found_at(answer, provider.error_at) or " ".join(text.split())[:_WORDS]
    return f"{status} {words}".strip()


def _asked_wait(headers: Mapping[str, str]) -> timedelta | None:
    """Retry-After in seconds (RFC 9110 10.2.3); its other form, a date, is left to our own schedule."""
    asked = headers.get("Retry-After", "").strip()
    return timedelta(seconds=min(int(asked), 86400)) if asked.isascii() and asked.isdecimal() else None


def _words_of(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(error) or type(error).__name__
