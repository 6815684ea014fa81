"""E-mail: one SMTP connection a message (RFC 5321), with STARTTLS where there is any, and always before a password."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr

import aiosmtplib

from crm_core.domain.messages import FaultKind, Message, NotSent

#: Every server takes seven bits; not every one says so of eight (RFC 6152).
_POLICY = SMTP.clone(cte_type="7bit")
_QUIT_WITHIN = 2.0  # seconds


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """The server, and who writes. `implicit_tls`: TLS from the first byte (RFC 8314). `timeout` is for each command."""

    host: str
    port: int
    from_address: str
    from_name: str = ""
    implicit_tls: bool = False
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout: timedelta = timedelta(seconds=20)

    @property
    def must_start_tls(self) -> bool:
        """A password goes to another machine under encryption only."""
        return self.user is not None and not self.implicit_tls and not _is_loopback(self.host)


class SmtpGateway:
    """Hands e-mail to one server."""

    #: Every try bears the same Message-ID; and mail rather comes twice than not at all (RFC 5321 6.1).
    is_repeatable = True

    def __init__(self, settings: SmtpSettings, now: Callable[[], datetime]) -> None:
        self._settings, self._now = settings, now

    async def send(self, message: Message) -> str | None:
        """Hand the mail over; returns the server's last words. Raises NotSent."""
        content = mail(message, self._settings, self._now()).as_bytes()
        client = self._client()
        is_handed_over = False
        try:
            await client.connect()
            await client.mail(self._settings.from_address)
            await client.rcpt(message.to)
            is_handed_over = True
            answer = await client.data(content)
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):  # it is sent, however we part
                await client.quit(timeout=_QUIT_WITHIN)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise fault_of(error, is_handed_over=is_handed_over) from error
        finally:
            client.close()
        return answer.message.strip() or None

    def _client(self) -> aiosmtplib.SMTP:
        mail_server = self._settings
        # Without a password encryption is taken as it comes: who could forge a certificate could also hide STARTTLS.
        is_strict = mail_server.implicit_tls or mail_server.must_start_tls
        return aiosmtplib.SMTP(
            hostname=mail_server.host,
            port=mail_server.port,
            username=mail_server.user,
            password=mail_server.password,
            local_hostname=socket.gethostname(),  # the usual way asks the name server, and waits for it
            timeout=mail_server.timeout.total_seconds(),
            use_tls=mail_server.implicit_tls,
            start_tls=False if mail_server.implicit_tls else (True if mail_server.must_start_tls else None),
            validate_certs=is_strict,
        )


def mail(message: Message, settings: SmtpSettings, at: datetime) -> EmailMessage:
    """The mail as it goes out; its Message-ID is the message's own, however often it is tried."""
    made = EmailMessage(policy=_POLICY)
    made["From"] = formataddr((settings.from_name, settings.from_address))
    made["To"] = message.to
    made["Subject"] = message.subject
    made["Date"] = format_datetime(at)
    made["Message-ID"] = f"<{message.token}@{settings.from_address.partition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answering machine answers
    made.set_content(message.body)
    return made


def fault_of(error: Exception, *, is_handed_over: bool) -> NotSent:
    """What an error means; `is_handed_over`: the server had begun to take the mail."""
    if isinstance(error, aiosmtplib.SMTPResponseException):
        words = f"{error.code} {error.message}"
        return NotSent(FaultKind.PERMANENT if 500 <= error.code < 600 else FaultKind.TEMPORARY, words)
    if type(error) in (aiosmtplib.SMTPException, aiosmtplib.SMTPNotSupported):  # no STARTTLS, no way to log in
        return NotSent(FaultKind.PERMANENT, str(error))
    words = str(error) or type(error).__name__
    return NotSent(FaultKind.UNCERTAIN if is_handed_over else FaultKind.TEMPORARY, words)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False
