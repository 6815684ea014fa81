"""From YAML to nodes and prompts: which keys each kind takes. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import count

from ivr_bot.dialog.marks import Marked
from ivr_bot.dialog.pieces import Audio, Piece, Pieces, Text
from ivr_bot.dialog.script import (
    LANGUAGES,
    AnyNode,
    Ask,
    AskKind,
    Branch,
    CallBackAt,
    Case,
    Compare,
    Deal,
    Disposition,
    End,
    Message,
    Option,
    Prompt,
    RefuseCalls,
    Say,
    Task,
    TransferTo,
)

_QUESTION = ("slot", "again", "unanswered", "intents", "patience_seconds", "barge_in", "label")
_ASKS: Mapping[str, tuple[AskKind, tuple[str, ...], tuple[str, ...]]] = {
    "yes_no": (AskKind.YES_NO, ("if_yes", "if_no"), ()),
    "choice": (AskKind.CHOICE, ("options",), ("next",)),
    "number": (AskKind.NUMBER, ("from", "to", "next"), ()),
    "rating": (AskKind.NUMBER, ("from", "to", "next"), ()),
    "date": (AskKind.DATE, ("next",), ("within_days",)),
    "time": (AskKind.TIME, ("next",), ()),
    "when": (AskKind.WHEN, ("next",), ()),
    "amount": (AskKind.AMOUNT, ("next",), ()),
    "free": (AskKind.FREE, ("next",), ()),
}


@dataclass(frozen=True, slots=True)
class _Given:
    """A node's keys while it is read."""

    name: str
    at: Marked
    keys: Mapping[str, Marked]
    languages: tuple[str, ...]

    def text(self, key: str) -> str:
        return self.keys[key].text() if key in self.keys else ""

    def prompt(self, key: str) -> Prompt | None:
        return read_prompt(self.keys[key], self.languages) if key in self.keys else None

    def texts(self, key: str) -> dict[str, str]:
        if key not in self.keys:
            return {}
        return {name: value.text() for name, value in self.keys[key].mapping().items()}

    def worded(self, key: str) -> dict[str, str]:
        """Words for operators: in the script's first language, or in any that are understood."""
        if key not in self.keys:
            return {}
        if self.keys[key].is_text():
            return {self.languages[0]: self.text(key)}
        given = self.keys[key].record((), LANGUAGES)
        return {language: value.text() for language, value in given.items()} or self.keys[key].fault("this is empty")

    def number(self, key: str, low: int, high: int, default: int) -> int:
        return self.keys[key].number(low, high) if key in self.keys else default

    def flag(self, key: str) -> bool:
        return self.keys[key].flag() if key in self.keys else True


def read_prompt(value: Marked, languages: tuple[str, ...]) -> Prompt:
    """A prompt: a wording or a list of them, per language where the script has several."""
    if len(languages) == 1 and (value.is_text() or value.is_list() or _is_wording(value)):
        return Prompt({languages[0]: _wordings(value, languages[0])})
    given = value.record(languages)
    return Prompt({language: _wordings(given[language], language) for language in languages})


def _is_wording(value: Marked) -> bool:
    return not value.is_text() and not value.is_list() and value.mapping().keys() & {"audio", "pieces"} != set()


def _wordings(value: Marked, language: str) -> tuple[Pieces, ...]:
    return tuple(_wording(item, language) for item in (value.items() if value.is_list() else [value]))


def _wording(value: Marked, language: str) -> Pieces:
    if not value.is_text() and "pieces" in value.mapping():
        return tuple(_piece(item, language) for item in value.record(("pieces",))["pieces"].items())
    return (_piece(value, language),)


def _piece(value: Marked, language: str) -> Piece:
    if value.is_text():
        return Text(value.text(), language)
    audio = value.record(("audio",))["audio"]
    path = audio.text()
    if not path.lower().endswith((".wav", ".mp3")):
        audio.fault(f"{path!r} is no recording", "A .wav or .mp3 file is expected")
    return Audio(path)


def read_node(name: str, value: Marked, languages: tuple[str, ...]) -> AnyNode:
    """One node of any kind."""
    given = value.mapping()
    if "kind" not in given:
        value.fault("the key 'kind' is missing", f"Expected: {', '.join(KINDS)}")
    kind = given["kind"].one_of(KINDS)
    if kind in _ASKS:
        return _ask(name, value, languages, kind)
    required, optional, build = _OTHERS[kind]
    keys = value.record(("kind", *required), optional)
    return build(_Given(name, value, keys, languages))


