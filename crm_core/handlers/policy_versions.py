"""Which policy somebody has seen: a number made of what it says, so that nobody overwrites what he has not read."""

from __future__ import annotations

import hashlib
import json

from crm_core.db.codec import to_json
from crm_core.domain.campaigns import CampaignPolicy

#: So many bits of the digest: the number fits into a header and a form, and two policies hardly ever share it.
_BITS = 29


def policy_version(policy: CampaignPolicy) -> int:
    """The same for equal policies, another one for others."""
    text = json.dumps(to_json(policy), sort_keys=True)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> (64 - _BITS)
