"""Whether another look at an utterance is worth it, and which reading counts. Pure.

The free look hears what was said; where that is no answer, the second one is told the answers, reads again and weighs
each of them against what was heard. What it finds counts from a probability on.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from ivr_bot.speech.ports import AnswerShape, Question, Utterance
from ivr_bot.speech.silero import SPEECH_FROM
from ivr_bot.speech.wording import with_other_ends

#: From this probability on an answer of the second look counts.
SURE = 0.5
#: So far, in log-probability, it has to be before the answers of other values: "five" and "nine" sound alike. Of two,
#: anything is likelier to be one than the other: beeps are no rather than yes.
_LEAD, _LEAD_OF_TWO = 1.0, 3.1
#: A free reading below this mean probability of its tokens is looked at again, though it may be an answer.
READ_FROM = 0.3
_MOST_ANSWERS = 24  # to be weighed: each costs 0.004 CPU seconds
_FROM_EACH_LOOK = 2  # readings that are weighed beside the answers
_RARE = -6.0  # log-probability of what is not among the readings
_UNHEARD = -12.0
_FAR = 6.0  # a lead of more says nothing more
#: Of logistic regression: 1, then the evidence in its order. From seven voices of which the measurement has none.
_FACTORS = (1.91, 0.43, 0.25, 0.42)
_WORD = re.compile(r"[a-z0-9']+")


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One way to read it: the sum of its tokens' log-probabilities, and their mean with the end counted."""

    text: str
    total: float
    mean: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What one pass read, and in what other ways it could have. `logprob` is the mean per token; `speech` the
    probability that there was any."""

    text: str
    logprob: float
    speech: float = 1.0
    hypotheses: tuple[Hypothesis, ...] = ()


@dataclass(frozen=True, slots=True)
class Weight:
    """How likely it is that a text was what was said: the sum of its tokens' log-probabilities, and their mean."""

    text: str
    total: float
    mean: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """The look that knows the answers: how it reads the utterance, and the weights of answers and readings alike."""

    hypotheses: tuple[Hypothesis, ...]
    weights: tuple[Weight, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which reading counts, how sure it is (0 to 1), which look it is from, and what else was read."""

    text: str
    confidence: float
    by: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a value, in log-probabilities: its share of the ways to read the utterance, its lead over the
    other values, its mean per token.

    How it compares with what is no answer tells no more: Whisper finds its own words likelier, whatever was said."""

    share: float
    lead: float
    mean: float


def is_speech(reading: Reading) -> bool:
    return reading.speech >= SPEECH_FROM


def needs_comparison(question: Question, utterance: Utterance, first: Reading, above_db: float) -> bool:
    """Whether to look again, knowing the answers: a closed question with some, none heard surely, speech, and a line
    not too noisy for it."""
    if question.kind is AnswerShape.OPEN or not is_speech(first) or not answers(question):
        return False
    if utterance.snr_db is not None and utterance.snr_db < above_db:
        return False
    return question.accepts(first.text) is None or math.exp(first.logprob) < READ_FROM


def answers(question: Question) -> tuple[str, ...]:
    """The phrases to compare: those that have a value. None where there is nothing to tell apart, or too much."""
    found = tuple(phrase for phrase in question.phrases if question.accepts(phrase) is not None)
    return found if len({question.accepts(phrase) for phrase in found}) > 1 and len(found) <= _MOST_ANSWERS else ()


def weighed_besides(readings: Iterable[Hypothesis]) -> tuple[str, ...]:
    """The likeliest texts of a look."""
    return tuple(one.text for one in readings if one.text)[:_FROM_EACH_LOOK]


def others(question: Question, first: Reading) -> tuple[str, ...]:
    """What else to weigh with the answers: the likeliest free readings, and what they would be with an answer's end."""
    read = weighed_besides(first.hypotheses)
    ended = (text for text in with_other_ends(read, answers(question)) if question.accepts(text) is not None)
    return (*read, *islice(dict.fromkeys(ended), _MOST_ANSWERS))


def chosen(question: Question, first: Reading, comparison: Comparison | None = None) -> Choice:
    """The reading that counts: the free one, unless the comparison finds an answer that is likely enough.

    Silence and noise count as nothing heard, whatever was read into them.
    """
    if not is_speech(first):
        return Choice("", 0.0, "silero", tuple(filter(None, (first.text,))))
    free = Choice(first.text, math.exp(first.logprob) if first.text else 0.0, "free")
    if comparison is None:
        return free
    told = tuple(one.text for one in comparison.hypotheses[:1])
    found = evidence(question, comparison)
    if found:
        value = max(found, key=lambda one: probability(found[one]))
        sure, text = probability(found[value]), _likeliest(question, value, comparison).text
        is_whole = not any(_leaves_out(question, text, read) for read in (first.text, *told))
        if sure >= SURE and found[value].lead >= _least_lead(question) and is_whole:
            return Choice(text, sure, "compared", (first.text, *told))
    return Choice(free.text, free.confidence, free.by, told)


def _least_lead(question: Question) -> float:
    values = {question.accepts(phrase) for phrase in answers(question)}
    return _LEAD_OF_TWO if len(values) == 2 else _LEAD


def _leaves_out(question: Question, answer: str, read: str) -> bool:
    """ "not in the morning": the answer is only a part of what was said, and the rest may turn it round."""
    part, whole = _WORD.findall(answer.lower()), _WORD.findall(read.lower())
    places = range(len(whole) - len(part) + 1)
    return (
        len(whole) > len(part)
        and question.accepts(read) is None
        and any(whole[at : at + len(part)] == part for at in places)
    )


def evidence(question: Question, comparison: Comparison) -> Mapping[object, Evidence]:
    """For every value among the weights."""
    read = _by_value(question, ((one.text, one.total) for one in comparison.hypotheses))
    weights = _by_value(question, ((one.text, one.total) for one in comparison.weights))
    best = {value: max(totals) for value, totals in weights.items()}
    whole = _log_sum(total for totals in read.values() for total in totals)
    best.pop(None, None)  # what is no answer
    return {
        value: Evidence(
            share=max(_log_sum(read[value]) - whole if value in read else _RARE, _RARE),
            lead=_within(weight - max((other for rival, other in best.items() if rival != value), default=_UNHEARD)),
            mean=max(_likeliest(question, value, comparison).mean, _RARE),
        )
        for value, weight in best.items()
    }


def probability(found: Evidence) -> float:
    """That it was said, 0 to 1."""
    given = (1.0, found.share, found.lead, found.mean)
    return 1 / (1 + math.exp(-sum(factor * one for factor, one in zip(_FACTORS, given, strict=True))))


def _likeliest(question: Question, value: object, comparison: Comparison) -> Weight:
    texts = (one for one in comparison.weights if question.accepts(one.text) == value)
    return max(texts, key=lambda one: one.total)


def _by_value(question: Question, texts: Iterable[tuple[str, float]]) -> dict[object | None, list[float]]:
    found: dict[object | None, list[float]] = defaultdict(list)
    for text, total in texts:
        found[question.accepts(text)].append(total)
    return found


def _log_sum(totals: Iterable[float]) -> float:
    given: Sequence[float] = tuple(totals)
    most = max(given, default=_UNHEARD)
    return most + math.log(sum(math.exp(one - most) for one in given)) if given else _UNHEARD


def _within(lead: float) -> float:
    return max(-_FAR, min(_FAR, lead))
