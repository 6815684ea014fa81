"""What can go wrong with hearing; the call goes on with keys or an operator."""

from __future__ import annotations

from crm_core.errors import Unavailable


class RecogniserGone(Unavailable):
    """The worker died, hung or failed on this utterance, and so did the next one."""


class RecogniserBusy(Unavailable):
    """No worker was free in time: there is more speech than this machine can hear."""
