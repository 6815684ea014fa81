"""What the firm works by: pipelines, reasons for loss, fields of its own, results of calls."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from crm_core.domain.access import Right
from crm_core.domain.dispositions import Disposition, LeadEffect
from crm_core.domain.own_fields import OwnField, OwnFieldKind, OwnFieldNoun
from crm_core.domain.pipeline_drafts import LONGEST_STUCK, MOST_REASONS, StageDraft
from crm_core.domain.sales import StageKind
from crm_core.handlers import disposition_desk, own_fields, pipelines
from crm_core.web.api.pipelines import LostReasons, PipelineOut
from crm_core.web.api.routing import Asked, Created, Model, Routes

routes = Routes("settings")

Id = Annotated[int, Field(ge=1, lt=2**62)]
Name = Annotated[str, Field(min_length=1, max_length=80)]
Key = Annotated[str, Field(min_length=1, max_length=40)]
Options = Annotated[list[Annotated[str, Field(max_length=80)]], Field(max_length=100)]


class NewPipeline(Model):
    name: Name


class StageIn(Model):
    """A stage; without an id it is new. `required_fields`: amount, contact, owner, company, or keys of own fields."""

    id: Id | None = None
    name: Name
    kind: StageKind
    required_fields: Annotated[list[Key], Field(max_length=50, default_factory=list)]
    stuck_after_days: Annotated[int, Field(ge=1, le=LONGEST_STUCK)] | None = None


class PipelineIn(Model):
    """The whole pipeline; a stage that is left out is removed."""

    name: Name
    stages: Annotated[list[StageIn], Field(max_length=40)]


class Reasons(Model):
    reasons: Annotated[list[Annotated[str, Field(max_length=80)]], Field(min_length=1, max_length=MOST_REASONS)]


class FieldOut(Model):
    """A field of the site's own. `options`: of which a choice is made; `required`: it cannot be emptied."""

    id: int
    noun: OwnFieldNoun
    key: str
    label: str
    kind: OwnFieldKind
    options: list[str]
    required: bool


class NewField(Model):
    noun: OwnFieldNoun
    key: Key
    label: Name
    kind: OwnFieldKind
    options: Annotated[Options, Field(default_factory=list)]
    required: bool = False


class FieldChanges(Model):
    """What is to be changed; what is left out stays, as do key and kind."""

    label: Name | None = None
    options: Options | None = None
    required: bool | None = None


class FieldOrder(Model):
    """All ids of the noun's fields, in the wanted order."""

    ids: Annotated[list[Id], Field(max_length=100)]


class DispositionOut(Model):
    """A result. `key`: the digit an agent presses; `effect`: what becomes of the lead; `retry_after_seconds` with the
    effect retry; `do_not_call`: the number is never called again; `makes_deal`: rules make a deal of it."""

    code: str
    label: str
    effect: LeadEffect
    key: str
    retry_after_seconds: int | None
    do_not_call: bool
    makes_deal: bool


class DispositionIn(Model):
    label: Name
    effect: LeadEffect
    key: Annotated[str, Field(max_length=1)] = ""
    retry_after_seconds: Annotated[int, Field(ge=60, le=365 * 86_400)] | None = None
    do_not_call: bool = False
    makes_deal: bool = False


class NewDisposition(DispositionIn):
    code: Key


class DispositionOrder(Model):
    """All codes, in the wanted order."""

    codes: Annotated[list[Key], Field(max_length=200)]


# --- pipelines ----------------------------------------------------------------------------------------------
@routes("POST", "/pipelines", right=Right.CHANGE_SETTINGS)
async def create_pipeline(asked: Asked, body: NewPipeline) -> Created[PipelineOut]:
    """Make a pipeline with the usual stages."""
    made = await pipelines.create_pipeline(asked.actor, body.name, asked.database, asked.now)
    return Created(PipelineOut.model_validate(made), f"/pipelines/{made.id}")


@routes("PUT", "/pipelines/{pipeline_id}", right=Right.CHANGE_SETTINGS)
async def save_pipeline(asked: Asked, pipeline_id: int, body: PipelineIn) -> PipelineOut:
    """Give a pipeline its name and stages, in this order."""
    drafts = [StageDraft(s.id, s.name, s.kind, tuple(s.required_fields), s.stuck_after_days) for s in body.stages]
    saved = await pipelines.save_pipeline(asked.actor, pipeline_id, body.name, drafts, asked.database, asked.now)
    return PipelineOut.model_validate(saved)


@routes("POST", "/pipelines/{pipeline_id}/default", right=Right.CHANGE_SETTINGS)
async def make_pipeline_default(asked: Asked, pipeline_id: int) -> None:
    """Let new deals go into this pipeline."""
    await pipelines.make_default(asked.actor, pipeline_id, asked.database, asked.now)


@routes("DELETE", "/pipelines/{pipeline_id}", right=Right.CHANGE_SETTINGS)
async def remove_pipeline(asked: Asked, pipeline_id: int) -> None:
    """Remove a pipeline in which no deal has been."""
    await pipelines.remove_pipeline(asked.actor, pipeline_id, asked.database, asked.now)


