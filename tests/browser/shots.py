"""The pages that `make screenshots` takes: whoever writes a page adds it here."""

from __future__ import annotations

from dataclasses import dataclass

from crm_core.domain.access import Role


@dataclass(frozen=True, slots=True)
class Shot:
    """One page as somebody of that role sees it (None: nobody is logged in); `press`: keys pressed before, as `?`.

    `{talk}` in a path is a call that the infobot held."""

    path: str
    role: Role | None
    press: tuple[str, ...] = ()


SHOTS: tuple[Shot, ...] = (
    Shot("/login", None),
    Shot("/account", Role.AGENT),
    Shot("/no-such-page", Role.MANAGER),
    Shot("/operator", Role.AGENT),
    Shot("/phone", Role.AGENT),
    Shot("/tasks", Role.SELLER),
    Shot("/tasks", Role.SELLER, ("?",)),
    Shot("/deals", Role.MANAGER),
    Shot("/deals", Role.SELLER, ("n",)),
    Shot("/deals?view=list", Role.MANAGER),
    Shot("/deals/12", Role.MANAGER),
    Shot("/contacts", Role.MANAGER),
    Shot("/contacts/1", Role.MANAGER),
    Shot("/calls/{talk}", Role.MANAGER),
    Shot("/companies", Role.MANAGER),
    Shot("/companies/1", Role.MANAGER),
    Shot("/supervisor", Role.MANAGER),
    Shot("/wallboard", Role.MANAGER),
    Shot("/reports", Role.MANAGER),
    Shot("/reports/funnel", Role.MANAGER),
    Shot("/reports/stages", Role.MANAGER),
    Shot("/reports/plans", Role.MANAGER),
    Shot("/reports/customers", Role.MANAGER),
    Shot("/reports/losses", Role.MANAGER),
    Shot("/reports/hours", Role.MANAGER),
    Shot("/reports/operators", Role.MANAGER),
    Shot("/reports/campaigns", Role.MANAGER),
    Shot("/reports/survey", Role.MANAGER),
    Shot("/campaigns", Role.MARKETER),
    Shot("/campaigns/new", Role.MARKETER),
    Shot("/campaigns/1", Role.MARKETER),
    Shot("/campaigns/1/rehearsal", Role.MARKETER),
    Shot("/campaigns/1/rules", Role.MARKETER),
    Shot("/campaigns/lists", Role.MARKETER),
    Shot("/campaigns/do-not-call", Role.MARKETER),
    Shot("/surveys", Role.MARKETER),
    Shot("/surveys/unclear", Role.MARKETER),
    Shot("/scripts", Role.MARKETER),
    Shot("/scripts/satisfaction_survey", Role.MARKETER),
    Shot("/settings", Role.ADMINISTRATOR),
    Shot("/settings/users", Role.ADMINISTRATOR),
    Shot("/settings/users/1", Role.ADMINISTRATOR),
    Shot("/settings/teams", Role.ADMINISTRATOR),
    Shot("/settings/pipelines", Role.ADMINISTRATOR),
    Shot("/settings/pipelines/1", Role.ADMINISTRATOR),
    Shot("/settings/fields", Role.ADMINISTRATOR),
    Shot("/settings/results", Role.ADMINISTRATOR),
    Shot("/settings/results/later", Role.ADMINISTRATOR),
    Shot("/settings/rules", Role.ADMINISTRATOR),
    Shot("/settings/rules/1", Role.ADMINISTRATOR),
    Shot("/settings/hours", Role.ADMINISTRATOR),
    Shot("/settings/numbers", Role.ADMINISTRATOR),
    Shot("/settings/transfer-numbers", Role.ADMINISTRATOR),
    Shot("/settings/templates", Role.ADMINISTRATOR),
    Shot("/settings/tokens", Role.SELLER),
    Shot("/settings/webhooks", Role.ADMINISTRATOR),
    Shot("/settings/audit", Role.ADMINISTRATOR),
    Shot("/notifications", Role.SELLER),
    Shot("/search?q=ali", Role.MANAGER),
    Shot("/api/", Role.ADMINISTRATOR),
    Shot("/api/nouns/tasks", Role.ADMINISTRATOR),
    Shot("/offline", Role.AGENT),
)
