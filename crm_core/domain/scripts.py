"""The infobot's scripts as people write them: their text, what is wrong with it, and how it talks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

#: A script is called by its file's name, which is also a name within it.
SCRIPT_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
#: Letters of a script, or of its conversations. The longest that is shipped has a tenth.
LONGEST_SCRIPT = 200_000
#: A talk goes nowhere after that many moves.
MOST_MOVES = 80


_HEAD = re.compile(r"^script:.*$", re.MULTILINE)


class Part(StrEnum):
    """Which of the two texts is meant."""

    SCRIPT = "script"
    TESTS = "tests"


@dataclass(frozen=True, slots=True)
class ScriptFault:
    """What is wrong at a line, and what is expected there."""

    line: int
    what: str
    do: str = ""
    part: Part = Part.SCRIPT


@dataclass(frozen=True, slots=True)
class ScriptCard:
    """A script in the list. `is_own`: the site has its own text of it, in front of the shipped one if there is one.
    Title, languages and lead fields are empty while it has faults."""

    name: str
    title: str
    languages: tuple[str, ...]
    fields: tuple[str, ...]
    is_own: bool
    is_shipped: bool
    conversations: int
    faults: tuple[ScriptFault, ...] = ()


@dataclass(frozen=True, slots=True)
class ScriptText:
    """A script and the conversations that try it out ("": none), both as YAML."""

    script: str
    tests: str = ""


@dataclass(frozen=True, slots=True)
class ScriptSource:
    """How a script stands in its file; `version` is another number for another text."""

    name: str
    text: ScriptText
    version: int
    is_own: bool
    is_shipped: bool


@dataclass(frozen=True, slots=True)
class CheckedScript:
    """What a text comes to: its faults, or else its facts and the picture (SVG). `sample`: what its conversations know
    of the lead."""

    faults: tuple[ScriptFault, ...]
    title: str = ""
    languages: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    picture: str = ""
    sample: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """What a conversation expected at a line and did not find."""

    line: int
    what: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class TriedConversation:
    """One of a script's conversations after it was run; `told` is it as text, a line for each turn."""

    name: str
    line: int
    differences: tuple[Mismatch, ...]
    told: tuple[str, ...]


class How(StrEnum):
    """What a person can do on the line."""

    SAYS = "says"
    PRESSES = "presses"
    SILENCE = "silence"
    HANGS_UP = "hangs_up"


@dataclass(frozen=True, slots=True)
class Move:
    """One move of the person; `text`: the words, or the keys."""

    how: How
    text: str = ""


class Told(StrEnum):
    """What a line of a talk is."""

    BOT = "bot"
    PERSON = "person"
    UNDERSTOOD = "understood"  # the intent taken from the person's words
    ANSWER = "answer"
    RESULT = "result"
    DEAL = "deal"
    TASK = "task"
    MESSAGE = "message"
    TRANSFER = "transfer"
    CALL_BACK = "call_back"
    DO_NOT_CALL = "do_not_call"
    LANGUAGE = "language"
    HANG_UP = "hang_up"


@dataclass(frozen=True, slots=True)
class TalkLine:
    told: Told
    text: str


@dataclass(frozen=True, slots=True)
class ScriptTalk:
    """A talk so far. `node` is the question that is open; `has_model`: the intent model was asked too, as in calls."""

    lines: tuple[TalkLine, ...]
    node: str
    language: str
    ended: bool
    has_model: bool


@dataclass(frozen=True, slots=True)
class LanguageScore:
    """Of `sentences` nobody trained on, how many are understood rightly; of `outside` ones that mean nothing here, how
    many are taken for something all the same."""

    language: str
    sentences: int
    right: int
    outside: int
    accepted: int


@dataclass(frozen=True, slots=True)
class Lesson:
    """What came of learning from labels; `why`: why the model in use stays."""

    taken: bool
    why: str
    before: tuple[LanguageScore, ...]
    after: tuple[LanguageScore, ...]


def renamed(script: str, name: str) -> str:
    """The text with another name in its head."""
    head = f"script: {name}"
    return _HEAD.sub(head, script, count=1) if _HEAD.search(script) else f"{head}\n{script}"
