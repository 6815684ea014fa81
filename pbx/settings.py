"""Settings of the bridge to Asterisk: checked, frozen, handed out in pieces; secrets do not print."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from crm_core.errors import BadSetting


@dataclass(frozen=True, slots=True)
class AmiSettings:
    """Where Asterisk's manager interface is and who we are there. Seconds throughout."""

    host: str
    port: int
    user: str
    secret: str = field(repr=False)
    #: The switch is asked for a sign of life after so long a silence, and given as long again to answer.
    silence_seconds: float = 5.0
    answer_seconds: float = 5.0
    #: Asterisk accepts managers before it has loaded everything; FullyBooted says when it may be used.
    boot_seconds: float = 60.0
    first_retry_seconds: float = 0.25
    longest_retry_seconds: float = 10.0

    def __post_init__(self) -> None:
        if not self.secret:
            raise BadSetting(
                "AMI_SECRET",
                f"no secret for the manager user {self.user!r}",
                "Write the secret of that user in manager.conf, or let `trunkline pbx up` make an Asterisk of its own",
            )
        if any(character in text for text in (self.user, self.secret) for character in "\r\n"):
            raise BadSetting("AMI_USER, AMI_SECRET", "a line break in them", "Write them on one line")


@dataclass(frozen=True, slots=True)
class AgiSettings:
    """Where we listen for FastAGI, and how much a peer may ask of us."""

    host: str
    port: int
    max_connections: int = 1000
    #: From connect to the end of the request. Asterisk sends it at once; a peer that does not is dropped.
    request_seconds: float = 5.0
    #: For Asterisk to carry out what we answered.
    answer_seconds: float = 5.0


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """The service that keeps calls in step with the switch."""

    node: str
    cdr_file: Path
    #: For numbers that a trunk gives without the country's code (ISO 3166), as "UZ".
    default_country: str | None = None
    #: So long after a change everything that has changed by then is written together.
    flush_seconds: float = 0.05
    reconcile_seconds: float = 5.0
    retry_seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class RecordingSettings:
    """Where recordings lie and when one is finished."""

    folder: Path
    scan_seconds: float = 2.0
    #: A file that has not grown for so long, and whose call is over, is finished.
    still_seconds: float = 2.0
    #: Below this no recording is started: a full disk would stop the database too.
    min_free_bytes: int = 500_000_000
