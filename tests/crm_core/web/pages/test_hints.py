"""Hints for one's first days: on the page where one starts, for what one may open, three at most."""

from __future__ import annotations

import pytest

from crm_core.domain.access import STANDINGS, Right, Role
from crm_core.web.pages.hints import HINTS, hints_for
from crm_core.web.pages.navigation import ENTRIES, home_for
from crm_core.web.viewer import Viewer


def _viewer(role: Role, rights: frozenset[Right]) -> Viewer:
    viewer = Viewer(role=role.value, rights=frozenset(one.value for one in rights))
    return Viewer(role=viewer.role, rights=viewer.rights, home=home_for(viewer))


@pytest.mark.parametrize("role", list(HINTS))
def test_each_role_has_hints_where_it_starts_and_nowhere_else(role: Role) -> None:
    viewer = _viewer(role, STANDINGS[role].rights)
    assert len(hints_for(viewer, viewer.home)) == 3
    assert hints_for(viewer, "/account") == ()


def test_nobody_is_sent_where_he_may_not_go() -> None:
    rights = {entry.path: entry.right for entry in ENTRIES}
    for hint in (hint for every in HINTS.values() for hint in every if hint.path):
        assert hint.right is rights[hint.path]
    viewer = _viewer(Role.MARKETER, frozenset({Right.SEE_CAMPAIGNS}))
    assert [hint.path for hint in hints_for(viewer, viewer.home)] == ["/campaigns"]


def test_somebody_not_logged_in_is_told_nothing() -> None:
    assert hints_for(Viewer(), "/") == ()
