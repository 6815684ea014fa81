"""Who sees which rows: the one place that turns a reach (own, team, all) into conditions of a query.

Lists, search, pickers, counts, exports, pushes and recordings all ask here. A row that a condition leaves out does not
exist for whoever asks: he is answered "there is none", never "you may not".
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    CompoundSelect,
    FromClause,
    Select,
    and_,
    exists,
    false,
    literal,
    or_,
    select,
    true,
    union,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from crm_core.db.tables import (
    agents,
    calls,
    campaign_teams,
    campaigns,
    companies,
    contacts,
    conversations,
    deals,
    recordings,
    tasks,
    users,
)
from crm_core.domain.access import Actor, Right, Role, Sees

Condition = ColumnElement[bool]
#: Whose thing with a contact brings him near.
_WHOSE = (tasks.c.responsible_id, deals.c.owner_id, calls.c.agent_id)


def _team(actor: Actor) -> Select[Any]:
    """Ids of the users whose things he sees besides nobody's: himself and, if he is in a team, its members."""
    if actor.team_id is None:  # "= NULL" would take all who are in no team for one
        return select(users.c.id).where(users.c.id == actor.user_id)
    return select(users.c.id).where(or_(users.c.id == actor.user_id, users.c.team_id == actor.team_id))


class _OneOf(FunctionElement[bool]):
    """Whether a column is one of the ids that a query finds. PostgreSQL is given them as an array found beforehand: of
    "in a query, or nobody's" it expects half of all rows and reads every one, where an index has the team's few."""

    name = "one_of"
    type = Boolean()
    inherit_cache = True


@compiles(_OneOf)
def _in_query(element: _OneOf, compiler: SQLCompiler, **kw: Any) -> str:
    column, ids = element.clauses
    return f"({compiler.process(column, **kw)} IN {compiler.process(ids, **kw)})"


@compiles(_OneOf, "postgresql")
def _in_array(element: _OneOf, compiler: SQLCompiler, **kw: Any) -> str:
    column, ids = element.clauses
    return f"({compiler.process(column, **kw)} = ANY (ARRAY{compiler.process(ids, **kw)}))"


def _his(actor: Actor, owner: ColumnElement[Any], *, right: Right) -> Condition:
    """Rows whose `owner` is within his reach; nobody's rows belong to every team."""
    if not actor.may(right):
        return false()
    if actor.sees is Sees.ALL:
        return true()
    if actor.sees is Sees.TEAM:
        return or_(owner.is_(None), owner.in_(_team(actor)))
    return owner == actor.user_id


def visible_deals(actor: Actor, of: FromClause = deals) -> Condition:
    owner = of.c.owner_id
    if actor.sees is Sees.TEAM and actor.may(Right.SEE_DEALS):
        return or_(owner.is_(None), _OneOf(owner, _team(actor).correlate(None).scalar_subquery()))
    return _his(actor, owner, right=Right.SEE_DEALS)


def visible_tasks(actor: Actor, of: FromClause = tasks) -> Condition:
    return _his(actor, of.c.responsible_id, right=Right.SEE_TASKS)


def visible_calls(actor: Actor, of: FromClause = calls) -> Condition:
    """Calls that he, or his team, talked in. What nobody took belongs to whom its campaign or its person belongs, and
    to every team if it has neither; who sees his own only sees none of it. Not whom they were with: `reached_person`.
    """
    if actor.sees is not Sees.TEAM or not actor.may(Right.SEE_CALLS):
        return _his(actor, of.c.agent_id, right=Right.SEE_CALLS)
    run = campaigns.alias("its_campaign")
    belongs = or_(
        and_(of.c.campaign_id.is_(None), of.c.contact_id.is_(None)),
        of.c.campaign_id.in_(select(run.c.id).where(visible_campaigns(actor, run))),
        _with_known(actor, of),
    )
    return or_(of.c.agent_id.in_(_team(actor)), and_(of.c.agent_id.is_(None), belongs))


