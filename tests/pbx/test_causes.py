"""One table from cause and SIP status to outcome."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.domain.attempts import Outcome
from pbx.causes import BY_CAUSE, BY_SIP, outcome_unanswered


@pytest.mark.parametrize(
    ("cause", "sip_status", "outcome"),
    [
        (17, "486", Outcome.BUSY),  # as recorded from Asterisk 22.10.1
        (1, "404", Outcome.NOT_IN_SERVICE),
        (34, "503", Outcome.CONGESTION),
        (19, "480", Outcome.NO_ANSWER),  # rang until the originate's time ran out
        (16, None, Outcome.GIVEN_UP),  # we hung up while it rang
        (0, None, Outcome.GIVEN_UP),
        (None, None, Outcome.GIVEN_UP),
        (21, "603", Outcome.BUSY),  # the red button
        (18, "408", Outcome.NO_ANSWER),
        (17, "480", Outcome.BUSY),  # a carrier's Reason header (RFC 3326) knows better than its SIP status
        (127, "487", Outcome.GIVEN_UP),
        (127, "482", Outcome.FAILED),
        (127, None, Outcome.FAILED),
        (16, "480", Outcome.NO_ANSWER),  # normal clearing says nothing, the status does
        (58, "488", Outcome.FAILED),
        (0, "nonsense", Outcome.FAILED),
    ],
)
def test_cause_and_status_give_the_outcome(cause: int | None, sip_status: str | None, outcome: Outcome) -> None:
    assert outcome_unanswered(cause, sip_status) is outcome


@given(st.none() | st.integers(-1, 300), st.none() | st.text(max_size=5) | st.integers(0, 999).map(str))
def test_a_call_nobody_answered_is_never_answered_abandoned_or_lost(cause: int | None, sip_status: str | None) -> None:
    outcome = outcome_unanswered(cause, sip_status)
    assert outcome not in (Outcome.ANSWERED, Outcome.ABANDONED, Outcome.MACHINE, Outcome.HUNG_UP, Outcome.LOST)


def test_the_tables_hold_causes_and_final_statuses_only() -> None:
    assert all(1 <= cause <= 127 for cause in BY_CAUSE)
    assert all(400 <= status < 700 for status in BY_SIP)
