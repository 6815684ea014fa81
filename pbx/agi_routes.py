"""What the dialplan asks, put to the hand-off desk; what the desk says, put into channel variables."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path, PurePosixPath

from crm_core.domain.attempts import Verdict
from crm_core.errors import BadInput
from crm_core.ports import HandOff, HandOffDesk, IncomingCall, PersonAnswered
from pbx.agi_wire import AgiAnswer, AgiRequest, answer_line
from pbx.call_state import dialable

log = logging.getLogger(__name__)

#: Extensions of the dialplan's context hand-off.
ACTIONS = frozenset({"bridge", "ring", "abandon", "machine", "message", "wait", "closed", "bot", "hangup"})
#: What AMD() says in AMDSTATUS; NOTSURE, HANGUP and nothing at all are no machine.
_VERDICTS: Mapping[str, Verdict] = {"HUMAN": Verdict.HUMAN, "MACHINE": Verdict.MACHINE}
_AGAIN = "RETRY"
#: The desk keeps the campaign's limit (two seconds by law); this one only ends what hangs, so it must be the longer.
_PATIENCE_SECONDS = 60.0
#: Stereo. `ring` records only while bridged (b): the ringing is not a talk; `bridge` starts just before it.
_RECORD_OPTIONS: Mapping[str, str] = {"ring": "Db"}
_STEREO = "D"
#: Sounds are named without their endings.
_SOUND = ".ulaw"
#: Nobody can say what to do: the person hears the site's own message, never silence.
_FALLBACK = AgiAnswer({"TL_ACTION": "abandon"})

Route = Callable[[AgiRequest], Awaitable[AgiAnswer]]


class AgiRoutes:
    """Answers the AGI routes by asking `desk`. `may_record` is asked before a recording is ordered."""

    def __init__(
        self, desk: HandOffDesk, recordings: Path, may_record: Callable[[], bool], default_country: str | None = None
    ) -> None:
        self._desk, self._recordings, self._may_record = desk, recordings, may_record
        self._country = default_country
        self._routes: Mapping[str, Route] = {
            "answered": self._answered,
            "incoming": self._incoming,
            "waiting": self._waiting,
            "unanswered": self._unanswered,
            "after-bot": self._after_bot,
            "left": self._left,
            "optout": self._opted_out,
            "operator-login": self._operator_login,
        }

    async def decide(self, request: AgiRequest) -> AgiAnswer:
        """Answer one request; a desk that fails hands the person to `abandon`."""
        route = self._routes.get(request.route)
        facts = {"channel": request.channel, "route": request.route}
        if route is None:
            log.error("the dialplan asks for an AGI route that does not exist", extra=facts)
            return _FALLBACK
        try:
            answer = await route(request)
            answer_line(answer)  # refuses what the dialplan could misread
        except Exception:  # whatever failed in the desk, a person is on the line
            log.exception("no answer to the dialplan's question", extra=facts)
            return AgiAnswer(hang_up=True) if request.route == "operator-login" else _FALLBACK
        return answer

    async def _answered(self, request: AgiRequest) -> AgiAnswer:
        status, cause = request.arg(0), request.arg(1)
        if again := status == _AGAIN:
            status, cause = "", ""
        verdict = _VERDICTS.get(status, Verdict.UNSURE)
        person = PersonAnswered(request.channel, verdict, cause[:60], again)
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return self._carried_out(await self._desk.answered(person))

    async def _incoming(self, request: AgiRequest) -> AgiAnswer:
        line = dialable(request.arg(0), self._country) or request.arg(0)
        caller = dialable(request.arg(1), self._country)
        call = IncomingCall(request.channel, request.channel_name, line, caller)
        return self._carried_out(await self._desk.incoming(call))

    async def _waiting(self, request: AgiRequest) -> AgiAnswer:
        return self._carried_out(await self._desk.waiting(request.channel))

    async def _unanswered(self, request: AgiRequest) -> AgiAnswer:
        return self._carried_out(await self._desk.unanswered(request.channel))

    async def _after_bot(self, request: AgiRequest) -> AgiAnswer:
        return self._carried_out(await self._desk.after_bot(request.channel))

    async def _left(self, request: AgiRequest) -> AgiAnswer:
        await self._desk.left(request.channel)
        return AgiAnswer()

    async def _opted_out(self, request: AgiRequest) -> AgiAnswer:
        await self._desk.opted_out(request.channel, request.arg(0))
        return AgiAnswer()

    async def _operator_login(self, request: AgiRequest) -> AgiAnswer:
        welcome = await self._desk.phone_login(request.channel, request.channel_name, request.arg(0))
        return AgiAnswer(hang_up=not welcome)

    def _carried_out(self, hand_off: HandOff) -> AgiAnswer:
        """The variables the dialplan reads. Raises BadInput for an action or path it does not know."""
        if hand_off.action not in ACTIONS:
            raise BadInput("action", f"{hand_off.action!r} is no extension of the context hand-off")
        variables = {"TL_ACTION": hand_off.action}
        if hand_off.agent_leg is not None:
            variables["TL_OPERATOR"] = hand_off.agent_leg
        if hand_off.agent_phone is not None:
            seconds = str(hand_off.ring_seconds)
            variables |= {"TL_DIAL": f"PJSIP/{hand_off.agent_phone}", "TL_RING_SECONDS": seconds}
        if hand_off.message is not None:
            variables["TL_MESSAGE"] = hand_off.message
        if hand_off.notice is not None:
            variables["TL_NOTICE"] = hand_off.notice
        if hand_off.announcement is not None and (sound := self._sound(hand_off.announcement)) is not None:
            variables["TL_ANNOUNCE"] = sound
        if hand_off.opt_out_key:
            variables["TL_OPT_OUT_KEY"] = hand_off.opt_out_key
        if hand_off.record is not None and self._may_record():
            options = _RECORD_OPTIONS.get(hand_off.action, _STEREO)
            variables |= {"TL_RECORD": self._full_path(hand_off.record), "TL_RECORD_OPTIONS": options}
        return AgiAnswer(variables)

    def _full_path(self, record: str) -> str:
        if PurePosixPath(record).suffix != ".raw" or not _is_within(record):
            raise BadInput("record", f"{record!r} is no .raw file within the recordings folder")
        return str(self._recordings / record)

    def _sound(self, announcement: str) -> str | None:
        """A sound as Asterisk wants it named; None where it is not there, which must not hold up a person."""
        path = self._recordings / announcement
        if _is_within(announcement) and path.suffix == _SOUND and path.is_file():
            return str(path.with_suffix(""))
        log.warning("no announcement: there is no such sound", extra={"file": str(path)})
        return None


def _is_within(path: str) -> bool:
    return not PurePosixPath(path).is_absolute() and ".." not in PurePosixPath(path).parts


#: Every route we answer; `trunkline pbx doctor` compares it with what the dialplan asks for.
ROUTES = frozenset({"answered", "incoming", "waiting", "unanswered", "after-bot", "left", "optout", "operator-login"})
