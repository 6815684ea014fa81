"""What the steps of a rule do to the desk. Pure: the desk is read before and written after."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from crm_core.domain.rule_desk import (
    RULE_PREFIX,
    Closing,
    ContactEntry,
    DealEntry,
    Desk,
    Done,
    Effects,
    NoteEntry,
    Subject,
    TaskEntry,
)
from crm_core.domain.rule_plans import CloseLead, CloseTasks, MakeDeal, MakeNote, MakeTask, Step
from crm_core.domain.sales import Stage
from crm_core.errors import BadInput


def carry_out(desk: Desk, steps: Sequence[Step], subject: Subject) -> Effects:
    """Do the steps in order. Raises BadInput for an unknown stage, with nothing changed."""
    wanted = {step.stage: stage_named(desk.stages, step.stage) for step in steps if isinstance(step, MakeDeal)}
    effects: Effects = {}
    for step in steps:
        match step:
            case MakeDeal():
                effects |= _make_deal(desk, step, wanted[step.stage], subject)
            case MakeTask():
                effects |= _make_task(desk, step, subject)
            case CloseTasks():
                effects |= _close_tasks(desk, step, subject)
            case CloseLead():
                effects |= _close_lead(desk, step, subject)
            case MakeNote():
                effects |= _make_note(desk, step.text, subject)
    return effects


def stage_named(stages: Iterable[Stage], name: str) -> Stage:
    """The stage of this name (case aside); raises BadInput listing those there are."""
    listed = list(stages)
    for stage in listed:
        if stage.name.casefold() == name.strip().casefold():
            return stage
    raise BadInput("stage", f"there is no stage {name!r}", f"Choose of {', '.join(s.name for s in listed) or 'none'}")


def _make_deal(desk: Desk, step: MakeDeal, stage: Stage, subject: Subject) -> Effects:
    effects: Effects = {}
    contact = desk.contact_of(subject)
    if contact is None and subject.number is not None:
        contact = ContactEntry(None, subject.agent_id, subject.number, subject)
        desk.by_number[subject.number] = contact
        effects["contact"] = contact
    deal = desk.deal_in_hand(contact, subject.call_id)
    if deal is None:
        owner_id = subject.agent_id or (contact.owner_id if contact else None)
        deal = DealEntry(None, stage, contact, subject.call_id, subject.by, step.title, owner_id, [(stage, subject)])
        desk.deals.append(deal)
        return effects | {"deal": deal, "deal_was": "made"}
    if deal.contact is None and contact is not None:
        deal.contact, deal.adopted = contact, deal.id is not None
    if step.move and deal.stage != stage and _may_move(deal, stage, subject):
        deal.stage, deal.moved_by = stage, subject.by
        deal.moves.append((stage, subject))
        return effects | {"deal": deal, "deal_was": "moved"}
    return effects | {"deal": deal, "deal_was": "kept"}


def _may_move(deal: DealEntry, stage: Stage, subject: Subject) -> bool:
    """Forward always; back only where a rule put it for this very call: the result was corrected."""
    if deal.stage.pipeline_id != stage.pipeline_id:
        return False
    is_own = deal.call_id is not None and deal.call_id == subject.call_id and deal.moved_by.startswith(RULE_PREFIX)
    return stage.position > deal.stage.position or is_own


def _make_task(desk: Desk, step: MakeTask, subject: Subject) -> Effects:
    standing = desk.open_tasks(step.kind, subject.number)
    if step.once and subject.number is not None:
        if standing:
            return {"task": standing[0], "task_was": "kept"}
        if any(at > subject.at for call, at in desk.bridged.get(subject.number, ()) if call != subject.call_id):
            return {"task_was": "not needed: reached since"}
    contact = desk.contact_of(subject)
    responsible_id = subject.agent_id or (contact.owner_id if contact else None)
    for task in standing:
        if subject.call_id is not None and task.call_id == subject.call_id:
            task.due_at, task.responsible_id, task.changed = step.due_at, responsible_id, True
            return {"task": task, "task_was": "changed"}
    task = TaskEntry(
        id=None,
        kind=step.kind,
        number=subject.number,
        call_id=subject.call_id,
        created_at=subject.at,  # not the moment of running: what is older than a call is told by it
        due_at=step.due_at,
        responsible_id=responsible_id,
        contact=contact,
        title=step.title,
        by=subject.by,
    )
    desk.tasks.append(task)
    return {"task": task, "task_was": "made"}


def _close_tasks(desk: Desk, step: CloseTasks, subject: Subject) -> Effects:
    """Of a number: those that stood before the call and that it did not make; events may be heard in another order.

    Of a call: those that a rule made of an earlier result, not what a person or the bot has promised."""
    closed = []
    for task in desk.open_tasks(step.kind, subject.number):
        is_own = subject.call_id is not None and task.call_id == subject.call_id
        if step.of_call and is_own and task.by.startswith(RULE_PREFIX):
            task.done = Done(subject.at, subject.by)
            closed.append(task)
        elif not step.of_call and subject.number is not None and not is_own and task.created_at <= subject.at:
            task.done = Done(subject.at, None, subject.agent_id)
            closed.append(task)
    return {"closed_tasks": closed} if closed else {}


def _close_lead(desk: Desk, step: CloseLead, subject: Subject) -> Effects:
    if subject.campaign_id is None or subject.lead_id is None:
        return {}
    lead = (subject.campaign_id, subject.lead_id)
    if lead not in desk.open_leads:
        return {}
    desk.open_leads.remove(lead)
    desk.closings.append(Closing(*lead, step.reason[:60]))
    return {"closed_lead": subject.lead_id} | _make_note(desk, step.note, subject)


def _make_note(desk: Desk, text: str, subject: Subject) -> Effects:
    note = NoteEntry(text, subject, desk.contact_of(subject))
    desk.notes.append(note)
    return {"note": note}
