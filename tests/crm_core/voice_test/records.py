"""What is written down when a caller does all that a plan has him do, and the bot hears every word of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from crm_core.domain.call_outcomes import CallOutcome
from crm_core.domain.conversations import Ending, Party, Turn, WantedDeal
from crm_core.voice_test.errands import Exchange, Taken
from crm_core.voice_test.plans import Plan, number_of, plans_of
from ivr_bot.call_log import CallLog
from ivr_bot.dialog.actions import Action, HangUp, Play, Transfer
from ivr_bot.dialog.conversations import Conversation, read_conversations
from ivr_bot.dialog.engine import begin, step
from ivr_bot.dialog.heard import Heard, HungUp, Noise, Pressed, Said
from ivr_bot.dialog.pieces import Text
from ivr_bot.dialog.reading import load_script
from ivr_bot.dialog.script import LANGUAGES, Script
from ivr_bot.dialog.shipped import conversations_of, shipped_scripts
from ivr_bot.dialog.state import Dialog

#: When the caller answers, on the service's clock; one second of his own clock is one of it.
BEGAN = datetime(2031, 3, 4, 7, tzinfo=UTC)
#: The bot speaks for 2 s, and 1 s later the caller does, for 1 s; so does he when he is silent.
_SPEAKS, _WAITS = 2.0, 1.0


class Faithful:
    """Plays one plan through and keeps what the call's log and its caller would."""

    def __init__(self, plan: Plan, heard_as: Mapping[int, str] | None = None) -> None:
        """`heard_as`: what was heard instead, by the line of the move."""
        self._plan, self._heard_as = plan, heard_as or {}
        self.taken = Taken(number_of(0).removeprefix("+"), BEGAN, 0.0)
        self._log = CallLog("c1", plan.script.name, plan.conversation.language, BEGAN)
        self._at = 0.5
        self._dialog: Dialog
        self._run()

    def outcome(self) -> CallOutcome:
        log, dialog = self._log, self._dialog
        ending = Ending.FINISHED if dialog.ended else Ending.HUNG_UP
        if isinstance(self._plan.end.move.heard, HungUp):
            ending = Ending.HUNG_UP
        elif any(isinstance(action, Transfer) for action in self._everything):
            ending = Ending.TRANSFERRED
        return CallOutcome(
            call_id="c1",
            ending=ending,
            last_node=dialog.node,
            language=dialog.language,
            turns=tuple(log.turns),
            answers=tuple(log.answers),
            disposition=log.disposition,
            callback_at=log.callback_at,
            deals=tuple(_deal(deal) for deal in log.deals),
            tasks=tuple(task.title for task in log.tasks),
            messages=tuple(message.template for message in log.messages),
            refused=log.do_not_call,
        )

    def _run(self) -> None:
        talk = self._plan.conversation
        self._dialog, actions = begin(self._plan.script, talk.lead, talk.language, talk.now)
        self._everything: tuple[Action, ...] = ()
        self._carry_out(actions)
        for foreseen in self._plan.moves:
            heard = foreseen.move.heard
            if heard is not None and foreseen.deed:
                self._do(heard, foreseen.move.line)
        self.taken.dropped = self._dialog.ended and not isinstance(self._plan.end.move.heard, HungUp)
        self.taken.ended = self._at

    def _do(self, heard: Heard, line: int) -> None:
        self._at += _WAITS
        began, ended = self._at, self._at + 1
        if not isinstance(heard, HungUp):
            self.taken.exchanges.append(Exchange(began, ended, answered=ended + 0.7))
        self._at = ended + 0.7
        if isinstance(heard, Said) and line in self._heard_as:
            heard = replace(heard, text=self._heard_as[line])
        match heard:
            case Said(text=text, intent=intent):
                self._hear(text, began, ended + 0.6, "whisper/free", intent)
            case Pressed(digits=digits):
                self._hear(digits, ended, ended, "keys")
            case Noise():  # what was being said goes on
                self._carry_out((Play(self._dialog.unheard, True),))
            case _:
                pass
        self._dialog, actions = step(self._dialog, heard)
        self._carry_out(actions)

    def _hear(self, text: str, began: float, ended: float, engine: str, intent: str | None = None) -> None:
        at, until = self.taken.instant(began), self.taken.instant(ended)
        self._log.heard(Turn(Party.PERSON, text, self._dialog.node, at, until, engine, 0.9, intent))

    def _carry_out(self, actions: Sequence[Action]) -> None:
        self._everything += tuple(actions)
        for action in actions:
            self._log.wanted(action)
            if isinstance(action, Play):
                said = " ".join(piece.text for piece in action.pieces if isinstance(piece, Text))
                at, until = self.taken.instant(self._at), self.taken.instant(self._at + _SPEAKS)
                self._log.said(said, self._dialog.node, at, until)
                self._at += _SPEAKS
            if isinstance(action, HangUp | Transfer):
                break


def _deal(deal: WantedDeal) -> Mapping[str, str]:
    amount = None if deal.amount is None else format(deal.amount.normalize(), "f")
    given = {"title": deal.title, "stage": deal.stage or "New", "amount": amount, "currency": deal.currency}
    return {name: value for name, value in given.items() if value}


def shipped_plans() -> list[Plan]:
    """Every conversation of every shipped script that callers can hold where all languages are heard."""
    plans: list[Plan] = []
    for path in shipped_scripts():
        tests = conversations_of(path)
        conversations = read_conversations(tests.read_text(encoding="utf-8"), tests.name)
        plans += plans_of(load_script(path), conversations, LANGUAGES)[0]
    return plans


def plan_of(script: Script, text: str) -> Plan:
    """The first conversation of a test file."""
    conversations: tuple[Conversation, ...] = read_conversations(text, "small.test.yml")
    (plan,), _ = plans_of(script, conversations[:1], LANGUAGES)
    return plan


def later(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)
