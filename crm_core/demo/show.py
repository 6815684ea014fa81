"""The demo on the screen: progress while it runs, the report as a table."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from crm_core.demo.report import DemoReport


def print_report(console: Console, report: DemoReport) -> None:
    """The figures, then every check with what was seen."""
    table = Table(title="What came of the campaign", show_header=False)
    add = table.add_row
    rows = report.imported
    add("rows in the file", f"{rows['rows']}")
    refused = ", ".join(f"{rows[key]} {key}" for key in ("updated", "duplicate", "invalid", "skipped"))
    add("imported, refused", f"{rows['created']} created, {refused}")
    add("attempts by outcome", ", ".join(f"{count} {name}" for name, count in report.outcomes.items()))
    add("answered by people", f"{report.people}")
    share = report.abandoned / report.people if report.people else 0.0
    add("bridged, abandoned", f"{report.bridged}, {report.abandoned} ({share:.1%})")
    add("answer to bridge, waits included", ", ".join(f"{name} {ms:.1f} ms" for name, ms in report.hand_off_ms.items()))
    add("operators' occupancy", f"{report.occupancy:.0%}")
    add("recordings, sound on both sides", f"{report.recordings}, {report.recordings_with_both_sides}")
    add("results", ", ".join(f"{count} {name}" for name, count in report.dispositions.items()))
    add("deals by rule", _by_rule(report.deals_by_rule))
    add("tasks by rule", _by_rule(report.tasks_by_rule))
    add("took", f"{report.seconds:.0f} s")
    console.print(table)
    checks = Table(title="Checks", show_header=False)
    for check in report.checks:
        checks.add_row("[green]ok[/]" if check.ok else "[red]FAILED[/]", check.what, check.seen)
    console.print(checks)


def _by_rule(counts: dict[str, int]) -> str:
    return "\n".join(f"{count} {rule}" for rule, count in counts.items()) or "none"
