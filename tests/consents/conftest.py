"""A clinic with its documents published, and one patient in front of a screen."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from consent_screen import LANGUAGES, TEST, Screen
from django.db import connection

import consents.services
from consents.rules import document_files


@pytest.fixture
def published(world):
    """The world of `personas`, its clinic's documents effective."""
    consents.services.install_documents(clinic=world.clinic, actor=TEST)
    return world


@pytest.fixture
def screen(published) -> Screen:
    return Screen(published)


@pytest.fixture
def documents(tmp_path) -> Path:
    """A copy of the documents folder that a test may spoil."""
    for source in document_files(LANGUAGES):
        target = tmp_path / source.slug / f"{source.version}.{source.language}.md"
        target.parent.mkdir(exist_ok=True)
        target.write_text(source.text)
    return tmp_path


@pytest.fixture
def second_connection() -> Iterator[Callable[[Callable[[], object]], object]]:
    """Runs a call on a connection of its own; where it would wait for a lock it fails after a quarter of a second."""

    def call(act: Callable[[], object]) -> object:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '250ms'")
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        yield lambda act: pool.submit(call, act).result()
