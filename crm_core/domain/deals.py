"""What a stage asks of a deal before it is entered, and which stage comes next. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crm_core.domain.board import BoardStage
from crm_core.domain.sales import StageKind
from crm_core.errors import BadInput

#: Names a stage may require besides the keys of the site's own fields, and where a deal holds their values.
HELD_IN: Mapping[str, str] = {
    "amount": "amount",
    "contact": "contact_id",
    "owner": "owner_id",
    "company": "company_id",
}
LOST_REASON = "lost_reason"
#: Until the site says which reasons it wants to count.
DEFAULT_LOST_REASONS = ("Too expensive", "Chose another offer", "Does not answer", "No need any more", "Not a customer")


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline with its stages in order."""

    id: int
    name: str
    is_default: bool
    stages: tuple[BoardStage, ...]

    def stage(self, stage_id: int) -> BoardStage | None:
        return next((stage for stage in self.stages if stage.id == stage_id), None)

    @property
    def first_open(self) -> BoardStage:
        """Where a deal that was accepted goes. Raises BadInput when there is no such stage."""
        return self._first(StageKind.OPEN, "open")

    @property
    def lost(self) -> BoardStage:
        """Where a deal that was declined goes. Raises BadInput when there is no such stage."""
        return self._first(StageKind.LOST, "lost")

    def _first(self, kind: StageKind, word: str) -> BoardStage:
        for stage in self.stages:
            if stage.kind is kind:
                return stage
        raise BadInput("pipeline", f"{self.name!r} has no {word} stage", "Add one in the settings")


class DealLacks(BadInput):
    """The stage asks for what the deal does not have: `missing` names it."""

    def __init__(self, stage: str, missing: Sequence[str]) -> None:
        self.missing = tuple(missing)
        names = ", ".join(self.missing)
        super().__init__(names, f"the stage {stage!r} asks for it", f"Give {names} with the move")


def lacking(stage: BoardStage, deal: Mapping[str, Any]) -> tuple[str, ...]:
    """What `stage` asks for and the deal, as it would be, does not have; the reason comes last, for a lost deal."""
    own: Mapping[str, Any] = deal.get("fields") or {}
    missing = [name for name in stage.required_fields if _is_empty(_value(name, deal, own))]
    if stage.kind is StageKind.LOST and _is_empty(deal.get(LOST_REASON)):
        missing.append(LOST_REASON)
    return tuple(missing)


def _value(name: str, deal: Mapping[str, Any], own: Mapping[str, Any]) -> Any:
    return deal.get(HELD_IN[name]) if name in HELD_IN else own.get(name)


def _is_empty(value: Any) -> bool:
    """False and 0 are answers."""
    return value is None or (isinstance(value, str) and not value.strip())


def check_reason(reason: str | None, known: Sequence[str]) -> None:
    """Raise BadInput for a reason that the site does not count; none at all is `lacking`'s business."""
    if reason is not None and reason.strip() and reason not in known:
        raise BadInput(LOST_REASON, f"{reason!r} is no reason that is counted", f"Choose of: {'; '.join(known)}")
