"""What a policy means in sentences, and how a form says a policy."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.domain.agents import HandOffMode
from crm_core.domain.attempts import Outcome
from crm_core.domain.campaigns import CampaignPolicy, DialMode, LawName, Quota, Record, RetryPolicy, Unfinished, Window
from crm_core.domain.policy_words import Say, Sentence, sentences
from crm_core.errors import BadInput
from crm_core.handlers.policy_checks import check_policy
from crm_core.handlers.policy_versions import policy_version
from crm_core.web.pages.campaigns_sentences import say
from crm_core.web.pages.catalogues import Words, read_catalogues
from crm_core.web.policy_form import AGAIN, Filled, field_of, filled, filled_by, policy_in
from crm_core.web.viewer import LANGUAGES, Viewer
from tests.crm_core.dialing import TRUNK

_texts = st.text(st.characters(categories=["L", "N"]), max_size=20)
_spans = st.integers(0, 366 * 86_400).map(lambda seconds: timedelta(seconds=seconds))
_counts = st.integers(1, 10**6)
_hundredths = st.integers(1, 10**5).map(lambda n: n / 100)
_times = st.times().map(lambda at: at.replace(second=0, microsecond=0))
_windows = st.builds(Window, st.frozensets(st.integers(0, 6), min_size=1), _times, _times)
_quotas = st.builds(Quota, _texts.filter(bool), st.none() | _texts.filter(bool), _counts)
_retries = st.builds(
    RetryPolicy,
    max_attempts=_counts,
    after=st.dictionaries(st.sampled_from(AGAIN), _spans),
    unfinished=st.none() | st.builds(Unfinished, _spans, _counts),
)
_policies = st.builds(
    CampaignPolicy,
    trunk=_texts,
    mode=st.just(DialMode.BOT),
    script=_texts.map(lambda name: name or None),
    calls_per_second=st.integers(1, 10**5).map(lambda a_minute: a_minute / 60),
    max_lines=_counts,
    lines_per_agent=_hundredths,
    max_lines_per_agent=_hundredths,
    max_occupancy=st.integers(500, 1000).map(lambda n: n / 1000),
    law=st.none() | st.sampled_from(LawName),
    give_up=st.booleans(),
    given_up_per_day=st.integers(0, 9),
    abandon_limit=st.integers(0, 1000).map(lambda n: n / 1000),
    opt_out_key=st.sampled_from([*"0123456789*#", ""]),
    windows=st.lists(_windows, max_size=4).map(tuple),
    retry=_retries,
    number_rest=_spans,
    ring_for=_spans,
    daily_calls=st.none() | _counts,
    pilot=st.none() | _counts,
    record=st.sampled_from(Record),
    hand_off=st.sampled_from(HandOffMode),
    detect_machines=st.booleans(),
    machine_message=st.none() | _texts.filter(bool),
    script_fields=st.dictionaries(_texts.filter(bool), _texts),
    quotas=st.lists(_quotas, max_size=3).map(tuple),
    agent_script=st.just("# Hello\nGood morning, {name}"),
)


@given(_policies)
def test_a_form_says_a_policy_and_the_policy_comes_back(policy: CampaignPolicy) -> None:
    back = policy_in(filled(policy))
    rounded: dict[str, Any] = {"calls_per_second": 0, "abandon_limit": 0, "max_occupancy": 0}
    assert replace(back, **rounded) == replace(policy, **rounded)
    assert back.max_occupancy == pytest.approx(policy.max_occupancy)
    assert back.calls_per_second == pytest.approx(policy.calls_per_second)
    assert back.abandon_limit == pytest.approx(policy.abandon_limit)


@given(_policies, st.sampled_from(sorted(LANGUAGES)))
def test_every_policy_is_said_in_every_language(policy: CampaignPolicy, language: str) -> None:
    viewer, words = Viewer(language=language), Words(read_catalogues()[language])
    for sentence in sentences(policy):
        assert "%(" not in say(viewer, words, sentence)
        assert sentence.plain().keys() == sentence.values.keys()


_VALUES: dict[str, Any] = {
    "n": 2,
    "lines": 2.5,
    "a_minute": 60.0,
    "span": timedelta(hours=3),
    "window": timedelta(days=30),
    "limit": 0.03,
    "days": (0, 1, 2, 4),
    "opens": time(9),
    "closes": time(20),
    "after": (("busy", timedelta(minutes=15)),),
    "numbers": ("+998712000000",),
    **dict.fromkeys(("script", "trunk", "key", "sound", "field", "value"), "x"),
}


@pytest.mark.parametrize("said", Say)
def test_there_are_words_for_every_sentence(said: Say) -> None:
    words = Words(read_catalogues()["en"])
    assert "%(" not in say(Viewer(masked=False), words, Sentence(said, _VALUES))


def test_sentences_name_what_matters() -> None:
    words, viewer = Words(read_catalogues()["en"]), Viewer(masked=False, language="en")
    policy = CampaignPolicy(
        "carrier",
        pilot=1,
        abandon_limit=0.05,
        connect_within=timedelta(seconds=3),
        windows=(Window(frozenset({0, 1, 2, 3, 4}), time(7), time(20)), Window(frozenset({6}), time(10), time(12))),
        caller_ids=TRUNK.caller_ids,
        consent_notice="firm/recorded",
    )
    told = [say(viewer, words, one) for one in sentences(policy)]
    assert "After the first call it waits until somebody says: go on." in told
    assert "People are called on Mon–Fri from 07:00 to 20:00." in told
    assert "People are called on Sun from 10:00 to 12:00." in told
    assert "One number is dialed at most 3 times in 1 day, in all campaigns together." in told
    careful = {one.id for one in sentences(policy) if one.is_warning}
    assert careful == {Say.HIGH_LIMIT, Say.LATE_CONNECT, Say.LONG_HOURS}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"law": LawName.FCC}, Say.LAW_FCC),
        ({"caller_ids": ("+442079460000",)}, Say.LAW_OFCOM),
        ({"caller_ids": TRUNK.caller_ids}, Say.LAW_STRICT),
        ({}, Say.LAW_OF_TRUNK),
        ({"given_up_per_day": 2}, Say.GIVES_UP),
        ({"given_up_per_day": 0}, Say.NEVER_GIVES_UP),
        ({"give_up": False}, Say.NEVER_GIVES_UP),
        ({"max_occupancy": 0.9}, Say.OCCUPANCY),
    ],
)
def test_predictive_dialing_says_what_bounds_it(changes: dict[str, Any], told: Say) -> None:
    policy = CampaignPolicy("carrier", mode=DialMode.PREDICTIVE, **changes)
    assert told in {one.id for one in sentences(policy)}
    assert told not in {one.id for one in sentences(replace(policy, mode=DialMode.POWER))}


def test_what_is_no_policy_names_its_field() -> None:
    form = filled(CampaignPolicy("carrier"))
    for name, text in (
        ("ring_for", "long"),
        ("ring_for", ""),
        ("max_lines", "2.5"),
        ("calls_per_minute", "-1"),
        ("calls_per_minute", "1e9"),
        ("mode", "loud"),
        ("law", "mars"),
        ("max_occupancy", "all"),
        ("given_up_per_day", "never"),
        ("number_rest", "99999999"),
        ("again_busy", "1:30"),
    ):
        with pytest.raises(BadInput) as caught:
            policy_in(Filled(form | {name: [text]}))
        assert caught.value.where == name, text


def test_a_comma_is_a_point_and_an_empty_row_of_hours_nothing() -> None:
    form = Filled(filled(CampaignPolicy("carrier")) | {"lines_per_agent": ["1,5"]})
    form |= {"w1_opens": ["09:00"], "w1_closes": ["20:00"]}
    policy = policy_in(form)
    assert (policy.lines_per_agent, len(policy.windows)) == (1.5, 1)
    assert filled_by([("a", " x "), ("a", "y")]) == {"a": ["x", "y"]}


def test_faults_of_the_checks_stand_at_their_fields() -> None:
    for policy, name in (
        (CampaignPolicy("carrier", windows=(Window(frozenset({0}), time(9), time(9)),)), "windows"),
        (CampaignPolicy("carrier", calls_per_second=0), "calls_per_minute"),
        (CampaignPolicy("carrier", retry=RetryPolicy(max_attempts=0)), "max_attempts"),
        (CampaignPolicy("carrier", retry=RetryPolicy(after={Outcome.BUSY: timedelta(days=-1)})), "again_busy"),
        (CampaignPolicy("carrier", number_rest=timedelta(days=400)), "number_rest"),
        (CampaignPolicy("carrier", pilot=0), "pilot"),
    ):
        with pytest.raises(BadInput) as caught:
            check_policy(policy, {"carrier": TRUNK})
        assert field_of(caught.value.where) == name


def test_another_policy_has_another_version() -> None:
    policy = CampaignPolicy("carrier")
    assert policy_version(policy) == policy_version(CampaignPolicy("carrier"))
    assert policy_version(policy) != policy_version(replace(policy, ring_for=timedelta(seconds=24)))
    assert 0 <= policy_version(policy) < 10**9
