"""What holds of every sentence: nothing raises, numbers come back, no yes beside a negation, a call back is to come."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ivr_bot.understanding.answers import AnswerKind, choose, global_intent, understand

_AT = datetime.fromisoformat("2026-11-25T10:00+05:00")
_LANGUAGES = ("en", "ru", "uz")
_OPTIONS = {"red": ("red", "красный", "qizil"), "blue": ("blue", "синий", "koʻk")}
_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_NEGATIONS = {
    "en": "no not never nope nah don't cannot".split(),
    "ru": "нет не неа никогда нельзя".split(),
    "uz": "yoʻq emas yo'q hech kerakmas".split(),
}
_AROUND_YES = {
    "en": "yes yeah sure ok right i do am will it is that correct um so please maybe why".split(),
    "ru": "да ага конечно хорошо ну давайте согласен можно верно все это буду вот".split(),
    "uz": "ha albatta mayli xoʻp boʻladi toʻgʻri roziman yaxshi men mumkin endi".split(),
}
_TIMES = {
    "en": "tomorrow today at in on the five ten two hours hour half past quarter to friday next week december fifth "
    "noon evening morning a am pm 10 17:30 days call me after".split(),
    "ru": "завтра сегодня в через на пять десять два часа час половине шестого пятницу следующую неделю декабря пятого "
    "полдень вечером утром дня 10 17:30 дней позвоните после без".split(),
    "uz": "ertaga bugun soat keyin kuni besh oʻn ikki soatdan yarim juma keyingi hafta dekabr beshinchi tushda "
    "kechqurun ertalab 10 17:30 kundan qoʻngʻiroq beshda".split(),
}


def _in_words(number: int) -> str:
    """English, below a million."""
    if number >= 1000:
        thousands, rest = divmod(number, 1000)
        return f"{_in_words(thousands)} thousand" + (f" {_in_words(rest)}" if rest else "")
    if number >= 100:
        hundreds, rest = divmod(number, 100)
        return f"{_SMALL[hundreds]} hundred" + (f" and {_in_words(rest)}" if rest else "")
    if number >= 20:
        tens, rest = divmod(number, 10)
        return _TENS[tens - 2] + (f"-{_SMALL[rest]}" if rest else "")
    return _SMALL[number]


_WORDS = [word for table in (_TIMES, _AROUND_YES, _NEGATIONS) for words in table.values() for word in words]
_SENTENCES = st.text() | st.lists(st.sampled_from(_WORDS) | st.text(max_size=6), max_size=9).map(" ".join)


@given(text=_SENTENCES, kind=st.sampled_from(AnswerKind), language=st.sampled_from((*_LANGUAGES, "de")))
def test_no_sentence_makes_understanding_fail(text: str, kind: AnswerKind, language: str) -> None:
    found = understand(text, kind, language, _AT)
    assert found is None or found.kind is kind


@given(text=_SENTENCES, language=st.sampled_from((*_LANGUAGES, "de")))
def test_no_sentence_makes_choices_or_wishes_fail(text: str, language: str) -> None:
    assert choose(text, _OPTIONS, language) in (None, *_OPTIONS)
    wish = global_intent(text, language)
    assert wish is None or wish


@given(number=st.integers(0, 999_999))
def test_a_number_in_english_words_comes_back(number: int) -> None:
    found = understand(_in_words(number), AnswerKind.NUMBER, "en", _AT)
    assert found is not None
    assert found.value == number


@given(chosen=st.data(), language=st.sampled_from(_LANGUAGES))
def test_no_yes_is_understood_beside_a_negation(chosen: st.DataObject, language: str) -> None:
    words = chosen.draw(st.lists(st.sampled_from(_AROUND_YES[language]), max_size=5))
    negation = chosen.draw(st.sampled_from(_NEGATIONS[language]))
    words.insert(chosen.draw(st.integers(0, len(words))), negation)
    found = understand(" ".join(words), AnswerKind.YES_NO, language, _AT)
    assert found is None or found.value is False


@given(
    chosen=st.data(),
    language=st.sampled_from(_LANGUAGES),
    at=st.integers(0, 60 * 24 * 365 * 60).map(lambda minutes: _AT + timedelta(minutes=minutes)),
)
def test_a_call_back_is_always_in_time_to_come(chosen: st.DataObject, language: str, at: datetime) -> None:
    words = chosen.draw(st.lists(st.sampled_from(_TIMES[language]), min_size=1, max_size=5))
    found = understand(" ".join(words), AnswerKind.WHEN, language, at)
    if found is not None:
        assert isinstance(found.value, datetime)
        assert found.value > at
        assert found.value.utcoffset() == at.utcoffset()
