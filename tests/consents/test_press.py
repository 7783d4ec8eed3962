"""What renders is a process of its own, with limits, and without anything worth stealing."""

import os
import signal
from pathlib import Path

import pytest

from consents.rendering import printer
from consents.rendering.press import MOST_HTML, CannotRender, Press


@pytest.fixture(scope="module")
def press():
    """Warm, with a minute: a busy machine is not what is tested."""
    press = Press(seconds=60)
    press.pdf(style="", page="<p>x")
    yield press
    press.stop()


def test_it_stays_warm(press):
    before = press.process.pid
    assert press.pdf(style="", page="<p>x").startswith(b"%PDF-1.7")
    assert press.process.pid == before


def test_a_page_that_takes_too_long_is_stopped_and_the_next_one_is_printed(press, monkeypatch):
    monkeypatch.setattr(press, "seconds", 0.5)
    with pytest.raises(CannotRender, match="longer than 0.5 seconds"):
        press.pdf(style="", page="<table>" + "<tr><td>a word<td>and another" * 20_000)
    assert press.process is None
    monkeypatch.setattr(press, "seconds", 60)
    assert press.pdf(style="", page="<p>x").startswith(b"%PDF")


def test_a_page_that_needs_too_much_memory_is_given_up(press):
    with pytest.raises(CannotRender, match="more memory|died"):
        press.pdf(style="", page=f"<table><tr><td colspan={10**9}>x")
    assert press.pdf(style="", page="<p>x").startswith(b"%PDF")


def test_a_page_that_is_too_large_is_not_begun(press):
    with pytest.raises(CannotRender, match="larger than a document may be"):
        press.pdf(style="", page="x" * (MOST_HTML + 1))


def test_one_that_was_killed_in_between_is_started_anew(press):
    os.kill(press.process.pid, signal.SIGKILL)
    press.process.wait()
    assert press.pdf(style="", page="<p>x").startswith(b"%PDF")


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_it_is_given_none_of_our_secrets(press):
    told = Path(f"/proc/{press.process.pid}/environ").read_text()
    assert {one.partition("=")[0] for one in told.split("\0") if one} <= {
        "PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "PYTHONPATH", "FONTCONFIG_FILE", "FONTCONFIG_PATH", "TMPDIR",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("event", "args"),
    [
        ("socket.connect", (None, ("127.0.0.1", 9))),
        ("socket.getaddrinfo", ("example.test",)),
        ("subprocess.Popen", ("sh",)),
        ("os.system", (b"id",)),
        ("open", ("/etc/passwd", "r", 0)),
        ("open", (b"/etc/passwd", "rb", 0)),
        ("open", (str(Path(__file__)), "r", 0)),
        ("open", (os.__file__, "a", 0)),
    ],
)
def test_behind_the_fetcher_stands_a_wall(event, args):
    with pytest.raises(PermissionError):
        printer.wall(event, args)
    assert printer.asked.pop() == event


def test_the_wall_lets_python_read_its_own():
    printer.wall("open", (os.__file__, "r", 0))
    printer.wall("open", (3, "r", 0))
    printer.wall("import", ("json",))
    assert printer.asked == []
