"""Reports of calls as tables: hours, operators, campaigns, surveys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crm_core.domain.calling import AgentFigures, CampaignSum, Hour, best_hours
from crm_core.domain.reports import Column, Picture, ReportTable, Unit, share
from crm_core.domain.surveys import SurveyResult

#: Outcomes as they are shown, in this order.
OUTCOMES: Mapping[str, str] = {
    "answered": "Answered",
    "abandoned": "Abandoned",
    "hung_up": "Hung up at once",
    "machine": "Machine",
    "no_answer": "No answer",
    "busy": "Busy",
    "not_in_service": "Not in service",
    "congestion": "Congestion",
    "given_up": "Given up by us",
    "failed": "Failed",
    "lost": "Lost from sight",
    "": "Not known",
}
_WHEN = (Column("weekday", "Weekday", Unit.WEEKDAY), Column("hour", "Hour", Unit.HOUR))


def hour_tables(hours: Sequence[Hour]) -> tuple[ReportTable, ...]:
    found = [outcome for outcome in OUTCOMES if any(outcome in hour.outcomes for hour in hours)]
    found += sorted({outcome for hour in hours for outcome in hour.outcomes} - set(OUTCOMES))
    columns = (
        *_WHEN,
        Column("calls", "Calls"),
        Column("people", "Answered by a person"),
        Column("answered", "Share answered", Unit.SHARE),
        *(Column(f"outcome_{outcome or 'unknown'}", OUTCOMES.get(outcome, outcome)) for outcome in found),
    )
    rows = tuple(
        (h.weekday, h.hour, h.calls, h.people, h.answered, *(h.outcomes.get(outcome, 0) for outcome in found))
        for h in hours
    )
    best = (*columns[:5], Column("at_least", "Surely above", Unit.SHARE))
    best_rows = tuple((h.weekday, h.hour, h.calls, h.people, h.answered, h.at_least) for h in best_hours(hours))
    return (
        ReportTable("hours", "When people answer", columns, rows, Picture("heat", "hour", ("answered",), "weekday")),
        ReportTable("best", "Best hours to call", best, best_rows),
    )


def operator_tables(figures: Sequence[AgentFigures], labels: Mapping[str, str]) -> tuple[ReportTable, ...]:
    """`labels`: dispositions in order, code and name."""
    results = _in_order(labels, {code for one in figures for code in one.results})
    reasons = sorted({reason for one in figures for reason in one.pauses})
    columns = (
        Column("operator", "Operator", Unit.TEXT),
        Column("team", "Team", Unit.TEXT),
        Column("calls", "Calls"),
        Column("talks", "Talks"),
        Column("talk", "Talk", Unit.SECONDS),
        Column("mean_talk", "Talk on average", Unit.SECONDS),
        Column("wait", "Waiting", Unit.SECONDS),
        Column("ringing", "Ringing", Unit.SECONDS),
        Column("wrap_up", "Wrap-up", Unit.SECONDS),
        Column("pause", "Pause", Unit.SECONDS),
        Column("logged_in", "Logged in", Unit.SECONDS),
        Column("occupancy", "Occupancy", Unit.SHARE),
        *(Column(f"result_{code}", "Result", Unit.COUNT, labels.get(code, code)) for code in results),
    )
    rows = tuple(
        (
            one.name,
            one.team or None,
            one.calls,
            one.talks,
            one.talk,
            one.mean_talk,
            one.wait,
            one.ringing,
            one.wrap_up,
            one.pause,
            one.logged_in,
            one.occupancy,
            *(one.results.get(code, 0) for code in results),
        )
        for one in figures
    )
    paused = (
        columns[0],
        *(Column(f"pause_{reason or 'none'}", "Pause", Unit.SECONDS, reason or "–") for reason in reasons),
    )
    drawn = Picture("stacked", "operator", ("talk", "wrap_up", "ringing", "wait", "pause"))
    return (
        ReportTable("operators", "Operators", columns, rows, drawn),
        ReportTable(
            "pauses",
            "Pauses by reason",
            paused,
            tuple((one.name, *(one.pauses.get(r, 0.0) for r in reasons)) for one in figures if one.pauses),
        ),
    )


def campaign_tables(sums: Sequence[CampaignSum], labels: Mapping[str, str]) -> tuple[ReportTable, ...]:
    results = _in_order(labels, {code for one in sums for code in one.results})
    currencies = sorted({currency for one in sums for currency in one.won_amounts})
    columns = (
        Column("campaign", "Campaign", Unit.TEXT),
        Column("dialed", "Dialed"),
        Column("people", "Answered by a person"),
        Column("people_share", "Of those dialed", Unit.SHARE),
        Column("machines", "Machines"),
        Column("talks", "Talks"),
        Column("talk", "Talk", Unit.SECONDS),
        Column("mean_talk", "Talk on average", Unit.SECONDS),
        Column("abandoned", "Abandoned"),
        Column("abandoned_share", "Abandoned of those answered", Unit.SHARE),
        Column("deals", "Deals made"),
        Column("deals_share", "Deals of talks", Unit.SHARE),
        Column("won", "Deals won"),
        *(Column(f"won_{currency}", "Won", Unit.MONEY, currency) for currency in currencies),
        *(Column(f"result_{code}", "Result", Unit.COUNT, labels.get(code, code)) for code in results),
    )
    rows = tuple(
        (
            one.name,
            one.dialed,
            one.people,
            share(one.people, one.dialed),
            one.machines,
            one.talks,
            one.talk_seconds,
            share(one.talk_seconds, one.talks),
            one.abandoned,
            one.abandoned_share,
            one.deals,
            share(one.deals, one.talks),
            one.won,
            *(one.won_amounts.get(currency, 0) for currency in currencies),
            *(one.results.get(code, 0) for code in results),
        )
        for one in sums
    )
    drawn = Picture("bars", "campaign", ("dialed", "people", "talks", "deals"))
    return (ReportTable("campaigns", "Campaigns", columns, rows, drawn),)


def _in_order(labels: Mapping[str, str], used: set[str]) -> list[str]:
    return [code for code in labels if code in used] + sorted(used - set(labels))


def survey_tables(result: SurveyResult) -> tuple[ReportTable, ...]:
    columns = (
        Column("answer", "Answer", Unit.TEXT),
        Column("count", "People"),
        Column("share", "Of those who answered", Unit.SHARE),
    )
    questions = [
        ReportTable(
            name=f"question_{number}",
            title=one.question,
            columns=columns,
            rows=tuple((value, count, share(count, one.answers)) for value, count in one.counts.items()),
            picture=Picture("bars", "answer", ("count",)),
        )
        for number, one in enumerate(result.questions, 1)
    ]
    nodes = sorted(result.reached, key=lambda node: (-result.reached[node], node))
    steps = ReportTable(
        "steps",
        "How far people came",
        (
            Column("step", "Step", Unit.TEXT),
            Column("reached", "Came here"),
            Column("left", "Ended here unfinished"),
            Column("left_share", "Of those", Unit.SHARE),
        ),
        tuple(
            (n, result.reached[n], result.left_at.get(n, 0), share(result.left_at.get(n, 0), result.reached[n]))
            for n in nodes
        ),
        Picture("bars", "step", ("reached", "left")),
    )
    whole = ReportTable(
        "conversations",
        "Conversations",
        (
            Column("ending", "Ending", Unit.TEXT),
            Column("count", "Conversations"),
            Column("share", "Of all", Unit.SHARE),
        ),
        (
            *((e.value, count, share(count, result.conversations)) for e, count in result.endings.items()),
            ("complete", result.complete, share(result.complete, result.conversations)),
        ),
    )
    return (whole, *questions, steps)
