"""What a country allows a predictive dialer: shares, seconds, ringing. Shipped for three; each with its source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Law:
    """`limit`: abandoned ÷ answered by people over `window`; None of either: nobody may be abandoned.

    `ring_at_least`: a line may not be given up before. `no_redial`: how long an abandoned person is left alone unless
    an agent is held for him. `wrongly_machine`: share of machine verdicts that were people, counted as abandoned.
    """

    name: str
    limit: float
    window: timedelta
    connect_within: timedelta
    ring_at_least: timedelta
    no_redial: timedelta
    message: bool
    source: str
    wrongly_machine: float = 0.0


#: At most 3 % of calls answered live by a person, per campaign over 30 days; two seconds from the end of his greeting;
#: 15 seconds or four rings; a recorded message with name, number and purpose.
FCC = Law(
    "fcc",
    0.03,
    timedelta(days=30),
    timedelta(seconds=2),
    timedelta(seconds=15),
    timedelta(0),
    True,
    "47 CFR 64.1200(a)(6)-(7); 16 CFR 310.4(b)(4)",
)
#: No share is safe since March 2017: every abandoned call may count as persistent misuse. Ringing 15 s, a message
#: within two seconds, 72 hours without a redial unless an agent is held; machine detection counts with its errors.
OFCOM = Law(
    "ofcom",
    0.0,
    timedelta(days=1),
    timedelta(seconds=2),
    timedelta(seconds=15),
    timedelta(hours=72),
    True,
    "Ofcom, Persistent misuse: statement of policy, 20 December 2016, in force 1 March 2017; Communications Act 2003, "
    "sections 128-130",
)
#: Where nothing is written: nobody is abandoned, and no phone rings less than 20 s.
STRICT = Law(
    "strict",
    0.0,
    timedelta(days=1),
    timedelta(seconds=1),
    timedelta(seconds=20),
    timedelta(days=30),
    True,
    "stricter than any rule known to us",
)
LAWS = {law.name: law for law in (FCC, OFCOM, STRICT)}
