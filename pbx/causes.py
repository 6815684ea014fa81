"""From what the network said to an outcome: one table of Q.850 causes, one of SIP statuses.

Sources: ITU-T Q.850 (causes), RFC 3261 section 21 (SIP statuses), RFC 3398 section 7.2 (how the two map), Asterisk's
res/res_pjsip.c `ast_sip_hangup_sip2cause` (which cause Asterisk writes when the network gave only a SIP status).
"""

from __future__ import annotations

from collections.abc import Mapping

from crm_core.domain.attempts import Outcome

_O = Outcome

#: Q.850 cause → outcome of a call that was never answered. A cause not listed is FAILED.
BY_CAUSE: Mapping[int, Outcome] = {
    1: _O.NOT_IN_SERVICE,  # unallocated number
    2: _O.CONGESTION,  # no route to the transit network
    3: _O.NOT_IN_SERVICE,  # no route to the destination
    17: _O.BUSY,  # user busy
    18: _O.NO_ANSWER,  # no user responding: switched off, out of coverage
    19: _O.NO_ANSWER,  # user alerted, no answer
    20: _O.NO_ANSWER,  # subscriber absent
    21: _O.BUSY,  # call rejected: he saw it and pressed the red button (RFC 3398: 603)
    22: _O.NOT_IN_SERVICE,  # number changed
    26: _O.GIVEN_UP,  # answered elsewhere: whoever hangs up with it withdrew the call
    27: _O.NOT_IN_SERVICE,  # destination out of order
    28: _O.NOT_IN_SERVICE,  # invalid number format
    34: _O.CONGESTION,  # no circuit available
    38: _O.CONGESTION,  # network out of order
    41: _O.CONGESTION,  # temporary failure
    42: _O.CONGESTION,  # switching equipment congestion
    44: _O.CONGESTION,  # requested circuit not available
    47: _O.CONGESTION,  # resource unavailable
    102: _O.CONGESTION,  # recovery on timer expiry: the carrier did not answer our INVITE in time
}

#: SIP final status → outcome, asked where the cause says nothing (see _SAYS_NOTHING). Not listed: FAILED.
BY_SIP: Mapping[int, Outcome] = {
    404: _O.NOT_IN_SERVICE,
    408: _O.NO_ANSWER,
    410: _O.NOT_IN_SERVICE,
    480: _O.NO_ANSWER,
    484: _O.NOT_IN_SERVICE,
    485: _O.NOT_IN_SERVICE,
    486: _O.BUSY,
    487: _O.GIVEN_UP,  # our own CANCEL
    500: _O.CONGESTION,
    502: _O.CONGESTION,
    503: _O.CONGESTION,
    504: _O.CONGESTION,
    600: _O.BUSY,
    603: _O.BUSY,
    604: _O.NOT_IN_SERVICE,
}

#: Causes that Asterisk writes when it knows nothing better: unknown, normal clearing, normal unspecified, interworking.
_SAYS_NOTHING = frozenset({0, 16, 31, 127})


def outcome_unanswered(cause: int | None, sip_status: str | None) -> Outcome:
    """What became of a call of ours that nobody answered.

    Asterisk 22 gives a SIP status (AMI header TechCause) whenever the network ended the call, and none when we ended
    it: a plain cause without a status is therefore GIVEN_UP. (Ringing too long is ours as well, but Asterisk writes
    cause 19 and status 480 for it: NO_ANSWER.)
    """
    if cause is not None and cause not in _SAYS_NOTHING:
        return BY_CAUSE.get(cause, Outcome.FAILED)
    if sip_status:
        return BY_SIP.get(int(sip_status), Outcome.FAILED) if sip_status.isdecimal() else Outcome.FAILED
    return Outcome.FAILED if cause == 127 else Outcome.GIVEN_UP
