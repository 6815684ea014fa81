"""Errors of the telephony side, each a plain sentence that says what to do."""

from __future__ import annotations

from crm_core.errors import CrmError


class PbxError(CrmError):
    """Something about Asterisk went wrong."""


class AsteriskMissing(PbxError):
    """No usable Asterisk was found, and none could be made."""


class BadSite(PbxError):
    """The description of an Asterisk site cannot work."""


class PbxNotStarted(PbxError):
    """Asterisk did not come up."""


class PbxNotStopped(PbxError):
    """Asterisk did not end."""


class AmiRefused(PbxError):
    """The manager interface did not let us in, or did not answer."""
