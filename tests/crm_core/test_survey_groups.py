"""Answers in people's own words: told from codes, and grouped by the words they share."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.domain.survey_groups import grouped, is_free
from crm_core.domain.surveys import FreeAnswer


def _said(*texts: str) -> list[FreeAnswer]:
    return [FreeAnswer(str(number), text, None) for number, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("values", "free"),
    [
        (["yes", "no"], False),
        (["8", "10"], False),
        (["2026-11-27T10:00+05:00", "2026-11-27"], False),
        (["room_with_sea"], False),
        (["nothing much"], True),
        (["Хорошо"], True),
        ([], False),
    ],
)
def test_words_are_told_from_codes(values: list[str], free: bool) -> None:
    assert is_free(values) is free


def test_endings_of_words_do_not_part_them() -> None:
    said = _said("долго ждали в очереди", "очередь была длинная", "очень вежливый персонал", "персоналу спасибо", "нет")
    assert [(group.word, len(group.answers)) for group in grouped(said)] == [("персонал", 2), ("очередь", 2), ("", 1)]


def test_how_people_talk_makes_no_group() -> None:
    assert [group.word for group in grouped(_said("there was really nothing", "there were some flowers"))] == [""]


@given(st.lists(st.text(alphabet="abcde ", max_size=20), max_size=30))
def test_each_answer_is_in_one_group(texts: list[str]) -> None:
    groups = grouped(_said(*texts))
    numbers = sorted(int(answer.call_id) for group in groups for answer in group.answers)
    assert numbers == list(range(len(texts)))
    assert all(len(group.answers) >= 2 for group in groups if group.word)
