"""`./run mutate`: how firmly the engine is held by its tests. Puts one small fault at a time into `intake/engine` and
runs those of the engine's tests that pass over it; a fault that none of them notices has survived.

Needs no database and changes no file. Run by the environment's Python, not imported by the launcher: pytest collects
the tests once, and each fault is tried in a fork of that process, with its function's code exchanged. A fault outside
any function (a table, a default) is tried in a fork that imports everything anew.
"""

import argparse
import gc
import importlib.abc
import os
import random
import resource
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any, Final, NamedTuple

import hypothesis
import pytest
from _pytest.runner import runtestprotocol  # private, but the one way to run a single collected test

from launcher.console import say, tell
from launcher.mutants import Mutant, mutants

CHECKOUT: Final = Path(__file__).resolve().parent.parent
ENGINE: Final = CHECKOUT / "intake" / "engine"
TESTS: Final = ("tests/intake/test_check_form.py", "tests/intake/test_engine_*.py")
ENOUGH: Final = 90  # percent of the faults
# Of the processor's time, so that a busy machine changes nothing. What makes a loop endless is noticed.
_SECONDS: Final = 6  # for one test
_SECONDS_ANEW: Final = 60  # for all of them
_MEMORY: Final = 4 * 2**30  # bytes: what fills memory is noticed
_SURVIVED, _NOTICED = 0, 1
_OPTIONS: Final = "-s -c /dev/null --confcutdir=tests/intake -o pythonpath=. -o markers=process"
_WITHOUT: Final = "django randomly cacheprovider timeout xdist cov terminal"

Where = tuple[str, int]  # file, line


class Attempts:
    """A pytest plugin: instead of running the collected tests once, tries each fault with those that pass over it."""

    def __init__(self, faults: Sequence[Mutant], workers: int) -> None:
        self.faults = faults
        self.workers = workers
        self.survivors: list[Mutant] = []
        self.tried = 0
        self.failed = ["(pytest did not get as far as the tests)"]

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        seen = {item: trace(item) for item in session.items}
        failed = [item.nodeid for item, (lines, _) in seen.items() if not lines]
        if not failed:
            seen = dict(sorted(seen.items(), key=lambda pair: pair[1].cost))  # the quick ones first
            costs: dict[str, float] = defaultdict(float)
            for item, (_, cost) in seen.items():
                costs[str(item.path)] += cost
            self._try_all({item: lines for item, (lines, _) in seen.items()}, sorted(costs, key=costs.__getitem__))
        self.failed = failed
        return True

    def _try_all(self, passed_over: Mapping[pytest.Item, set[Where]], files: Sequence[str]) -> None:
        functions = engine_functions()
        gc.freeze()  # so that a fork doesn't copy the memory only to look at it
        running: dict[int, Mutant] = {}
        began = time.monotonic()
        try:
            for fault in self.faults:
                if len(running) == self.workers:
                    self._wait(running)
                items = [item for item, lines in passed_over.items() if not lines.isdisjoint(places(fault))]
                process = os.fork()
                if process == 0:
                    attempt(fault, items, functions, files)
                running[process] = fault
                if self.tried and self.tried % 50 == 0:
                    say(f"{self.tried} of {len(self.faults)} after {time.monotonic() - began:.0f} s")
        except KeyboardInterrupt:  # says what it knows by then
            say("Stopping.")
        while running:
            self._wait(running)

    def _wait(self, running: dict[int, Mutant]) -> None:
        process, status = os.wait()
        fault = running.pop(process)
        self.tried += 1
        if os.waitstatus_to_exitcode(status) == _SURVIVED:
            self.survivors.append(fault)
            say(f"survived: {described(fault)}")


class Seen(NamedTuple):
    """The lines of the engine that a test passes over, none if it fails; and the seconds that it takes."""

    lines: set[Where]
    cost: float


def trace(item: pytest.Item) -> Seen:
    lines: set[Where] = {("", 0)}
    folder = str(ENGINE)

    def step(frame: FrameType, event: str, _: object) -> Any:
        if not frame.f_code.co_filename.startswith(folder):
            return None
        lines.add((frame.f_code.co_filename, frame.f_lineno))
        return step

    began = time.process_time()
    sys.settrace(step)
    try:
        is_passed = passes(item)
    finally:
        sys.settrace(None)
    return Seen(lines if is_passed else set(), time.process_time() - began)


def passes(item: pytest.Item) -> bool:
    return all(not report.failed for report in runtestprotocol(item, log=False, nextitem=None))


def places(fault: Mutant) -> set[Where]:
    """The fault's lines; and its function's first, for not every line of a long expression is a step of its own."""
    return {(str(fault.file), line) for line in (*range(fault.line, fault.end + 1), fault.function)}


