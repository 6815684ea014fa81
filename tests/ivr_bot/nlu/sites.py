"""What the tests of the intent model share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ivr_bot.nlu.examples import Example, written
from ivr_bot.nlu.sentences import own_file

INTENTS = frozenset(
    "yes no dont_know later busy not_interested interested price who_is_calling where_did_you_get_my_number "
    "are_you_a_robot operator repeat louder wrong_number not_the_person do_not_call complaint insult thanks greeting "
    "goodbye rating language voicemail hold_on out_of_scope".split()
)


def write_own(folder: Path, language: str, examples: Sequence[Example]) -> None:
    """A site's own sentences."""
    folder.mkdir(parents=True, exist_ok=True)
    own_file(folder, language).write_text(written(examples), encoding="utf-8")
