"""Recompute the sealed log. Exit 0 whole, 1 broken (the first bad sequence is named), 2 unreadable checkpoints."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit import selectors
from audit.chain import Fault, verify


class Command(BaseCommand):
    help = "Recompute the sealed audit log; exit 1 and the first bad sequence if it was tampered with."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--checkpoints", type=Path, help="folder with checkpoints kept outside the database")
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, **options: Any) -> None:
        checkpoints = read_checkpoints(options["checkpoints"])
        verdict = verify(settings.AUDIT_KEY, selectors.sealed_log(), wanted=frozenset(checkpoints))
        lag = selectors.lag()
        fault = verdict.fault or against_checkpoints(checkpoints, verdict.links)
        if fault is None and lag.stray:
            fault = Fault(verdict.checked + 1, str(lag.stray), "an event is neither sealed nor waiting")
        report = {
            "ok": fault is None,
            "sealed": verdict.checked,
            "head": verdict.head.hex(),
            "checkpoints": len(checkpoints),
            "unsealed": lag.waiting,
            "lag_seconds": round(lag.oldest_seconds, 1),
            "first_bad": fault and {"seq": fault.seq, "event": fault.event_id, "reason": fault.reason},
        }
        self.stdout.write(json.dumps(report) if options["as_json"] else in_words(report))
        if fault:
            raise SystemExit(1)


def read_checkpoints(folder: Path | None) -> dict[int, str]:
    """Sequence → link (hex) of every checkpoint file."""
    if folder is None:
        return {}
    files = sorted(folder.glob("checkpoint-*.json"))
    if not files:
        raise CommandError(f"No checkpoint-*.json in {folder}.", returncode=2)
    found = {}
    for file in files:
        try:
            body = json.loads(file.read_text())
            found[int(body["seq"])] = str(body["link"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CommandError(f"{file} can't be read as a checkpoint.", returncode=2) from error
    return found


def against_checkpoints(checkpoints: dict[int, str], links: dict[int, bytes]) -> Fault | None:
    for seq, expected in sorted(checkpoints.items()):
        if seq not in links:
            return Fault(seq, "", "the log ends before a checkpoint: its tail was cut")
        if links[seq].hex() != expected:
            return Fault(seq, "", "the log differs from a checkpoint: it was rewritten")
    return None


def in_words(report: dict[str, Any]) -> str:
    waiting = f"{report['unsealed']} waiting for the seal, oldest {report['lag_seconds']} s"
    if report["ok"]:
        return f"Whole: {report['sealed']} sealed events, {report['checkpoints']} checkpoints agree; {waiting}."
    bad = report["first_bad"]
    return f"BROKEN at sequence {bad['seq']} (event {bad['event'] or 'unknown'}): {bad['reason']}; {waiting}."
