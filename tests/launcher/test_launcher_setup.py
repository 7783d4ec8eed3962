"""`./run setup`: what it leaves, what it keeps, what it refuses."""

import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.process


def test_a_bare_call_lists_every_verb(bare_checkout):
    done = bare_checkout.run()
    assert done.returncode == 0
    for verb in ("setup", "stop", "demo", "demo-check", "test", "check", "screens"):
        assert re.search(rf"^  \./run {verb} ", done.stdout, re.M)


@pytest.mark.parametrize(
    "arguments", [["dmeo"], ["demo", "--port", "x"], ["demo", "--port", "70000"], ["setup", "-x"], ["demo", "more"]]
)
def test_a_wrong_argument_is_one_line_and_exit_2(bare_checkout, arguments):
    done = bare_checkout.run(*arguments)
    assert done.returncode == 2
    assert done.stdout.count("\n") == 1
    assert not bare_checkout.data.exists()


def test_setup_leaves_manage_py_usable_with_nothing_exported_until_stop(checkout):
    assert checkout.run("setup").returncode == 0
    checkout.manage("note", "kept")
    assert checkout.manage("whoami") == ["candor_web", False]
    assert "are stopped" in checkout.run("stop").stdout
    assert not checkout.processes()
    assert checkout.run("stop").stdout == "Nothing was running.\n"
    checkout.run("setup")
    assert checkout.manage("notes") == ["kept"]


def test_the_local_environment_is_private_and_only_ever_extended(checkout):
    file = checkout.path / ".env.local"
    file.write_text("# mine\nSECRET_KEY='my own'\nSOMETHING=else")
    assert checkout.run("setup").returncode == 0
    first = file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert first.startswith("# mine\nSECRET_KEY='my own'\nSOMETHING=else\nDEBUG=true\n")
    assert re.search(r"^CANDOR_FIELD_KEYS=k1:[A-Za-z0-9+/]{43}=$", first, re.M)
    assert checkout.run("setup").returncode == 0
    assert file.read_text() == first


def test_the_addresses_read_alike_for_django_environ(standing):
    standing.run("setup")
    read = "import environ; environ.Env.read_env('.env.local'); print(environ.Env().db_url()['OPTIONS']['host'])"
    done = subprocess.run(
        [sys.executable, "-c", read], cwd=standing.path, env=standing.environment(), capture_output=True
    )
    assert Path(done.stdout.decode().strip(), ".s.PGSQL.5432").exists(), done.stderr


def test_two_setups_at_once_both_succeed(bare_checkout):
    both = [bare_checkout.start("setup"), bare_checkout.start("setup")]
    done = [one.finish() for one in both]
    assert [one.returncode for one in done] == [0, 0], done
    assert bare_checkout.manage("notes") == []


def test_two_checkouts_share_nothing_and_a_copied_env_file_is_made_right(standing, checkout):
    standing.run("setup")
    standing.manage("note", "of the other")
    (checkout.path / ".env.local").write_text((standing.path / ".env.local").read_text())
    assert checkout.run("setup").returncode == 0
    assert checkout.manage("notes") == []
    assert "of the other" in standing.manage("notes")
    assert checkout.value("CANDOR_DATA") == str(checkout.data)
    refused = checkout.run("setup", CANDOR_DATA=str(standing.data))
    assert refused.returncode == 1
    assert f"is the data folder of {standing.path}" in refused.stdout


def test_a_moved_checkout_keeps_its_data(checkout):
    checkout.run("setup")
    checkout.manage("note", "kept")
    checkout.run("stop")
    old = checkout.path
    checkout.path = old.with_name("moved")
    old.rename(checkout.path)
    for name in ("bin", "lib"):
        (checkout.path / ".venv" / name).unlink()
    checkout.borrow_venv()
    assert checkout.run("setup").returncode == 0
    assert checkout.manage("notes") == ["kept"]


def test_a_linked_venv_is_refused_and_keeps_what_it_holds(checkout, tmp_path):
    shared, link = tmp_path / "shared", checkout.path / ".venv"
    link.rename(shared)
    link.symlink_to(shared)
    (shared / "candor-runtime.stamp").write_text("made elsewhere\n")
    before = sorted(shared.iterdir())
    done = checkout.run("setup")
    assert done.returncode == 1
    assert f".venv is a link to {shared}" in done.stdout.splitlines()[-1]
    assert sorted(shared.iterdir()) == before


def test_another_major_version_is_refused_in_one_line(checkout):
    (checkout.data / "postgres" / "PG_VERSION").write_text("16\n")
    done = checkout.run("setup")
    assert done.returncode == 1
    assert "was made by PostgreSQL 16" in done.stdout.splitlines()[-1]


def addresses(checkout, database: str) -> list[str]:
    """Its server as somebody else's would be given: by a superuser's URL and a plain owner's."""
    checkout.run("setup")
    place = f"@/{database}?host={checkout.value('DATABASE_URL').partition('host=')[2]}"
    return [f"postgresql://{login}{place}" for login in ("postgres", "candor_owner")]


def test_a_given_database_gets_a_runtime_role_of_its_own(standing, bare_checkout):
    superuser, plain = addresses(standing, "postgres")
    assert "may not create roles" in bare_checkout.run("setup", DATABASE_URL=plain).stdout
    assert bare_checkout.run("setup", DATABASE_URL=superuser).returncode == 0
    assert bare_checkout.value("DATABASE_OWNER_URL") == superuser
    assert bare_checkout.manage("whoami") == ["postgres_web", False]
    assert not (bare_checkout.data / "postgres").exists()
    written = (bare_checkout.path / ".env.local").read_text()
    assert bare_checkout.run("setup", DATABASE_URL=superuser).returncode == 0  # again, and still exported
    assert (bare_checkout.path / ".env.local").read_text() == written
    other = bare_checkout.run("setup", DATABASE_URL=plain)
    assert other.returncode == 1
    assert "names another database" in other.stdout


def test_both_logins_given_are_used_but_the_runtime_one_is_no_superuser(standing, bare_checkout):
    superuser, plain = addresses(standing, "candor")
    refused = bare_checkout.run("setup", DATABASE_URL=superuser, DATABASE_OWNER_URL=plain)
    assert refused.returncode == 1
    assert "is a superuser" in refused.stdout
    web = plain.replace("candor_owner", "candor_web")
    assert bare_checkout.run("setup", DATABASE_URL=web, DATABASE_OWNER_URL=plain).returncode == 0
    assert bare_checkout.manage("whoami") == ["candor_web", False]


def test_a_database_that_is_not_there_is_one_line(bare_checkout):
    url = "postgresql://me@127.0.0.1:1/none"
    done = bare_checkout.run("setup", DATABASE_URL=url)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1].startswith("The database says: connection")
    assert bare_checkout.value("DATABASE_URL") == ""


def test_a_data_folder_that_nobody_can_write_is_one_line(bare_checkout):
    done = bare_checkout.run("setup", CANDOR_DATA="/proc/candor")
    assert done.returncode == 1
    assert (
        done.stdout
        == "/proc/candor is not yours to write. Run as its owner, or set CANDOR_DATA to a folder of your own.\n"
    )
