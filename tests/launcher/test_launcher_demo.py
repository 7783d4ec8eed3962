"""`./run demo` and `./run demo-check`: what they start, they stop."""

import json
import os
import re
import signal
import socket
import time
import urllib.request

import pytest

from launcher import demo, runs
from launcher.console import Failure

pytestmark = pytest.mark.process


def link(running, name: str) -> str:
    return next(re.findall(r"http\S+", line)[0] for line in running.said if line.strip().startswith(name))


def get(url: str) -> int:
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5) as answer:
        return answer.status


def test_demo_check_ends_with_its_json_and_leaves_nothing(checkout):
    done = checkout.run("demo-check", CANDOR_DEMO_WITHOUT="dispatch, redis")
    told = json.loads(done.stdout.splitlines()[-1])
    assert (done.returncode, told["ok"], told["notes"]) == (0, True, 1)
    assert "/candor_check_" in told["DATABASE_URL"]
    assert told["REDIS_URL"].endswith("stopped.sock")
    assert told["CANDOR_DATA"].startswith(str(checkout.data / "runs"))
    assert not checkout.processes()
    assert not list((checkout.data / "runs").iterdir())
    assert not (checkout.data / "log" / "dispatch.log").exists()


def test_demo_check_passes_its_exit_code_on_and_leaves_out_only_what_it_knows(checkout):
    assert checkout.run("demo-check", STANDIN_EXIT="1", CANDOR_DEMO_WITHOUT="celery").returncode == 1
    refused = checkout.run("demo-check", CANDOR_DEMO_WITHOUT="web")
    assert (refused.returncode, refused.stdout.count("\n")) == (1, 1)


def test_two_demos_at_once_each_have_their_own_and_ctrl_c_stops_everything(checkout):
    first = checkout.start("demo").until("Sign-in codes")
    second = checkout.start("demo", CANDOR_DEMO_WITHOUT="celery").until("Sign-in codes")
    assert link(first, "Patient") != link(second, "Patient")
    assert (get(link(first, "Patient")), get(link(second, "Patient"))) == (200, 200)
    assert any("Another demo runs" in line for line in second.said)
    assert checkout.manage("notes") == ["seeded"]  # the second seeded a database of its own
    assert "still uses the database" in checkout.run("stop").stdout
    assert first.interrupt().returncode == 0
    assert get(link(second, "Patient")) == 200  # the first one's end leaves the database it shares
    assert second.interrupt().returncode == 0
    assert not checkout.processes()


def test_a_killed_launcher_takes_its_processes_along_and_the_next_one_cleans_up(checkout):
    running = checkout.start("demo-check", CANDOR_DEMO_WITHOUT="redis,celery").until("Driving one patient")
    running.process.kill()
    running.process.communicate()
    deadline = time.monotonic() + 20
    while any("postgres" not in words and "valkey" not in words for words in checkout.processes().values()):
        assert time.monotonic() < deadline, checkout.processes()
        time.sleep(0.1)
    assert list((checkout.data / "runs").iterdir())
    running = checkout.start("demo", CANDOR_DEMO_WITHOUT="celery").until("Sign-in codes")
    assert len(list((checkout.data / "runs").iterdir())) == 1
    running.process.send_signal(signal.SIGTERM)
    assert running.finish().returncode == 0
    assert not checkout.processes()


def test_a_taken_port_is_one_line(checkout):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = checkout.run("demo", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert done.stdout.count("\n") == 1
    assert "can't be used (Address already in use)" in done.stdout


def test_a_service_that_dies_is_named_and_started_again(tmp_path):
    (tmp_path / "runs").mkdir()
    with runs.begin(tmp_path, drop=list.clear) as run, demo.listen(0) as listening:
        crew = demo.Crew(tmp_path, dict(os.environ), run, demo.Held(listening, listening, listening))
        sleeper = demo.Service("sleeper", ["/bin/sleep", "60"], 0, tmp_path / "log")
        crew.start(sleeper)
        before = sleeper.process
        before.kill()
        before.wait()
        crew.watch()
        assert sleeper.process is before  # not more than a few times a minute
        sleeper.started -= demo.AT_LEAST
        crew.watch()
        assert sleeper.process is not before
        assert sleeper.process.poll() is None
        crew.stop()
        assert sleeper.process.returncode == -signal.SIGTERM


def test_a_service_that_does_not_start_is_told_with_its_last_words(tmp_path):
    (tmp_path / "runs").mkdir()
    with runs.begin(tmp_path, drop=list.clear) as run, demo.listen(0) as listening:
        crew = demo.Crew(tmp_path, dict(os.environ), run, demo.Held(listening, listening, listening))
        broken = demo.Service("web", ["/bin/sh", "-c", "echo KeyError: gone >&2; exit 3"], 0, tmp_path / "log")
        crew.start(broken)
        with pytest.raises(Failure, match="web did not start: KeyError: gone"):
            crew.await_port(broken, demo.free_port(), "/")
