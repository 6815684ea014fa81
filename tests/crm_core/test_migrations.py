"""The revisions make the tables that the program describes, once, on both databases."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.exc import IntegrityError

from crm_core.cli.db import add_db_commands
from crm_core.db import migrate, site
from crm_core.db.engine import Database, opened_database
from crm_core.db.seed import seed
from crm_core.db.tables import (
    deals,
    dispositions,
    metadata,
    pipelines,
    rules,
    site_settings,
    stages,
)
from crm_core.domain.dispositions import BOT_DISPOSITIONS
from crm_core.domain.rules import DEFAULT_RULES, ActionKind, Rule, RuleAction
from crm_core.domain.sales import DEFAULT_STAGES
from crm_core.domain.work_calendar import WorkCalendar
from crm_core.errors import Unavailable
from crm_core.settings import settings_from_env
from tests.servers import PostgresServer


@pytest.fixture
def bare_url(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """The address of a database without any table."""
    if database_kind == "sqlite":
        return f"sqlite:///{tmp_path}/new folder/bare.db"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.create_database(f"bare_{tmp_path.name.replace('-', '_')}")


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, metadata))


async def test_the_revisions_make_exactly_the_tables_described(bare_url: str) -> None:
    assert await migrate.upgrade(bare_url) == migrate.newest()
    async with opened_database(bare_url) as database, database.reading() as work:
        assert await work.connection.run_sync(_differences) == []


async def test_an_upgrade_may_be_repeated_and_come_from_two_processes_at_once(bare_url: str) -> None:
    assert await migrate.current(bare_url) is None
    await asyncio.gather(migrate.upgrade(bare_url), migrate.upgrade(bare_url))
    await migrate.upgrade(bare_url)
    assert await migrate.current(bare_url) == migrate.newest()


async def test_a_database_is_current_only_at_the_newest_revision(bare_url: str) -> None:
    async with opened_database(bare_url) as database:
        assert not await migrate.is_current(database)
        await migrate.upgrade_database(database)
        assert await migrate.is_current(database)
        async with database.work() as work:
            await work.run(text("UPDATE alembic_version SET version_num = '0000'"))
        assert not await migrate.is_current(database)


@pytest.mark.parametrize("own", [True, False])
async def test_a_site_with_dispositions_of_its_own_gets_those_of_the_shipped_scripts(bare_url: str, own: bool) -> None:
    row = {"code": "passed_on", "label": "Ours", "effect": "end", "key": "", "position": 0}
    row |= {"do_not_call": False, "makes_deal": False}
    async with opened_database(bare_url) as database:
        await migrate.upgrade_database(database, "0001")
        async with database.work() as work:
            if own:
                await work.run(insert(dispositions).values(row))
        await migrate.upgrade_database(database)
        async with database.reading() as work:
            labels = {one.code: one.label for one in await work.all(select(dispositions))}
    assert labels.get("passed_on") == ("Ours" if own else None)
    assert len(labels) == (len(BOT_DISPOSITIONS) if own else 0)


async def test_an_upgrade_that_fails_leaves_nothing_behind(bare_url: str) -> None:
    async with opened_database(bare_url) as database:
        async with database.work() as work:
            await work.run(text("CREATE TABLE tasks (id integer)"))  # stands in the way of the revision
        with pytest.raises(Exception, match="tasks"):
            await migrate.upgrade_database(database)
        async with database.work() as work:
            await work.run(text("DROP TABLE tasks"))
        assert await migrate.revision_of(database) is None
        await migrate.upgrade_database(database)


async def test_without_tables_the_error_says_what_to_do(bare_url: str) -> None:
    async with opened_database(bare_url) as database:
        with pytest.raises(Unavailable, match="trunkline db upgrade"):
            async with database.reading() as work:
                await work.all(select(rules))


async def test_a_seeded_database_has_what_is_shipped(database: Database) -> None:
    shipped = Rule(0, "note it", "CallEnded", (), (RuleAction(ActionKind.ADD_NOTE, {"text": "hm"}),))
    async with database.work() as work:
        await seed(work, [shipped])
    async with database.reading() as work:
        assert [(r.name, r.kind) for r in await work.all(select(stages).order_by(stages.c.position))] == [
            (name, kind.value) for name, kind in DEFAULT_STAGES
        ]
        keys = [r.key for r in await work.all(select(dispositions)) if r.key]
        assert sorted(keys) == list("123456789")
        assert await site.dialing_stopped(work) is None
        assert [r.name for r in await work.all(select(rules))] == ["note it"]
        assert len(await work.all(select(pipelines))) == 1


async def test_seeding_again_keeps_what_the_site_has_changed(database: Database) -> None:
    ours = WorkCalendar("Europe/Berlin", {})
    async with database.work() as work:
        await seed(work)
        await site.put_calendar(work, ours)
        await work.run(dispositions.delete().where(dispositions.c.code == "later"))
    async with database.work() as work:
        await seed(work)
        assert await site.calendar(work) == ours
        assert len(await work.all(select(site_settings))) == 2
        assert "later" not in {r.code for r in await work.all(select(dispositions))}


async def test_the_command_line_upgrades_seeds_and_says_how_it_stands(
    bare_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    top = argparse.ArgumentParser()
    add_db_commands(top.add_subparsers())
    settings = settings_from_env({"DATABASE_URL": bare_url})

    async def run(*line: str) -> tuple[int, str]:
        args = top.parse_args(["db", *line])
        return await args.run(args, settings), capsys.readouterr().out

    assert await run("status") == (
        1,
        f"the database is at revision none, this version needs {migrate.newest()}: run `trunkline db upgrade`\n",
    )
    assert await run("upgrade") == (0, f"the database is at revision {migrate.newest()} (was: empty)\n")
    assert await run("upgrade") == (0, f"the database is at revision {migrate.newest()}\n")
    assert (await run("status"))[0] == 0
    async with opened_database(bare_url) as database, database.reading() as work:
        assert {row.name for row in await work.all(select(rules))} == {rule.name for rule in DEFAULT_RULES}


async def test_a_site_with_deals_and_all_that_points_to_them_is_upgraded(bare_url: str) -> None:
    async with opened_database(bare_url) as database:
        await migrate.upgrade_database(database, "0006")
        async with database.work() as work:
            for statement in (
                "INSERT INTO users (id, name, role, active, created_at) VALUES (1, 'a', 'agent', TRUE, '2026-01-01')",
                "INSERT INTO pipelines (id, name, is_default) VALUES (1, 'p', TRUE)",
                "INSERT INTO stages (id, pipeline_id, name, position, kind) VALUES (1, 1, 's', 0, 'open')",
                "INSERT INTO contacts (id, name, fields, created_at) VALUES (1, 'Karim', '{}', '2026-01-01')",
                "INSERT INTO deals (id, title, pipeline_id, stage_id, contact_id, owner_id, created_at)"
                " VALUES (1, 'd', 1, 1, 1, 1, '2026-01-01')",
                "INSERT INTO deal_stages (id, deal_id, stage_id, by, at) VALUES (1, 1, 1, 'x', '2026-01-01')",
            ):
                await work.run(text(statement))
        await migrate.upgrade_database(database)
        async with database.reading() as work:
            row = await work.first(select(deals.c.title, deals.c.version))
            assert row is not None
            assert tuple(row) == ("d", 1)
        if database.is_sqlite:  # enforced again afterwards
            with pytest.raises(IntegrityError):
                async with database.work() as work:
                    await work.run(text("DELETE FROM stages"))
