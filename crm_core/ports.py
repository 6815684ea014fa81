"""Ports: what one part asks of another, in the asker's words. Siblings fit them by shape."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from crm_core.domain.agents import Agent, Trigger
from crm_core.domain.attempts import Attempt, Outcome, Verdict
from crm_core.domain.calls import AgentLegChange, CallSnapshot
from crm_core.domain.campaigns import Campaign, CampaignPolicy, Trunk
from crm_core.domain.conversations import Briefing, Conversation, HandedOn, Label
from crm_core.domain.floor import Floor
from crm_core.domain.floor_watch import Past, Watched
from crm_core.domain.leads import Lead, LeadNumber, LeadState, WhyNot
from crm_core.domain.messages import Message
from crm_core.domain.monitoring import MonitorMode
from crm_core.domain.pacing_records import AbandonRecord
from crm_core.domain.recordings import RecordingFile
from crm_core.domain.scripts import (
    CheckedScript,
    Lesson,
    Move,
    ScriptCard,
    ScriptSource,
    ScriptTalk,
    ScriptText,
    TriedConversation,
)
from crm_core.domain.work_calendar import WorkCalendar
from crm_core.errors import CrmError
from crm_core.events import Envelope


# --- asked of the switch (pbx) ------------------------------------------------------------------------------
class OriginateRefused(CrmError):
    """The switch did not accept the call: no channel exists and none will."""


@dataclass(frozen=True, slots=True)
class OriginateOrder:
    """One call to place. `channel` becomes Asterisk's Uniqueid; `number` is E.164; it rings `ring_seconds` at most."""

    channel: str
    number: str
    trunk_endpoint: str
    caller_id: str
    ring_seconds: int
    detect_machines: bool
    record_from_answer: bool


@dataclass(frozen=True, slots=True)
class LiveChannel:
    """A channel that exists now. `linkedid` may be that of an older leg it is bridged with."""

    channel: str
    name: str
    linkedid: str
    is_up: bool


class LineCutter(Protocol):
    """Ends calls. Raises Unavailable while the link is down."""

    async def hang_up(self, channel: str) -> None:
        """End a channel by its id; one that is gone already is no error."""


class Telephony(LineCutter, Protocol):
    """What the rest of the CRM may ask of the switch. Every call raises Unavailable while the link is down.

    After Unavailable nobody knows whether an originate was placed; after any other CrmError it was not."""

    @property
    def is_up(self) -> bool: ...

    async def originate(self, order: OriginateOrder) -> None:
        """Send one originate, never twice. Raises OriginateRefused (a CrmError) if the switch said no."""

    async def ring_agent(self, channel: str, phone: str) -> None:
        """Call an agent's phone; his leg is parked when he answers."""

    async def live_channels(self) -> list[LiveChannel]: ...


# --- asked by the switch (AGI): who takes this person? ------------------------------------------------------
@dataclass(frozen=True, slots=True)
class PersonAnswered:
    """A callee of ours answered. `verdict` by app_amd, UNSURE when it did not run."""

    channel: str
    verdict: Verdict
    verdict_cause: str
    again: bool = False  # the agent given before was gone when the bridge was tried


@dataclass(frozen=True, slots=True)
class IncomingCall:
    channel: str
    channel_name: str
    line: str
    caller: str | None


@dataclass(frozen=True, slots=True)
class HandOff:
    """What the dialplan does next: `action` is an extension of its context hand-off.

    bridge: `agent_leg` is the channel name to bridge with; ring: `agent_phone` is rung for `ring_seconds` at most;
    wait: music, and the desk is asked again; abandon, message, closed: `message` is played; machine, hangup. `record`
    is the path (under the recordings folder) to record to, or None; `announcement` that of a µ-law file the agent hears
    before he is connected, while the person hears music.
    """

    action: str
    agent_leg: str | None = None
    agent_phone: str | None = None
    ring_seconds: int = 20
    message: str | None = None
    notice: str | None = None
    record: str | None = None
    announcement: str | None = None
    opt_out_key: str = ""


