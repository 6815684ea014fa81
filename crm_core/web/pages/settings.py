"""How does the firm work? All settings by groups, each with a page of its own."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from crm_core.domain.access import Right
from crm_core.web.doors import actor_in
from crm_core.web.pages import (
    settings_audit,
    settings_fields,
    settings_messages,
    settings_pipelines,
    settings_rules,
    settings_site,
    settings_tokens,
    settings_transfers,
    settings_users,
    settings_webhooks,
)
from crm_core.web.pages.catalogues import mark
from crm_core.web.pages.rendering import render

_PARTS = (
    settings_users,
    settings_pipelines,
    settings_fields,
    settings_rules,
    settings_site,
    settings_transfers,
    settings_messages,
    settings_tokens,
    settings_webhooks,
    settings_audit,
)


@dataclass(frozen=True, slots=True)
class Card:
    """One page; `right` None: for whoever is logged in."""

    path: str
    icon: str
    title: str
    about: str
    right: Right | None


GROUPS: tuple[tuple[str, tuple[Card, ...]], ...] = (
    (
        mark("People"),
        (
            Card(
                "/settings/users",
                "users",
                mark("Users"),
                mark("Who logs in, sees what, takes calls by which phone"),
                Right.CHANGE_USERS,
            ),
            Card(
                "/settings/teams",
                "users-group",
                mark("Teams"),
                mark("Who works together, and sees each other's things"),
                Right.CHANGE_USERS,
            ),
        ),
    ),
    (
        mark("Sales"),
        (
            Card(
                "/settings/pipelines",
                "layout-kanban",
                mark("Pipelines"),
                mark("Stages of deals, what each asks for, reasons for loss"),
                Right.CHANGE_SETTINGS,
            ),
            Card(
                "/settings/fields",
                "forms",
                mark("Fields of your own"),
                mark("What else to know of contacts, companies, deals, leads"),
                Right.CHANGE_SETTINGS,
            ),
            Card(
                "/settings/rules",
                "robot",
                mark("Automation rules"),
                mark("When this happens, and if it is so, then do that"),
                Right.CHANGE_SETTINGS,
            ),
        ),
    ),
    (
        mark("Calls"),
        (
            Card(
                "/settings/results",
                "list-check",
                mark("Results of calls"),
                mark("What operators choose after a call, and what follows"),
                Right.CHANGE_SETTINGS,
            ),
            Card(
                "/settings/hours",
                "clock",
                mark("Working hours"),
                mark("When tasks fall due and night scripts answer; holidays"),
                Right.CHANGE_SETTINGS,
            ),
            Card(
                "/settings/numbers",
                "phone-incoming",
                mark("Trunks and numbers"),
                mark("Over which lines you call, and what answers your numbers"),
                Right.CHANGE_SETTINGS,
            ),
            Card(
                "/settings/transfer-numbers",
                "phone-outgoing",
                mark("Numbers to transfer to"),
                mark("Where operators may hand a person on, besides colleagues who are free"),
                Right.CHANGE_SETTINGS,
            ),
            Card(
                "/campaigns/do-not-call",
                "phone-off",
                mark("Do-not-call lists"),
                mark("Who is never called"),
                Right.SEE_CAMPAIGNS,
            ),
            Card(
                "/settings/templates",
                "message",
                mark("Message templates"),
                mark("What e-mails, SMS and messengers say"),
                Right.CHANGE_SETTINGS,
            ),
        ),
    ),
    (
        mark("Other systems"),
        (
            Card("/settings/tokens", "key", mark("API tokens"), mark("For programs that work in your name"), None),
            Card(
                "/settings/webhooks",
                "webhook",
                mark("Webhooks"),
                mark("Tell other systems what happens here"),
                Right.CHANGE_SETTINGS,
            ),
            Card("/settings/audit", "history", mark("Audit log"), mark("Who did what, and when"), Right.SEE_AUDIT),
        ),
    ),
)


def add_pages(app: web.Application) -> None:
    app.router.add_get("/settings", _index)
    for part in _PARTS:
        part.add_pages(app)


async def _index(request: web.Request) -> web.Response:
    actor = actor_in(request)
    seen = [(title, [card for card in cards if card.right is None or actor.may(card.right)]) for title, cards in GROUPS]
    return render(request, "settings/index.html", groups=[(title, cards) for title, cards in seen if cards])
