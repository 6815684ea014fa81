"""Contacts: people and firms, with all that happened."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from crm_core.commands import CreateContact
from crm_core.db.contact_desk import ContactSeen, ContactsWanted
from crm_core.domain.access import Actor, Right
from crm_core.domain.contacts import MomentKind
from crm_core.handlers import by_hand, contact_desk
from crm_core.web.api.deal_shapes import OwnFields
from crm_core.web.api.routing import Asked, Counted, Created, Model, Page, Routes
from crm_core.web.api.shown import number_for, text_for
from crm_core.web.campaign_tools import screening_of
from crm_core.web.keys import WORKPLACE

routes = Routes("contacts")

Id = Annotated[int, Field(ge=1, lt=2**62)]
IdOrNobody = Annotated[int, Field(ge=0, lt=2**62)]
Name = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]
Number = Annotated[str, Field(min_length=1, max_length=40)]
Consent = Literal["given", "refused"]


class ContactOut(Model):
    """A contact; `number` is the first. `consent`: what he said of being called, null where nothing is known."""

    id: int
    version: int
    name: str
    email: str | None
    company_id: int | None
    company: str | None
    owner_id: int | None
    owner: str | None
    language: str | None
    fields: dict[str, Any]
    consent: str | None
    consent_at: datetime | None
    created_at: datetime
    number: str | None


class NumberOut(Model):
    id: int
    number: str
    zone: str | None
    dead: bool
    do_not_call: bool


class DealOut(Model):
    id: int
    title: str
    stage: str
    amount: Decimal | None
    currency: str | None


class TaskLine(Model):
    id: int
    title: str
    due_at: datetime
    responsible: str | None


class MomentOut(Model):
    """An entry of the timeline; `key` is the id of the call, task, deal, note or message."""

    at: datetime
    kind: MomentKind
    key: str
    text: str
    state: str


class CardOut(Model):
    """All about one person. The timeline has the latest 50 entries; `before` asks for older ones."""

    contact: ContactOut
    numbers: list[NumberOut]
    deals: list[DealOut]
    tasks: list[TaskLine]
    timeline: list[MomentOut]


class ContactsQuery(Model):
    """Which contacts. `owner` 0: nobody's. `sort`: "-" before it for descending."""

    owner: IdOrNobody | None = None
    company: Id | None = None
    consent: Consent | None = None
    without_tasks: bool = False
    sort: Literal["created_at", "-created_at", "name", "-name"] = "-created_at"

    def wanted(self) -> ContactsWanted:
        return ContactsWanted(self.owner, self.company, self.consent, self.without_tasks)


