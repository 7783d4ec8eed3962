"""Tests run as the runtime role, on a real PostgreSQL that the owner role made: a missing grant fails a test."""

import copy
import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import template
from django.db import transaction
from django.test import TransactionTestCase
from owner import as_owner
from personas import World, build_world
from serving import House, open_house, until
from sweeping import Sweeper

from audit.actions import Actor
from intake.models import FormVersion

SEED = Actor.system("test")


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker) -> Iterator[None]:
    with django_db_blocker.unblock(), template.database():
        sweeper = Sweeper(FormVersion.objects.values_list("id", flat=True))
        sweeper.sweep()
        with pytest.MonkeyPatch.context() as patch:
            # Private to Django. A connection stays for the same reason as the sweeper's.
            patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _: sweeper.sweep())
            patch.setattr(TransactionTestCase, "_should_reload_connections", lambda _: False)
            yield
        sweeper.close()


@pytest.fixture
def owner_sql(db) -> Iterator[psycopg.Connection]:
    """A second connection as the owner, for what the runtime role must not be able to do."""
    with as_owner(autocommit=True) as owner:
        yield owner


@pytest.fixture(scope="module")
def prologue(request, django_db_setup, django_db_blocker) -> Iterator[tuple[World, Any] | None]:
    """A world, and what the module's function `prologue` makes of it: once, in a transaction around all its tests.

    Nothing of it is ever committed, so a module with tests on a second connection has none of it: None.
    """
    make = getattr(request.module, "prologue", None)
    if not make and any(_commits(item) for item in request.session.items if item.parent is request.node):
        yield None
        return
    around = transaction.atomic()
    setattr(around, "_from_testcase", True)  # noqa: B010  as Django's own: what must be outermost may be inside
    with django_db_blocker.unblock(), around:
        world = build_world()
        yield world, make and make(world)
        transaction.set_rollback(True)


def _commits(item: pytest.Item) -> bool:
    """Whether other connections see what this test does."""
    marker = item.get_closest_marker("django_db")
    return "transactional_db" in getattr(item, "fixturenames", ()) or bool(marker and marker.kwargs.get("transaction"))


@pytest.fixture
def begun(db, prologue) -> tuple[World, Any] | None:
    """A copy for one test, whose doings end with it."""
    return copy.deepcopy(prologue)


@pytest.fixture
def story(begun) -> Any:
    """What the module's `prologue` gave."""
    return begun[1]


@pytest.fixture
def world(db, begun) -> World:
    return begun[0] if begun else build_world()


@pytest.fixture(scope="session")
def standing_house(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[House]:
    with django_db_blocker.unblock(), open_house(tmp_path_factory.mktemp("house")) as house:
        yield house


@pytest.fixture
def house(standing_house, transactional_db) -> Iterator[House]:
    """The server on an empty database; afterwards nobody is in the middle of a transaction when it is emptied."""
    standing_house.post.empty()
    standing_house.chart.stored.clear()
    yield standing_house
    until(standing_house.is_quiet, "the server to finish what it was asked")


# What takes long starts first. One file has the database made; meanwhile the others have what needs none.
FIRST = (
    "test_paired_worlds.py",
    "launcher",
    "config",
    "test_engine_broken_forms.py",
    "test_engine_properties.py",
    "flows",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="everything, also what takes minutes")
    parser.addoption("--check", action="store_true", help="what `./run check` adds to a plain run")


def is_wanted(item: pytest.Item, config: pytest.Config) -> bool:
    if config.getoption("--slow"):
        return True
    return not item.get_closest_marker("slow") and (config.getoption("--check") or not item.get_closest_marker("check"))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item], config: pytest.Config) -> None:
    """What is not wanted is deselected, not skipped: under CI nothing may be.

    A file runs on one worker: those that take long start first, or one worker would end long after the others.
    """
    left_out = [item for item in items if not is_wanted(item, config)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if is_wanted(item, config)]
    place = {name: number for number, name in enumerate(FIRST)}
    last = len(FIRST)
    items.sort(key=lambda item: min(place.get(item.path.parent.name, last), place.get(item.path.name, last)))


def pytest_terminal_summary(terminalreporter, exitstatus, config) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped and os.environ.get("CI"):
        terminalreporter.write_line(f"CI: {len(skipped)} tests were skipped; under CI nothing may be.", red=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session, exitstatus) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and os.environ.get("CI") and reporter.stats.get("skipped") and exitstatus == 0:
        session.exitstatus = 1
