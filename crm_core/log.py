"""Logs: plain lines or JSON, always with the fields of `extra` and the ids of the call at hand, numbers masked."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, TextIO

_CONTEXT: ContextVar[Mapping[str, object]] = ContextVar("log_context", default=MappingProxyType({}))
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
#: Fields whose digits are somebody's number, with or without a plus sign.
_NUMBER_FIELDS = frozenset({"number", "phone_number", "caller", "callee", "caller_id", "src", "dst", "e164", "raw"})
_E164 = re.compile(r"\+\d{8,15}|(?<=PJSIP/)\d{8,15}(?=@)")
_DIGITS = re.compile(r"\+?\d{8,15}")
_KEPT_FIRST, _KEPT_LAST = 5, 2


@contextmanager
def log_context(**fields: object) -> Iterator[None]:
    """Every record logged inside, also by tasks begun inside, carries `fields` (call_id, attempt_id) unless it says
    otherwise itself."""
    token = _CONTEXT.set({**_CONTEXT.get(), **fields})
    try:
        yield
    finally:
        _CONTEXT.reset(token)


def set_up_logging(
    *,
    json_lines: bool,
    show_numbers: bool = False,
    level: int = logging.INFO,
    to: TextIO | None = None,
    file: Path | None = None,
) -> None:
    """Send all logs to `to` (standard error) or append them to `file`, replacing what was set up before.

    Unless `show_numbers`, telephone numbers in records of level INFO and above are masked.
    """
    handler: logging.Handler = logging.StreamHandler(to if to is not None else sys.stderr)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.FileHandler(file, encoding="utf-8")
    handler.setFormatter(JsonFormatter(show_numbers) if json_lines else PlainFormatter(show_numbers))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    # panoramisk and aiohttp tell each message and each request: our own records say what matters of them.
    for noisy in ("panoramisk", "aiohttp.access", "asyncio", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


class PlainFormatter(logging.Formatter):
    """`time level logger message key=value …`, one line per record; a traceback follows on lines of its own."""

    def __init__(self, show_numbers: bool = False) -> None:
        super().__init__()
        self._show_numbers = show_numbers

    def format(self, record: logging.LogRecord) -> str:
        shown = _is_shown(record, self._show_numbers)
        fields = "".join(f" {name}={_plain(value)}" for name, value in _fields(record, shown).items())
        message = record.getMessage().replace("\n", "\\n")
        line = f"{_at(record)} {record.levelname:<7} {record.name} {message}{fields}"
        return _masked("\n".join([line, *_trace(self, record)]), shown)


class JsonFormatter(logging.Formatter):
    """One JSON object per record and line: at, level, logger, message, the fields, and `trace` if there is one."""

    def __init__(self, show_numbers: bool = False) -> None:
        super().__init__()
        self._show_numbers = show_numbers

    def format(self, record: logging.LogRecord) -> str:
        shown = _is_shown(record, self._show_numbers)
        line = {
            "at": _at(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        for name, value in _fields(record, shown).items():
            line.setdefault(name, value)
        if trace := _trace(self, record):
            line["trace"] = "\n".join(trace)
        return _masked(json.dumps(line, ensure_ascii=False, default=str), shown)


def masked_number(number: str) -> str:
    """`number` with its first five and last two digits; the others are asterisks."""
    plus = "+" if number.startswith("+") else ""
    digits = number.removeprefix("+")
    hidden = len(digits) - _KEPT_FIRST - _KEPT_LAST
    return plus + digits[:_KEPT_FIRST] + "*" * hidden + digits[-_KEPT_LAST:] if hidden > 0 else number


def _fields(record: logging.LogRecord, shown: bool) -> dict[str, Any]:
    own = {name: value for name, value in vars(record).items() if name not in _STANDARD and value is not None}
    fields = {**_CONTEXT.get(), **own}
    if not shown:
        for name in _NUMBER_FIELDS & fields.keys():
            fields[name] = _DIGITS.sub(lambda found: masked_number(found[0]), str(fields[name]))
    return fields


def _is_shown(record: logging.LogRecord, show_numbers: bool) -> bool:
    return show_numbers or record.levelno < logging.INFO


def _masked(text: str, shown: bool) -> str:
    return text if shown else _E164.sub(lambda found: masked_number(found[0]), text)


def _plain(value: object) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if not text or any(c in text for c in ' "=\n\r\t') else text


def _at(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> list[str]:
    parts = [formatter.formatException(record.exc_info)] if record.exc_info else []
    return parts + ([formatter.formatStack(record.stack_info)] if record.stack_info else [])
