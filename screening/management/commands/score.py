"""`manage.py score`: one instrument, one set of answers, the result with its working. Needs no database."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand

from screening import instruments, rules, scoring
from screening.instruments.base import Instrument

SEXES = ("male", "female", "unknown")
DOES_NOT_FIT, UNREADABLE = 1, 2


class Command(BaseCommand):
    """Exit 0 with a result, also an incomplete one; 1 answers that don't fit; 2 unknown instrument or unreadable."""

    help = "Score a screening instrument from answers of the form {linkId: answer code}."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("instrument", help=", ".join(instruments.REGISTRY))
        parser.add_argument("--answers", metavar="FILE", help="a JSON file, or - for standard input")
        parser.add_argument("--sex", default="unknown", help="male, female or unknown: some cut-offs depend on it")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        key, sex = options["instrument"], options["sex"]
        try:
            instrument = instruments.get(key)
        except instruments.UnknownInstrument as error:
            self._stop(UNREADABLE, str(error))
        if sex not in SEXES:
            self._stop(UNREADABLE, "--sex takes male, female or unknown.")
        answers = self._answers(options["answers"])
        try:
            result = scoring.score(key, answers, sex=sex)
        except scoring.AnswersError as error:
            self._stop(DOES_NOT_FIT, str(error))
        found = rules.findings(key, result, answers)
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(result, found)))
        else:
            self.stdout.write("\n".join(_as_text(instrument, result, found)))

    def _answers(self, source: str | None) -> dict[str, Any]:
        """The answers from a file or standard input, refused unless they are one flat JSON object."""
        if source in (None, "-") and (sys.stdin is None or (source is None and sys.stdin.isatty())):
            self._stop(UNREADABLE, "Give the answers: --answers FILE, or - to type them in.")
        try:
            raw = sys.stdin.buffer.read() if source in (None, "-") else Path(source).read_bytes()
            answers = json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_no_duplicates)
        except OSError as error:
            self._stop(UNREADABLE, f"The answers could not be read: {error.strerror}.")
        except scoring.AnswersError as error:
            self._stop(DOES_NOT_FIT, str(error))
        except (ValueError, RecursionError):
            if not raw.strip():
                self._stop(UNREADABLE, 'The answers are empty. Try {"phq9-q1": "LA6568-5"}.')
            self._stop(UNREADABLE, 'The answers are not JSON. Try {"phq9-q1": "LA6568-5"}.')
        if not isinstance(answers, dict):
            self._stop(UNREADABLE, 'The answers must be one JSON object, such as {"phq9-q1": "LA6568-5"}.')
        return answers

    def _stop(self, code: int, line: str) -> NoReturn:
        self.stderr.write(line)
        raise SystemExit(code)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    answers = dict(pairs)
    if len(answers) != len(pairs):
        raise scoring.AnswersError("An item is answered twice. Give each linkId once.")
    return answers


def _as_json(result: scoring.Score | scoring.Incomplete, found: tuple[rules.Finding, ...]) -> dict[str, object]:
    detail = scoring.detail(result)
    return {
        "total": detail["total"],
        "band": detail["band"],
        "positive": detail["positive"],
        "findings": [{"code": each.code, "urgency": each.urgency, "because": each.because} for each in found],
        "missing": detail["missing"],
        "working": detail["working"],
    }


def _as_text(
    instrument: Instrument, result: scoring.Score | scoring.Incomplete, found: tuple[rules.Finding, ...]
) -> list[str]:
    lines = [_headline(instrument, result)]
    lines += [f"{each.code} ({each.urgency}): {each.because}" for each in found]
    lines += [f"  {line.link_id}: {line.rule}" for line in result.working]
    return [*lines, instrument.credit] if instrument.credit else lines


def _headline(instrument: Instrument, result: scoring.Score | scoring.Incomplete) -> str:
    if isinstance(result, scoring.Incomplete):
        reached = f", risk level so far {result.band}" if result.band else ""
        return f"{instrument.name}: incomplete{reached}. Unanswered: {', '.join(result.missing)}"
    if result.total is None:
        return f"{instrument.name}: risk level {result.band} (there is no total)"
    sign = "positive" if result.positive else "negative"
    band = instrument.label(result.band)
    return f"{instrument.name}: {result.total} of {instrument.highest}, {band}, {sign} at a cut-off of {result.cutoff}"