class HandOffDesk(Protocol):
    """Decides what happens to a person on the line. Implemented by the dialer."""

    async def answered(self, person: PersonAnswered) -> HandOff: ...

    async def incoming(self, call: IncomingCall) -> HandOff:
        """Decided at once; `wait` where nobody is free: the caller is given music, and `waiting` is asked."""

    async def waiting(self, channel: str) -> HandOff:
        """A caller hears music until this is answered."""

    async def unanswered(self, channel: str) -> HandOff:
        """The agent's phone, rung for this person, did not answer."""

    async def after_bot(self, channel: str) -> HandOff:
        """The bot has done its part: the end, or an agent if it promised one."""

    async def left(self, channel: str) -> None:
        """The person hung up while an agent was told what it is about."""

    async def opted_out(self, channel: str, key: str) -> None: ...

    async def phone_login(self, channel: str, channel_name: str, phone: str) -> bool:
        """An agent dialed the log-in code; False refuses."""


# --- asked by pbx of the core -------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Cdr:
    """One row of Asterisk's own call records."""

    node: str
    uniqueid: str
    linkedid: str
    sequence: int
    channel: str
    disposition: str  # ANSWERED | NO ANSWER | BUSY | FAILED | CONGESTION
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime
    cause: int | None
    src: str
    dst: str
    context: str


class CallBook(Protocol):
    """Where the switch's knowledge is written. Every method is one commit and may be repeated without harm."""

    async def record_calls(self, calls: Sequence[CallSnapshot]) -> None:
        """Upsert calls and legs; end the attempts whose calls ended; move agents whose calls ended or began."""

    async def record_agent_legs(self, changes: Sequence[AgentLegChange]) -> None: ...

    async def open_calls(self, node: str) -> list[CallSnapshot]:
        """Calls of this node not ended yet, with their legs."""

    async def close_lost(self, node: str, live: frozenset[str], cdrs: Sequence[Cdr], now: datetime) -> int:
        """End open calls and agent legs of `node` whose channels are not in `live`, by their CDRs where there are any.

        Returns how many calls were ended."""

    async def record_cdrs(self, node: str, cdrs: Sequence[Cdr], offset: int) -> int:
        """Keep rows of the CDR file read up to `offset` (bytes) and tie them to calls, making a call where there is
        none. Returns how many calls had to be made."""

    async def cdr_offset(self, node: str) -> int: ...

    async def link_recording(self, file: RecordingFile, at: datetime) -> None: ...


# --- asked by the dialer of the core ------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class PutOff:
    """Why a due lead is not dialed: until when it rests (`until`), or that it is closed (`until` None)."""

    campaign_id: int
    lead_id: int
    why: WhyNot
    until: datetime | None


@dataclass(frozen=True, slots=True)
class EndedAttempt:
    """An attempt that ended and whose lead has not been told yet.

    `lead.attempts` counts this attempt (it is counted when leased); `unanswered` does not yet. `unfinished`: the bot's
    conversations with the lead that broke off, if this attempt's did; 0 if it did not."""

    attempt: Attempt
    lead: Lead
    unanswered: int
    talk_seconds: float
    unfinished: int = 0


@dataclass(frozen=True, slots=True)
class Settled:
    """What becomes of the lead: its state, when it is due again, why it was closed; `dead_number`: never dial that."""

    attempt_id: str
    state: LeadState
    next_attempt_at: datetime | None
    close_reason: str | None
    unanswered: int
    dead_number: bool = False


