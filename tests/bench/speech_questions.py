"""Three closed questions for the measurement of hearing, with strict rules: the whole sentence has to be an answer."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ivr_bot.speech.ports import Question

_DIGITS = {str(n): n for n in range(1, 11)}
_NAMES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_WORDS = dict(zip(_NAMES, range(1, 11), strict=True))
_RATING: Mapping[str, object] = {**_DIGITS, **_WORDS}
_YES_NO: Mapping[str, object] = {"yes": True, "yeah": True, "yep": True, "sure": True, "no": False, "nope": False}
_WHEN: Mapping[str, object] = {part: part for part in ("morning", "afternoon", "evening")}
#: Words that an answer may have around it without meaning anything else.
_AROUND = frozenset(
    [
        *("i", "i'd", "would", "will", "say", "give", "it", "a", "an", "in", "the", "tomorrow", "is", "it's"),
        *("please", "thank", "thanks", "you", "well", "um", "uh"),
    ]
)
_WORD = re.compile(r"[a-z0-9']+")


def _value(values: Mapping[str, object], text: str) -> object | None:
    """The one value of a sentence that holds nothing else. The same word said again is no second value."""
    left = {word for word in _WORD.findall(text.lower()) if word not in _AROUND}
    found = {values[word] for word in left if word in values}
    return found.pop() if len(found) == 1 and left <= values.keys() else None


YES_NO = Question("en", ("yes", "no", "yes please", "no thank you"), accepts=lambda text: _value(_YES_NO, text))
RATING = Question("en", tuple(_WORDS), accepts=lambda text: _value(_RATING, text))
WHEN = Question("en", ("in the morning", "in the afternoon", "in the evening"), accepts=lambda t: _value(_WHEN, t))

#: What callers say to each, and what it means. None: no answer to it.
ANSWERS: tuple[tuple[Question, str, object], ...] = (
    *((RATING, word, value) for word, value in _WORDS.items()),
    (RATING, "I would say nine", 9),
    (RATING, "I'd give it a seven", 7),
    (YES_NO, "yes", True),
    (YES_NO, "yes please", True),
    (YES_NO, "yeah sure", True),
    (YES_NO, "no", False),
    (YES_NO, "no thank you", False),
    (WHEN, "in the morning", "morning"),
    (WHEN, "tomorrow afternoon", "afternoon"),
    (WHEN, "in the evening please", "evening"),
)
FOREIGN: tuple[tuple[Question, str], ...] = (
    *(
        (RATING, said)
        for said in ("six or seven", "can you repeat that", "I do not know", "where did you get my number")
    ),
    *((YES_NO, said) for said in ("yes and no", "nose", "eight", "who is calling", "I have no time for that now")),
    *((WHEN, said) for said in ("not in the morning", "it depends on the weather", "I want to speak to a person")),
    *(
        (YES_NO, said)
        for said in ("maybe tomorrow", "not now I am at work", "is this a recording", "he is not at home")
    ),
    *((YES_NO, said) for said in ("snow", "yet another call", "go away please", "say that again", "yes but no")),
    *((RATING, said) for said in ("fourteen", "seventy", "the food was cold", "between five and six", "I never came")),
    *((RATING, said) for said in ("tense", "nice people", "fine thanks", "won the game", "heaven knows")),
    *((RATING, said) for said in ("let me get a pen", "too expensive")),
    *((WHEN, said) for said in ("next week", "at noon", "the even numbers", "I am mourning", "neither")),
    *((WHEN, said) for said in ("twenty to nine", "after dinner", "hold on a second", "how long does it take")),
    *((WHEN, said) for said in ("afternoon or evening", "what is the price")),
)
#: Of those, the words that differ from an answer in a sound that a telephone hardly carries.
SOUND_ALIKE = frozenset({"nose", "snow", "tense"})
