"""What Prometheus reads: the figures of the database and of this process, as metrics of a registry of the app's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from crm_core.db.views import Figures


@dataclass(frozen=True, slots=True)
class Reading:
    """One scrape. `figures`: None when the database does not answer. `link_age`: None when the link is down;
    `has_link`: whether this process has one at all. `originates` by result, since this process began."""

    figures: Figures | None
    has_link: bool
    link_age: timedelta | None
    originates: Mapping[str, int]


class Metrics:
    """The process's own collectors, made once per app; a reading is added at each scrape."""

    def __init__(self) -> None:
        self._process = CollectorRegistry()
        ProcessCollector(registry=self._process)
        PlatformCollector(registry=self._process)
        GCCollector(registry=self._process)

    def text(self, reading: Reading) -> bytes:
        """All metrics in Prometheus' text format."""
        registry = CollectorRegistry()
        registry.register(_ReadingCollector(reading))
        return generate_latest(registry) + generate_latest(self._process)


class _ReadingCollector(Collector):
    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def collect(self) -> Iterable[Metric]:
        reading = self._reading
        yield _gauge("database_up", "Whether the database answers.", int(reading.figures is not None))
        yield from _of_link(reading)
        yield _counter("originates", "Originates sent by this process.", "result", reading.originates)
        if reading.figures is not None:
            yield from _of_calls(reading.figures)
            yield from _of_work(reading.figures)


def _of_link(reading: Reading) -> Iterable[Metric]:
    if not reading.has_link:
        return
    yield _gauge("link_up", "Whether the AMI link is up.", int(reading.link_age is not None))
    if reading.link_age is not None:
        seconds = reading.link_age.total_seconds()
        yield _gauge("link_age_seconds", "Time since the AMI link last said anything.", seconds)


def _of_calls(figures: Figures) -> Iterable[Metric]:
    yield _gauge("open_calls", "Calls that have not ended.", figures.open_calls)
    yield _counter("attempts", "Attempts of all campaigns, by what came of them.", "result", figures.attempts)
    yield _gauge("dialing_rate", "Attempts a second of running campaigns, over the last minute.", figures.dialing_rate)
    yield _gauge("leases", "Attempts that hold a line.", sum(lines.open for lines in figures.lines.values()))
    yield _gauge("leases_expired", "Of these, leases run out.", sum(lines.expired for lines in figures.lines.values()))
    of_trunks = figures.lines.items()
    yield _by("lines", "Lines in use.", "trunk", {name: lines.open for name, lines in of_trunks})
    yield _by("lines_limit", "Lines there may be.", "trunk", {name: lines.limit for name, lines in of_trunks})


def _of_work(figures: Figures) -> Iterable[Metric]:
    states = {state.value: count for state, count in figures.agents.items()}
    yield _by("agents", "Agents by state.", "state", states)
    yield _gauge("running_campaigns", "Campaigns that run.", figures.running_campaigns)
    yield _gauge("unmatched_cdrs", "Asterisk's call records without a call of ours.", figures.unmatched_cdrs)
    yield _gauge("outbox_unpublished_rows", "Events not published yet.", figures.lag.unpublished)
    yield _gauge("outbox_undone_rows", "Events for which the rules have not run yet.", figures.lag.undone)
    yield _gauge("outbox_lag_seconds", "Age of the oldest event not published.", figures.lag.seconds)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"trunkline_{name}", text, value=value)


def _by(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"trunkline_{name}", text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _counter(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = CounterMetricFamily(f"trunkline_{name}", text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