class Hopper(Protocol):
    """Leads that may be due, and the promise to dial them."""

    async def running(self) -> list[Campaign]:
        """Campaigns to dial for; none while dialing is stopped by the kill switch."""

    async def trunks(self) -> dict[str, Trunk]: ...

    async def due(self, campaign: Campaign, now: datetime, limit: int) -> list[Lead]:
        """Open leads due at `now`, callbacks first, then priority, then longest due; without those in progress."""

    async def previews_wanted(self, now: datetime) -> list[tuple[Lead, int]]:
        """Leads of running campaigns whose preview an agent confirmed, with the agent's id; each until it is leased
        or put off."""

    async def policies(self, campaign_ids: Collection[int]) -> dict[int, CampaignPolicy]:
        """Policies of campaigns in whatever state: an attempt may end after its campaign was paused."""

    async def put_off(self, leads: Sequence[PutOff]) -> None: ...

    async def lease(self, attempts: Sequence[Attempt], trunk: Trunk, now: datetime) -> list[Attempt]:
        """Commit attempts with their leases; the answer holds those that may be sent.

        Refused in the same transaction: dialing stopped by the kill switch, campaign no longer running, lead already
        in progress, number put on a do-not-call list since, daily caps of trunk or campaign reached."""

    async def refused(self, attempt_id: str, outcome: Outcome, why: str, now: datetime) -> None:
        """The originate was not accepted by the switch: the attempt ends at once."""

    async def expired(self, now: datetime) -> list[Attempt]:
        """Open attempts whose lease has run out."""

    async def extend(self, attempt_ids: Sequence[str], until: datetime) -> None:
        """Prolong the leases of attempts whose channels are still live."""

    async def lose(self, attempt_ids: Sequence[str], now: datetime) -> None:
        """End attempts that neither the switch nor its CDRs know: outcome LOST."""

    async def ended(self, limit: int) -> list[EndedAttempt]: ...

    async def settle(self, settled: Sequence[Settled], now: datetime) -> None: ...

    async def floor(self, campaign: Campaign, now: datetime) -> Floor: ...

    async def watch(self, campaign: Campaign, now: datetime, ended_since: datetime | None) -> Watched:
        """The floor with its lines (those ended since `ended_since` too; None: only open ones) and agents by name."""

    async def past(self, campaign: Campaign, now: datetime) -> Past:
        """How the campaign's last lines, talks and wrap-ups went: read once, when a process starts."""

    async def give_up(self, attempt_ids: Sequence[str], most: int, per_day: int, now: datetime) -> list[str]:
        """Note the first `most` of these ringing lines as given up; the answer holds those the switch is to end now.

        Left out: who has answered meanwhile, whatever holds an agent, numbers given up `per_day` times today. Once
        noted, an attempt ends as GIVEN_UP, or as ABANDONED should the person answer before the switch ends it."""

    async def keep_abandons(self, lost: Sequence[AbandonRecord]) -> None:
        """Keep what was decided before these calls were abandoned, once for each; `dialed` is known to the hopper."""

    async def recover_abandons(self, campaign: Campaign, now: datetime) -> None:
        """Keep what is known of calls that were abandoned while nothing paced the campaign."""

    async def line_counts(self) -> tuple[dict[str, int], dict[int, int]]:
        """Open attempts by trunk and by campaign."""


class FirstWords(Protocol):
    """Asked by the dialer of the infobot: the words a lead hears first, ready before his phone rings."""

    async def make_ready(self, campaign: Campaign, lead: Lead) -> None:
        """Have them rendered and checked; at once where they are. Raises BadInput where something of the lead's own is
        wanted that nobody can say, and Unavailable where rendering fails for now."""


class Roster(Protocol):
    """Which agents are logged in and in which state."""

    async def agents(self) -> list[Agent]: ...

    async def assign(self, call_id: str, campaign_id: int | None, agent_id: int | None, now: datetime) -> Agent | None:
        """Give the person on `call_id` to the agent available for longest (of the campaign; None: of any), or to
        `agent_id`; atomically, so that no agent is given twice. None: nobody is free. Asked again for the same call,
        the agent already given is answered."""

    async def take_back(self, call_id: str, now: datetime, *, gone: bool) -> None:
        """The hand-off did not come about; `gone`: the agent's leg was not there any more."""

    async def move(self, agent_id: int, trigger: Trigger, now: datetime, reason: str | None = None) -> Agent: ...

    async def legs_wanted(self, now: datetime) -> list[Agent]:
        """Agents in CONNECTING whose phone has not been called in the last 30 s; asking marks them as called."""

    async def wrap_ups_over(self, now: datetime) -> int:
        """Move agents whose wrap-up limit has passed to available; how many."""


