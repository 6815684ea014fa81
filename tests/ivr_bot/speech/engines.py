"""Engines that misbehave when asked to, for the tests of the worker processes."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crm_core.errors import BadInput


@dataclass(frozen=True, slots=True)
class EchoSpec:
    """Answers with what it was sent, its process number before it."""

    fault: str | None = None
    slow_start: bool = False
    fails_if_there: Path | None = None

    def load(self) -> EchoEngine:
        if self.fault is not None:
            raise BadInput("model", self.fault)
        if self.fails_if_there is not None and self.fails_if_there.exists():
            raise BadInput("model", "is gone")
        if self.slow_start:
            time.sleep(3600)
        return EchoEngine()


class EchoEngine:
    def answer(self, request: Any) -> Any:
        match request:
            case ("die",):
                os._exit(3)
            case ("die once", file) | ("hang once", file):
                if not Path(file).exists():
                    Path(file).touch()
                    return os._exit(3) if request[0] == "die once" else time.sleep(3600)
            case ("hang",):
                time.sleep(3600)
            case ("raise", text):
                raise ValueError(text)
            case ("wait for", file):
                while not Path(file).exists():
                    time.sleep(0.005)
            case ("print",):
                print("what libraries print", flush=True)
            case ("threads",):
                return os.environ["OMP_NUM_THREADS"]
        return os.getpid(), request
