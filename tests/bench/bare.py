"""The bare loop: AMI originates at a steady rate, nothing else; what any dialer on it is measured against."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

from tests.asterisk.asterisk import until
from tests.bench.meter import TALK_SECONDS, WARM_UP, Meter, Window

#: What is left of a run that the switch could not follow may take so long to end.
_LAST_CALLS = 20.0


async def bare_loop(meter: Meter, rate: float, seconds: float) -> Window:
    """Originate to the trunk `network` at `rate` a second; what happened in the last `seconds`, after a warm-up."""
    warm = TALK_SECONDS + WARM_UP
    since, began = time.time() + warm, time.monotonic()
    for number in range(round(rate * (warm + seconds))):
        if (wait := began + number / rate - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        elif number % 50 == 0:
            await asyncio.sleep(0)  # behind time: the meter must be heard all the same
        meter.say(
            "Originate",
            ActionID=str(number),
            Channel=f"PJSIP/+9989010{number:05d}@network",
            ChannelId=f"bare-{began:.3f}-{number}",
            Application="Wait",
            Data=f"{TALK_SECONDS}",
            CallerID="+998712000000",
            Async="true",
            Timeout="25000",
        )
    window = meter.window(since, since + seconds)
    with suppress(TimeoutError):
        await until(lambda: not meter.open, _LAST_CALLS)
    return window