def _ask(name: str, value: Marked, languages: tuple[str, ...], kind: str) -> Ask:
    ask, required, optional = _ASKS[kind]
    keys = value.record(("kind", "prompt", *required), (*optional, *_QUESTION))
    given = _Given(name, value, keys, languages)
    low = given.number("from", 0, 999_999_999, 0) if "from" in keys else None
    return Ask(
        name,
        value.line,
        kind=ask,
        prompt=read_prompt(keys["prompt"], languages),
        slot=keys["slot"].name() if "slot" in keys else name.replace(".", "_"),
        next=given.text("next"),
        if_yes=given.text("if_yes"),
        if_no=given.text("if_no"),
        options=_options(keys["options"], languages, given.text("next")) if "options" in keys else (),
        low=low,
        high=keys["to"].number(low + 1, 999_999_999) if low is not None else None,
        within_days=given.number("within_days", 0, 3650, 0) if "within_days" in keys else None,
        again=given.prompt("again"),
        unanswered=given.text("unanswered"),
        intents=given.texts("intents"),
        patience=timedelta(seconds=given.number("patience_seconds", 1, 60, 6)),
        barge_in=given.flag("barge_in"),
        label=given.worded("label"),
    )


def _options(value: Marked, languages: tuple[str, ...], following: str) -> tuple[Option, ...]:
    found: list[Option] = []
    phrases: dict[tuple[str, str], str] = {}
    for number, (name, item) in zip(count(1), value.mapping().items(), strict=False):
        keys = item.record(("phrases",), ("key", "go"))
        key = keys["key"].one_of("123456789") if "key" in keys else str(number)
        if any(option.key == key for option in found) or len(key) > 1:
            item.fault(
                f"the key {key} of {name!r} collides with another option's", "Give each option a key from 1 to 9"
            )
        go = keys["go"].text() if "go" in keys else following
        if not go:
            item.fault(f"the option {name!r} leads nowhere", "Give it `go`, or the question `next`")
        spoken = _phrases(keys["phrases"], languages)
        for each in ((language, phrase) for language, said in spoken.items() for phrase in said):
            if phrases.setdefault(each, name) != name:
                keys["phrases"].fault(f"{each[1]!r} is a phrase of {phrases[each]!r} too")
        found.append(Option(name, key, spoken, go))
    return tuple(found) or value.fault("a choice needs options")


def _phrases(value: Marked, languages: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    if value.is_list() and len(languages) == 1:
        return {languages[0]: tuple(item.text() for item in value.items())}
    return {
        language: tuple(item.text() for item in items.items()) for language, items in value.record(languages).items()
    }


def _cases(value: Marked) -> tuple[Case, ...]:
    found = []
    for item in value.items():
        keys = item.record(("if", "go"))
        tests = [test for test in Compare if test in keys["if"].mapping()]
        if len(tests) != 1:
            keys["if"].fault("one test is expected here", f"Expected: of and one of {', '.join(Compare)}")
        test = keys["if"].record(("of", tests[0]))
        wanted = test[tests[0]].text()
        if tests[0] in (Compare.AT_LEAST, Compare.AT_MOST):
            wanted = str(test[tests[0]].number(0, 999_999_999))
        found.append(Case(test["of"].text(), tests[0], wanted, keys["go"].text()))
    return tuple(found)


def _task(g: _Given) -> AnyNode:
    due = g.number("due_hours", 0, 10_000, 24)
    return Task(
        g.name, g.at.line, g.text("task"), g.text("text"), due, g.text("due_slot"), g.texts("fields"), g.text("next")
    )


def _message(g: _Given) -> AnyNode:
    channel = g.keys["channel"].one_of(("email", "sms", "whatsapp", "telegram"))
    return Message(g.name, g.at.line, g.text("template"), channel, g.texts("fields"), g.text("next"))


def _refuse(g: _Given) -> AnyNode:
    return RefuseCalls(g.name, g.at.line, g.keys["scope"].one_of(("campaign", "all")), g.text("next"))


_Build = Callable[[_Given], AnyNode]
_OTHERS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...], _Build]] = {
    "say": (
        ("prompt", "next"),
        ("barge_in",),
        lambda g: Say(
            g.name, g.at.line, read_prompt(g.keys["prompt"], g.languages), g.text("next"), g.flag("barge_in")
        ),
    ),
    "branch": (
        ("cases", "otherwise"),
        (),
        lambda g: Branch(g.name, g.at.line, _cases(g.keys["cases"]), g.text("otherwise")),
    ),
    "transfer": (
        (),
        ("queue", "prompt", "summary"),
        lambda g: TransferTo(g.name, g.at.line, g.text("queue"), g.worded("summary"), g.prompt("prompt")),
    ),
    "message": (("template", "channel", "next"), ("fields",), _message),
    "disposition": (
        ("code", "next"),
        (),
        lambda g: Disposition(g.name, g.at.line, g.keys["code"].name(), g.text("next")),
    ),
    "deal": (("fields", "next"), (), lambda g: Deal(g.name, g.at.line, g.texts("fields"), g.text("next"))),
    "task": (("task", "text", "next"), ("due_hours", "due_slot", "fields"), _task),
    "do_not_call": (("scope", "next"), (), _refuse),
    "call_back": (("slot", "next"), (), lambda g: CallBackAt(g.name, g.at.line, g.text("slot"), g.text("next"))),
    "hang_up": ((), ("prompt",), lambda g: End(g.name, g.at.line, g.prompt("prompt"))),
}
#: Every kind of node.
KINDS = (*_ASKS, *_OTHERS)
