"""The shell of one call: plays what the dialog says, tells it what is heard, writes everything down."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from crm_core.domain.conversations import Briefing, Ending, Party, Turn, WantedTask
from crm_core.domain.sales import TaskKind
from crm_core.errors import CrmError, NotFound
from ivr_bot.announcing import Announcement
from ivr_bot.call_log import CallLog
from ivr_bot.dialog import heard as dialog_heard
from ivr_bot.dialog.actions import Action, Answered, HangUp, Listen, Play, Transfer
from ivr_bot.dialog.engine import begin, step
from ivr_bot.dialog.state import Dialog
from ivr_bot.first_words import fields_of, language_of
from ivr_bot.hearing import LiveHearing, Missed, Spoken
from ivr_bot.media import ports as media
from ivr_bot.parts import BotParts
from ivr_bot.speech.endpointing import rules_for
from ivr_bot.speech.ports import AnswerShape, Utterance
from ivr_bot.turn_taking import Ask, Began, Move, Nothing, Turned, TurnTaking
from ivr_bot.writing_down import write_down

log = logging.getLogger(__name__)

#: After a key, so long for the next of the same answer.
_NEXT_KEY = timedelta(seconds=2)
#: Who answers a call says hello, and does not mean to interrupt.
_HELLO = timedelta(seconds=1.5)
#: A key that ends an answer of several.
_ENOUGH = "#"


class BotSession:
    """One call, from its first frame to its record."""

    def __init__(self, call: media.CallMedia, parts: BotParts) -> None:
        self._call, self._parts, self._now = call, parts, parts.now
        self._player = parts.player(call)
        self._turns = TurnTaking(self._read, self._listens, parts.confirms, Ask(self._now, self._heeds, self._plays))
        self._incoming: asyncio.Task[Sequence[media.MediaEvent]] | None = None
        self._listen: Listen | None = None
        self._keys = ""
        self._deadline: float | None = None  # of the loop's clock: patience, or the next key
        self._end: HangUp | Transfer | None = None
        self._gone = False
        self._announces = False
        self._announcement: Announcement | None = None
        self._dialog: Dialog
        self._log: CallLog
        self._zone: ZoneInfo

    async def run(self) -> None:
        """Talk until somebody hangs up or the script is over. Raises NotFound for a call that is none of the bot's.

        Whatever fails, what was said until then is recorded.
        """
        briefing = await self._parts.book.begin(self._call.channel)
        if briefing is None:
            raise NotFound("conversation", self._call.channel, "No campaign of the bot dialed this call")
        self._zone, self._announces = ZoneInfo(briefing.zone or "UTC"), briefing.announces
        self._log = CallLog(briefing.call_id, briefing.script, briefing.language or "", self._now())
        node, ending = "", Ending.FAILED
        try:
            await self._begin(briefing)
            while not self._gone and not (self._end is not None and self._player.is_silent):
                await self._next()
            ending = self._ending()
            if self._announcement is not None and ending is Ending.TRANSFERRED:
                self._log.announcement = await self._announcement.path()
        except Exception as error:
            log.exception("the bot broke off", extra={"call_id": briefing.call_id})
            apology = f"The bot broke off its call: {error if isinstance(error, CrmError) else type(error).__name__}"
            self._log.tasks.append(WantedTask(apology, TaskKind.CALLBACK))
            raise
        finally:
            self._turns.close()
            self._player.close()
            if self._incoming is not None:
                self._incoming.cancel()
            if self._announcement is not None:
                await self._announcement.drop()
            node = self._dialog.node if hasattr(self, "_dialog") else node
            await write_down(self._parts.book, self._log.conversation(ending, node, self._now()), self._now)

    def _ending(self) -> Ending:
        if isinstance(self._end, Transfer):
            return Ending.HUNG_UP if self._gone else Ending.TRANSFERRED
        return Ending.FINISHED if self._end is not None else Ending.HUNG_UP

    async def _begin(self, briefing: Briefing) -> None:
        script = self._parts.script(briefing.script)
        language, fields = language_of(script, briefing), fields_of(script, briefing)
        self._log.language = language
        told_in = self._parts.operators_language
        self._dialog, actions = begin(script, fields, language, self._local_now(), told_in)
        self._player.foresee(self._dialog)
        await self._carry_out(actions)

    # --- what comes in -----------------------------------------------------------------------------------------
    async def _next(self) -> None:
        """Wait for what comes next on the line, or for the end of patience, and take it."""
        incoming = self._incoming = self._incoming or asyncio.create_task(self._call.events(), name="line")
        left = None if self._deadline is None else max(0.0, self._deadline - asyncio.get_running_loop().time())
        waited = {incoming, *self._turns.early.under_way}
        done, _ = await asyncio.wait(waited, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            await self._waited_enough()
        if incoming in done:  # first of all: he may have spoken on
            self._incoming = None
            await self._take(incoming.result())
        await self._follow(await self._turns.answered_early())

    async def _take(self, events: Sequence[media.MediaEvent]) -> None:
        for event in events:
            match event:
                case media.Heard(ulaw):
                    await self._follow(await self._turns.feed(ulaw))
                case media.Played(mark):
                    self._log_played(self._player.played(mark))
                    if self._player.is_silent:
                        await self._all_played()
                case media.Pressed(digit):
                    await self._pressed(digit)
                case media.HungUp():
                    self._gone = True
                    await self._tell(dialog_heard.HungUp())
                    return

    def _heeds(self) -> bool:
        """Whether what is said now is meant for the bot: no hello at the start, and not where nothing may stop it."""
        says_hello = self._now() - self._log.began_at < _HELLO
        return self._listen is not None and not self._player.is_deaf and not says_hello

    def _plays(self) -> bool:
        return not self._player.is_silent

    async def _follow(self, moves: Sequence[Move]) -> None:
        for move in moves:
            if self._listen is None:
                return
            match move:
                case Began():
                    self._deadline = None
                    if not self._player.is_silent:
                        self._log_played(await self._player.interrupt())
                case Nothing():
                    await self._nothing_said()
                case Turned():
                    await self._turned(move)

    async def _read(self, utterance: Utterance) -> Spoken | Missed:
        assert self._listen is not None
        return await self._parts.hearing.hear(utterance, self._dialog, self._listen, self._local_now())

    def _listens(self) -> LiveHearing | None:
        assert self._listen is not None
        return self._parts.hearing.live(self._dialog, self._listen, self._local_now())

    async def _turned(self, turn: Turned) -> None:
        assert self._listen is not None
        match turn.read:
            case Spoken(said, engine, unclear):
                sure = round(said.confidence, 3)
                spoken = (Party.PERSON, said.text, self._listen.question, turn.began_at, turn.ended_at)
                self._log.heard(Turn(*spoken, engine, sure, said.intent, unclear))
                await self._tell(said)
            case Missed(fault) if fault is not None:
                await self._tell(dialog_heard.Failed(fault))
            case _:
                await self._nothing_said()

    async def _nothing_said(self) -> None:
        """A cough, or noise: what was stopped goes on; where nothing was, patience begins anew."""
        rest = self._player.take_rest()
        if not rest:
            self._be_patient()
            return
        stopped = self._dialog.unheard
        self._dialog, actions = step(self._dialog, dialog_heard.Noise())
        replayed = bool(actions) and isinstance(actions[0], Play) and actions[0].pieces == stopped
        if replayed:  # not from the beginning: from where it was stopped
            self._player.resume(rest)
        await self._carry_out(actions[1:] if replayed else actions)

    async def _pressed(self, digit: str) -> None:
        if self._listen is None:
            return
        if not self._player.is_silent:
            self._log_played(await self._player.interrupt())
            self._player.take_rest()
        if digit == _ENOUGH and self._keys:
            await self._keyed()
            return
        self._keys += digit
        self._deadline = asyncio.get_running_loop().time() + _NEXT_KEY.total_seconds()
        if len(self._keys) >= self._listen.max_keys or digit not in self._listen.keys:
            await self._keyed()

    async def _keyed(self) -> None:
        assert self._listen is not None
        keys, self._keys = self._keys, ""
        at = self._now()
        self._log.heard(Turn(Party.PERSON, keys, self._listen.question, at, at, "keys"))
        await self._tell(dialog_heard.Pressed(keys))

    async def _waited_enough(self) -> None:
        self._deadline = None
        if self._keys:
            await self._keyed()
        elif self._listen is not None and not self._turns.speaking:
            await self._tell(dialog_heard.Silence())

    async def _all_played(self) -> None:
        if self._end is None:
            self._dialog, _ = step(self._dialog, dialog_heard.Played())
            if not self._turns.speaking and not self._keys:
                self._be_patient()

    # --- what goes out -----------------------------------------------------------------------------------------
    async def _tell(self, heard: dialog_heard.Heard) -> None:
        """Tell the dialog, and do what it says."""
        self._deadline, self._keys = None, ""
        self._turns.early.drop()
        self._player.take_rest()
        self._dialog, actions = step(self._dialog, heard)
        if any(isinstance(action, Answered) for action in actions):
            self._player.foresee(self._dialog)
        await self._carry_out(actions)

    async def _carry_out(self, actions: tuple[Action, ...]) -> None:
        self._listen = None
        for action in actions:
            match action:
                case Play():
                    await self._player.play(action, self._dialog.language, self._dialog.node)
                case Listen():
                    self._listen = action
                    shape = AnswerShape.OPEN if action.is_open else AnswerShape.CLOSED
                    self._turns.new_turn(rules_for(shape))
                case HangUp():
                    self._end = action
                case Transfer():
                    self._end = action
                    if self._announces:
                        self._announcement = self._parts.announcer.begin(self._call.channel, action)
            self._log.wanted(action)
        if self._listen is not None and self._player.is_silent:
            self._be_patient()

    def _be_patient(self) -> None:
        if self._listen is not None and self._player.is_silent:
            self._deadline = asyncio.get_running_loop().time() + self._listen.patience.total_seconds()

    def _log_played(self, played: list[tuple[str, str, float]]) -> None:
        """Prompts that have just ended: their words, their node, and for how many seconds they were heard."""
        ended_at = self._now()
        for text, node, seconds in reversed(played):
            began_at = ended_at - timedelta(seconds=seconds)
            self._log.said(text, node, began_at, ended_at)
            ended_at = began_at

    def _local_now(self) -> datetime:
        return self._now().astimezone(self._zone)
