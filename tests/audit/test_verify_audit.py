"""`manage.py verify_audit`: whole, edited, deleted, cut; with the seal's lag."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

import audit.services
from audit.actions import Action, Actor, Ref
from audit.models import Event, Leaf, Unsealed

pytestmark = pytest.mark.django_db(transaction=True)


def record(count: int) -> None:
    for number in range(count):
        audit.services.record(Action.AUDIT_READ, actor=Actor.system("test"), obj=Ref("t", str(number)))


def verified(capsys, *args):
    code = 0
    try:
        call_command("verify_audit", "--json", *args)
    except SystemExit as stop:
        code = stop.code
    return code, json.loads(capsys.readouterr().out)


def as_owner(owner_sql, table: str, statement: str) -> None:
    owner_sql.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    owner_sql.execute(statement)
    owner_sql.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def test_a_whole_log_verifies_and_shows_the_lag(capsys):
    record(3)
    code, report = verified(capsys)
    assert (code, report["sealed"], report["unsealed"]) == (0, 0, 3)
    assert report["lag_seconds"] >= 0
    assert audit.services.seal() == 3
    code, report = verified(capsys)
    assert (code, report["sealed"], report["unsealed"]) == (0, 3, 0)


def test_an_edited_event_is_named(capsys, owner_sql):
    record(5)
    audit.services.seal()
    victim = Leaf.objects.get(seq=3).event_id
    as_owner(owner_sql, "audit_event", f"UPDATE audit_event SET actor_id = 'x' WHERE id = '{victim}'")
    code, report = verified(capsys)
    assert code == 1
    assert report["first_bad"] == {
        "seq": 3,
        "event": str(victim),
        "reason": "the event was changed after it was sealed",
    }


def test_a_deleted_event_is_named(capsys, owner_sql):
    record(5)
    audit.services.seal()
    victim = Leaf.objects.get(seq=2).event_id
    as_owner(owner_sql, "audit_event", f"DELETE FROM audit_event WHERE id = '{victim}'")
    assert verified(capsys)[1]["first_bad"]["seq"] == 2


def test_a_cut_tail_is_found_by_a_checkpoint(capsys, owner_sql, tmp_path):
    record(5)
    audit.services.seal()
    call_command("checkpoint_audit", str(tmp_path))
    as_owner(owner_sql, "audit_leaf", "DELETE FROM audit_leaf WHERE seq > 3")
    as_owner(owner_sql, "audit_event", "DELETE FROM audit_event WHERE id NOT IN (SELECT event_id FROM audit_leaf)")
    capsys.readouterr()
    assert verified(capsys)[0] == 0
    code, report = verified(capsys, "--checkpoints", str(tmp_path))
    assert (code, report["first_bad"]["seq"]) == (1, 5)


def test_an_event_taken_from_the_queue_is_noticed(capsys):
    record(2)
    Unsealed.objects.all().delete()
    assert verified(capsys)[0] == 1


def test_a_folder_without_checkpoints_is_refused_in_one_line(tmp_path):
    with pytest.raises(CommandError, match="No checkpoint-"):
        call_command("verify_audit", "--checkpoints", str(tmp_path))


def test_parallel_sealers_leave_no_gap_and_no_double():
    record(40)

    def seal(_):
        try:
            return audit.services.seal()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        sealed = sum(pool.map(seal, range(8)))
    sealed += audit.services.seal()
    assert sealed == Event.objects.count() == Leaf.objects.count()
    assert list(Leaf.objects.order_by("seq").values_list("seq", flat=True)) == list(range(1, sealed + 1))
