"""The shipped templates' texts, from the file beside this one."""

from __future__ import annotations

from pathlib import Path

import yaml

from crm_core.domain.messages import MessageChannel, Template

SHIPPED_TEMPLATES = Path(__file__).parent / "templates.yml"


def shipped_templates() -> list[Template]:
    """All of them: name, channel and language lead to a text, or for e-mail to a subject and a body."""
    given = yaml.safe_load(SHIPPED_TEMPLATES.read_text(encoding="utf-8"))
    return [
        _template(name, MessageChannel(channel), language, words)
        for name, channels in given.items()
        for channel, languages in channels.items()
        for language, words in languages.items()
    ]


def _template(name: str, channel: MessageChannel, language: str, words: str | dict[str, str]) -> Template:
    if isinstance(words, str):
        return Template(name, channel, language, words)
    return Template(name, channel, language, words["body"], words["subject"])
