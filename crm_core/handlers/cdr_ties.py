"""Which call each CDR belongs to, and what a CDR alone tells of a call. Decides only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from crm_core.db.calls import Call
from crm_core.db.cdrs import NO_CALL
from crm_core.domain.attempts import Outcome
from crm_core.domain.calls import CallSnapshot, Direction
from crm_core.domain.phone import parse_phone
from crm_core.errors import BadInput
from crm_core.ports import Cdr

#: Channel ids we give to operators' legs begin so; such a leg is a channel of nobody's call.
OPERATOR_LEG = "op-"
#: Contexts in which an operator's phone is alone with the PBX (asterisk_conf/pbx/extensions.conf).
_OPERATOR_CONTEXTS = frozenset({"operator-park", "operator-phone"})

#: What Asterisk's dispositions mean (cdr.c, ast_cdr_disp2str).
_OUTCOMES: Mapping[str, Outcome] = {
    "ANSWERED": Outcome.ANSWERED,
    "NO ANSWER": Outcome.NO_ANSWER,
    "BUSY": Outcome.BUSY,
    "FAILED": Outcome.FAILED,
    "CONGESTION": Outcome.CONGESTION,
}


@dataclass(frozen=True, slots=True)
class Ties:
    """What is known of the channels in a batch: ids of calls and attempts, calls by leg, operators' phones."""

    calls: Collection[str]
    attempts: Collection[str]
    by_leg: Mapping[str, str]
    phones: Collection[str]

    def call_of(self, cdr: Cdr) -> str | None:
        """The call it belongs to: NO_CALL for an operator's own leg, None if no call is known.

        The channel's own id comes first: a bridge with an older parked leg changes Asterisk's linkedid.
        """
        if cdr.uniqueid in self.calls:
            return cdr.uniqueid
        if cdr.uniqueid.startswith(OPERATOR_LEG) or cdr.context in _OPERATOR_CONTEXTS:
            return NO_CALL
        if cdr.uniqueid in self.attempts:
            return None
        if cdr.uniqueid in self.by_leg:
            return self.by_leg[cdr.uniqueid]
        if cdr.linkedid in self.calls:
            return cdr.linkedid
        return NO_CALL if endpoint_of(cdr.channel) in self.phones else None


def endpoint_of(channel_name: str) -> str:
    """The PJSIP endpoint in a channel's name, such as op1 in PJSIP/op1-0000002a."""
    return channel_name.partition("/")[2].rpartition("-")[0]


def calls_to_make(unmatched: Iterable[Cdr], attempts: Collection[str]) -> dict[str, CallSnapshot]:
    """The calls that nobody has told of but their CDRs, by id: one for the channels of one linkedid."""
    found: dict[str, list[Cdr]] = {}
    for cdr in unmatched:
        own = cdr.uniqueid in attempts or cdr.linkedid.startswith(OPERATOR_LEG)
        found.setdefault(cdr.uniqueid if own else cdr.linkedid, []).append(cdr)
    return {call_id: _call_of(call_id, rows, call_id in attempts) for call_id, rows in found.items()}


def _call_of(call_id: str, rows: list[Cdr], ours: bool) -> CallSnapshot:
    first = min(rows, key=lambda cdr: (cdr.uniqueid != call_id, cdr.started_at, cdr.sequence))
    answers = [cdr.answered_at for cdr in rows if cdr.answered_at is not None]
    return CallSnapshot(
        id=call_id,
        node=first.node,
        direction=Direction.OUTGOING if ours else Direction.INCOMING,
        started_at=min(cdr.started_at for cdr in rows),
        number=None if ours else _number(first.src),
        line=None if ours else first.dst[:20] or None,
        answered_at=min(answers, default=None),
        ended_at=max(cdr.ended_at for cdr in rows),
        outcome=Outcome.ANSWERED if answers else outcome_of(first),
        cause=first.cause,
    )


def outcome_of(cdr: Cdr) -> Outcome:
    return _OUTCOMES.get(cdr.disposition, Outcome.FAILED)


def _number(raw: str) -> str | None:
    try:
        return parse_phone(raw if raw.startswith("+") else f"+{raw}").e164
    except BadInput:
        return None


def ended_by(call: Call, cdr: Cdr | None, now: datetime) -> CallSnapshot:
    """The end of an open call whose channel is gone: by its CDR, or LOST at `now` if there is none."""
    still = CallSnapshot(
        id=call.id,
        node=call.node,
        direction=call.direction,
        started_at=call.first_seen,
    )
    if cdr is None:
        return replace(still, ended_at=now, outcome=Outcome.LOST)
    return replace(still, answered_at=cdr.answered_at, ended_at=cdr.ended_at, outcome=outcome_of(cdr), cause=cdr.cause)