@routes("PUT", "/lost-reasons", right=Right.CHANGE_SETTINGS)
async def set_lost_reasons(asked: Asked, body: Reasons) -> LostReasons:
    """Say of what sellers choose when a deal is lost."""
    found = await pipelines.set_lost_reasons(asked.actor, body.reasons, asked.database, asked.now)
    return LostReasons(reasons=list(found))


# --- own fields ---------------------------------------------------------------------------------------------
def _field(noun: OwnFieldNoun, field: OwnField) -> FieldOut:
    values = {name: getattr(field, name) for name in FieldOut.model_fields if name != "noun"}
    return FieldOut.model_validate(values | {"noun": noun, "options": list(field.options)})


@routes("GET", "/own-fields", right=Right.CHANGE_SETTINGS)
async def list_own_fields(asked: Asked) -> list[FieldOut]:
    """Fields of the site's own, by what they belong to, in their order."""
    found = await own_fields.list_fields(asked.actor, asked.database)
    return [_field(noun, field) for noun, fields in found.items() for field in fields]


@routes("POST", "/own-fields", right=Right.CHANGE_SETTINGS)
async def create_own_field(asked: Asked, body: NewField) -> Created[FieldOut]:
    """Add a field."""
    field = OwnField(body.key, body.label, body.kind, tuple(body.options), body.required)
    made = await own_fields.add_field(asked.actor, body.noun, field, asked.database, asked.now)
    return Created(_field(body.noun, made), f"/own-fields/{made.id}")


@routes("PATCH", "/own-fields/{field_id}", right=Right.CHANGE_SETTINGS)
async def change_own_field(asked: Asked, field_id: int, body: FieldChanges) -> FieldOut:
    """Change a field."""
    changes = body.model_dump(exclude_none=True)
    field = await own_fields.change_field(asked.actor, field_id, asked.database, asked.now, **changes)
    every = await own_fields.list_fields(asked.actor, asked.database)
    noun = next(noun for noun, fields in every.items() if any(one.id == field_id for one in fields))
    return _field(noun, field)


@routes("PUT", "/own-fields/order/{noun}", right=Right.CHANGE_SETTINGS)
async def order_own_fields(asked: Asked, noun: str, body: FieldOrder) -> list[FieldOut]:
    """Put the fields of a noun into this order."""
    of_noun = own_fields.noun_named(noun)
    found = await own_fields.order_fields(asked.actor, of_noun, body.ids, asked.database, asked.now)
    return [_field(of_noun, field) for field in found]


@routes("DELETE", "/own-fields/{field_id}", right=Right.CHANGE_SETTINGS)
async def remove_own_field(asked: Asked, field_id: int) -> None:
    """Remove a field; what was written into it stays where it is."""
    await own_fields.remove_field(asked.actor, field_id, asked.database, asked.now)


# --- dispositions -------------------------------------------------------------------------------------------
def _disposition(found: Disposition) -> DispositionOut:
    seconds = None if found.retry_after is None else int(found.retry_after.total_seconds())
    values = {name: getattr(found, name) for name in DispositionOut.model_fields if name != "retry_after_seconds"}
    return DispositionOut(**values, retry_after_seconds=seconds)


def _wanted(code: str, body: DispositionIn) -> Disposition:
    after = None if body.retry_after_seconds is None else timedelta(seconds=body.retry_after_seconds)
    return Disposition(code, body.label, body.effect, body.key, after, body.do_not_call, body.makes_deal)


@routes("GET", "/dispositions", right=Right.CHANGE_SETTINGS)
async def list_dispositions(asked: Asked) -> list[DispositionOut]:
    """Results of calls, in their order."""
    found = await disposition_desk.list_dispositions(asked.actor, asked.database)
    return [_disposition(one) for one in found]


@routes("POST", "/dispositions", right=Right.CHANGE_SETTINGS)
async def create_disposition(asked: Asked, body: NewDisposition) -> Created[DispositionOut]:
    """Add a result."""
    wanted = _wanted(body.code, body)
    made = await disposition_desk.put_disposition(asked.actor, wanted, asked.database, asked.now, is_new=True)
    return Created(_disposition(made), f"/dispositions/{made.code}")


@routes("PUT", "/dispositions", right=Right.CHANGE_SETTINGS)
async def order_dispositions(asked: Asked, body: DispositionOrder) -> list[DispositionOut]:
    """Show the results in this order."""
    found = await disposition_desk.order_dispositions(asked.actor, body.codes, asked.database, asked.now)
    return [_disposition(one) for one in found]


@routes("PUT", "/dispositions/{code}", right=Right.CHANGE_SETTINGS, errors=(409,))
async def change_disposition(asked: Asked, code: str, body: DispositionIn) -> DispositionOut:
    """Change a result."""
    wanted = _wanted(code, body)
    found = await disposition_desk.put_disposition(asked.actor, wanted, asked.database, asked.now, is_new=False)
    return _disposition(found)


@routes("DELETE", "/dispositions/{code}", right=Right.CHANGE_SETTINGS)
async def remove_disposition(asked: Asked, code: str) -> None:
    """Offer a result no more; calls that have it keep it."""
    await disposition_desk.remove_disposition(asked.actor, code, asked.database, asked.now)
