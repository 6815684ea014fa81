"""All ways out that are set up, opened."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

from crm_core.domain.messages import MessageChannel
from crm_core.messaging.http_gateway import HttpGateway, opened_session
from crm_core.messaging.settings import MessageSettings
from crm_core.messaging.smtp import SmtpGateway
from crm_core.ports import MessageGateway


@asynccontextmanager
async def opened_gateways(
    settings: MessageSettings, now: Callable[[], datetime]
) -> AsyncIterator[dict[MessageChannel, MessageGateway]]:
    """A gateway for each channel that has one."""
    async with opened_session() as session:
        gateways: dict[MessageChannel, MessageGateway] = {}
        for channel, provider in settings.providers.items():
            gateways[channel] = HttpGateway(provider, session)
        if settings.smtp is not None:
            gateways[MessageChannel.EMAIL] = SmtpGateway(settings.smtp, now)
        yield gateways
