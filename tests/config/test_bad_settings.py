"""Bad settings, no database, an unreadable file: one plain line and a non-zero exit, never a traceback."""

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.environment import read_local_env

ROOT = Path(__file__).resolve().parents[2]
KEY = base64.b64encode(bytes(32)).decode()
GOOD = {
    "CANDOR_NO_LOCAL_ENV": "1",
    "DEBUG": "true",
    "SECRET_KEY": "x" * 60,
    "CANDOR_FIELD_KEYS": f"k1:{KEY}",
    "CANDOR_INDEX_KEY": KEY,
    "CANDOR_AUDIT_KEY": KEY,
    "DATABASE_URL": "postgresql://nobody@/none?host=/nowhere",
}


def manage(*args: str, **changes: str | None) -> subprocess.CompletedProcess:
    env = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    base = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    return subprocess.run(
        [sys.executable, "manage.py", *args], cwd=ROOT, env=base | env, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"SECRET_KEY": None}, "SECRET_KEY"),
        ({"CANDOR_FIELD_KEYS": None}, "CANDOR_FIELD_KEYS"),
        ({"CANDOR_FIELD_KEYS": "k1:short"}, "CANDOR_FIELD_KEYS"),
        ({"CANDOR_FIELD_KEYS": KEY}, "k1:<base64"),
        ({"CANDOR_INDEX_KEY": "nonsense"}, "CANDOR_INDEX_KEY"),
        ({"CANDOR_AUDIT_KEY": base64.b64encode(b"x").decode()}, "CANDOR_AUDIT_KEY"),
        ({"DATABASE_URL": None}, "DATABASE_URL"),
        ({"DATABASE_URL": "sqlite:///x.db"}, "PostgreSQL"),
        ({"DATABASE_URL": "not a url"}, "DATABASE_URL"),
        ({"DATABASE_URL": "postgresql://u:p@[::1/x"}, "DATABASE_URL is no address"),
        ({"OUTCOME_DEADLINE_MINUTES": "soon"}, "OUTCOME_DEADLINE_MINUTES"),
        ({"EMAIL_PORT": "smtp"}, "EMAIL_PORT"),
        ({"TABLET_IDLE_SECONDS": "30"}, "TABLET_IDLE_SECONDS must be 90 or more"),
        ({"DEBUG": "perhaps"}, "DEBUG"),
        ({"BASE_URL": "forms.example.org"}, "BASE_URL must be an address"),
        ({"SECRET_KEY": None, "SECRET_KEY_FILE": "/does/not/exist"}, "SECRET_KEY"),
    ],
)
def test_a_bad_setting_is_named_in_one_line(changes, word):
    done = manage("check", **changes)
    assert done.returncode != 0
    assert word in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr + done.stdout


@pytest.mark.parametrize("command", [["migrate"], ["verify_audit"], ["dispatch", "--once"], ["export_packet", "x"]])
def test_no_database_is_one_line_that_says_what_to_do(command):
    done = manage(*command)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr + done.stdout
    assert "./run setup" in done.stderr.strip().splitlines()[-1]


def test_a_missing_database_is_told_with_its_own_reason():
    assert "/nowhere/.s.PGSQL.5432" in manage("verify_audit").stderr


@pytest.mark.parametrize("command", [["--help"], ["check_form", "--help"], ["score", "--help"], ["migrate", "--help"]])
def test_help_needs_neither_secrets_nor_a_database(command):
    done = manage(*command, SECRET_KEY=None, CANDOR_FIELD_KEYS=None, CANDOR_INDEX_KEY=None, DATABASE_URL=None)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_without_the_environment_made_by_setup_it_says_what_to_type():
    done = subprocess.run(["python3", "-S", "manage.py", "check"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith("Django is not installed for this Python. Run ./run setup, then: .venv/bin/python")
    assert done.stderr.count("\n") == 1


def test_check_form_and_score_need_neither_secrets_nor_a_database(tmp_path):
    bare = {name: None for name in GOOD if name != "CANDOR_NO_LOCAL_ENV"}
    form = ROOT / "intake/definitions/gad-7-1.1.0.json"
    assert manage("check_form", str(form), "--json", **bare).returncode == 0
    answers = tmp_path / "answers.json"
    answers.write_text('{"gad7-q1": "LA6568-5"}')
    assert manage("score", "gad-7", "--answers", str(answers), "--json", **bare).returncode == 0


def test_output_that_can_not_be_written_is_told_in_one_line(tmp_path):
    answers = tmp_path / "answers.json"
    answers.write_text('{"gad7-q1": "LA6568-5"}')
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "manage.py", "score", "gad-7", "--answers", str(answers)],
            cwd=ROOT, env={"PATH": os.environ["PATH"], **GOOD}, stdout=full, stderr=subprocess.PIPE,
            text=True, timeout=60,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, "No space left on device\n")


@pytest.mark.parametrize("command", ["demo_seed", "demo_peers", "demo_check"])
def test_demo_commands_are_refused_outside_the_demo(command):
    done = manage(command)
    assert done.returncode != 0
    assert len(done.stderr.strip().splitlines()) == 1
    assert "./run demo" in done.stderr


@pytest.mark.parametrize(
    ("mode", "content", "word"),
    [
        (0o644, b"DEBUG=true\n", "chmod 600"),
        (0o600, b"SECRET_KEY=\xff\xfe\n", "is no text"),
        (0o600, b"# mine\n\nDEBUG=true\nfoo\n", "line 4: write NAME=value"),
    ],
)
def test_a_local_environment_that_cannot_be_trusted_is_refused_in_one_line(tmp_path, mode, content, word):
    file = tmp_path / ".env.local"
    file.write_bytes(content)
    file.chmod(mode)
    with pytest.raises(ImproperlyConfigured, match=word):
        read_local_env(file)


@pytest.mark.parametrize(("pooler", "sent"), [("false", True), ("true", False)])
def test_behind_pgbouncer_nothing_is_sent_that_it_refuses(pooler, sent):
    told = "from django.conf import settings; print(settings.DATABASES['default']['OPTIONS'].get('options', ''))"
    done = manage("shell", "--no-imports", "-c", told, BEHIND_PGBOUNCER=pooler)
    assert done.returncode == 0, done.stderr
    assert ("idle_in_transaction_session_timeout" in done.stdout) == sent
