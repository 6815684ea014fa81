"""From the conversation to the person: recorded, sent by the worker over real SMTP and HTTP, and seen in the list."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import update

from crm_core.bootstrap import opened_service
from crm_core.db.engine import Database
from crm_core.db.messages import NewMessage, put_templates, queue
from crm_core.db.tables import contacts, messages, tasks
from crm_core.domain.campaigns import DialMode
from crm_core.domain.conversations import Conversation, Ending, WantedMessage
from crm_core.domain.messages import MessageChannel, Rendered, Template
from crm_core.handlers.conversations import DatabaseConversationBook
from crm_core.handlers.hopper import DatabaseHopper
from crm_core.handlers.messaging import MessageSender, SendingSettings
from crm_core.messaging.gateways import opened_gateways
from crm_core.messaging.http_gateway import HttpGateway, opened_session
from crm_core.messaging.provider_file import read_provider
from crm_core.messaging.seed import shipped_templates
from crm_core.messaging.settings import message_settings_from_env
from crm_core.settings import settings_from_env
from tests.crm_core.dialing import NOW, TRUNK, add_campaign, after, attempts_for, rows_of
from tests.crm_core.messaging.mail_server import MailServer, opened_mail_server
from tests.crm_core.messaging.provider_server import Provider, opened_provider
from tests.crm_core.until import until

PEOPLE = 20


async def test_what_the_bot_promised_arrives_once_by_mail_and_sms(database: Database, tmp_path: Path) -> None:
    mail_template = Template("offer", MessageChannel.EMAIL, "ru", "{offer}: {price}", "Предложение")
    async with database.work() as work:
        await put_templates(work, [*shipped_templates(), mail_template], NOW, keep=False)
    campaign = await add_campaign(database, leads_wanted=PEOPLE, mode=DialMode.BOT, script="customer_offer")
    async with database.work() as work:
        await work.run(update(contacts).values(email="person-0@example.com"))
    made = await DatabaseHopper(database, lambda: NOW).lease(await attempts_for(database, campaign), TRUNK, NOW)
    assert len(made) == PEOPLE
    book = DatabaseConversationBook(database)
    fields = {"name": "", "offer": "чай", "price": "9 000"}
    wanted = tuple(WantedMessage("offer", channel, fields) for channel in (MessageChannel.SMS, MessageChannel.EMAIL))
    async with opened_mail_server(MailServer()) as mail_server, opened_provider(Provider()) as provider:
        env = {
            "SMTP_URL": f"smtp://127.0.0.1:{mail_server.port}",
            "SMTP_FROM": "Lola <info@lola.example>",
            "SMS_PROVIDER": provider_file(tmp_path, provider),
        }
        async with opened_gateways(message_settings_from_env(env), lambda: after(60)) as ways_out:
            workers = [
                asyncio.create_task(MessageSender(database, ways_out, lambda: after(60)).run()) for _ in range(2)
            ]
            try:
                for attempt in made:
                    told: dict[str, Any] = {"began_at": after(5), "ended_at": after(30), "messages": wanted}
                    whole = Conversation(
                        attempt.id, "customer_offer", "ru", ending=Ending.FINISHED, last_node="sent", **told
                    )
                    await book.record(whole, after(31))

                async def all_sent() -> bool:
                    return [row.state for row in await rows_of(database, messages)] == ["sent"] * 2 * PEOPLE

                await until(all_sent)
            finally:
                for worker in workers:
                    worker.cancel()
                await asyncio.gather(*workers, return_exceptions=True)
    assert sorted(asked.json["to"] for asked in provider.asked) == sorted(attempt.number for attempt in made)
    assert {asked.json["text"] for asked in provider.asked} == {"Как обещали по телефону: чай. Цена: 9 000."}
    assert len(mail_server.mails) == PEOPLE
    assert len({mail["Message-ID"] for mail in mail_server.mails}) == PEOPLE
    assert {mail.get_content().strip() for mail in mail_server.mails} == {"чай: 9 000"}
    assert await rows_of(database, tasks) == []


async def queue_one(database: Database) -> None:
    words = Rendered("", "tea")
    async with database.work() as work:
        new = NewMessage("one", MessageChannel.SMS, "+998901234567", "offer", words, datetime.now(UTC))
        assert await queue(work, new)


def provider_file(folder: Path, provider: Provider) -> str:
    path = folder / "sms.yml"
    path.write_text(yaml.safe_dump({"url": provider.url, "json": {"to": "{to}", "text": "{text}"}, "id": "id"}))
    return str(path)


async def test_the_role_worker_sends(
    database: Database, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = {"DATABASE_URL": database_url, "TRUNKLINE_HOME": str(tmp_path), "TRUNKLINE_ROLES": "worker"}
    await queue_one(database)
    async with opened_provider(Provider()) as provider:
        monkeypatch.setenv("SMS_PROVIDER", provider_file(tmp_path, provider))
        async with opened_service(settings_from_env(env)) as service:
            running = asyncio.create_task(service.run())
            try:

                async def is_sent() -> bool:
                    return [row.state for row in await rows_of(database, messages)] == ["sent"]

                await until(is_sent)
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
    assert len(provider.asked) == 1


async def test_a_worker_killed_in_the_middle_never_makes_it_two(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    await queue_one(database)
    async with opened_provider(Provider(hang=True)) as provider:
        env = {
            **os.environ,
            "DATABASE_URL": database_url,
            "TRUNKLINE_HOME": str(tmp_path),
            "SMS_PROVIDER": provider_file(tmp_path, provider),
        }
        line = (sys.executable, "-m", "crm_core", "serve", "--roles", "worker")
        worker = await asyncio.create_subprocess_exec(*line, env=env, stderr=asyncio.subprocess.DEVNULL)
        try:
            await until(lambda: bool(provider.asked))
        finally:
            worker.kill()
            await worker.wait()
        assert [row.state for row in await rows_of(database, messages)] == ["sending"]
        provider.hang = False
        async with opened_session() as session:
            file = read_provider(Path(env["SMS_PROVIDER"]), {})
            ways_out = {MessageChannel.SMS: HttpGateway(file, session)}
            later = datetime.now(UTC) + SendingSettings().lease
            sender = MessageSender(database, ways_out, lambda: later)
            assert await sender.send_due() == 0
            await sender.settled()
    assert [row.state for row in await rows_of(database, messages)] == ["failed"]
    (task,) = await rows_of(database, tasks)
    assert "it is not known whether it went out" in task.title
    assert len(provider.asked) == 1
