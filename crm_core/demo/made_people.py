"""Made-up firms and people. What others must know of a person (number, language, owner) follows from his index, so that
a million of them need no memory; the same seed gives the same people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from crm_core.demo import made_words as words
from crm_core.domain.access import Role
from crm_core.domain.folding import fold

Row = tuple[Any, ...]
SPAN = timedelta(days=730)
#: Of a hundred people; the rest write English.
_UZBEK, _RUSSIAN = 60, 38
#: Of all people, those who were there when the two years began, brought by an import.
_AT_FIRST = 0.4
_WITH_COMPANY, _WITH_OWNER, _WITH_EMAIL, _WITH_SECOND = 35, 70, 0.3, 15
_PER_COMPANY = 10
#: Codes that belong to no operator we know of, and that the import takes for valid all the same: Uzbekistan's 92 and
#: Russia's 944 to 947. Nobody promises that it stays so: never dial made-up people over a carrier's trunk.
_UZBEK_CODE, _RUSSIAN_CODES = "+99892", ("+7944", "+7945", "+7946", "+7947")
_TEN_MILLION = 10_000_000
_ZONES = {"uz": "Asia/Tashkent", "ru": None, "en": None}

USER_COLUMNS = ("id", "name", "role", "active", "created_at", "team_id", "email", "language")
COMPANY_COLUMNS = ("id", "name", "created_at")
CONTACT_COLUMNS = ("id", "name", "email", "company_id", "owner_id", "language", "fields", "created_at")
PHONE_COLUMNS = ("contact_id", "e164", "raw", "zone", "dead")


@dataclass(frozen=True, slots=True)
class Wanted:
    """How much is to be made, up to the instant `until`. `deals` are open ones; closed ones come on top."""

    contacts: int
    deals: int
    calls: int
    seed: int
    until: datetime

    @property
    def since(self) -> datetime:
        return self.until - SPAN

    def random(self, of: str) -> Random:
        return Random(f"{self.seed} {of}")  # chance, not secrecy


@dataclass(frozen=True, slots=True)
class User:
    """Somebody of the firm. `team` is an index."""

    id: int
    name: str
    role: Role
    team: int | None


def staff(wanted: Wanted, first_id: int) -> list[User]:
    """One of 300 at most for each 5,000 contacts: teams of ten with a head, two thirds of them agents."""
    random = wanted.random("staff")
    count = min(300, max(12, wanted.contacts // 5000))
    names: dict[str, None] = {}
    while len(names) < count:
        _, name = _name(random, random.choice(("uz", "uz", "ru")))
        names.setdefault(name)
    made = []
    for index, name in enumerate(names):
        team, place = divmod(index, 10)
        role = Role.HEAD if place == 0 else Role.SELLER if place < 4 else Role.AGENT
        if index in (1, 2):
            role = Role.MARKETER if index == 1 else Role.MANAGER
        made.append(User(first_id + index, name, role, team if role not in (Role.MARKETER, Role.MANAGER) else None))
    return made


class Crowd:
    """The people by index: 0 is whom the site has known longest."""

    def __init__(self, wanted: Wanted, first_id: int, owners: Sequence[int], first_company: int = 1) -> None:
        self.wanted = wanted
        self.first_id = first_id
        self.first_company = first_company
        self._owners = owners
        self._salt = wanted.random("crowd").getrandbits(32)

    def _mixed(self, index: int, of: int) -> int:
        """A number that looks like chance but belongs to the index (Knuth's multiplicative hash)."""
        return (((index + of * 7919) * 2_654_435_761 + self._salt) & 0xFFFFFFFF) >> 7

    def group(self, index: int) -> str:
        share = self._mixed(index, 1) % 100
        return "uz" if share < _UZBEK else "ru" if share < _UZBEK + _RUSSIAN else "en"

    def number(self, index: int) -> str:
        """His number: each his own up to ten million people, but for the few that fiction has in North America."""
        group = self.group(index)
        if group == "en":
            area, last = divmod(self._mixed(index, 2) % (len(words.AREA_CODES) * 100), 100)
            return f"+1{words.AREA_CODES[area]}55501{last:02}"
        digits = (index * 6_364_137 + self._salt) % _TEN_MILLION  # the factor shares none with ten million
        code = _UZBEK_CODE if group == "uz" else _RUSSIAN_CODES[index % 4]
        return f"{code}{digits:07}"

    def owner(self, index: int) -> int | None:
        share = self._mixed(index, 3)
        return self._owners[share // 100 % len(self._owners)] if share % 100 < _WITH_OWNER else None

    def company(self, index: int) -> int | None:
        """The id of the company he works at, if he works at one."""
        if self._mixed(index, 4) % 100 >= _WITH_COMPANY:
            return None
        return self.first_company + self._mixed(index, 5) % company_count(self.wanted)

    def known(self, at: datetime) -> int:
        """How many people the site knew then; at least one."""
        share = (at - self.wanted.since) / SPAN
        return max(1, min(self.wanted.contacts, int(self.wanted.contacts * (_AT_FIRST + (1 - _AT_FIRST) * share))))

    def met(self, index: int) -> datetime:
        """When the site first heard of him."""
        share = (index / self.wanted.contacts - _AT_FIRST) / (1 - _AT_FIRST)
        return self.wanted.since + max(share, 0) * SPAN + timedelta(seconds=index % 3600 if share <= 0 else 0)


def companies(wanted: Wanted, first_id: int) -> Iterator[Row]:
    random = wanted.random("companies")
    for index in range(company_count(wanted)):
        group = random.choices(("uz", "ru", "en"), (_UZBEK, _RUSSIAN, 100 - _UZBEK - _RUSSIAN))[0]
        word, trade = random.choice(words.COMPANY_WORDS[group]), random.choice(words.COMPANY_TRADES[group])
        name = words.COMPANY_FORMS[group].format(word, trade.lower() if group == "ru" else trade)
        yield first_id + index, f"{name} {random.randint(1, 99)}" if index % 3 == 0 else name, wanted.since


def company_count(wanted: Wanted) -> int:
    return max(1, wanted.contacts // _PER_COMPANY)


def contacts(crowd: Crowd) -> Iterator[Row]:
    random, wanted = crowd.wanted.random("contacts"), crowd.wanted
    for index in range(wanted.contacts):
        group = crowd.group(index)
        language, name = _name(random, group)
        email = None
        if random.random() < _WITH_EMAIL:
            email = f"{_mailbox(name)}{random.randint(1, 9999)}@example.{'org' if index % 3 else 'com'}"
        fields = {"city": random.choice(words.CITIES[group])}
        contact_id = crowd.first_id + index
        yield contact_id, name, email, crowd.company(index), crowd.owner(index), language, fields, crowd.met(index)


def phones(crowd: Crowd) -> Iterator[Row]:
    for index in range(crowd.wanted.contacts):
        number, zone = crowd.number(index), _ZONES[crowd.group(index)]
        yield crowd.first_id + index, number, number, zone, False
        if index % 100 < _WITH_SECOND and number[:2] != "+1":  # a number next to his own plus half the range
            second = f"{number[:-7]}{(int(number[-7:]) + _TEN_MILLION // 2) % _TEN_MILLION:07}"
            yield crowd.first_id + index, second, second, zone, index % 5 == 0


def _name(random: Random, group: str) -> tuple[str, str]:
    """A language, and a name as it is written in it."""
    woman = random.random() < 0.5
    if group == "uz":
        first = random.choice(words.UZBEK_WOMEN if woman else words.UZBEK_MEN)
        return "uz", f"{first} {random.choice(words.UZBEK_SURNAMES)}{'a' if woman else ''}"
    if group == "en":
        first = random.choice(words.ENGLISH_WOMEN if woman else words.ENGLISH_MEN)
        return "en", f"{first} {random.choice(words.ENGLISH_SURNAMES)}"
    first = random.choice(words.RUSSIAN_WOMEN if woman else words.RUSSIAN_MEN)
    surname = random.choice(words.RUSSIAN_SURNAMES) + ("а" if woman else "")
    if random.random() < 0.4:
        return "ru", f"{surname} {first} {random.choice(words.PATRONYMICS)[woman]}"
    return "ru", f"{first} {surname}"


def _mailbox(name: str) -> str:
    """The part of an address before the "@": what a name is in plain letters."""
    return ".".join(fold(name).split()[:2])