def engine_functions() -> dict[tuple[str, int, str], FunctionType]:
    found = (thing for thing in gc.get_objects() if type(thing) is FunctionType)
    return {name(function.__code__): function for function in found}


def name(code: CodeType) -> tuple[str, int, str]:
    return code.co_filename, code.co_firstlineno, code.co_qualname


def attempt(
    fault: Mutant,
    items: Sequence[pytest.Item],
    functions: Mapping[tuple[str, int, str], FunctionType],
    files: Sequence[str],
) -> None:
    """In a fork: put the fault in, run the tests, and end with what came of it."""
    signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    code = _NOTICED
    try:
        if exchange(fault, functions):
            code = _SURVIVED if all(limit(_SECONDS) and passes(item) for item in items) else _NOTICED
        else:
            limit(_SECONDS_ANEW)
            code = _SURVIVED if passes_anew(fault, files) else _NOTICED
    finally:
        os._exit(code)  # whatever went wrong, went wrong because of the fault


def limit(seconds: float) -> bool:
    """End this process when it has used so much more of the processor."""
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    return True


def exchange(fault: Mutant, functions: Mapping[tuple[str, int, str], FunctionType]) -> bool:
    """Give the fault's function its faulty code. False where there is no such function."""
    for code in inside(compile(fault.source(), str(fault.file), "exec")):
        function = functions.get(name(code))
        if function is not None and code.co_firstlineno == fault.function:
            if len(code.co_freevars) != len(function.__code__.co_freevars):
                return False
            function.__code__ = code
            return True
    return False


def inside(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from inside(constant)


class Faulty(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds and loads the one module that holds the fault."""

    def __init__(self, fault: Mutant) -> None:
        self.module = f"intake.engine.{fault.file.stem}"
        self.code = compile(fault.source(), str(fault.file), "exec")

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: Any = None) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname == self.module else None

    def exec_module(self, module: ModuleType) -> None:
        exec(self.code, module.__dict__)  # noqa: S102  (this checkout's own code)


def passes_anew(fault: Mutant, files: Sequence[str]) -> bool:
    """Forget everything of this checkout's, and run all tests from the beginning."""
    ours = (str(CHECKOUT / "intake"), str(CHECKOUT / "tests"))
    for module in [key for key, found in sys.modules.items() if str(getattr(found, "__file__", "")).startswith(ours)]:
        del sys.modules[module]
    sys.meta_path.insert(0, Faulty(fault))
    return all(pytest.main([*options(), "-x", file]) == pytest.ExitCode.OK for file in files)


def options() -> list[str]:
    return [*_OPTIONS.split(), *(f"-pno:{plugin}" for plugin in _WITHOUT.split()), "-m", "not process"]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="./run mutate", description="Try the engine's tests with faults.")
    parser.add_argument("--sample", type=int, metavar="N", help="try N faults, chosen at random, instead of all")
    parser.add_argument("--seed", type=int, default=1, help="which ones (default 1)")
    parser.add_argument("--workers", type=int, default=2, help="at once (default 2)")
    parser.add_argument("files", nargs="*", help="only these files of intake/engine")
    chosen = parser.parse_args(arguments)
    os.chdir(CHECKOUT)
    files = [file for file in sorted(ENGINE.glob("*.py")) if not chosen.files or file.name in chosen.files]
    faults = [fault for file in files for fault in mutants(file)]
    if chosen.sample:
        faults = random.Random(chosen.seed).sample(faults, min(chosen.sample, len(faults)))  # noqa: S311
    # A failing example is enough: making it small would only take time.
    phases = [hypothesis.Phase.explicit, hypothesis.Phase.generate]
    hypothesis.settings.register_profile("mutation", phases=phases, derandomize=True, database=None)
    hypothesis.settings.load_profile("mutation")
    os.environ |= {"CANDOR_EXAMPLES": "20", "CANDOR_MUTANTS": "100"}  # more of the same would only take time
    attempts = Attempts(faults, chosen.workers)
    tests = [str(file) for pattern in TESTS for file in sorted(CHECKOUT.glob(pattern))]
    pytest.main([*options(), *tests], plugins=[attempts])
    return conclude(attempts)


def described(fault: Mutant) -> str:
    return f"{fault.file.relative_to(CHECKOUT)}:{fault.line}: {fault.change}"


def conclude(attempts: Attempts) -> int:
    if attempts.failed:
        tell(f"These fail without any fault: {', '.join(attempts.failed)}")
        return 1
    for fault in sorted(attempts.survivors, key=lambda fault: (fault.file, fault.number)):
        tell(described(fault))
    tried = attempts.tried
    share = 100 * (tried - len(attempts.survivors)) / max(tried, 1)
    tell(f"{tried - len(attempts.survivors)} of {tried} faults were noticed: {share:.1f} %; {ENOUGH} % are enough.")
    return 0 if tried and share >= ENOUGH else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
