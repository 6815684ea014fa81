"""Webhooks by HTTP: one request a delivery, to addresses outside only."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from crm_core.domain.webhooks import check_host, is_public
from crm_core.errors import BadInput, BadSetting, Unavailable
from crm_core.ports import WebhookAnswer

CONNECT_WITHIN = timedelta(seconds=10)
_WORDS = 300  # bytes of an answer that are read
_YES, _NO = ("yes", "true", "1"), ("no", "false", "0", "")


def allow_private_from_env(env: Mapping[str, str]) -> bool:
    """WEBHOOK_ALLOW_PRIVATE: whether webhooks may go to addresses inside the network. Raises BadSetting."""
    text = env.get("WEBHOOK_ALLOW_PRIVATE", "").strip().lower()
    if text not in (*_YES, *_NO):
        raise BadSetting("WEBHOOK_ALLOW_PRIVATE", f"{text!r} is neither yes nor no", "Write yes, or leave it out")
    return text in _YES


class _Outside(AbstractResolver):
    """Finds addresses of a name, those inside left out. aiohttp connects to what it gives and asks nobody else, so a
    name cannot stand for another address a moment later."""

    def __init__(self) -> None:
        self._names = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._names.resolve(host, port, family)
        outside = [one for one in found if is_public(one["host"].partition("%")[0])]
        if not outside:
            raise _Inside(host)
        return outside

    async def close(self) -> None:
        await self._names.close()


class _Inside(OSError):
    """A name stands for nothing but addresses inside."""


class HttpWebhookPost:
    """Posts by one HTTP session. Redirections are not followed: they may lead inside."""

    def __init__(self, session: aiohttp.ClientSession, *, allow_private: bool) -> None:
        self._session, self.allow_private = session, allow_private

    async def post(self, url: str, headers: Mapping[str, str], body: str) -> WebhookAnswer:
        """Raises Unavailable where nobody answers, and BadInput for an address inside."""
        # The resolver is not asked for what is no name.
        check_host(urlsplit(url).hostname or "", allow_private=self.allow_private)
        try:
            async with self._session.post(
                url, data=body.encode(), headers=dict(headers), allow_redirects=False
            ) as answer:
                words = (await answer.content.read(_WORDS)).decode("utf-8", "replace")
                return WebhookAnswer(answer.status, " ".join(words.split()), _asked_wait(answer.headers))
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, _Inside):
                where = f"{urlsplit(url).hostname} lies inside this network"
                raise BadInput("url", where, "Give a public address") from error
            raise Unavailable(f"no connection: {error.os_error.strerror or error.os_error}") from error
        except (aiohttp.ClientError, ValueError) as error:
            raise Unavailable(f"no answer that can be read: {str(error) or type(error).__name__}") from error


def _asked_wait(headers: Mapping[str, str]) -> timedelta | None:
    """Retry-After in seconds (RFC 9110 10.2.3); its other form, a date, is left to our own schedule."""
    asked = headers.get("Retry-After", "").strip()
    return timedelta(seconds=min(int(asked), 86400)) if asked.isascii() and asked.isdecimal() else None


@asynccontextmanager
async def opened_webhook_post(*, allow_private: bool) -> AsyncIterator[HttpWebhookPost]:
    """What deliveries are sent through. No cookies are kept, no proxy and no .netrc of the environment is used."""
    resolver = None if allow_private else _Outside()
    connector = aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, force_close=True)
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_WITHIN.total_seconds())
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, cookie_jar=jar, trust_env=False) as session:
        try:
            yield HttpWebhookPost(session, allow_private=allow_private)
        finally:
            if resolver is not None:
                await resolver.close()
