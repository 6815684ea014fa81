"""The CDR file is read on from where it was left, whole rows only, and bad rows cost only themselves."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.ports import Cdr
from pbx.reconcile import BadCdr, parse_cdr, read_cdrs

#: Recorded from Asterisk 22.10.1.
ANSWERED = (
    '"1795318156.076828","1795318156.084429","1795318161.126989","att-1","op-leg-1","PJSIP/network-00000000",'
    '"PJSIP/op1-00000001","+998908000001","bridge","hand-off","ANSWERED","5","5","16","","0"'
)
BUSY = (
    '"1795318168.083272","0.000000","1795318168.085499","att-busy","att-busy","PJSIP/network-00000001","",'
    '"+998712000000","s","incoming","BUSY","0","0","","","1"'
)


def row(n: int) -> str:
    return BUSY.replace("att-busy", f"att-{n}")


def test_an_answered_call_is_read() -> None:
    assert parse_cdr(ANSWERED, "pbx") == Cdr(
        node="pbx",
        uniqueid="att-1",
        linkedid="op-leg-1",
        sequence=0,
        channel="PJSIP/network-00000000",
        disposition="ANSWERED",
        started_at=datetime.fromtimestamp(1795318156.076828, UTC),
        answered_at=datetime.fromtimestamp(1795318156.084429, UTC),
        ended_at=datetime.fromtimestamp(1795318161.126989, UTC),
        cause=16,
        src="+998908000001",
        dst="bridge",
        context="hand-off",
    )


def test_what_did_not_happen_is_none() -> None:
    cdr = parse_cdr(BUSY, "pbx")
    assert (cdr.answered_at, cdr.cause, cdr.disposition) == (None, None, "BUSY")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "a,b,c",
        BUSY + ',"one more"',
        BUSY.replace("1795318168.083272", "yesterday"),
        BUSY.replace("1795318168.083272", "1e300"),
        BUSY.replace("1795318168.083272", "0.000000"),
        BUSY.replace('"1"', '"one"'),
        BUSY.replace('"att-busy"', '""'),
        BUSY[:-1],
        BUSY.replace('"BUSY"', '"BUSY'),
    ],
)
def test_a_bad_row_is_a_named_error(line: str) -> None:
    with pytest.raises(BadCdr):
        parse_cdr(line, "pbx")


def test_a_file_that_is_not_there_has_no_rows(tmp_path: Path) -> None:
    chunk = read_cdrs(tmp_path / "none.csv", 77, "pbx")
    assert (chunk.rows, chunk.offset, chunk.bad, chunk.more) == ((), 77, 0, False)


def test_a_row_still_being_written_is_left_for_next_time(tmp_path: Path) -> None:
    file = tmp_path / "cdr.csv"
    file.write_text(f"{row(1)}\n{row(2)[:40]}")
    first = read_cdrs(file, 0, "pbx")
    assert ([cdr.uniqueid for cdr in first.rows], first.bad) == (["att-1"], 0)
    file.write_text(f"{row(1)}\n{row(2)}\n")
    second = read_cdrs(file, first.offset, "pbx")
    assert [cdr.uniqueid for cdr in second.rows] == ["att-2"]
    assert second.offset == file.stat().st_size
    assert read_cdrs(file, second.offset, "pbx").rows == ()


@pytest.mark.parametrize("fresh", [row(9) + "\n", f"{row(7)}{row(8)}\n{row(9)}\n" * 3])
def test_a_file_begun_anew_is_read_from_its_start(tmp_path: Path, fresh: str) -> None:
    file = tmp_path / "cdr.csv"
    file.write_text("".join(f"{row(n)}\n" for n in range(5)))
    offset = read_cdrs(file, 0, "pbx").offset
    file.write_text(fresh)
    chunk = read_cdrs(file, offset, "pbx")
    assert "att-9" in [cdr.uniqueid for cdr in chunk.rows]
    assert chunk.offset == file.stat().st_size


def test_bad_rows_are_logged_counted_and_passed_over(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "cdr.csv"
    file.write_text(f"{row(1)}\nnonsense\n{row(2)}\n")
    chunk = read_cdrs(file, 0, "pbx")
    assert ([cdr.uniqueid for cdr in chunk.rows], chunk.bad) == (["att-1", "att-2"], 1)
    assert [record.__dict__["row"] for record in caplog.records] == ["nonsense"]


def test_bytes_that_are_no_rows_at_all_do_not_stop_the_reading(tmp_path: Path) -> None:
    file = tmp_path / "cdr.csv"
    file.write_bytes(b"\0" * 5000 + b"\n" + row(1).encode() + b"\n")
    offset, seen = 0, []
    while True:
        chunk = read_cdrs(file, offset, "pbx", chunk_bytes=1000)
        seen += [cdr.uniqueid for cdr in chunk.rows]
        offset = chunk.offset
        if not chunk.more:
            break
    assert seen == ["att-1"]


@given(count=st.integers(0, 30), chunk_bytes=st.integers(400, 3000), data=st.data())
def test_every_row_is_read_once_whatever_the_chunks_and_however_it_grows(
    count: int, chunk_bytes: int, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("cdr") / "cdr.csv"
    text = "".join(f"{row(n)}\n" for n in range(count)).encode()
    offset, seen = 0, []
    for end in [*sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=4))), len(text)]:
        file.write_bytes(text[:end])
        more = True
        while more:
            chunk = read_cdrs(file, offset, "pbx", chunk_bytes)
            assert chunk.bad == 0
            seen += [cdr.uniqueid for cdr in chunk.rows]
            offset, more = chunk.offset, chunk.more
    assert seen == [f"att-{n}" for n in range(count)]
