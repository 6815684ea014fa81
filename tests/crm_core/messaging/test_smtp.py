"""E-mail against a real SMTP server: taken, refused for now, refused for good, hanging, broken off."""

from __future__ import annotations

import socket
import ssl
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crm_core.domain.messages import FaultKind, Message, MessageChannel, NotSent
from crm_core.messaging.smtp import SmtpGateway, SmtpSettings
from tests.crm_core.messaging.mail_server import BREAK, HANG, MailServer, opened_mail_server
from tests.crm_core.messaging.messages import NOW, a_message

#: RFC 5321 4.5.3.1.6: no line longer, its end included.
_LONGEST_LINE = 1000


def a_mail(**changes: Any) -> Message:
    told = {"channel": MessageChannel.EMAIL, "to": "ann@example.com", "subject": "Чай для вас"} | changes
    return a_message(**told)


def gateway(server: MailServer, **changes: Any) -> SmtpGateway:
    told: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": server.port,
        "from_address": "info@lola.example",
        "from_name": "Лола",
    }
    return SmtpGateway(SmtpSettings(**(told | changes)), lambda: NOW)


async def fault(server: MailServer, **changes: Any) -> NotSent:
    with pytest.raises(NotSent) as caught:
        await gateway(server, **changes).send(a_mail())
    return caught.value


async def test_a_mail_arrives_as_it_was_written() -> None:
    body = "Ассалому алайкум!\n.\n..точки\n" + "ў" * 3000
    async with opened_mail_server(MailServer()) as server:
        assert await gateway(server).send(a_mail(body=body)) == "OK queued as 42"
    (mail,) = server.mails
    assert server.to == ["ann@example.com"]
    assert (mail["From"], mail["To"], mail["Subject"]) == ("Лола <info@lola.example>", "ann@example.com", "Чай для вас")
    assert mail["Message-ID"] == "<0123456789abcdef0123456789abcdef@lola.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime == NOW
    assert mail.get_content().splitlines() == body.splitlines()
    assert max(map(len, mail.as_bytes().splitlines())) < _LONGEST_LINE


async def test_each_try_bears_the_same_message_id() -> None:
    async with opened_mail_server(MailServer()) as server:
        for attempts in (1, 2):
            await gateway(server).send(a_mail(attempts=attempts))
    first, second = server.mails
    assert first["Message-ID"] == second["Message-ID"]


@pytest.mark.parametrize("where", ["at_rcpt", "at_data"])
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("451 4.7.1 Greylisted, come again", FaultKind.TEMPORARY),
        ("421 4.3.2 Shutting down", FaultKind.TEMPORARY),
        ("550 5.1.1 No such user here", FaultKind.PERMANENT),
        ("552 5.2.2 Mailbox full", FaultKind.PERMANENT),
    ],
)
async def test_a_refusal_is_told_in_the_servers_words(where: str, answer: str, kind: FaultKind) -> None:
    server = MailServer()
    setattr(server, where, answer)
    async with opened_mail_server(server):
        refused = await fault(server)
    assert (refused.kind, refused.words) == (kind, answer)
    assert server.mails == []


@pytest.mark.parametrize("how", [HANG, BREAK])
@pytest.mark.parametrize(("where", "kind"), [("at_rcpt", FaultKind.TEMPORARY), ("at_data", FaultKind.UNCERTAIN)])
async def test_a_server_that_falls_silent_after_the_mail_may_have_taken_it(
    how: str, where: str, kind: FaultKind
) -> None:
    server = MailServer()
    setattr(server, where, how)
    async with opened_mail_server(server):
        assert (await fault(server, timeout=timedelta(seconds=0.3))).kind is kind


async def test_nobody_there_is_a_fault_that_may_pass() -> None:
    with socket.socket() as taken:  # bound, but it does not listen
        taken.bind(("127.0.0.1", 0))
        refused = await fault(MailServer(port=taken.getsockname()[1]))
    assert refused.kind is FaultKind.TEMPORARY
    assert "127.0.0.1" in refused.words


async def test_a_server_that_never_greets_is_a_fault_that_may_pass() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        refused = await fault(MailServer(port=mute.getsockname()[1]), timeout=timedelta(seconds=0.3))
    assert refused.kind is FaultKind.TEMPORARY


@pytest.mark.parametrize("password", ["right", "wrong"])
async def test_user_and_password_are_said_where_they_are_set(password: str) -> None:
    server = MailServer()
    options = {"authenticator": server.logged_in, "auth_require_tls": False}
    async with opened_mail_server(server, options=options):
        sender = gateway(server, user="lola", password=password)
        if password == "right":
            await sender.send(a_mail())
        else:
            with pytest.raises(NotSent, match="535") as caught:
                await sender.send(a_mail())
            assert caught.value.kind is FaultKind.PERMANENT
    assert set(server.logins) == {(b"lola", password.encode())}
    assert len(server.mails) == (1 if password == "right" else 0)


async def test_a_server_that_knows_no_log_in_is_said_so() -> None:
    async with opened_mail_server(MailServer()) as server:
        refused = await fault(server, user="lola", password="secret")
    assert refused.kind is FaultKind.PERMANENT
    assert "secret" not in refused.words


def test_a_password_goes_to_another_machine_under_encryption_only() -> None:
    def must(host: str, **changes: Any) -> bool:
        told: dict[str, Any] = {"port": 587, "from_address": "info@lola.example", "user": "lola", "password": "x"}
        return SmtpSettings(host, **(told | changes)).must_start_tls

    assert must("mail.lola.example")
    assert must("10.0.0.5")
    assert not must("mail.lola.example", implicit_tls=True)
    assert not must("mail.lola.example", user=None, password=None)
    assert not must("127.0.0.1")
    assert not must("localhost")
    assert "x" not in repr(SmtpSettings("h", 1, "a@b.co", user="u", password="x")).replace("example", "")


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate nobody vouches for, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    made, key = folder / "cert.pem", folder / "key.pem"
    new = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=mail.test"]
    subprocess.run([*new, "-keyout", str(key), "-out", str(made)], check=True, capture_output=True)
    return made, key


async def test_encryption_is_used_where_the_server_offers_it(certificate: tuple[Path, Path]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    async with opened_mail_server(MailServer(), tls=context) as server:
        await gateway(server).send(a_mail())
    assert server.encrypted == [True]


async def test_a_certificate_nobody_vouches_for_gets_no_password(certificate: tuple[Path, Path]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server = MailServer()
    async with opened_mail_server(server, implicit_tls=context, options={"authenticator": server.logged_in}):
        refused = await fault(server, implicit_tls=True, user="lola", password="right")
    assert refused.kind is FaultKind.TEMPORARY
    assert server.logins == []
