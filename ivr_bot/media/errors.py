"""What can go wrong on the media connection."""

from __future__ import annotations

from crm_core.errors import CrmError


class MalformedMedia(CrmError):
    """The switch sent something that is not part of the protocol."""
