"""A process that learns from labels: an order on its input, a line of JSON for each step on its output.

Run as `python -m ivr_bot.nlu.teach_main` by teaching.py: training keeps a core busy for half a minute, and whoever
waits for an answer of the service, or is on the line with the bot, is not to feel it.
"""

from __future__ import annotations

import json
import os
import sys
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path

from crm_core.errors import BadInput
from ivr_bot.nlu.examples import Example
from ivr_bot.nlu.learning import Lesson, learn
from ivr_bot.nlu.script_tests import differing


def main() -> int:
    """Answer one order; 0 whatever came of it, as the last line says."""
    wire = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no answer

    def say(what: object) -> None:
        wire.write(json.dumps(what) + "\n")
        wire.flush()

    order = json.load(sys.stdin)
    new: dict[str, list[Example]] = defaultdict(list)
    for language, intent, text in order["labels"]:
        new[language].append(Example(intent, text))
    own, kept, scripts = (Path(order[name]) for name in ("own", "kept", "scripts"))
    try:
        found = learn(
            own, kept, new, lambda model: differing(model, scripts), lambda done, whole: say({"step": [done, whole]})
        )
    except BadInput as error:
        say({"fault": [error.where, error.what, error.do]})
    else:
        say({"lesson": _told(found)})
    return 0


def _told(lesson: Lesson) -> dict[str, object]:
    scores = {"before": lesson.before, "after": lesson.after}
    told = {name: {language: asdict(score) for language, score in one.items()} for name, one in scores.items()}
    return {"taken": lesson.taken, "why": lesson.why, "model": lesson.model.name, **told}


if __name__ == "__main__":
    sys.exit(main())
