"""Providers' files: found by name or path, read, and checked; an error names the file and what is expected there."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import yaml

from crm_core.errors import BadInput, BadSetting
from crm_core.messaging.provider import PARTS, PLACEHOLDER, Body, Provider

SHIPPED = Path(__file__).parent / "providers"
_KEYS = ("url", "method", "headers", "basic", "query", "json", "form", "id", "success", "error", "repeatable")
_METHODS = ("POST", "PUT", "GET")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
#: An id or an error stands at names and positions with dots between: messages.0.id
_PATH = re.compile(r"\w+(\.\w+)*")


def provider_path(given: str, variable: str) -> Path:
    """A file by its path, or a shipped one by name; raises BadSetting listing those."""
    if given.endswith((".yml", ".yaml")):
        return Path(given)
    shipped = sorted(path.stem for path in SHIPPED.glob("*.yml"))
    if given not in shipped:
        raise BadSetting(variable, f"there is no {given!r}", f"Write the path of a .yml file, or {', '.join(shipped)}")
    return SHIPPED / f"{given}.yml"


def read_provider(path: Path, env: Mapping[str, str]) -> Provider:
    """Read and check a provider's file. Raises BadInput naming the file, the key and what is expected there, and
    BadSetting for a variable that is not set."""
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(str(path), f"cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(str(path), f"is no YAML: {error}".replace("\n", " ")) from error
    return _Reader(str(path), env).provider(path.stem, given)


class _Reader:
    """Checks one file; every fault names the file."""

    def __init__(self, file: str, env: Mapping[str, str]) -> None:
        self._file, self._env = file, env

    def provider(self, name: str, given: Any) -> Provider:
        if not isinstance(given, dict):
            self._fault("it holds no keys", f"Expected: {', '.join(_KEYS)}")
        for key in given:
            if key not in _KEYS:
                self._fault(f"the key {key!r} is not known", f"Expected: {', '.join(_KEYS)}")
        if "url" not in given:
            self._fault("the key 'url' is missing", "Expected: an address such as https://sms.example.com/send")
        if "json" in given and "form" in given:
            self._fault("it has both 'json' and 'form'", "Expected: one of them")
        method = given.get("method", "POST")
        if method not in _METHODS:
            self._fault(f"method {method!r} is not known", f"Expected: {', '.join(_METHODS)}")
        if method == "GET" and given.keys() & {"json", "form"}:
            self._fault("a GET has no body", "Expected: the message in 'query' or 'url'")
        provider = Provider(
            name=name,
            url=self._url(given["url"]),
            method=method,
            headers=self._texts("headers", given, ("to", "digits", "id")) | self._basic(given),  # a text has lines
            query=self._texts("query", given),
            json=self._tree("json", given.get("json")),
            form=self._texts("form", given) if "form" in given else None,
            id_at=self._path("id", given),
            success=self._statuses(given.get("success", [200, 201, 202])),
            error_at=self._path("error", given),
            repeatable=self._flag("repeatable", given),
        )
        self._check_told(given)
        return provider

    def _fault(self, what: str, do: str) -> NoReturn:
        raise BadInput(self._file, what, do)

    def _check_told(self, given: Mapping[str, Any]) -> None:
        """A request that does not say whom and what cannot be right."""
        used = set(PLACEHOLDER.findall(str([given.get(key) for key in ("url", "query", "json", "form")])))
        if not used & {"to", "digits"}:
            self._fault("nothing says whom to send it to", "Expected: {to} or {digits} in the url, query or body")
        if "text" not in used:
            self._fault("nothing says what to send", "Expected: {text} in the url, query or body")

    def _url(self, given: Any) -> str:
        if not isinstance(given, str):
            self._fault("'url' is no text", "Expected: an address such as https://sms.example.com/send")
        url = self._text("url", given, PARTS)
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            self._fault(f"'url' {given!r} is no address", "Expected: https://… or http://…")
        return url

    def _texts(self, key: str, given: Mapping[str, Any], parts: tuple[str, ...] = PARTS) -> dict[str, str]:
        values = given.get(key, {})
        if not isinstance(values, dict):
            self._fault(f"{key!r} holds no names and values", "Expected: a name, a colon and a value on each line")
        texts: dict[str, str] = {}
        for name, value in values.items():
            if not isinstance(value, (str, int, float)) or isinstance(value, bool):
                self._fault(f"{key}: {name}: {value!r} is no text", "Expected: a text; quote it if need be")
            texts[self._name(key, name)] = self._text(f"{key}: {name}", str(value), parts)
        return texts

    def _name(self, where: str, name: Any) -> str:
        if not isinstance(name, str):  # YAML reads on, yes and 1 as what they are not
            self._fault(f"{where}: the name {name!r} is no text", "Expected: a text; quote it")
        return name

    def _basic(self, given: Mapping[str, Any]) -> dict[str, str]:
        """Name and password as of RFC 7617."""
        if "basic" not in given:
            return {}
        pair = self._texts("basic", given, ())
        if pair.keys() != {"user", "password"}:
            self._fault("'basic' is not complete", "Expected: user and password")
        return {"Authorization": "Basic " + b64encode(f"{pair['user']}:{pair['password']}".encode()).decode()}

    def _tree(self, where: str, given: Any) -> Body:
        if isinstance(given, str):
            return self._text(where, given, PARTS)
        if isinstance(given, dict):
            if len(given) == 1 and set(given) & set(PARTS) and None in given.values():  # so YAML reads a bare {to}
                self._fault(f"{where}: {{{next(iter(given))}}} is not quoted", f'Expected: "{{{next(iter(given))}}}"')
            return {self._name(where, name): self._tree(f"{where}: {name}", value) for name, value in given.items()}
        if isinstance(given, list):
            return [self._tree(where, item) for item in given]
        if given is not None and not isinstance(given, (int, float, bool)):  # YAML knows dates, JSON does not
            self._fault(f"{where}: {given!r} is no value of JSON", "Expected: a text; quote it")
        return given

    def _text(self, where: str, text: str, parts: tuple[str, ...]) -> str:
        """Check what stands in braces, and fill in what comes from the environment."""

        def fill(found: re.Match[str]) -> str:
            name = found[1]
            if name in parts:
                return found[0]
            if _VARIABLE.fullmatch(name) is None:
                expected = ", ".join([*(f"{{{part}}}" for part in parts), "a variable of the environment in capitals"])
                self._fault(f"{where}: {found[0]} is not known", f"Expected: {expected}")
            if not self._env.get(name):
                raise BadSetting(name, "is not set", f"{self._file} needs it, {where}")
            return self._env[name]

        return PLACEHOLDER.sub(fill, text)

    def _path(self, key: str, given: Mapping[str, Any]) -> str | None:
        path = given.get(key)
        if path is not None and (not isinstance(path, str) or _PATH.fullmatch(path) is None):
            self._fault(f"{key}: {path!r} is no place in an answer", "Expected: names with dots, such as messages.0.id")
        return path

    def _statuses(self, given: Any) -> frozenset[int]:
        if not isinstance(given, list) or not given or not all(type(n) is int and 200 <= n < 300 for n in given):
            self._fault(f"success: {given!r} is no list of HTTP statuses", "Expected: such as [200, 201]")
        return frozenset(given)

    def _flag(self, key: str, given: Mapping[str, Any]) -> bool:
        value = given.get(key, False)
        if not isinstance(value, bool):
            self._fault(f"{key}: {value!r} is neither true nor false", "Expected: true or false")
        return value