def counted_calls(actor: Actor, of: FromClause = calls) -> Condition:
    """Calls, or rows that add them up, which count in his figures: nobody's in those of every team. Of no use where a
    call is shown."""
    return _his(actor, of.c.agent_id, right=Right.SEE_CALLS)


def reached_person(actor: Actor, of: FromClause = calls) -> Condition:
    """Of the calls that he sees those whose person, with number and voice, he may know: all but those that nobody took
    with somebody out of his reach, whose campaign is his all the same."""
    if actor.sees is not Sees.TEAM:
        return true()
    return or_(of.c.contact_id.is_(None), of.c.agent_id.in_(_team(actor)), _with_known(actor, of))


def _with_known(actor: Actor, of: FromClause) -> Condition:
    """Calls with a contact he sees, looked up for each: what has an OFFSET is never collected."""
    person = contacts.alias("its_person")
    known = select(literal(1)).where(person.c.id == of.c.contact_id, visible_contacts(actor, person))
    return exists(known.correlate(of).offset(0))


def visible_contacts(actor: Actor, of: FromClause = contacts, *, one_by_one: bool = False) -> Condition:
    """Contacts that are his, and those he has a task, a deal or a call with. Who sees nobody's deals and tasks sees
    whom they are about: an unsorted deal whose person nobody may call would stay unsorted.

    PostgreSQL can look such things up for each contact, or collect all of them first. What a team has to do with is
    never collected: it takes a second among five million calls. `one_by_one`: nor is what one person has, which is
    best where few contacts are left to be looked at.
    """
    mine = _his(actor, of.c.owner_id, right=Right.SEE_CONTACTS)
    if actor.sees is Sees.ALL or not actor.may(Right.SEE_CONTACTS):
        return mine
    reached = _team(actor) if actor.sees is Sees.TEAM else select(users.c.id).where(users.c.id == actor.user_id)
    known = [
        select(literal(1)).where(whose.table.c.contact_id == of.c.id, _reached(actor, whose, reached)).correlate(of)
        for whose in _WHOSE
    ]
    if one_by_one or actor.sees is Sees.TEAM:
        known = [part.offset(0) for part in known]  # what has an OFFSET is never collected
    return or_(mine, *(exists(part) for part in known))


def _reached(actor: Actor, whose: ColumnElement[Any], reached: Select[Any]) -> Condition:
    """Calls that nobody took are most of all there are: they alone bring nobody near."""
    if actor.sees is not Sees.TEAM:
        return whose.in_(reached)
    of_team = _OneOf(whose, reached.correlate(None).scalar_subquery())
    return of_team if whose is calls.c.agent_id else or_(whose.is_(None), of_team)


def visible_companies(actor: Actor, of: FromClause = companies, *, one_by_one: bool = False) -> Condition:
    """Companies of people or deals that he sees; who sees all contacts also sees those that have neither.

    What one person has to do with is collected first, unless `one_by_one`; see `visible_contacts`."""
    if not actor.may(Right.SEE_CONTACTS):
        return false()
    if actor.sees is Sees.ALL:
        return true()
    if actor.sees is Sees.OWN and not one_by_one:
        return of.c.id.in_(companies_of_one(actor))
    people, with_it = contacts.alias("its_people"), deals.alias("its_deals")
    seen = (people.c.erased_at.is_(None), visible_contacts(actor, people, one_by_one=True))
    known = [
        select(literal(1)).where(people.c.company_id == of.c.id, *seen).correlate(of),
        select(literal(1)).where(with_it.c.company_id == of.c.id, visible_deals(actor, with_it)).correlate(of),
    ]
    return or_(*(exists(part.offset(0)) for part in known))


