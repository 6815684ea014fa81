"""The schema, in the order in which a call comes about. One story, so one file although it is long.

Columns that hold personal data carry `info={"personal": True}`: export and erasure read that mark.
Instants are UTC (`Instant`), money is decimal with its currency beside it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy import DateTime as _DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

from crm_core.db.folded import folded, found_by, make_trigrams

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)
make_trigrams(metadata)


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime on every database; SQLite keeps it without zone, so we take it off and put it back."""

    impl = _DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}: instants are aware UTC")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Id = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself only for INTEGER
Json = JSON().with_variant(JSONB, "postgresql")
#: The same where nothing is NULL, not the word null.
JsonOrNone = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
PERSONAL: dict[str, Any] = {"personal": True}


def _id() -> Column[int]:
    return Column("id", Id, primary_key=True, autoincrement=True)


def _ref(name: str, target: str, *, nullable: bool = False, index: bool = False) -> Column[Any]:
    return Column(name, ForeignKey(f"{target}.id"), nullable=nullable, index=index)


# --- the firm -----------------------------------------------------------------------------------------------
teams = Table(
    "teams",
    metadata,
    _id(),
    Column("name", String(120), nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
)
users = Table(
    "users",
    metadata,
    _id(),
    Column("name", String(120), nullable=False, unique=True, info=PERSONAL),
    Column("role", String(20), nullable=False),  # domain.access.Role
    Column("active", Boolean, nullable=False, default=True),
    Column("created_at", Instant, nullable=False),
    _ref("team_id", "teams", nullable=True, index=True),
    Column("sees", String(4)),  # own | team | all; NULL: as the role says
    Column("masked", Boolean),  # never shown a telephone number; NULL: as the role says
    Column("extra_rights", Json, nullable=False, default=list, server_default="[]"),  # beyond the role's
    Column("email", String(200), info=PERSONAL),
    Column("language", String(8)),
    Column("zone", String(60)),
    Column("password_hash", String(200)),  # argon2id; NULL: he cannot log in
    Column("totp_secret", String(64)),
    Column("totp_used", BigInteger, nullable=False, default=0, server_default="0"),  # time step of the last code taken
    Column("failed_logins", Integer, nullable=False, default=0, server_default="0"),  # in a row
    Column("locked_until", Instant),
)
sessions = Table(  # who is logged in, by the hash of what his browser holds
    "sessions",
    metadata,
    Column("id", String(64), primary_key=True),  # SHA-256 of the cookie, hex
    _ref("user_id", "users", index=True),
    Column("csrf", String(64), nullable=False),
    Column("confirmed", Boolean, nullable=False),  # False: the password was right, the second factor is still to come
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("address", String(64), nullable=False, default=""),
    Column("browser", String(200), nullable=False, default=""),
    Column("phone_digest", String(32)),  # of the secret with which this browser registers as its user's phone
)
api_tokens = Table(
    "api_tokens",
    metadata,
    _id(),
    _ref("user_id", "users"),
    Column("name", String(120), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),  # SHA-256, hex; the token itself is shown once
    Column("hint", String(12), nullable=False),  # its beginning, to know it by
    Column("scopes", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    Column("revoked_at", Instant),
    UniqueConstraint("user_id", "name"),
)
idempotency_keys = Table(  # what a POST with this key was answered
    "idempotency_keys",
    metadata,
    Column("user_id", ForeignKey("users.id"), primary_key=True),
    Column("key", String(120), primary_key=True),
    Column("request", String(64), nullable=False),  # SHA-256 of method, path and body
    Column("status", Integer),  # NULL: still under way
    Column("body", Text, info=PERSONAL),
    Column("headers", Json),
    Column("at", Instant, nullable=False, index=True),
)
audit_log = Table(  # who did what to whom: log-ins, rights, listening, exports, changes of settings
    "audit_log",
    metadata,
    _id(),
    Column("at", Instant, nullable=False, index=True),
    Column("user_id", Id, index=True),
    Column("by", String(120), nullable=False),
    Column("action", String(60), nullable=False),  # such as recording.listened
    Column("noun", String(40), nullable=False),
    Column("key", String(120), nullable=False),  # whose: an id
    Column("details", Json, nullable=False, info=PERSONAL),
    Column("address", String(64), nullable=False, default=""),
    Index("ix_audit_log_noun_key", "noun", "key"),
)
saved_filters = Table(
    "saved_filters",
    metadata,
    _id(),
    _ref("user_id", "users"),
    Column("page", String(40), nullable=False),
    Column("name", String(80), nullable=False),
    Column("query", Text, nullable=False),  # as in the address of the page
    UniqueConstraint("user_id", "page", "name"),
)
notifications = Table(  # what the bell shows a user
    "notifications",
    metadata,
    _id(),
    _ref("user_id", "users"),
    Column("key", String(120), nullable=False),  # the same is told once
    Column("kind", String(40), nullable=False),
    Column("text", String(300), nullable=False, info=PERSONAL),
    Column("link", String(200), nullable=False, default=""),
    Column("at", Instant, nullable=False),
    Column("read_at", Instant),
    UniqueConstraint("user_id", "key"),
    Index("ix_notifications_user_id_at", "user_id", "at"),
)
plans = Table(  # what a seller or a team is to reach in a month; exactly one of the two is named
    "plans",
    metadata,
    _id(),
    _ref("user_id", "users", nullable=True, index=True),
    _ref("team_id", "teams", nullable=True, index=True),
    Column("month", String(7), nullable=False),  # YYYY-MM
    Column("measure", String(20), nullable=False),  # won_amount | won_deals | talks | calls
    Column("target", Numeric(14, 2), nullable=False),
    Column("currency", String(3)),
)
custom_fields = Table(  # fields of the site's own; their values are in `fields` of the noun's table
    "custom_fields",
    metadata,
    _id(),
    Column("noun", String(10), nullable=False),  # contact | company | deal | lead
    Column("key", String(40), nullable=False),
    Column("label", String(80), nullable=False),
    Column("kind", String(10), nullable=False),  # text | number | date | choice | yes_no
    Column("options", Json, nullable=False, default=list),
    Column("required", Boolean, nullable=False, default=False),
    Column("position", Integer, nullable=False, default=0),
    UniqueConstraint("noun", "key"),
)
webhooks = Table(
    "webhooks",
    metadata,
    _id(),
    Column("url", String(500), nullable=False),
    Column("secret", String(64), nullable=False),
    Column("events", Json, nullable=False),
    Column("enabled", Boolean, nullable=False, default=True),
    _ref("user_id", "users"),  # what it is sent, this user may see
    Column("created_at", Instant, nullable=False),
    Column("failing_since", Instant),  # the first failure after the last delivery that was taken
    Column("off_because", String(300)),  # why it was switched off by itself
)
webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    _id(),
    _ref("webhook_id", "webhooks"),
    Column("event_id", Id, nullable=False),
    Column("event", String(40), nullable=False),
    Column("body", Text, nullable=False, info=PERSONAL),
    Column("state", String(8), nullable=False),  # queued | sent | failed
    Column("attempts", Integer, nullable=False, default=0),
    Column("due_at", Instant, nullable=False),
    Column("leased_until", Instant),
    Column("status", Integer),
    Column("error", Text),
    Column("created_at", Instant, nullable=False),
    Column("sent_at", Instant),
    UniqueConstraint("webhook_id", "event_id"),
    Index("ix_webhook_deliveries_state_due_at", "state", "due_at"),
    Index("ix_webhook_deliveries_log", "webhook_id", "id"),
    Index("ix_webhook_deliveries_created_at", "created_at"),
)
agents = Table(  # the roster; one row per user who takes calls
    "agents",
    metadata,
    Column("id", ForeignKey("users.id"), primary_key=True),
    Column("phone", String(40), nullable=False, unique=True),  # PJSIP endpoint
    Column("phone_secret", String(64), nullable=False, default=""),
    Column("hand_off", String(10), nullable=False),
    Column("state", String(12), nullable=False, index=True),
    Column("since", Instant, nullable=False),
    _ref("campaign_id", "campaigns", nullable=True, index=True),
    Column("leg", String(80)),
    Column("leg_name", String(120)),
    Column("call_id", String(80)),
    Column("wrap_up_until", Instant),
    Column("pause_reason", String(40)),
    Column("node", String(40)),
    Column("browser", Boolean, nullable=False, default=False, server_default=false()),  # his phone is his browser
    Column("leg_wanted_at", Instant),  # when the last originate to his phone was sent; guards against doubles
)
agent_log = Table(  # every change of state: occupancy and reports read it
    "agent_log",
    metadata,
    _id(),
    _ref("agent_id", "agents"),
    Column("state", String(12), nullable=False),
    Column("reason", String(40)),
    Column("campaign_id", Id),
    Column("call_id", String(80)),
    Column("at", Instant, nullable=False),
    Index("ix_agent_log_agent_id_at", "agent_id", "at"),
)
site_settings = Table(  # kill switch, working calendar, default country: what an administrator changes at run time
    "site_settings",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("value", Json, nullable=False),
)

# --- people -------------------------------------------------------------------------------------------------
companies = Table(
    "companies",
    metadata,
    _id(),
    Column("name", String(200), nullable=False, index=True),
    Column("fields", Json, nullable=False, default=dict, server_default="{}"),
    Column("created_at", Instant, nullable=False),
    folded("name"),
)
found_by(companies)
contacts = Table(
    "contacts",
    metadata,
    _id(),
    Column("name", String(200), nullable=False, default="", info=PERSONAL),
    Column("email", String(200), info=PERSONAL),
    _ref("company_id", "companies", nullable=True, index=True),
    _ref("owner_id", "users", nullable=True, index=True),
    Column("language", String(8)),
    Column("fields", Json, nullable=False, default=dict, info=PERSONAL),
    Column("created_at", Instant, nullable=False),
    Column("consent", String(20)),  # what he said of being called: given | refused; NULL: nothing is known
    Column("consent_at", Instant),
    Column("version", Integer, nullable=False, default=1, server_default="1"),
    Column("erased_at", Instant),
    folded("name", "email"),
)
found_by(contacts)
_AT_A_COMPANY = "company_id IS NOT NULL AND erased_at IS NULL"
for _index, _first in (("ix_contacts_companies_of", contacts.c.owner_id), ("ix_contacts_at_company", contacts.c.id)):
    # Whose companies one sees: read from these alone, without the table.
    Index(_index, _first, contacts.c.company_id, sqlite_where=text(_AT_A_COMPANY), postgresql_where=text(_AT_A_COMPANY))
Index("ix_contacts_name", contacts.c.name, contacts.c.id)  # lists in order of names, page by page
Index("ix_contacts_created_at", contacts.c.created_at, contacts.c.id)
erased_numbers = Table(  # of people who were erased: never dialed again, and not known either
    "erased_numbers",
    metadata,
    Column("hash", String(64), primary_key=True),  # HMAC-SHA-256 of the E.164 number under the site's key, hex
    Column("at", Instant, nullable=False),
)
phones = Table(
    "phones",
    metadata,
    _id(),
    _ref("contact_id", "contacts"),
    Column("e164", String(20), nullable=False, index=True, info=PERSONAL),
    Column("raw", String(60), nullable=False, info=PERSONAL),
    Column("zone", String(60)),
    Column("dead", Boolean, nullable=False, default=False),
    UniqueConstraint("contact_id", "e164"),
)
Index(  # any part of a number; SQLite, which has few, walks the index above, and keeps this one empty
    "ix_phones_part",
    phones.c.e164,
    postgresql_using="gin",
    postgresql_ops={"e164": "gin_trgm_ops"},
    sqlite_where=text("0"),
)
do_not_call = Table(
    "do_not_call",
    metadata,
    _id(),
    Column("kind", String(8), nullable=False),  # number | prefix
    Column("value", String(20), nullable=False, info=PERSONAL),
    Column("campaign_id", Id, nullable=False, default=0),  # 0: the whole system (NULL would not be unique)
    Column("reason", String(200), nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("kind", "value", "campaign_id"),
)

# --- what is dialed -----------------------------------------------------------------------------------------
lists = Table(
    "lists",
    metadata,
    _id(),
    Column("name", String(120), nullable=False, unique=True),
    Column("source", String(255), nullable=False),
    Column("counts", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
)
leads = Table(
    "leads",
    metadata,
    _id(),
    _ref("list_id", "lists", index=True),
    _ref("contact_id", "contacts", index=True),
    Column("priority", Integer, nullable=False, default=0),
    Column("zone", String(60)),
    Column("fields", Json, nullable=False, default=dict, info=PERSONAL),
    UniqueConstraint("list_id", "contact_id"),
)
imports = Table(  # a lead file on its way in: read into chunks, then (`list_id` set) written chunk by chunk, then gone
    "imports",
    metadata,
    _id(),
    Column("list_name", String(120), nullable=False),
    Column("source", String(255), nullable=False),
    Column("digest", String(64), nullable=False),  # SHA-256 of the file: the same file again asks for this import
    Column("list_id", Id),
    Column("counts", Json),
    Column("created_at", Instant, nullable=False),
)
import_chunks = Table(  # what is still to be written
    "import_chunks",
    metadata,
    Column("import_id", ForeignKey("imports.id"), primary_key=True),
    Column("chunk", Integer, primary_key=True, autoincrement=False),
    Column("created", Text, nullable=False, info=PERSONAL),  # JSON: new contacts with their numbers and leads
    Column("joined", Text, nullable=False, info=PERSONAL),  # JSON: rows about contacts that exist by then
)
trunks = Table(
    "trunks",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("endpoint", String(40), nullable=False),
    Column("prefixes", Json, nullable=False),
    Column("calls_per_second", Float, nullable=False),
    Column("max_lines", Integer, nullable=False),
    Column("daily_calls", Integer),
    Column("daily_minutes", Integer),
    Column("caller_ids", Json, nullable=False),
)
campaigns = Table(
    "campaigns",
    metadata,
    _id(),
    Column("name", String(120), nullable=False, unique=True),
    Column("state", String(10), nullable=False, index=True),
    Column("policy", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("approved_at", Instant),  # after its pilot somebody said: go on
    Column("approved_by", String(120)),
)
campaign_teams = Table(  # who of those that do not see everything sees the campaign
    "campaign_teams",
    metadata,
    Column("campaign_id", ForeignKey("campaigns.id"), primary_key=True),
    Column("team_id", ForeignKey("teams.id"), primary_key=True, index=True),
)
campaign_leads = Table(  # where a lead stands in a campaign
    "campaign_leads",
    metadata,
    Column("campaign_id", ForeignKey("campaigns.id"), primary_key=True),
    Column("lead_id", ForeignKey("leads.id"), primary_key=True),
    Column("state", String(8), nullable=False),
    Column("priority", Integer, nullable=False, default=0),
    Column("attempts", Integer, nullable=False, default=0),
    Column("unanswered", Integer, nullable=False, default=0),  # attempts in a row without an answer
    Column("next_attempt_at", Instant),
    Column("callback_at", Instant),
    Column("callback_agent_id", Id),
    Column("open_attempt", String(40)),  # the attempt now under way; what makes two at once impossible
    Column("preview_agent_id", Id, index=True),  # the agent who looks at the card
    Column("preview_at", Instant),  # since when
    Column("preview_dial", Boolean, nullable=False, default=False),  # he has asked to dial
    Column("preview_phone_id", Id),  # this number of the person's, and no other; NULL: whichever may be dialed
    Column("last_outcome", String(16)),
    Column("close_reason", String(60)),
    Column("cell", String(120)),  # which of the campaign's quotas it counts for (domain.quotas); NULL: there are none
    Column("complete", Boolean, nullable=False, default=False, server_default=false()),  # its answers count for them
)
_IN_HOPPER = "state = 'open' AND open_attempt IS NULL AND callback_at IS"
Index(  # one seek per priority finds those due, however many wait
    "ix_campaign_leads_hopper",
    campaign_leads.c.campaign_id,
    campaign_leads.c.priority,
    campaign_leads.c.next_attempt_at,
    campaign_leads.c.lead_id,
    sqlite_where=text(f"{_IN_HOPPER} NULL"),
    postgresql_where=text(f"{_IN_HOPPER} NULL"),
)
Index(
    "ix_campaign_leads_callbacks",
    campaign_leads.c.campaign_id,
    campaign_leads.c.callback_at,
    sqlite_where=text(f"{_IN_HOPPER} NOT NULL"),
    postgresql_where=text(f"{_IN_HOPPER} NOT NULL"),
)
_WITHIN_QUOTAS = f"{_IN_HOPPER} NULL AND cell IS NOT NULL"
Index(  # the same for each cell, so that those of full ones are never walked past
    "ix_campaign_leads_cells",
    campaign_leads.c.campaign_id,
    campaign_leads.c.cell,
    campaign_leads.c.priority,
    campaign_leads.c.next_attempt_at,
    campaign_leads.c.lead_id,
    sqlite_where=text(_WITHIN_QUOTAS),
    postgresql_where=text(_WITHIN_QUOTAS),
)
_UNDER_WAY = "open_attempt IS NOT NULL AND cell IS NOT NULL"
Index(
    "ix_campaign_leads_under_way",
    campaign_leads.c.campaign_id,
    campaign_leads.c.cell,
    sqlite_where=text(_UNDER_WAY),
    postgresql_where=text(_UNDER_WAY),
)
Index(
    "ix_campaign_leads_complete",
    campaign_leads.c.campaign_id,
    campaign_leads.c.cell,
    sqlite_where=text("complete"),
    postgresql_where=text("complete"),
)
attempts = Table(
    "attempts",
    metadata,
    Column("id", String(40), primary_key=True),  # Asterisk's channel id
    _ref("campaign_id", "campaigns"),
    _ref("lead_id", "leads", index=True),
    Column("number", String(20), nullable=False, info=PERSONAL),
    Column("trunk", String(40), nullable=False),
    Column("caller_id", String(20), nullable=False),
    Column("agent_id", Id),
    Column("guaranteed", Boolean, nullable=False, default=False),
    Column("created_at", Instant, nullable=False),
    Column("leased_until", Instant, nullable=False),
    Column("answered_at", Instant),
    Column("bridged_at", Instant),
    Column("ended_at", Instant),
    Column("outcome", String(16)),
    Column("cause", Integer),
    Column("sip_status", String(60)),
    Column("verdict", String(8)),
    Column("verdict_cause", String(60)),
    Column("disposition", String(40)),
    Column("settled_at", Instant),  # the lead has been told what came of it
    Column("given_up_at", Instant),  # the pacing decided to end its ringing
    Column(
        "paced", JsonOrNone
    ),  # the pass that dialed it (domain.pacing_records); emptied when settled, unless abandoned
    Index("ix_attempts_number_created_at", "number", "created_at"),
    Index("ix_attempts_campaign_id_created_at", "campaign_id", "created_at"),
)
Index(
    "ix_attempts_open",
    attempts.c.campaign_id,
    sqlite_where=attempts.c.ended_at.is_(None),
    postgresql_where=attempts.c.ended_at.is_(None),
)
Index(
    "ix_attempts_unsettled",
    attempts.c.ended_at,
    sqlite_where=attempts.c.settled_at.is_(None),
    postgresql_where=attempts.c.settled_at.is_(None),
)
abandon_records = Table(  # what the pacing saw and decided before each abandoned call
    "abandon_records",
    metadata,
    Column("attempt_id", String(40), primary_key=True),
    _ref("campaign_id", "campaigns"),
    Column("lost_at", Instant, nullable=False),
    Column("dialed", JsonOrNone),
    Column("last", JsonOrNone),
    Index("ix_abandon_records_campaign_id_lost_at", "campaign_id", "lost_at"),
)
rehearsals = Table(  # what a campaign was expected to come to, and the comparison with what it came to
    "rehearsals",
    metadata,
    _id(),
    _ref("campaign_id", "campaigns"),
    Column("made_at", Instant, nullable=False),
    Column("made_by", String(120), nullable=False),
    Column("forecast", Json, nullable=False),  # domain.rehearsal.Forecast
    Column("compared", JsonOrNone),  # domain.rehearsal.Comparison; NULL: not yet
    Index("ix_rehearsals_campaign_id_id", "campaign_id", "id"),
)
day_counts = Table(  # what caps and the abandoned share are reckoned from; scope "trunk:<name>" or "campaign:<id>"
    "day_counts",
    metadata,
    Column("scope", String(60), primary_key=True),
    Column("day", String(10), primary_key=True),  # UTC, YYYY-MM-DD
    Column("dialed", Integer, nullable=False, default=0),
    Column("people", Integer, nullable=False, default=0),  # answered by a person
    Column("abandoned", Integer, nullable=False, default=0),
    Column("machines", Integer, nullable=False, default=0),
    Column("talk_seconds", Integer, nullable=False, default=0),
)

# --- what came of it ----------------------------------------------------------------------------------------
calls = Table(
    "calls",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("node", String(40), nullable=False, default=""),
    Column("direction", String(10), nullable=False, default="outgoing"),
    Column("attempt_id", String(40), index=True),
    Column("campaign_id", Id, index=True),
    Column("lead_id", Id, index=True),
    _ref("contact_id", "contacts", nullable=True),
    Column("known", Boolean, nullable=False, default=False),  # the number belonged to a contact before this call
    Column("agent_id", Id),
    Column("number", String(20), index=True, info=PERSONAL),
    Column("line", String(20)),
    Column("started_at", Instant, index=True),
    Column("ringing_at", Instant),
    Column("answered_at", Instant),
    Column("bridged_at", Instant),
    Column("ended_at", Instant),
    Column("outcome", String(16)),
    Column("cause", Integer),
    Column("sip_status", String(60)),
    Column("disposition", String(40)),
    Column("note", Text, nullable=False, default="", info=PERSONAL),
    Column("after_hours", Boolean),  # incoming: came outside working time; NULL: nobody has said yet
)
Index(
    "ix_calls_open", calls.c.node, sqlite_where=calls.c.ended_at.is_(None), postgresql_where=calls.c.ended_at.is_(None)
)
Index(  # who was talked to: the report of customers reads nothing else
    "ix_calls_talks",
    calls.c.started_at,
    calls.c.contact_id,
    calls.c.agent_id,
    calls.c.campaign_id,
    sqlite_where=calls.c.bridged_at.is_not(None),
    postgresql_where=calls.c.bridged_at.is_not(None),
)
Index(  # one person's calls, latest first
    "ix_calls_agent_started",
    calls.c.agent_id,
    calls.c.started_at,
    sqlite_where=calls.c.agent_id.is_not(None),
    postgresql_where=calls.c.agent_id.is_not(None),
)
Index("ix_calls_contact_id", calls.c.contact_id, calls.c.agent_id)  # who sees whom: both ways, without the table
Index("ix_calls_agent_id", calls.c.agent_id, calls.c.contact_id)
legs = Table(
    "legs",
    metadata,
    Column("call_id", String(80), primary_key=True),
    Column("channel", String(80), primary_key=True, index=True),
    Column("role", String(8), nullable=False),
    Column("phone", String(80), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("answered_at", Instant),
    Column("ended_at", Instant),
    Column("cause", Integer),
    Column("sip_status", String(60)),
)
recordings = Table(  # no foreign key to calls: a file may come before its call's row, or after
    "recordings",
    metadata,
    _id(),
    Column("call_id", String(80), nullable=False, index=True),
    Column("path", String(255), nullable=False, unique=True),
    Column("bytes", BigInteger, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("channels", Integer, nullable=False),
    Column("customer_dbfs", Float, nullable=False),
    Column("agent_dbfs", Float, nullable=False),
    Column("at", Instant, nullable=False),
    Column("deleted_at", Instant),  # the file is gone, the row says that there was one
    Column("deleted_by", String(120)),
)
conversations = Table(  # what the bot and a person said to each other; one per call
    "conversations",
    metadata,
    Column("call_id", String(80), primary_key=True),
    Column("campaign_id", Id),
    Column("lead_id", Id, index=True),
    _ref("contact_id", "contacts", nullable=True, index=True),
    Column("script", String(80), nullable=False),
    Column("language", String(8), nullable=False),
    Column("began_at", Instant, nullable=False),
    Column("ended_at", Instant, nullable=False),
    Column("ending", String(12), nullable=False),
    Column("last_node", String(80), nullable=False),
    Column("summary", Text, nullable=False, default="", info=PERSONAL),
    Column("announcement", String(200)),  # the summary as a sound, a path below the recordings folder
    Index("ix_conversations_campaign_id_began_at", "campaign_id", "began_at", "call_id"),
)
turns = Table(
    "turns",
    metadata,
    Column("call_id", ForeignKey("conversations.call_id"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("party", String(6), nullable=False),
    Column("text", Text, nullable=False, info=PERSONAL),
    Column("node", String(80), nullable=False),
    Column("began_at", Instant, nullable=False),
    Column("ended_at", Instant, nullable=False),
    Column("engine", String(40), nullable=False, default=""),
    Column("confidence", Float),
    Column("intent", String(40)),
    Column("unclear", Boolean, nullable=False, default=False, server_default=false()),
    Index("ix_turns_unclear", "began_at", sqlite_where=text("unclear"), postgresql_where=text("unclear")),
)
labels = Table(  # what a person says an unclear turn means; stays when the turn goes
    "labels",
    metadata,
    Column("call_id", String(80), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("language", String(8), nullable=False),
    Column("text", Text, nullable=False, info=PERSONAL),
    Column("intent", String(40), nullable=False),
    Column("at", Instant, nullable=False),
    Column("learned_at", Instant),
)
numbers = Table(  # those of ours that a script answers; one that is not here is answered by agents
    "numbers",
    metadata,
    Column("number", String(20), primary_key=True),  # as callers dial it and calls.line has it
    Column("day_script", String(80)),
    Column("night_script", String(80)),
    Column("fields", Json, nullable=False),  # what the scripts' fields hold
    Column("notify", String(200)),  # an e-mail address told of every call a script took
)
answers = Table(
    "answers",
    metadata,
    Column("call_id", ForeignKey("conversations.call_id"), primary_key=True),
    Column("question", String(80), primary_key=True),
    Column("value", Text, nullable=False, info=PERSONAL),
    Column("raw", Text, nullable=False, info=PERSONAL),
    Column("at", Instant, nullable=False),
)
message_templates = Table(
    "message_templates",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("channel", String(10), primary_key=True),
    Column("language", String(8), primary_key=True),
    Column("subject", Text, nullable=False, default=""),
    Column("body", Text, nullable=False),
    Column("changed_at", Instant, nullable=False),
)
messages = Table(  # what goes out to people, with the words as they were when the call ended
    "messages",
    metadata,
    _id(),
    Column("key", String(200), nullable=False, unique=True),  # what it is about: the same is never queued twice
    Column("token", String(32), nullable=False),  # its name at providers and in its Message-ID
    Column("channel", String(10), nullable=False),
    Column("to", String(200), nullable=False, info=PERSONAL),  # E.164, e-mail address or Telegram chat; "": unknown
    Column("template", String(80), nullable=False),
    Column("subject", Text, nullable=False, default="", info=PERSONAL),
    Column("body", Text, nullable=False, info=PERSONAL),
    Column("state", String(8), nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("due_at", Instant, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("number", String(20), info=PERSONAL),  # whose do-not-call entries count
    _ref("contact_id", "contacts", nullable=True, index=True),
    Column("call_id", String(80), index=True),
    Column("campaign_id", Id, index=True),
    Column("leased_until", Instant),  # the worker that sends it is believed dead after that
    Column("sent_at", Instant),
    Column("provider_id", String(200)),
    Column("last_error", Text),
    Index("ix_messages_state_id", "state", "id"),
)
Index(  # those that wait and those under way: few, however many were sent
    "ix_messages_due",
    messages.c.channel,
    messages.c.due_at,
    sqlite_where=messages.c.state == text("'queued'"),
    postgresql_where=messages.c.state == text("'queued'"),
)
Index(
    "ix_messages_leased",
    messages.c.leased_until,
    sqlite_where=messages.c.leased_until.is_not(None),
    postgresql_where=messages.c.leased_until.is_not(None),
)
message_opt_outs = Table(  # whoever wants no messages at this address, by any channel
    "message_opt_outs",
    metadata,
    Column("address", String(200), primary_key=True, info=PERSONAL),
    Column("reason", String(200), nullable=False),
    Column("at", Instant, nullable=False),
)
cdrs = Table(  # Asterisk's own record, as read by reconcile: (node, uniqueid, sequence) is Asterisk's key
    "cdrs",
    metadata,
    Column("node", String(40), primary_key=True),
    Column("uniqueid", String(80), primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("linkedid", String(80), nullable=False),
    Column("call_id", String(80), index=True),  # NULL: unmatched
    Column("disposition", String(20), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("answered_at", Instant),
    Column("ended_at", Instant, nullable=False),
    Column("cause", Integer),
)
node_marks = Table(  # how far a node's events and its CDR file have been read
    "node_marks",
    metadata,
    Column("node", String(40), primary_key=True),
    Column("last_event_at", Instant),
    Column("cdr_offset", BigInteger, nullable=False, default=0),
)
dispositions = Table(
    "dispositions",
    metadata,
    Column("code", String(40), primary_key=True),
    Column("label", String(80), nullable=False),
    Column("effect", String(12), nullable=False),
    Column("key", String(1), nullable=False, default=""),
    Column("retry_after_seconds", Integer),
    Column("do_not_call", Boolean, nullable=False, default=False),
    Column("makes_deal", Boolean, nullable=False, default=False),
    Column("position", Integer, nullable=False, default=0),
)
pipelines = Table(
    "pipelines",
    metadata,
    _id(),
    Column("name", String(80), nullable=False, unique=True),
    Column("is_default", Boolean, nullable=False, default=False),
)
stages = Table(
    "stages",
    metadata,
    _id(),
    _ref("pipeline_id", "pipelines", index=True),
    Column("name", String(80), nullable=False),
    Column("position", Integer, nullable=False),
    Column("kind", String(10), nullable=False),
    Column("required_fields", Json, nullable=False, default=list, server_default="[]"),  # asked before it is entered
    Column("stuck_after_days", Integer),  # a deal that stands here longer is marked
    UniqueConstraint("pipeline_id", "name"),
)
deals = Table(
    "deals",
    metadata,
    _id(),
    Column("title", String(200), nullable=False),
    _ref("pipeline_id", "pipelines"),
    _ref("stage_id", "stages"),
    _ref("contact_id", "contacts", nullable=True, index=True),
    _ref("owner_id", "users", nullable=True),
    Column("amount", Numeric(14, 2)),
    Column("currency", String(3)),
    Column("call_id", String(80)),
    Column("created_at", Instant, nullable=False),
    _ref("company_id", "companies", nullable=True, index=True),
    Column("fields", Json, nullable=False, default=dict, server_default="{}"),
    Column("moved_at", Instant),  # into its stage; NULL: when it was made
    Column("closed_at", Instant),
    Column("lost_reason", String(80)),
    Column("version", Integer, nullable=False, default=1, server_default="1"),
    folded("title"),
)
found_by(deals)
Index("ix_deals_stage_id", deals.c.stage_id, deals.c.id)  # the newest cards of a column
Index(  # and of one seller's; whole: whom and which companies he deals with
    "ix_deals_owner_id", deals.c.owner_id, deals.c.stage_id, deals.c.id, deals.c.contact_id, deals.c.company_id
)
Index(  # whole: sums read it
    "ix_deals_totals", deals.c.stage_id, deals.c.closed_at, deals.c.owner_id, deals.c.currency, deals.c.amount
)
Index("ix_deals_amount", deals.c.amount, deals.c.id)  # lists in these orders, page by page
Index("ix_deals_moved_at", deals.c.moved_at, deals.c.id)
Index(  # whole: how long deals have stood in a stage
    "ix_deals_standing", deals.c.stage_id, deals.c.owner_id, deals.c.moved_at, deals.c.created_at
)
deal_stages = Table(  # stage history
    "deal_stages",
    metadata,
    _id(),
    _ref("deal_id", "deals"),
    _ref("stage_id", "stages"),
    Column("by", String(120), nullable=False),  # a user's name or "rule: <name>"
    Column("at", Instant, nullable=False),
    Index("ix_deal_stages_way", "deal_id", "id", "stage_id", "at"),  # whole: reports read the way of every deal in it
)
tasks = Table(
    "tasks",
    metadata,
    _id(),
    Column("kind", String(10), nullable=False),
    Column("title", String(200), nullable=False),
    Column("due_at", Instant, nullable=False),
    _ref("responsible_id", "users", nullable=True),
    _ref("contact_id", "contacts", nullable=True, index=True),
    Column("deal_id", Id, index=True),
    Column("call_id", String(80)),
    Column("number", String(20), index=True, info=PERSONAL),
    Column("by", String(120), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("done_at", Instant),
    Column("done_by", String(120)),
    Column("version", Integer, nullable=False, default=1, server_default="1"),
    Index("ix_tasks_responsible_id_due_at", "responsible_id", "done_at", "due_at", "contact_id"),
)
notes = Table(
    "notes",
    metadata,
    _id(),
    _ref("contact_id", "contacts", nullable=True, index=True),
    Column("deal_id", Id, index=True),
    Column("call_id", String(80)),
    Column("text", Text, nullable=False, info=PERSONAL),
    Column("by", String(120), nullable=False),
    Column("at", Instant, nullable=False),
)
rules = Table(
    "rules",
    metadata,
    _id(),
    Column("name", String(120), nullable=False, unique=True),
    Column("trigger", String(40), nullable=False, index=True),
    Column("conditions", Json, nullable=False),
    Column("actions", Json, nullable=False),
    Column("enabled", Boolean, nullable=False, default=True),
    Column("position", Integer, nullable=False, default=0),
)
rule_runs = Table(  # the same event twice has one effect: the primary key sees to it
    "rule_runs",
    metadata,
    Column("rule_id", ForeignKey("rules.id"), primary_key=True),
    Column("event_id", Id, primary_key=True),
    Column("effects", Json, nullable=False),
    Column("at", Instant, nullable=False),
)
outbox = Table(
    "outbox",
    metadata,
    _id(),
    Column("type", String(40), nullable=False),
    Column("payload", Json, nullable=False),
    Column("at", Instant, nullable=False),
    Column("published_at", Instant),
    Column("done_at", Instant),  # the automation rules have run for it
)
Index(
    "ix_outbox_unpublished",
    outbox.c.id,
    sqlite_where=outbox.c.published_at.is_(None),
    postgresql_where=outbox.c.published_at.is_(None),
)
Index(
    "ix_outbox_undone",
    outbox.c.id,
    sqlite_where=outbox.c.done_at.is_(None),
    postgresql_where=outbox.c.done_at.is_(None),
)

# --- what reports read instead of millions of rows ------------------------------------------------------------
rolled_days = Table(  # days (of the firm's zone) whose calls and states of agents stand added up in the tables below
    "rolled_days",
    metadata,
    Column("day", String(10), primary_key=True),  # YYYY-MM-DD
    Column("zone", String(60), nullable=False),  # whose day it is: after a change of zone it is added up anew
    Column("at", Instant, nullable=False),
)
call_hours = Table(
    "call_hours",
    metadata,
    _id(),
    Column("day", String(10), nullable=False, index=True),
    Column("hour", Integer, nullable=False),
    Column("agent_id", Id),
    Column("campaign_id", Id),
    Column("direction", String(10), nullable=False),
    Column("outcome", String(16), nullable=False),  # "": none is known
    Column("calls", Integer, nullable=False),
    Column("people", Integer, nullable=False),
)
call_days = Table(
    "call_days",
    metadata,
    _id(),
    Column("day", String(10), nullable=False, index=True),
    Column("agent_id", Id),
    Column("campaign_id", Id),
    Column("direction", String(10), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("disposition", String(40)),
    Column("calls", Integer, nullable=False),
    Column("people", Integer, nullable=False),
    Column("talks", Integer, nullable=False),
    Column("talk_seconds", Float, nullable=False),
)
agent_days = Table(
    "agent_days",
    metadata,
    _id(),
    Column("day", String(10), nullable=False, index=True),
    Column("agent_id", Id, nullable=False),
    Column("campaign_id", Id),
    Column("state", String(12), nullable=False),
    Column("reason", String(40)),
    Column("seconds", Float, nullable=False),
)