class ContactQuery(ContactsQuery):
    cursor: Annotated[str, Field(max_length=2000)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class CalledAt(Model):
    """Which of his numbers is dialed, by its id; without it the first that may be."""

    number: Id | None = None


class CardQuery(Model):
    before: datetime | None = None


class NewContact(Model):
    """A contact to be made; `numbers` as people write them. Without `owner_id` he is the asker's own."""

    name: Name = ""
    numbers: Annotated[list[Number], Field(max_length=20)] = Field(default_factory=list)
    company: Name | None = None
    email: Annotated[str, Field(max_length=200)] | None = None
    language: Annotated[str, Field(max_length=8)] | None = None
    owner_id: Id | None = None


class ContactChanges(Model):
    """What is to be changed; what is left out stays. `fields`: of the site's own, null takes a value away."""

    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    email: Annotated[str, Field(max_length=200)] | None = None
    company: Name | None = None
    owner_id: Id | None = None
    language: Annotated[str, Field(max_length=8)] | None = None
    consent: Consent | None = None
    fields: OwnFields | None = None


class NewNumber(Model):
    number: Number


class NewNote(Model):
    text: Annotated[str, Field(min_length=1, max_length=10_000)]


class DoNotCall(Model):
    """Whether the number is on the system's do-not-call list, and why."""

    wanted: bool
    why: Annotated[str, Field(max_length=200)] = ""


class NoteMade(Model):
    id: int


def contact_out(actor: Actor, contact: ContactSeen) -> ContactOut:
    values = {name: getattr(contact, name) for name in ContactOut.model_fields}
    values["number"] = number_for(actor, contact.number) if contact.number else None
    values["name"] = text_for(actor, contact.name)
    values["company"] = text_for(actor, contact.company) if contact.company else contact.company
    if actor.masked:
        values["fields"] = {key: text_for(actor, str(value)) for key, value in contact.fields.items()}
        values["email"] = None
    return ContactOut.model_validate(values)


def card_out(actor: Actor, card: contact_desk.Card) -> CardOut:
    numbers = [
        NumberOut(
            id=state.id,
            number=number_for(actor, state.number.e164),
            zone=state.number.zone,
            dead=state.number.dead,
            do_not_call=state.do_not_call,
        )
        for state in card.numbers
    ]
    timeline = [
        MomentOut(at=m.at, kind=m.kind, key=m.key, text=text_for(actor, m.text), state=text_for(actor, m.state))
        for m in card.timeline
    ]
    deals = [DealOut.model_validate(deal) for deal in card.deals]
    tasks = [
        TaskLine(id=t.id, title=text_for(actor, t.title), due_at=t.due_at, responsible=t.responsible)
        for t in card.tasks
    ]
    contact = contact_out(actor, card.contact)
    return CardOut(contact=contact, numbers=numbers, deals=deals, tasks=tasks, timeline=timeline)


@routes("GET", "/contacts", right=Right.SEE_CONTACTS)
async def list_contacts(asked: Asked, query: ContactQuery) -> Page[ContactOut]:
    """Contacts, newest first."""
    wanted = query.wanted()
    found, following = await contact_desk.list_contacts(
        asked.actor, wanted, query.sort, after=query.cursor, limit=query.limit, database=asked.database
    )
    total = await contact_desk.count_contacts(asked.actor, wanted, asked.database)
    counted = Counted(count=total.number, more=total.more)
    return Page(items=[contact_out(asked.actor, one) for one in found], next=following, total=counted)


@routes("POST", "/contacts", right=Right.CHANGE_CONTACTS)
async def create_contact(asked: Asked, body: NewContact) -> Created[ContactOut]:
    """Make a contact."""
    command = CreateContact(
        name=body.name,
        numbers=tuple(body.numbers),
        default_country=asked.request.app[WORKPLACE].country,
        company=body.company,
        email=body.email,
        language=body.language,
        owner_id=body.owner_id,
    )
    made = await contact_desk.add_contact(asked.actor, command, asked.database, asked.now)
    return Created(contact_out(asked.actor, made), f"/contacts/{made.id}")


@routes("GET", "/contacts/{contact_id}", right=Right.SEE_CONTACTS)
async def one_contact(asked: Asked, contact_id: int) -> ContactOut:
    """One contact, with the version that a change wants."""
    card = await contact_desk.card(asked.actor, contact_id, asked.database)
    return contact_out(asked.actor, card.contact)


@routes("GET", "/contacts/{contact_id}/card", right=Right.SEE_CONTACTS)
async def contact_card(asked: Asked, contact_id: int, query: CardQuery) -> CardOut:
    """All about one person."""
    before = query.before.astimezone(asked.now.tzinfo) if query.before else None
    return card_out(asked.actor, await contact_desk.card(asked.actor, contact_id, asked.database, before))


@routes("PATCH", "/contacts/{contact_id}", right=Right.CHANGE_CONTACTS)
async def change_contact(asked: Asked, contact_id: int, seen: int, body: ContactChanges) -> ContactOut:
    """Change a contact. A null clears a field, but not the name."""
    given = body.model_dump(exclude_unset=True)
    changes = {name: value for name, value in given.items() if name != "name" or value is not None}
    changed = await contact_desk.change_contact(asked.actor, contact_id, seen, changes, asked.database, asked.now)
    return contact_out(asked.actor, changed)


@routes("POST", "/contacts/{contact_id}/numbers", right=Right.CHANGE_CONTACTS)
async def add_contact_number(asked: Asked, contact_id: int, body: NewNumber) -> None:
    """Give the contact one more number."""
    country = asked.request.app[WORKPLACE].country
    await contact_desk.add_number(asked.actor, contact_id, body.number, country, asked.database)


@routes("PUT", "/contacts/{contact_id}/numbers/{number_id}/do-not-call", right=Right.CHANGE_CONTACTS)
async def set_do_not_call(asked: Asked, contact_id: int, number_id: int, body: DoNotCall) -> None:
    """Put a number of his on the do-not-call list, or take it off."""
    await contact_desk.set_do_not_call(
        asked.actor, contact_id, number_id, body.wanted, body.why, asked.database, asked.now
    )


@routes("POST", "/contacts/{contact_id}/notes", right=Right.CHANGE_CONTACTS)
async def add_contact_note(asked: Asked, contact_id: int, body: NewNote) -> Created[NoteMade]:
    """Write a note to the contact."""
    note_id = await contact_desk.add_note(asked.actor, contact_id, body.text, asked.database, asked.now)
    return Created(NoteMade(id=note_id), f"/contacts/{contact_id}/card")


@routes("POST", "/contacts/{contact_id}/call", right=Right.TAKE_CALLS)
async def call_contact(asked: Asked, contact_id: int, query: CalledAt) -> None:
    """Call the contact. The dialer calls him under all rules, and connects me when he answers."""
    screening = screening_of(asked.request)
    await by_hand.call_contact(asked.actor, contact_id, screening, asked.database, asked.now, query.number)
