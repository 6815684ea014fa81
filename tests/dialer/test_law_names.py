"""Which rules on abandoned calls a campaign keeps."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from crm_core.domain.campaigns import LawName
from crm_core.domain.law_names import NO_REDIAL, law_name, rest_after
from crm_core.domain.leads import WhyNot
from dialer.laws import LAWS
from dialer.screening import screened
from tests.dialer.clock import START
from tests.dialer.scene import TRUNK, campaign, lead, number, policy

US, UK, UZ = "+12025550123", "+442079460000", "+998781130000"


@pytest.mark.parametrize(
    ("numbers", "law"),
    [
        ((US,), LawName.FCC),
        ((UK, UK), LawName.OFCOM),
        ((UZ,), LawName.STRICT),
        ((US, UK), LawName.STRICT),
        ((US, UZ), LawName.STRICT),
        ((), LawName.STRICT),
    ],
)
def test_the_numbers_shown_say_whose_rules_hold(numbers: tuple[str, ...], law: LawName) -> None:
    assert law_name(policy(caller_ids=numbers)) is law
    assert law_name(policy(), replace(TRUNK, caller_ids=numbers)) is law


def test_the_campaigns_own_choice_goes_first() -> None:
    assert law_name(policy(law=LawName.OFCOM, caller_ids=(US,))) is LawName.OFCOM


def test_every_name_has_its_law() -> None:
    assert {one.value for one in LawName} == set(LAWS)
    assert {law.name: law.no_redial for law in LAWS.values()} == {one.value: rest for one, rest in NO_REDIAL.items()}


@pytest.mark.parametrize(("law", "hours"), [(LawName.OFCOM, 72), (LawName.FCC, 1), (LawName.STRICT, 30 * 24)])
def test_an_abandoned_person_is_left_alone_as_long_as_the_law_asks(law: LawName, hours: int) -> None:
    of = campaign(law=law, abandoned_rest=timedelta(hours=1), number_rest=timedelta(0), number_rest_calls=100)
    lost = lead(1, numbers=(number(1, abandoned_at=START),))
    over = START + timedelta(hours=hours)
    assert rest_after(of.policy, TRUNK) == timedelta(hours=hours)
    answer = screened(lost, of, TRUNK, over - timedelta(seconds=1))
    assert (answer.why, answer.until) == (WhyNot.ABANDONED_REST, over)
    assert screened(lost, of, TRUNK, over).number is not None
    assert screened(lost, of, TRUNK, START + timedelta(minutes=1), guaranteed=True).number is not None
