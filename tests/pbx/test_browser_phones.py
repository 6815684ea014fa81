"""Which phones of browsers are opened and closed, and what is read of those that are open."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from crm_core.domain.browser_phones import new_phone_secret, phone_digest
from pbx.browser_phones import Change, PhoneKeeper, changes, open_phones
from pbx.originate import end_legs_action
from tests.fakes.browser_phones import FakeBrowserPhones

DIGEST = phone_digest("op1", "secret")
_phones = st.dictionaries(st.sampled_from(["op1", "op2", "op3", "op4"]), st.sampled_from(["a", "b", ""]))


def test_the_digest_is_that_of_digest_authentication() -> None:
    # RFC 7616 3.4.2: MD5 of alice:asterisk:swordfish.
    assert phone_digest("alice", "swordfish") == "c9b9e23e2160fd69b19f99116da19711"


def test_a_secret_never_prints() -> None:
    made = new_phone_secret("op1")
    assert made.secret not in repr(made)
    assert made != new_phone_secret("op1")


@given(wanted=_phones, there=_phones)
def test_after_the_changes_exactly_the_wanted_phones_are_open(
    wanted: Mapping[str, str], there: Mapping[str, str]
) -> None:
    now = dict(there)
    for change in changes(wanted, there):
        if change.digest is None:
            del now[change.phone]
        else:
            assert now.get(change.phone) != change.digest, "nothing is written twice"
            now[change.phone] = change.digest
    assert now == wanted


def test_half_of_a_phone_counts_as_another_than_the_wanted() -> None:
    auth = {"Key": "/trunkline/auth/op1", "Val": json.dumps({"password_digest": f"MD5:{DIGEST}"})}
    endpoint = {"Key": "/trunkline/endpoint/op1", "Val": "{}"}
    assert open_phones([auth, endpoint]) == {"op1": DIGEST}
    assert open_phones([auth]) == open_phones([endpoint]) == {"op1": ""}
    assert open_phones([{**auth, "Val": "["}, endpoint]) == {"op1": ""}
    assert changes({"op1": DIGEST}, {"op1": ""}) == [Change("op1", DIGEST)]
    assert changes({}, {"op1": ""}) == [Change("op1", None)]


def test_the_legs_of_one_phone_are_ended_and_of_no_other() -> None:
    assert end_legs_action("op.1-a")["Channel"] == r"/^PJSIP\/op\.1-a-[0-9a-f]{8}$/"


async def test_the_keeper_mends_what_was_missed_as_soon_as_the_link_is_back() -> None:
    phones = FakeBrowserPhones()
    phones.open_now = {"gone": DIGEST}
    wanted = {"op1": DIGEST}
    is_up = False

    async def who() -> Mapping[str, str]:
        return wanted

    keeper = PhoneKeeper(phones, who, lambda: is_up, every_seconds=3600)
    running = asyncio.create_task(keeper.run())
    await asyncio.sleep(0)
    assert phones.open_now == {"gone": DIGEST}
    is_up = True
    keeper.wake()
    await _rest()
    assert phones.open_now == wanted
    phones.is_up = False
    wanted = {}
    keeper.wake()
    await _rest()
    phones.is_up = True
    keeper.wake()
    await _rest()
    assert phones.open_now == {}
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def _rest() -> None:
    """Let whatever can go on, go on."""
    for _ in range(20):
        await asyncio.sleep(0)
