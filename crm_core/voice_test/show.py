"""What came of the conversations, on the screen: where they differ, what was misheard, how fast the bot answered."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import quantiles

from rich.console import Console

from crm_core.voice_test.compare import Held
from crm_core.voice_test.plans import Unspoken


def print_report(
    console: Console,
    script: str,
    file: Path,
    held: Sequence[Held],
    unspoken: Sequence[Unspoken],
    seconds: float,
    verbose: bool,
) -> None:
    """Every conversation that differs (`verbose`: all), those that were not held and why, and the sum of it."""
    lines: list[str] = []
    for one in held:
        if verbose or one.differences:
            lines += _told(one, file)
    for left in unspoken:
        where = f"{left.conversation.name} ({file}:{left.conversation.line})"
        lines.append(f"{where}: {'not held' if left.fault else 'for text only'}: {left.why}")
    lines += [_sum(script, held, unspoken, seconds), *_speed(held)]
    console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)


def _told(held: Held, file: Path) -> list[str]:
    conversation = held.plan.conversation
    lines = [f"{conversation.name} ({file}:{conversation.line}) by {held.voice}"]
    lines += [f"    {line}" for line in held.told]
    for difference in held.differences:
        lines += [
            f"  {file}:{difference.line}: {difference.what}",
            f"    - expected: {difference.expected}",
            f"    + found:    {difference.found}",
        ]
    if held.differences and held.told:
        for line in held.misheard:
            lines.append(f"  {file}:{line.line}: {line.told}")
        if not held.misheard:
            lines.append("  Every line was heard as it was said.")
    return lines


def _sum(script: str, held: Sequence[Held], unspoken: Sequence[Unspoken], seconds: float) -> str:
    differ = [one for one in held if one.differences]
    misheard = sum(bool(one.misheard) for one in differ)
    verdict = f"{len(differ)} differ{'s' if len(differ) == 1 else ''}" if differ else "all as expected"
    if differ:
        verdict += f" ({misheard} with a misheard line)"
    missing, only_text = (sum(one.fault is fault for one in unspoken) for fault in (True, False))
    rest = [f"{missing} not held"] if missing else []
    rest += [f"{only_text} for text only"] if only_text else []
    count = f"{len(held)} conversation{'' if len(held) == 1 else 's'}, {verdict}" if held else "nothing was held"
    return f"{script} by voice: " + ", ".join([count, *rest]) + f" ({seconds:.0f} s)"


def _speed(held: Sequence[Held]) -> list[str]:
    responses = [seconds for one in held for seconds in one.responses]
    if len(responses) < 2:
        return []
    middle, late = (quantiles(responses, n=20, method="inclusive")[place] for place in (9, 18))
    return [f"The bot answered speech after {middle:.2f} s (half) and {late:.2f} s (95 %), {len(responses)} times."]
