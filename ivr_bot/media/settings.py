"""Settings of the bot's media connections: checked, frozen; the secret does not print."""

from __future__ import annotations

from dataclasses import dataclass, field

from crm_core.errors import BadSetting


@dataclass(frozen=True, slots=True)
class MediaSettings:
    """Where Asterisk finds the bot. Seconds throughout."""

    host: str
    websocket_port: int
    audiosocket_port: int
    secret: str = field(repr=False)
    #: From connect to the first event or frame. Asterisk sends it at once.
    start_seconds: float = 5.0
    #: For a call to end in good order when the bot has done its part, or when the service stops.
    stop_seconds: float = 2.0

    def __post_init__(self) -> None:
        if not self.secret:
            raise BadSetting(
                "BOT_SECRET", "no secret for the media connection", "Write the one of websocket_client.conf"
            )
