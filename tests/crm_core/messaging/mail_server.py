"""A real mail server on loopback that can be told to refuse, to hang, and to break off."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword

OK = "250 OK queued as 42"
HANG, BREAK = "hang", "break"


@dataclass
class MailServer:
    """What it answers to RCPT and to the end of the mail: a line, HANG or BREAK; and what it has taken."""

    at_rcpt: str = "250 OK"
    at_data: str = OK
    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    to: list[str] = field(default_factory=list)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        answer = await self._answer(self.at_rcpt, server)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        answer = await self._answer(self.at_data, server)
        if answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            parsed = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(parsed, EmailMessage)
            self.mails.append(parsed)
            self.to += envelope.rcpt_tos
            self.encrypted.append(session.ssl is not None)
        return answer

    def logged_in(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"right", handled=False)

    async def _answer(self, answer: str, server: Any) -> str:
        if answer == HANG:
            await self.released.wait()
        elif answer == BREAK:
            server.transport.abort()
        return answer


@asynccontextmanager
async def opened_mail_server(
    server: MailServer,
    tls: ssl.SSLContext | None = None,
    implicit_tls: ssl.SSLContext | None = None,
    options: Mapping[str, Any] | None = None,
) -> AsyncIterator[MailServer]:
    """Let it listen on a free port of loopback; `tls`: STARTTLS is offered; `options` are aiosmtpd's."""
    loop = asyncio.get_running_loop()

    def protocol() -> SMTP:
        return SMTP(server, hostname="mail.test", loop=loop, tls_context=tls, **(options or {}))

    listening = await loop.create_server(protocol, "127.0.0.1", 0, ssl=implicit_tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        server.released.set()
        listening.close()
        await listening.wait_closed()
