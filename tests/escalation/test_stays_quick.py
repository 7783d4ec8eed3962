"""What paging looks for is found by an index, however many incidents and pages there have been.

With sequential scans made dear, a plan that still has one has no index to use. `python -m benchmarks.paging` measures.
"""

import packets as given
from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalation.services import advance_due, deliver_due, send_canary

OURS = ('FROM "escalation_incident"', 'FROM "escalation_page"')


def plans(statements: list[str]) -> dict[str, str]:
    found = {}
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for statement in statements:
            cursor.execute(f"EXPLAIN {statement}")
            found[statement] = "\n".join(row[0] for row in cursor.fetchall())
    return found


def test_no_step_of_paging_reads_all_that_ever_was(world):
    packet = given.invite(world).packet
    with CaptureQueriesContext(connection) as seen:
        given.answer(packet, "phq-9", {"phq9-q9": [given.SEVERAL]})
        advance_due()
        for _ in range(2):  # the second one ends the first
            send_canary()
            deliver_due()
    read = [one["sql"] for one in seen if one["sql"].startswith("SELECT")]
    looked_up = plans([statement for statement in read if any(table in statement for table in OURS)])
    assert any("incident_by_packet" in plan for plan in looked_up.values())
    assert any("incident_due" in plan for plan in looked_up.values())
    with connection.cursor() as cursor:  # among few rows the planner may prefer another
        assert "canary_under_way" in connection.introspection.get_constraints(cursor, "escalation_incident")
    assert not [statement for statement, plan in looked_up.items() if "Seq Scan on escalation_" in plan]