class AttemptBook(Protocol):
    """One attempt, as the hand-off needs it."""

    async def answered(
        self, attempt_id: str, verdict: Verdict, verdict_cause: str, now: datetime
    ) -> tuple[Attempt, Campaign] | None:
        """Note that the callee answered; None if no attempt has this id. Asked again, the first verdict and instant
        stay and the answer is the same."""

    async def conclude(self, attempt_id: str, outcome: Outcome, now: datetime) -> None:
        """Write ABANDONED or MACHINE before the channel ends; the end does not overwrite it."""

    async def opted_out(self, attempt_id: str, now: datetime) -> None:
        """Put the number on the system's do-not-call list and close the lead."""

    async def handed_on(self, call_id: str) -> HandedOn | None:
        """What an agent is told of the person on this call, dialed or not; None: the bot wants no agent for him."""

    async def nobody_took_over(self, call_id: str, now: datetime) -> None:
        """The bot handed a person on and nobody was free: a callback task with the bot's summary, once."""


class Reception(Protocol):
    """Incoming calls, as the hand-off needs them."""

    async def calendar(self) -> WorkCalendar: ...

    async def note_incoming(self, call: IncomingCall, after_hours: bool, now: datetime) -> bool:
        """Note the call; whether a script answers calls to this number at this hour."""


class ConversationBook(Protocol):
    """Asked by the bot of the core: whom it talks to, and where it writes what was said."""

    async def begin(self, call_id: str) -> Briefing | None:
        """Note that the bot talks on this call, and tell what is known of the person; None if the call is not its."""

    async def record(self, conversation: Conversation, now: datetime) -> None:
        """Write the conversation with all that follows from it in one commit: result, deals, tasks, do-not-call
        entries, messages.

        May be repeated: the words are replaced, deals, tasks and messages are made once. Raises BadInput for a
        disposition or a stage the site does not have; nothing is written then."""


# --- asked by the sender of messages ------------------------------------------------------------------------
class MessageGateway(Protocol):
    """The way out for messages of one channel."""

    @property
    def is_repeatable(self) -> bool:
        """Whether the same message sent twice reaches the person once, or does no harm: when in doubt, send again."""

    async def send(self, message: Message) -> str | None:
        """Hand it over; returns the provider's id of it, if he gives one. Raises NotSent."""


# --- events between processes -------------------------------------------------------------------------------
class EventStream(Protocol):
    """Carries committed events to whoever listens, in this process or another. At least once; never the store."""

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Raises Unavailable when the carrier is down; the outbox keeps what was not published."""

    def subscribe(self, group: str) -> AbstractAsyncContextManager[AsyncIterator[list[Envelope]]]:
        """Batches of events from now on; members of one `group` share them. Taking the next batch acknowledges
        the one before."""


# --- asked of the switch: phones in browsers ----------------------------------------------------------------
class BrowserPhones(Protocol):
    """Operators' phones that are browsers: there while somebody is logged in. Both raise Unavailable without a link."""

    async def open(self, phone: str, digest: str) -> None:
        """Whoever knows the secret behind `digest` may register as `phone` from now on, and with an older secret
        nobody."""

    async def close(self, phone: str) -> None:
        """Nobody may register or be rung as `phone`, and what it has on the line ends. Closed already is no error."""


# --- asked of the switch by supervisors ---------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class MonitorOrder:
    """Put the supervisor at `phone` to the call of the person on channel `call`. `channel` becomes the id of his leg
    ("sup-…"); `agent_leg`: the channel of the agent who talks there, without whom nobody can be whispered to."""

    channel: str
    phone: str
    call: str
    mode: MonitorMode
    agent_leg: str | None = None


class Monitoring(Protocol):
    """Supervisors on other people's calls."""

    async def monitor(self, order: MonitorOrder) -> None:
        """Ring his phone; when he answers he takes part, until he or the person hangs up. Raises Conflict when the
        call has ended, OriginateRefused, Unavailable."""


# --- asked of the dialer and the infobot by whoever makes campaigns -------------------------------------------
class Screened(Protocol):
    """Either the `number` to dial, or `why` not; `until`: when waiting alone will help, None if it will not."""

    @property
    def number(self) -> LeadNumber | None: ...
    @property
    def why(self) -> WhyNot | None: ...
    @property
    def until(self) -> datetime | None: ...


class Screening(Protocol):
    """Whether a lead would be dialed now. It reads and changes nothing."""

    def __call__(
        self, lead: Lead, campaign: Campaign, trunk: Trunk | None, now: datetime, available_agents: Collection[int]
    ) -> Screened: ...


