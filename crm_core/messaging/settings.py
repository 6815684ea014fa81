"""Which ways out for messages are set up: read once from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from urllib.parse import unquote, urlsplit

from crm_core.domain.messages import MessageChannel, parse_address
from crm_core.errors import BadInput, BadSetting
from crm_core.messaging.provider import Provider
from crm_core.messaging.provider_file import provider_path, read_provider
from crm_core.messaging.smtp import SmtpSettings

#: Submission (RFC 6409) and submission over TLS (RFC 8314).
_PORTS = {"smtp": 587, "smtps": 465}
_VARIABLES = {
    MessageChannel.SMS: "SMS_PROVIDER",
    MessageChannel.WHATSAPP: "WHATSAPP_PROVIDER",
    MessageChannel.TELEGRAM: "TELEGRAM_PROVIDER",
}


@dataclass(frozen=True, slots=True)
class MessageSettings:
    """A channel without a way out is not in `providers`; e-mail has none while `smtp` is None."""

    smtp: SmtpSettings | None = None
    providers: Mapping[MessageChannel, Provider] = field(default_factory=dict)


def message_settings_from_env(env: Mapping[str, str]) -> MessageSettings:
    """Read SMTP_URL and SMTP_FROM, and SMS_PROVIDER, WHATSAPP_PROVIDER and TELEGRAM_PROVIDER, each the path of a
    provider's file or the name of a shipped one.

    Raises BadSetting naming the variable, and BadInput naming the provider's file."""
    given = {channel: env[name] for channel, name in _VARIABLES.items() if env.get(name)}
    providers = {
        channel: read_provider(provider_path(text, _VARIABLES[channel]), env) for channel, text in given.items()
    }
    return MessageSettings(_smtp(env), providers)


def _smtp(env: Mapping[str, str]) -> SmtpSettings | None:
    url = env.get("SMTP_URL")
    if not url:
        return None
    do = "Write smtp://user:password@host:587 or smtps://user:password@host:465"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:  # the text may hold a password: it is not repeated
        raise BadSetting("SMTP_URL", "is no address", do) from error
    if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        raise BadSetting("SMTP_URL", "is no address of a mail server", do)
    if bool(parts.username) != bool(parts.password):
        raise BadSetting("SMTP_URL", "has a user without a password, or the other way round", do)
    name, address = _from(env)
    return SmtpSettings(
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        from_address=address,
        from_name=name,
        implicit_tls=parts.scheme == "smtps",
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


def _from(env: Mapping[str, str]) -> tuple[str, str]:
    text = env.get("SMTP_FROM", "")
    do = "Write who sends the mail, such as Lola <info@lola.example>"
    if not text:
        raise BadSetting("SMTP_FROM", "is not set, though SMTP_URL is", do)
    name, address = parseaddr(text)
    try:
        return name, parse_address(MessageChannel.EMAIL, address)
    except BadInput as error:
        raise BadSetting("SMTP_FROM", f"{text!r} holds no e-mail address", do) from error
