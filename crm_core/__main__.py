"""The command `trunkline`: parses the line, reads the settings once, runs one sub-command."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence

from crm_core.cli import (
    agent,
    bot,
    campaign,
    db,
    deals,
    demo,
    dnc,
    generate,
    leads,
    message,
    models,
    nlu,
    number,
    rules,
    serve,
    simulate,
    survey,
    tasks,
    trunk,
    user,
    voices,
    why,
)
from crm_core.errors import CrmError
from crm_core.settings import settings_from_env
from pbx.command import add_pbx_commands


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(prog="trunkline", description="A telephony-first CRM around Asterisk.")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    demo.add_demo_commands(commands)
    generate.add_generate_commands(commands)
    serve.add_serve_commands(commands)
    add_pbx_commands(commands)
    db.add_db_commands(commands)
    trunk.add_trunk_commands(commands)
    leads.add_lead_commands(commands)
    campaign.add_campaign_commands(commands)
    why.add_why_commands(commands)
    user.add_user_commands(commands)
    agent.add_agent_commands(commands)
    survey.add_survey_commands(commands)
    tasks.add_task_commands(commands)
    deals.add_deal_commands(commands)
    number.add_number_commands(commands)
    dnc.add_dnc_commands(commands)
    message.add_message_commands(commands)
    rules.add_rule_commands(commands)
    simulate.add_simulate_commands(commands)
    bot.add_bot_commands(commands)
    models.add_model_commands(commands)
    voices.add_voice_commands(commands)
    nlu.add_nlu_commands(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 is success, 1 a check that failed, 2 an error said on stderr."""
    args = parser().parse_args(argv)
    try:
        if hasattr(args, "handler"):  # the switch's commands need neither settings nor a loop
            return int(args.handler(args))
        return int(asyncio.run(args.run(args, settings_from_env(os.environ))))
    except CrmError as error:
        print(f"trunkline: {error}", file=sys.stderr)  # noqa: T201
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
