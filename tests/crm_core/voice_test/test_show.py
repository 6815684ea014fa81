"""What the person at the screen is told of conversations by voice."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from crm_core.voice_test.compare import Held, compared
from crm_core.voice_test.plans import Unspoken
from crm_core.voice_test.show import print_report
from tests.crm_core.voice_test.records import Faithful, plan_of
from tests.crm_core.voice_test.test_compare import NODES, TESTS
from tests.ivr_bot.dialog.scripts import script


def _held(heard_as: dict[int, str] | None = None) -> Held:
    plan = plan_of(script(NODES), TESTS)
    faithful = Faithful(plan, heard_as)
    return compared(plan, "flite slt", faithful.taken, faithful.outcome())


def _told(held: Sequence[Held], unspoken: Sequence[Unspoken] = (), *, verbose: bool = False) -> str:
    told = io.StringIO()
    console = Console(file=told, width=200)
    print_report(console, "small", Path("small.test.yml"), held, unspoken, 61.4, verbose)
    return told.getvalue()


def test_what_is_as_expected_takes_a_line() -> None:
    assert _told([_held()]).splitlines() == [
        "small by voice: 1 conversation, all as expected (61 s)",
        "The bot answered speech after 0.70 s (half) and 0.70 s (95 %), 3 times.",
    ]
    assert "bot: How many?" in _told([_held()], verbose=True)


def test_a_difference_shows_the_conversation_and_what_was_misheard() -> None:
    told = _told([_held({8: "Seven."})])
    assert "Buys (small.test.yml:4) by flite slt" in told
    assert "  small.test.yml:8: slots count\n    - expected: 3\n    + found:    7\n" in told
    assert "small.test.yml:8: said “three”, heard “Seven.”" in told
    assert "1 differs (1 with a misheard line)" in told


def test_where_everything_was_heard_the_script_is_at_fault() -> None:
    plan = plan_of(script(NODES), TESTS)
    faithful = Faithful(plan)
    held = compared(plan, "flite slt", faithful.taken, replace(faithful.outcome(), disposition="callback"))
    told = _told([held])
    assert "Every line was heard as it was said." in told
    assert "1 differs (0 with a misheard line)" in told


@pytest.mark.parametrize(("fault", "told"), [(True, "not held"), (False, "for text only")])
def test_what_was_not_held_is_named_with_its_reason(fault: bool, told: str) -> None:
    unspoken = Unspoken(_held().plan.conversation, "nobody hears it", fault)
    printed = _told([_held()], [unspoken])
    assert f"Buys (small.test.yml:4): {told}: nobody hears it" in printed
    assert f"all as expected, 1 {told}" in printed
