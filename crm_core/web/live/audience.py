"""Who is connected to this process, found quickly by whose thing it is that changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from crm_core.domain.pushes import Push, Topic, view
from crm_core.errors import TooMany
from crm_core.web.live.connection import Connection, Wording

#: Streams of one user at once: a few browsers, each with one. More is a mistake in somebody's script.
_OF_ONE_USER = 20


class Audience:
    """The connections. Those that see only their own are asked only about what is theirs."""

    def __init__(self) -> None:
        self._of_user: dict[int, set[Connection]] = {}
        self._wide: set[Connection] = set()
        self.wording = Wording()

    def __len__(self) -> int:
        return sum(map(len, self._of_user.values()))

    def add(self, connection: Connection) -> None:
        """Raises TooMany."""
        actor = connection.reach.actor
        his = self._of_user.setdefault(actor.user_id, set())
        if len(his) >= _OF_ONE_USER:
            raise TooMany("this user has too many live streams open", 30)
        his.add(connection)
        if not connection.reach.is_narrow:
            self._wide.add(connection)

    def remove(self, connection: Connection) -> None:
        user_id = connection.reach.actor.user_id
        his = self._of_user.get(user_id, set())
        his.discard(connection)
        if not his:
            self._of_user.pop(user_id, None)
        self._wide.discard(connection)

    def everybody(self) -> list[Connection]:
        return [connection for his in self._of_user.values() for connection in his]

    def of_user(self, user_id: int) -> Collection[Connection]:
        return self._of_user.get(user_id, ())

    def tell(self, pushes: Iterable[Push], number: int) -> None:
        """Give each push of round `number` to all who may see it."""
        for push in pushes:
            for connection in self._perhaps(push):
                if number < connection.since or connection.bye is not None:
                    continue
                if (how := view(push, connection.reach)) is not None:
                    connection.put(push, how)

    def _perhaps(self, push: Push) -> Iterable[Connection]:
        if push.topic is Topic.CAMPAIGN:
            return self.everybody()
        mine = {one for owner in (push.owner, push.formerly) if owner is not None for one in self.of_user(owner)}
        return self._wide | mine
