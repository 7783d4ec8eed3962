"""A real Chromium against a real server on the test database; Chromium's absence is a skip, under CI a failure."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.db import connections
from looking import Gallery
from personas import World, build_world
from phone import SECRET, Phone
from playwright.sync_api import Browser, sync_playwright
from serving import House
from staff_story import publish

import ehr.services.connecting
from core.models import User

# The shell draws no window around the page: the same pages in two thirds of the time.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)


def pytest_addoption(parser) -> None:
    group = parser.getgroup("browser")
    group.addoption("--shots", metavar="FOLDER", help="keep a picture of every page that the browser tests look at")


LONGEST = ("every_type", "every_page", "whole_way", "cuts", "crisis_help", "network", "workspace", "tablet")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items) -> None:
    """Last, together: Playwright's event loop stays open between them, and Django's async guard is off meanwhile. The
    longest files begin, so that the workers end at about the same time."""
    place = {f"test_browser_{name}": number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(LONGEST)))
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM:
        missing = "Chromium is not installed (apt-get install chromium-headless-shell, or chromium)."
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as patch:
        # Playwright's synchronous API keeps an event loop running in this thread; Django would refuse the ORM in it.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=sandbox)
        yield browser
        connections.close_all()  # while that loop runs Django keeps others than afterwards
        browser.close()


@pytest.fixture
def dispatcher(house: House) -> Iterator[None]:
    with house.running("dispatch", "manage.py", "dispatch", "--interval", "0.2"):
        yield


@pytest.fixture
def clinic(chromium, house) -> World:
    world = build_world()
    publish(world)
    for user in (world.clinician, world.backup, world.supervisor, world.compliance):
        give_second_factor(user)
    ehr.services.connecting.connect_sandbox(clinic=world.clinic, base_url=house.chart_base)
    return world


def give_second_factor(user: User) -> None:
    Authenticator.objects.create(
        user=user, type=Authenticator.Type.TOTP, data={"secret": get_adapter().encrypt(SECRET)}
    )


@pytest.fixture
def gallery(request) -> Gallery:
    folder = request.config.getoption("--shots", None)
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
    return Gallery(Path(folder) if folder else None)


@pytest.fixture
def phone(chromium, house, gallery) -> Iterator[Callable[..., Phone]]:
    """Makes phones. Afterwards no page may have shown an error, asked a stranger, or had what `Gallery` looks for."""
    phones: list[Phone] = []

    def make(name: str = "", base: str = "", **settings: Any) -> Phone:
        phones.append(Phone(chromium, base or house.base, gallery, name, **settings))
        return phones[-1]

    yield make
    gallery.last(one.page for one in phones)
    faults = [fault for one in phones for fault in one.faults] + gallery.problems
    for one in phones:
        one.context.close()
    assert not faults, "\n".join(["", *faults])