class BotScripts(Protocol):
    """The scripts the infobot may talk by."""

    def names(self) -> tuple[str, ...]:
        """All of them, the site's own and the shipped ones, by name."""

    def check(self, name: str) -> None:
        """Raises NotFound, and BadInput for a script that is not sound."""

    async def render(self, policy: CampaignPolicy, told: Callable[[int, int], None]) -> int:
        """Have every prompt of the policy's script ready to be played; returns how many there are. `told` hears how
        many of how many are done. Raises BadInput naming those that cannot be rendered: it must not start."""


# --- asked of the switch by operators who hand a person on ----------------------------------------------------
@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a person is handed to: the phone `address`, or the number `address` through a trunk, shown `caller_id`."""

    address: str
    trunk_endpoint: str | None = None
    caller_id: str | None = None


class Transfers(Protocol):
    """Handing a person on. `channel` becomes the id of a leg that is made for it ("con-…"); `person` is the channel of
    the call. An operator's parked leg is parked again as soon as the person is off it. All raise Unavailable."""

    async def transfer(self, channel: str, person: str, to: Recipient) -> None:
        """Blind: the person hears music until the recipient answers; who does not gets an operator who is free. Raises
        Conflict when the person has gone."""

    async def to_given(self, person: str) -> None:
        """The person hears music until he is bridged to the agent whom the roster has given him to. Raises Conflict
        when the person has gone."""

    async def consult(self, channel: str, phone: str, to: Recipient) -> None:
        """Ring the operator's phone a second time, then the recipient; the operator's hold is the phone's business."""

    async def give(self, channel: str, person: str) -> None:
        """After a consultation: the person talks to the recipient, the operator is out of it. Raises Conflict when
        nobody has answered yet, or somebody has gone."""


# --- asked of the infobot by whoever writes scripts -----------------------------------------------------------
class ScriptDesk(Protocol):
    """The infobot's scripts as texts: read, checked, tried out, kept; and what its intent model learns."""

    async def scripts(self) -> list[ScriptCard]:
        """All of them by name, the site's own and the shipped ones."""

    async def read(self, name: str) -> ScriptSource:
        """Raises NotFound."""

    async def check(self, text: ScriptText) -> CheckedScript:
        """Every fault of the script, or else of its conversations."""

    async def try_out(self, text: ScriptText, *, with_model: bool) -> tuple[TriedConversation, ...]:
        """Run the conversations; `with_model`: what the rules do not understand is asked of the intent model, as in
        calls. Raises BadInput for a text with faults."""

    async def talk(
        self, script: str, fields: Mapping[str, str], language: str, moves: Sequence[Move], began_at: datetime
    ) -> ScriptTalk:
        """Talk by this text from the beginning on, `moves` being what the person did. Raises BadInput."""

    async def save(self, name: str, text: ScriptText, seen: int | None) -> ScriptSource:
        """Keep the text as the site's own; `seen`: the version that was changed, None: there is to be none of this
        name yet. Raises BadInput for a text with faults, Stale, Conflict for a name that is taken."""

    async def discard(self, name: str, seen: int) -> None:
        """Remove the site's own text; a shipped one of this name comes to the fore again. Raises NotFound, Stale."""

    async def intents(self) -> tuple[str, ...]:
        """What something that was not understood may mean."""

    async def learn(self, labels: Sequence[Label], told: Callable[[int, int], None]) -> Lesson:
        """Train on the labels too, and take the new model into use if nothing is worse by it. `told` hears how many of
        how many steps are done. Raises BadInput for a sentence that is known with another meaning."""


# --- asked of whoever tells other systems ----------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class WebhookAnswer:
    """What a receiver answered: status, the beginning of his words, and how long he asks to wait (Retry-After)."""

    status: int
    words: str = ""
    wait: timedelta | None = None


class WebhookPost(Protocol):
    """Posts to an address that a user has named; refuses those inside the network."""

    @property
    def allow_private(self) -> bool:
        """Whether addresses inside are allowed."""

    async def post(self, url: str, headers: Mapping[str, str], body: str) -> WebhookAnswer:
        """Raises Unavailable where nobody answers, and BadInput for an address that is refused."""
