"""kill -9 and hang of every process at every named place; the broker emptied, killed and hung; PostgreSQL crashed.

Each time patients give a dangerous answer while it happens, and go on trying until they get a reply. Whatever happens,
`chaos.checker` finds each of them: one incident, every page handed over with its code, repeats no more than the
processes that were cut off while sending.
"""

import signal
from collections.abc import Iterator
from typing import Any

import pytest
from serving import until

from chaos.checker import verify
from chaos.failpoints import DRIVER, WEB
from chaos.house import DRIVERS, House, open_house
from chaos.patients import Patients

pytestmark = [pytest.mark.process, pytest.mark.timeout(600)]  # a house is built in the first one

PATIENTS = 4
AT_ONCE = 5.0  # seconds: longer than a save takes while the broker hangs, on a busy machine
OTHER = dict(zip(DRIVERS, reversed(DRIVERS), strict=True))
# Only here has a page left the house that the house does not know of.
MAY_REPEAT = {"a page is sent", "a page is settled"}


# What `./run check` shows, of each kind the worst places, in less than three minutes; `--slow` shows all there is.
SELECTION = {
    ("web", "the answer is stored", "kill"),
    ("web", "all is committed", "kill"),
    ("web", "the incident is made", "hang"),
    ("dispatcher", "a page is sent", "kill"),
    ("dispatcher", "a page is settled", "hang"),
    ("worker", "a page is sent", "kill"),
    ("worker", "a page is claimed", "hang"),
}


def case(role: str, point: str, deed: str) -> Any:
    """The parameters of one test, without the role where there is only one, marked with how soon it is run."""
    marks = pytest.mark.check if (role, point, deed) in SELECTION else pytest.mark.slow
    return pytest.param(point, deed, marks=marks) if role == "web" else pytest.param(role, point, marks=marks)


@pytest.fixture(scope="module")
def house(django_db_setup) -> Iterator[House]:
    with open_house() as everything:
        yield everything


def several(house: House, count: int = PATIENTS) -> Patients:
    return Patients(house, count)


def everybody_is_paged_by(house: House, *drivers: str) -> None:
    """One more patient, with nobody else on duty: these are well again, and done with what they were at."""
    for driver in drivers:
        house.on_duty(driver)
        patients = several(house, 1)
        patients.begin()
        patients.finish()
        assert verify(house, patients).repeats == 0


@pytest.mark.parametrize(("point", "deed"), [case("web", point, deed) for point in WEB for deed in ("kill", "hang")])
def test_the_web_dies_or_hangs_and_no_answer_is_lost(house, point, deed):
    house.on_duty("dispatcher")
    patients = several(house)
    with house.fault("web", point, deed, nth=2) as has_landed:
        patients.begin()
        until(has_landed, "the fault")
        patients.finish()
    assert verify(house, patients).repeats == 0


@pytest.mark.parametrize(("role", "point"), [case(role, point, "kill") for role in DRIVERS for point in DRIVER])
def test_a_driver_dies_and_the_same_one_goes_on_when_it_is_back(house, role, point):
    house.on_duty(role)
    patients = several(house)
    with house.fault(role, point, "kill", nth=2) as has_landed:
        patients.begin()
        until(has_landed, "the fault")
        house.revive(role)
    house.expire_leases()
    patients.finish()
    assert verify(house, patients).repeats <= (point in MAY_REPEAT)


@pytest.mark.parametrize(("role", "point"), [case(role, point, "hang") for role in DRIVERS for point in DRIVER])
def test_a_driver_hangs_the_other_pages_and_the_late_one_does_no_harm(house, role, point):
    house.on_duty(role)
    patients = several(house)
    with house.fault(role, point, "hang", nth=2) as has_landed:
        patients.begin()
        until(has_landed, "the fault")
        house.expire_leases()
        house.on_duty(OTHER[role])
        patients.finish()
        verify(house, patients)
    house.resume(role)
    everybody_is_paged_by(house, role)
    assert verify(house, patients).repeats <= 1


@pytest.mark.slow
def test_the_worker_ends_a_child_that_hangs_and_goes_on_alone(house):
    house.on_duty("worker")
    patients = several(house)
    with house.fault("worker", "a page is claimed", "stall", nth=2) as has_landed:
        patients.begin()
        until(has_landed, "the fault")
    house.expire_leases()
    patients.finish()
    assert verify(house, patients).repeats == 0


@pytest.mark.slow
@pytest.mark.parametrize("role", DRIVERS)
def test_everything_that_pages_is_dead_and_one_comes_back(house, role):
    for driver in DRIVERS:
        house.kill(driver)
    house.on_duty(role)
    patients = several(house)
    patients.begin()
    patients.finish()
    house.start(role)
    assert verify(house, patients).repeats == 0
    house.start(OTHER[role])


@pytest.mark.check
def test_the_broker_is_emptied_again_and_again(house):
    house.on_duty("worker")
    patients = several(house)
    patients.begin()
    while not all(one.done() for one in patients.answering):
        house.empty_broker()
    patients.finish()
    house.empty_broker()
    assert verify(house, patients).repeats == 0


@pytest.mark.check
@pytest.mark.parametrize("fault", [signal.SIGKILL, signal.SIGSTOP], ids=["stopped", "hung"])
def test_the_broker_is_gone_and_no_patient_waits_for_it(house, fault):
    house.on_duty("dispatcher")
    patients = several(house)
    house.signal_valkey(fault)
    try:
        patients.begin()
        patients.finish()
        assert max(house.replies(patients.packets)) < AT_ONCE
        assert verify(house, patients).repeats == 0
    finally:
        house.restore_valkey()
    everybody_is_paged_by(house, "worker")


@pytest.mark.check
def test_postgresql_crashes_while_patients_answer(house):
    house.on_duty(*DRIVERS)
    patients = several(house, 6)
    patients.begin()
    until(lambda: bool(house.replies(patients.packets)), "the first reply")
    house.crash_postgres()
    house.expire_leases()
    patients.finish()
    assert verify(house, patients).repeats <= len(DRIVERS)
    everybody_is_paged_by(house, *DRIVERS)
