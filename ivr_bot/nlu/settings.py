"""Settings of the intent model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from crm_core.errors import BadSetting


@dataclass(frozen=True, slots=True)
class NluSettings:
    """`own`: folder of the site's own sentences; `kept`: of trained models, shared by all homes of a user (each bears
    the name of what it was trained on); `rasa_url` None: the twin alone."""

    own: Path
    kept: Path
    rasa_url: str | None = None


def nlu_settings_from_env(env: Mapping[str, str], home: Path) -> NluSettings:
    """Read RASA_URL (`http://127.0.0.1:5005`, none: the twin alone); raises BadSetting."""
    url = (env.get("RASA_URL") or "").rstrip("/")
    if url and not url.startswith(("http://", "https://")):
        raise BadSetting("RASA_URL", f"{url!r} is no address", "Write it like http://127.0.0.1:5005")
    cache = Path(env.get("XDG_CACHE_HOME") or Path(env.get("HOME") or Path.home()) / ".cache")
    return NluSettings(home / "nlu", cache / "trunkline" / "nlu", url or None)