def companies_of_one(actor: Actor) -> CompoundSelect[Any]:
    """Ids of the companies of people and deals that are his own: what `visible_contacts` says of whoever sees his own
    alone, each part by itself. Of an OR PostgreSQL would read all contacts."""
    people, with_it = contacts.alias("its_people"), deals.alias("its_deals")
    # Written as the partial indexes of contacts are: they alone are read.
    at_one = select(people.c.company_id).where(people.c.company_id.is_not(None), people.c.erased_at.is_(None))
    dealt = select(with_it.c.company_id).where(with_it.c.company_id.is_not(None), visible_deals(actor, with_it))
    me = actor.user_id
    met = (select(whose.table.c.contact_id).where(whose == me) for whose in _WHOSE)
    return union(at_one.where(people.c.owner_id == me), *(at_one.where(people.c.id.in_(ids)) for ids in met), dealt)


def visible_recordings(actor: Actor, of: FromClause = recordings) -> Condition:
    """Recordings of calls he sees, if he may listen."""
    if not actor.may(Right.LISTEN):
        return false()
    if actor.sees is Sees.ALL and actor.may(Right.SEE_CALLS):
        return true()
    return _on_his_call(actor, of)


def visible_conversations(actor: Actor, of: FromClause = conversations) -> Condition:
    """The infobot's conversations: with the calls, or the contacts, that he sees."""
    if actor.sees is Sees.ALL:
        return true() if actor.may(Right.SEE_CALLS) else false()
    on_his_calls = _on_his_call(actor, of)
    if not actor.may(Right.SEE_CONTACTS):
        return on_his_calls
    seen = contacts.alias("seen_contacts")
    return or_(on_his_calls, of.c.contact_id.in_(select(seen.c.id).where(visible_contacts(actor, seen))))


def _on_his_call(actor: Actor, of: FromClause) -> Condition:
    """Rows of a call he sees, with a person he may know: what was said tells who he is. It has a name of its own: the
    query at hand may have calls in it already."""
    seen = calls.alias("seen_calls")
    mine = (seen.c.id == of.c.call_id, visible_calls(actor, seen), reached_person(actor, seen))
    return exists(select(seen.c.id).where(*mine))


def visible_campaigns(actor: Actor, of: FromClause = campaigns) -> Condition:
    """All for whoever sees all; otherwise those of his team, and the one he is logged in for."""
    may_see = actor.may(Right.SEE_CAMPAIGNS)
    if actor.sees is Sees.ALL and may_see:
        return true()
    joined = of.c.id.in_(select(agents.c.campaign_id).where(agents.c.id == actor.user_id))
    if not may_see and not actor.may(Right.TAKE_CALLS):
        return false()
    if actor.team_id is None:
        return joined
    return or_(
        joined, of.c.id.in_(select(campaign_teams.c.campaign_id).where(campaign_teams.c.team_id == actor.team_id))
    )


def visible_users(actor: Actor, of: FromClause = users) -> Condition:
    """Colleagues he may pick, hand things to and see the figures of."""
    if actor.sees is Sees.ALL or actor.may(Right.CHANGE_USERS):
        return true()
    if actor.sees is Sees.TEAM:
        return of.c.id.in_(_team(actor))
    return of.c.id == actor.user_id


def visible_agents(actor: Actor, of: FromClause = agents) -> Condition:
    """Agents whose state he sees."""
    if not actor.may(Right.SEE_FLOOR) or actor.sees is Sees.OWN:
        return of.c.id == actor.user_id
    if actor.sees is Sees.ALL:
        return true()
    return and_(of.c.id.in_(_team(actor)))


def visible_colleagues(actor: Actor, of: FromClause = agents) -> Condition:
    """Agents he may hand a person on to: those of his team; who is in none, those in none, if they are of the firm."""
    if actor.sees is Sees.ALL:
        return true()
    if actor.team_id is None and actor.role is Role.OUTSIDE:
        return false()
    same = users.c.team_id.is_(None) if actor.team_id is None else users.c.team_id == actor.team_id
    outside = users.c.role != Role.OUTSIDE.value if actor.role is not Role.OUTSIDE else true()
    return of.c.id.in_(select(users.c.id).where(same, outside))
