"""What the launcher runs to its end."""

import sys

from launcher.processes import complete


def saying(words: str, code: int) -> list[str]:
    return [sys.executable, "-c", f"print({words!r}); raise SystemExit({code})"]


def test_side_by_side_one_that_fails_fails_them_all_and_one_log_has_what_each_said(tmp_path):
    log = tmp_path / "a.log"
    done = [saying("one", 0), saying("two", 3), saying("three", 0)]
    assert complete(*done, doing="trying", cwd=tmp_path, log=log) == 3
    assert sorted(log.read_text().split()) == ["one", "three", "two"]
    assert complete(*done[::2], doing="trying", cwd=tmp_path, log=log) == 0
    assert list(tmp_path.iterdir()) == [log]


def test_one_that_was_killed_has_failed(tmp_path):
    killed = [sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"]
    assert complete(killed, saying("x", 0), doing="trying", cwd=tmp_path, log=tmp_path / "a.log") == 9
