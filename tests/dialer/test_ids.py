"""Ids and caller ids."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from dialer.caller_ids import caller_id
from dialer.ids import attempt_id, leg_id
from tests.dialer.clock import START
from tests.dialer.scene import TRUNK, policy

PLAIN = re.compile(r"[0-9a-z-]{1,36}")


@given(st.timedeltas(timedelta(0), timedelta(days=20_000)), st.integers(1, 10**9))
def test_ids_are_short_and_plain(later: timedelta, agent: int) -> None:
    assert PLAIN.fullmatch(attempt_id(START + later))
    assert PLAIN.fullmatch(leg_id(agent, START + later))
    assert leg_id(agent, START + later).startswith(f"op-{agent}-")


@given(st.timedeltas(timedelta(microseconds=1), timedelta(days=20_000)))
def test_ids_sort_by_time(later: timedelta) -> None:
    assert attempt_id(START) < attempt_id(START + later)


def test_ids_of_one_instant_differ() -> None:
    assert len({attempt_id(START) for _ in range(1000)}) == 1000


def test_a_person_sees_the_same_caller_id_each_time_and_people_see_all_of_them() -> None:
    shown = [caller_id(f"+99890{n:07}", policy(), TRUNK) for n in range(100)]
    assert shown == [caller_id(f"+99890{n:07}", policy(), TRUNK) for n in range(100)]
    assert set(shown) == set(TRUNK.caller_ids)


def test_only_the_trunks_own_caller_ids_are_shown() -> None:
    of = policy(caller_ids=("+12025550100", TRUNK.caller_ids[1]))
    assert {caller_id(f"+99890{n:07}", of, TRUNK) for n in range(20)} == {TRUNK.caller_ids[1]}
    assert caller_id("+998901234567", of, replace(TRUNK, caller_ids=())) is None
