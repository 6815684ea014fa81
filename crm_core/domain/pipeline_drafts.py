"""A pipeline as somebody wants it: what it must have to be worked with. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from crm_core.domain.deals import HELD_IN
from crm_core.domain.sales import StageKind
from crm_core.errors import BadInput

_LONGEST_NAME, _MOST_STAGES = 80, 40
LONGEST_STUCK = 3650  # days
#: Reasons for loss: so many, each so long.
MOST_REASONS, LONGEST_REASON = 100, 80


@dataclass(frozen=True, slots=True)
class StageDraft:
    """A stage as it is to be; `id` None: a new one."""

    id: int | None
    name: str
    kind: StageKind
    required_fields: tuple[str, ...] = ()
    stuck_after_days: int | None = None


def check_stages(drafts: Sequence[StageDraft], own_keys: Collection[str]) -> tuple[StageDraft, ...]:
    """The stages as they are stored, in order; `own_keys` are the site's own fields of deals. Raises BadInput."""
    if len(drafts) > _MOST_STAGES:
        raise BadInput("stages", f"there are more than {_MOST_STAGES}", "Nobody can see that many columns")
    kinds = [draft.kind for draft in drafts]
    for kind, word in ((StageKind.OPEN, "open"), (StageKind.WON, "won"), (StageKind.LOST, "lost")):
        if kind not in kinds:
            raise BadInput("stages", f"there is no {word} stage", "Every pipeline needs one open, won and lost stage")
    for kind in (StageKind.UNSORTED, StageKind.WON):
        if kinds.count(kind) > 1:
            raise BadInput("stages", f"there is more than one {kind} stage", "Leave one of them")
    if StageKind.UNSORTED in kinds[1:]:
        raise BadInput("stages", "the unsorted stage is not the first", "Move it up")
    if len({draft.id for draft in drafts if draft.id is not None}) < sum(draft.id is not None for draft in drafts):
        raise BadInput("stages", "one stage is named twice")
    checked = tuple(_checked(draft, place, own_keys) for place, draft in enumerate(drafts))
    names = [draft.name.casefold() for draft in checked]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise BadInput(f"stages.{place}.name", f"there are two stages {checked[place].name!r}", "Rename one")
    return checked


def _checked(draft: StageDraft, place: int, own_keys: Collection[str]) -> StageDraft:
    where = f"stages.{place}"
    known = [*HELD_IN, *own_keys]
    for name in draft.required_fields:
        if name not in known:
            raise BadInput(f"{where}.required_fields", f"deals have no {name[:40]!r}", f"Choose of: {', '.join(known)}")
    if draft.stuck_after_days is not None and not 1 <= draft.stuck_after_days <= LONGEST_STUCK:
        raise BadInput(f"{where}.stuck_after_days", f"it is not from 1 to {LONGEST_STUCK} days", "Or leave it empty")
    if draft.stuck_after_days is not None and draft.kind in (StageKind.WON, StageKind.LOST):
        raise BadInput(f"{where}.stuck_after_days", "deals end here: none of them is stuck", "Leave it empty")
    required = tuple(dict.fromkeys(draft.required_fields))
    return replace(draft, name=check_name(draft.name, f"{where}.name"), required_fields=required)


def check_name(name: str, where: str = "name") -> str:
    """The name without needless blanks; raises BadInput."""
    text = " ".join(name.split())
    if not text or len(text) > _LONGEST_NAME:
        raise BadInput(where, f"the name is empty or longer than {_LONGEST_NAME} characters")
    return text


def check_reasons(reasons: Sequence[str]) -> tuple[str, ...]:
    """Reasons for loss as they are stored; raises BadInput."""
    found = tuple(dict.fromkeys(text for reason in reasons if (text := " ".join(reason.split()))))
    if not found:
        raise BadInput("reasons", "there is none to choose of", "Write one in each line")
    if len(found) > MOST_REASONS or any(len(reason) > LONGEST_REASON for reason in found):
        raise BadInput("reasons", f"more than {MOST_REASONS}, or one longer than {LONGEST_REASON} characters")
    return found
