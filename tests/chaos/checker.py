"""What must hold after every fault, told from the outside history and the final state alone."""

from collections import Counter
from dataclasses import dataclass

from serving import until

from chaos.house import House
from chaos.patients import Patients

FINAL = """
SELECT incident.source_ref::text AS packet, incident.code, page.state, person.email AS "to"
FROM escalation_incident AS incident
LEFT JOIN escalation_page AS page ON page.incident_id = incident.id
LEFT JOIN core_user AS person ON person.id = page.user_id
WHERE incident.source_ref::text = ANY(%s)
"""
STEPS = 2  # of the ladder that the patients' clinic has, one page each


@dataclass(frozen=True)
class Found:
    acknowledged: int
    repeats: int


def is_over(house: House, patients: Patients) -> bool:
    """Every page of every step has gone out, as far as the house knows."""
    rows = house.rows(FINAL, patients.packets)
    return len(rows) == STEPS * len(patients.all) and {row.state for row in rows} == {"delivered"}


def verify(house: House, patients: Patients) -> Found:
    """Once all is over: each answer that got a 2xx is stored, has one incident, and each of its pages was handed over
    with that incident's code; `repeats` are letters beyond one a page."""
    until(lambda: is_over(house, patients), "every page to be delivered")
    rows = house.rows(FINAL, patients.packets)
    taken = {one["packet"] for one in house.history.read("replied") if 200 <= one["status"] < 300}
    acknowledged = taken & set(patients.packets)
    assert len(acknowledged) == len(patients.all), "not every answer was taken: this shows nothing"
    codes = {packet: {row.code for row in rows if row.packet == packet} for packet in acknowledged}
    assert {len(one) for one in codes.values()} == {1}, f"not exactly one incident each: {codes}"
    assert all(one.sees_the_answer() for one in patients.all), "an answer that got a 2xx is not on the page"
    known = {code for one in codes.values() for code in one}
    letters = Counter((one["code"], one["to"]) for one in house.history.read("letter") if one["code"] in known)
    pages = Counter((row.code, row.to) for row in rows)
    assert not pages - letters, f"marked as delivered and never handed over: {pages - letters}"
    assert letters.keys() <= pages.keys(), "a letter went to somebody who was not to be paged"
    return Found(len(acknowledged), (letters - pages).total())
