"""What people said at an open question, grouped by the words they share. Pure.

No dictionary is needed: a word counts by its first letters (Russian and Uzbek put endings on theirs), short and very
frequent words say nothing, and of what is left the word that most of the answers not grouped yet share makes a group.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from crm_core.domain.surveys import FreeAnswer

_WORD = re.compile(r"[^\W\d_]+(?:[ʻʼ’'-][^\W\d_]+)*")
_STEM = 5  # letters
_SHORTEST = 4  # letters of a word that says something
#: Words this frequent are how people talk, not what they say.
_COMMON = frozenset(
    "about also been could dont from have just like more much really should some than that their them then there they "
    "think this very want wanted were what when which will with would your well because "
    "было были быть ваш вообще всего всё даже если есть ещё или когда может можно надо нужно очень потому просто себя "
    "тоже только чтобы этого это хотел хотела меня "
    "bilan bo'ldi boʻldi edi ham juda kerak lekin menga qildi uchun yana emas shunday"
    .split()
)  # fmt: skip
#: A value with a blank or a letter beyond a to z is words, and no code of a choice.
_CODE = re.compile(r"[a-z0-9_.:+\-T]*")


@dataclass(frozen=True, slots=True)
class Group:
    """Answers that share `word`, in the form used most; "": those that share none."""

    word: str
    answers: tuple[FreeAnswer, ...]


def is_free(values: Iterable[str]) -> bool:
    """Whether these values are words that people said, and not codes, figures or days."""
    return any(not _CODE.fullmatch(value) for value in values)


def grouped(answers: Sequence[FreeAnswer], least: int = 2, most: int = 12) -> tuple[Group, ...]:
    """At most `most` groups of at least `least` answers, the largest first, then the others together. Each answer is
    in one group."""
    words = [_words(answer.text) for answer in answers]
    left = dict(enumerate(words))
    groups: list[Group] = []
    while len(groups) < most:
        counts = Counter(stem for one in left.values() for stem in one)
        if not counts:
            break
        stem, count = max(counts.items(), key=lambda item: (item[1], item[0]))
        if count < least:
            break
        members = [number for number, one in left.items() if stem in one]
        forms = Counter(left[number][stem] for number in members)
        word = max(forms.items(), key=lambda item: (item[1], -len(item[0]), item[0]))[0]
        groups.append(Group(word, tuple(answers[number] for number in members)))
        for number in members:
            del left[number]
    if left:
        groups.append(Group("", tuple(answers[number] for number in left)))
    return tuple(groups)


def _words(text: str) -> Mapping[str, str]:
    """Stems of the words that say something, each with the form it has here."""
    found: dict[str, str] = defaultdict(str)
    for match in _WORD.finditer(text.casefold()):
        word = match[0].replace("ё", "е")
        if len(word) >= _SHORTEST and word not in _COMMON:
            found.setdefault(word[:_STEM], word)
    return dict(found)
