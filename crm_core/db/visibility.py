"""Who sees which rows: the one place that turns a reach (own, team, all) into conditions of a query.

Lists, search, pickers, counts, exports, pushes and recordings all ask here. A row that a condition leaves out does not
exist for whoever asks: he is answered "there is none", never "you may not".
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, ColumnElement, FromClause, Select, and_, exists, false, literal, or_, select, true
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
    """Calls that he, or his team, talked in; who sees all of them also sees those nobody took."""
    return _his(actor, of.c.agent_id, right=Right.SEE_CALLS)


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
        select(literal(1)).where(whose.table.c.contact_id == of.c.id, _reached(actor, whose, reached))
        for whose in (tasks.c.responsible_id, deals.c.owner_id, calls.c.agent_id)
    ]
    if one_by_one or actor.sees is Sees.TEAM:
        known = [part.offset(0) for part in known]  # what has an OFFSET is never collected
    return or_(mine, *(exists(part) for part in known))


def _reached(actor: Actor, whose: ColumnElement[Any], reached: Select[Any]) -> Condition:
    """Calls that nobody took are most of all there are: they alone bring nobody near."""
    if actor.sees is Sees.TEAM and whose is not calls.c.agent_id:
        return or_(whose.is_(None), whose.in_(reached))
    return whose.in_(reached)


def visible_companies(actor: Actor, of: FromClause = companies, *, one_by_one: bool = False) -> Condition:
    """Companies of people or deals that he sees; who sees all contacts also sees those that have neither.

    What one person has to do with is collected first, unless `one_by_one`; see `visible_contacts`."""
    if not actor.may(Right.SEE_CONTACTS):
        return false()
    if actor.sees is Sees.ALL:
        return true()
    is_looked_up = one_by_one or actor.sees is Sees.TEAM
    people, with_it = contacts.alias("its_people"), deals.alias("its_deals")
    mine = (people.c.erased_at.is_(None), visible_contacts(actor, people, one_by_one=is_looked_up))
    known = [
        select(people.c.company_id).where(people.c.company_id.is_not(None), *mine),
        select(with_it.c.company_id).where(with_it.c.company_id.is_not(None), visible_deals(actor, with_it)),
    ]
    if not is_looked_up:
        return or_(*(of.c.id.in_(part) for part in known))
    return or_(*(exists(part.where(part.selected_columns[0] == of.c.id)) for part in known))


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
    """Rows of a call he sees. It has a name of its own: the query at hand may have calls in it already."""
    seen = calls.alias("seen_calls")
    return exists(select(seen.c.id).where(seen.c.id == of.c.call_id, visible_calls(actor, seen)))


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
