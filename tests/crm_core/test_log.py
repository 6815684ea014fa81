"""A log line says everything its record carries, and nobody's number."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.log import JsonFormatter, PlainFormatter, log_context, masked_number, set_up_logging

log = logging.getLogger("trunkline.test")
NUMBER, MASKED = "+998901234567", "+99890*****67"

Said = Callable[[], str]


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers = []
    yield
    root.handlers, root.level = handlers, level
    logging.captureWarnings(False)


def _set_up(**options: Any) -> io.StringIO:
    to = io.StringIO()
    set_up_logging(to=to, **options)
    return to


def test_a_plain_line_has_time_level_logger_message_and_fields() -> None:
    to = _set_up(json_lines=False)
    log.info("call answered", extra={"call_id": "c-1", "ring_seconds": 2.5, "why": "two words", "empty": ""})
    line = to.getvalue()
    assert line.endswith(
        ' INFO    trunkline.test call answered call_id=c-1 ring_seconds=2.5 why="two words" empty=""\n'
    )
    assert line[10] == "T"
    assert line[23] == "Z"


def test_a_json_line_has_the_same_and_keeps_types() -> None:
    to = _set_up(json_lines=True)
    log.warning("call answered", extra={"call_id": "c-1", "ring_seconds": 2.5, "path": Path("a/b")})
    line = json.loads(to.getvalue())
    assert line.pop("at").endswith("Z")
    assert line == {
        "level": "warning",
        "logger": "trunkline.test",
        "message": "call answered",
        "call_id": "c-1",
        "ring_seconds": 2.5,
        "path": "a/b",
    }


@pytest.mark.parametrize("json_lines", [True, False])
def test_an_error_carries_its_trace(json_lines: bool) -> None:
    to = _set_up(json_lines=json_lines)
    try:
        raise ZeroDivisionError(f"calling {NUMBER}")
    except ZeroDivisionError:
        log.exception("it broke")
    said = to.getvalue()
    assert "Traceback" in said
    assert f"ZeroDivisionError: calling {MASKED}" in said


async def test_ids_of_the_call_at_hand_are_added_also_in_tasks_and_never_over_the_records_own() -> None:
    to = _set_up(json_lines=True)

    async def in_a_task() -> None:
        log.info("from a task")

    with log_context(call_id="c-1"), log_context(attempt_id="a-1"):
        log.info("from here", extra={"call_id": "c-2"})
        log.info("without", extra={"call_id": None})
        await asyncio.create_task(in_a_task())
    log.info("outside")
    seen = [json.loads(line) for line in to.getvalue().splitlines()]
    assert [(line.get("call_id"), line.get("attempt_id")) for line in seen] == [
        ("c-2", "a-1"),
        ("c-1", "a-1"),
        ("c-1", "a-1"),
        (None, None),
    ]


@pytest.mark.parametrize("json_lines", [True, False])
@pytest.mark.parametrize(
    ("message", "fields"),
    [
        (f"calling {NUMBER}", {}),
        ("calling", {"number": NUMBER}),
        ("calling", {"number": NUMBER.removeprefix("+")}),
        ("calling", {"fault": f"no route to {NUMBER}"}),
        ("calling", {"channel": f"PJSIP/{NUMBER.removeprefix('+')}@carrier"}),
        ("calling", {"numbers": [NUMBER]}),
        ("calling", {"caller_id": f"<{NUMBER}>"}),
    ],
)
def test_numbers_are_masked_wherever_they_stand(json_lines: bool, message: str, fields: dict[str, object]) -> None:
    to = _set_up(json_lines=json_lines, level=logging.DEBUG)
    log.info(message, extra=fields)
    assert "1234" not in to.getvalue()
    assert MASKED.removeprefix("+") in to.getvalue()
    log.debug(message, extra=fields)
    assert "1234" in to.getvalue()  # whoever turns DEBUG on wants to see them


def test_a_setting_shows_numbers_and_ids_are_never_masked() -> None:
    to = _set_up(json_lines=False, show_numbers=True)
    log.info("calling", extra={"number": NUMBER})
    assert NUMBER in to.getvalue()
    to = _set_up(json_lines=False)
    log.info("calling", extra={"call_id": "1795345200.123456789", "event": 12345678901})
    assert "call_id=1795345200.123456789 event=12345678901" in to.getvalue()


def test_a_file_is_appended_to_and_its_folder_made(tmp_path: Path) -> None:
    file = tmp_path / "new" / "service.log"
    for _ in range(2):
        set_up_logging(json_lines=False, file=file)
        log.info("hello")
    for handler in logging.getLogger().handlers:
        handler.close()
    assert file.read_text().count("hello") == 2


@given(st.text(), st.dictionaries(st.sampled_from(["what", "call_id"]), st.text() | st.integers() | st.none()))
def test_whatever_is_said_a_record_is_one_line(message: str, fields: dict[str, object]) -> None:
    record = logging.makeLogRecord({"name": "n", "msg": "%s", "args": (message,), "levelno": 20, **fields})
    json.loads(JsonFormatter().format(record))
    assert "\n" not in PlainFormatter().format(record)
    assert "\n" not in JsonFormatter().format(record)


@given(st.from_regex(r"\+?\d{1,15}", fullmatch=True))
def test_masking_keeps_length_the_first_five_and_the_last_two(number: str) -> None:
    masked = masked_number(number)
    digits, shown = number.removeprefix("+"), masked.removeprefix("+")
    assert len(masked) == len(number)
    assert shown[:5] == digits[:5]
    assert shown[-2:] == digits[-2:]
    assert set(shown[5:-2]) <= {"*"}
