"""A provider of messages by HTTP: what is sent to him, and what stands where in his answers. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import quote

from crm_core.domain.messages import Message

#: What stands in braces for a part of the message.
PARTS = ("to", "digits", "text", "subject", "id")
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
Body: TypeAlias = Any  # a tree of dict, list, str, int, float, bool and None, as JSON has it


@dataclass(frozen=True, slots=True)
class Provider:
    """A checked file; variables of the environment are filled in already, so it holds secrets and does not print them.

    `id_at` and `error_at` are where the provider's id and his words stand in an answer.
    """

    name: str
    url: str = field(repr=False)
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: Body = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    id_at: str | None = None
    success: frozenset[int] = frozenset({200, 201, 202})
    error_at: str | None = None
    repeatable: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class HttpRequest:
    """What goes out for one message; `url` without `query`. It holds secrets."""

    url: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    json: Body
    form: Mapping[str, str] | None


def request_for(provider: Provider, message: Message) -> HttpRequest:
    """The request for one message: its parts put where the file has them, quoted as the place demands."""
    parts = {
        "to": message.to,
        "digits": "".join(c for c in message.to if c.isdigit()),
        "text": message.body,
        "subject": message.subject,
        "id": message.token,
    }
    return HttpRequest(
        url=_put(provider.url, {name: quote(value, safe="") for name, value in parts.items()}),
        headers={name: _put(text, parts) for name, text in provider.headers.items()},
        query={name: _put(text, parts) for name, text in provider.query.items()},
        json=_put_tree(provider.json, parts),
        form=None if provider.form is None else {name: _put(text, parts) for name, text in provider.form.items()},
    )


def found_at(answer: Any, path: str | None) -> str | None:
    """What stands at this path of an answer, as text; None where nothing does."""
    if path is None:
        return None
    for step in path.split("."):
        if isinstance(answer, dict):
            answer = answer.get(step)
        elif isinstance(answer, list) and step.isdecimal() and int(step) < len(answer):
            answer = answer[int(step)]
        else:
            return None
    return None if answer is None or isinstance(answer, (dict, list)) else str(answer)


def _put(text: str, parts: Mapping[str, str]) -> str:
    return PLACEHOLDER.sub(lambda found: parts.get(found[1], found[0]), text)


def _put_tree(tree: Body, parts: Mapping[str, str]) -> Body:
    if isinstance(tree, str):
        return _put(tree, parts)
    if isinstance(tree, dict):
        return {name: _put_tree(value, parts) for name, value in tree.items()}
    return [_put_tree(item, parts) for item in tree] if isinstance(tree, list) else tree
