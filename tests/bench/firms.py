"""Companies, and calls with what nobody took, among a million people: lists, cards and what is typed above them. Asked
of the site that `workplace` has filled."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from crm_core.db.call_desk import CallsWanted
from crm_core.db.engine import Database
from crm_core.domain.access import Actor
from crm_core.handlers import call_desk, company_desk
from tests.bench.lookup import Took
from tests.bench.rows import Row, figure, percentile, under

_PAGES, _CARDS, _COUNTS = 30, 100, 5
_SORTS = ("name", "-created_at")


async def measured(database: Database, actor: Actor, who: str, names: Sequence[str]) -> list[Row]:
    """Pages far into the lists, cards, and the lists of what people type; `names`: of companies."""
    listed, cards, counted, found, of_found, called = Took(), Took(), Took(), Took(), Took(), Took()
    known: list[int] = []
    for sort in _SORTS:
        after = None
        for n in range(_PAGES + 1):
            with listed.one():
                page, after = await company_desk.list_companies(
                    actor, "", sort, after=after, limit=50, database=database
                )
            if n == 0:  # the first of all makes the statement
                listed.milliseconds.pop()
            known += [one.company.id for one in page]
            if after is None:
                break
    for _ in range(_COUNTS):
        with counted.one():
            await company_desk.count_companies(actor, "", database)
    for company_id in Random(5).sample(known, min(_CARDS, len(known))):
        with cards.one():
            await company_desk.company_card(actor, company_id, database)
    for typed in _typed(names):
        with found.one():
            await company_desk.list_companies(actor, typed, "name", after=None, limit=50, database=database)
        with of_found.one():
            await company_desk.count_companies(actor, typed, database)
    before = None
    for n in range(_PAGES + 1):
        with called.one():
            calls = await call_desk.list_calls(actor, CallsWanted(), before, 50, database)
        before = calls.next
        if n == 0:
            called.milliseconds.pop()
        if before is None:
            break
    return [
        *_rows(f"workplace, page of companies, seen: {who}", listed, 100),
        figure(f"workplace, companies counted to 1000, seen: {who}, p50", percentile(counted.milliseconds, 0.5), "ms"),
        *_rows(f"workplace, card of a company, seen: {who}", cards, 100),
        *_rows(f"workplace, companies by words, seen: {who}", found, 150),
        figure(
            f"workplace, companies by words counted, seen: {who}, p95", percentile(of_found.milliseconds, 0.95), "ms"
        ),
        *_rows(f"workplace, page of calls, seen: {who}", called, 100),
    ]


def _typed(names: Sequence[str]) -> list[str]:
    """Beginnings of names and of their words, and a name that nobody has."""
    random = Random(4)
    texts = ["qqxx"]
    while len(texts) < _CARDS:
        words = random.choice(names).split()
        texts += [words[0][:3], words[-1], " ".join(words[:2]), random.choice(words)[:4]]
    return [text for text in texts if len(text) >= 3]


def _rows(name: str, took: Took, bound: float) -> list[Row]:
    if not took.milliseconds:
        return []  # whoever sees one page at most has none far into the list
    return [
        under(f"{name}, p95", percentile(took.milliseconds, 0.95), "ms", bound),
        figure(f"{name}, p50", percentile(took.milliseconds, 0.5), "ms"),
    ]
