"""What becomes of a lead after an outcome."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.domain.attempts import Outcome
from crm_core.domain.campaigns import RetryPolicy, Unfinished
from crm_core.domain.leads import Lead, LeadState
from crm_core.ports import EndedAttempt
from dialer.retry import settled
from tests.dialer.clock import START
from tests.dialer.scene import attempt, lead, number, policy

END = START + timedelta(seconds=40)
NOW = END + timedelta(seconds=1)


def ended(
    outcome: Outcome, of: Lead | None = None, unanswered: int = 0, disposition: str | None = None
) -> EndedAttempt:
    tried = attempt(outcome=outcome, ended_at=END, disposition=disposition)
    return EndedAttempt(tried, of or lead(1, attempts=1), unanswered, 0.0)


leads = st.builds(
    lambda attempts, dead: lead(
        1, attempts=attempts, numbers=tuple(number(n + 1, dead=gone) for n, gone in enumerate(dead))
    ),
    st.integers(1, 10),
    st.lists(st.booleans(), min_size=1, max_size=4),
)


@given(st.sampled_from(Outcome), leads, st.integers(0, 9))
def test_a_lead_is_either_closed_with_a_reason_or_open_with_a_time(outcome: Outcome, of: Lead, unanswered: int) -> None:
    after = settled(ended(outcome, of, unanswered), policy(), NOW)
    assert (after.state is LeadState.CLOSED) == (after.close_reason is not None)
    assert (after.state is LeadState.OPEN) == (after.next_attempt_at is not None)


@given(st.sampled_from(Outcome), leads)
def test_the_cap_holds_over_all_outcomes(outcome: Outcome, of: Lead) -> None:
    of = replace(of, attempts=max(of.attempts, policy().retry.max_attempts))
    assert settled(ended(outcome, of), policy(), NOW).state is LeadState.CLOSED


@given(st.sampled_from(Outcome), leads, st.integers(0, 9))
def test_the_count_of_unanswered_grows_by_one_stays_or_starts_anew(outcome: Outcome, of: Lead, before: int) -> None:
    after = settled(ended(outcome, of, before), policy(), NOW).unanswered
    match outcome:
        case Outcome.NO_ANSWER | Outcome.BUSY | Outcome.MACHINE:
            assert after == before + 1
        case Outcome.ANSWERED | Outcome.ABANDONED | Outcome.HUNG_UP:
            assert after == 0
        case _:
            assert after == before


@pytest.mark.parametrize("outcome", [o for o in RetryPolicy().after if o is not Outcome.ABANDONED])
def test_the_rest_after_an_outcome_is_the_policys_from_the_end_on(outcome: Outcome) -> None:
    after = settled(ended(outcome), policy(), NOW)
    assert after.next_attempt_at == END + RetryPolicy().after[outcome]


def test_an_outcome_that_the_policy_does_not_retry_closes_the_lead() -> None:
    after = settled(ended(Outcome.MACHINE), policy(retry=RetryPolicy(after={})), NOW)
    assert (after.state, after.close_reason) == (LeadState.CLOSED, "machine")


def test_an_abandoned_person_rests_as_long_as_the_policy_says_whatever_the_retry_table_says() -> None:
    of = policy(abandoned_rest=timedelta(hours=72), retry=RetryPolicy(after={Outcome.ABANDONED: timedelta(hours=1)}))
    assert settled(ended(Outcome.ABANDONED), of, NOW).next_attempt_at == END + timedelta(hours=72)


def test_a_number_not_in_service_is_dead_and_the_next_one_is_dialed_at_once() -> None:
    after = settled(ended(Outcome.NOT_IN_SERVICE, lead(1, attempts=1, numbers=(number(1), number(2)))), policy(), NOW)
    assert (after.state, after.next_attempt_at, after.dead_number) == (LeadState.OPEN, END, True)


@pytest.mark.parametrize("others", [(), (number(2, dead=True),)])
def test_a_lead_without_a_living_number_is_closed(others: tuple[object, ...]) -> None:
    of = lead(1, attempts=1, numbers=(number(1), *others))
    after = settled(ended(Outcome.NOT_IN_SERVICE, of), policy(), NOW)
    assert (after.state, after.close_reason, after.dead_number) == (LeadState.CLOSED, "no_number", True)


def test_who_was_spoken_with_is_closed_unless_the_agent_decided_otherwise() -> None:
    after = settled(ended(Outcome.ANSWERED), policy(), NOW)
    assert (after.state, after.close_reason) == (LeadState.CLOSED, "talked")


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9))
def test_who_broke_off_is_called_again_by_the_campaigns_rule_and_within_its_cap(
    times: int, unfinished: int, attempts: int
) -> None:
    rule = RetryPolicy(max_attempts=5, unfinished=Unfinished(timedelta(hours=2), times))
    told = replace(ended(Outcome.ANSWERED, lead(1, attempts=attempts)), unfinished=unfinished)
    after = settled(told, policy(retry=rule), NOW)
    if unfinished <= times and attempts < 5:
        assert (after.state, after.next_attempt_at) == (LeadState.OPEN, END + timedelta(hours=2))
    else:
        assert (after.state, after.close_reason) == (LeadState.CLOSED, "unfinished")


def test_without_a_rule_who_broke_off_is_not_called_again() -> None:
    told = replace(ended(Outcome.ANSWERED), unfinished=1)
    assert settled(told, policy(), NOW).close_reason == "unfinished"


def test_a_disposition_written_during_the_call_stands() -> None:
    later = START + timedelta(days=1)
    of = lead(1, attempts=5, next_attempt_at=later, callback_at=later, callback_agent_id=3)
    after = settled(ended(Outcome.ANSWERED, of, disposition="callback"), policy(), NOW)
    assert (after.state, after.next_attempt_at) == (LeadState.OPEN, later)


@given(st.sampled_from(Outcome))
def test_a_lead_closed_meanwhile_stays_closed_for_the_same_reason(outcome: Outcome) -> None:
    of = lead(1, attempts=1, state=LeadState.CLOSED, close_reason="opted_out")
    after = settled(ended(outcome, of), policy(), NOW)
    assert (after.state, after.close_reason) == (LeadState.CLOSED, "opted_out")


def test_a_line_given_up_is_dialed_again_as_the_policy_says_and_counts_neither_way() -> None:
    after = settled(ended(Outcome.GIVEN_UP, unanswered=2), policy(), NOW)
    assert (after.state, after.next_attempt_at, after.unanswered) == (LeadState.OPEN, END + timedelta(hours=1), 2)
    never = policy(retry=RetryPolicy(after={}))
    assert settled(ended(Outcome.GIVEN_UP), never, NOW).close_reason == "given_up"
