"""How much of the labelled corpus the crisis phrases find: `python -m benchmarks.phrases`.

The corpus (tests/screening/data) was written for the project, by the same hand as the list: better figures than a
stranger's text would give. "held out" are the sentences that the list was never tuned to. Not clinically validated.
tests/screening/test_phrases.py holds the floors.
"""

import json
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from screening.rules import phrases  # noqa: E402  (found by the line above)

WANTED = {"page": {"page"}, "page or review": {"page", "review"}}


def graded(text: str) -> str:
    found = phrases.hits(text)
    return "page" if any(hit.pages for hit in found) else "review" if found else "none"


def figures(pairs: list[tuple[str, str]], wanted: set[str]) -> tuple[float, float]:
    """Precision and recall over (expected, got)."""
    right = sum(expected in wanted and got in wanted for expected, got in pairs)
    return right / sum(got in wanted for _, got in pairs), right / sum(expected in wanted for expected, _ in pairs)


def main() -> None:
    print(f"{'language':<10}{'part':<12}{'sentences':>10}  {'found as':<16}{'precision':>10}{'recall':>8}")
    for language in ("en", "es"):
        rows = json.loads((ROOT / f"tests/screening/data/phrases.{language}.json").read_text(encoding="utf-8"))
        for part, held_out in (("tuned to", False), ("held out", True)):
            said = [row for row in rows if row["why"].startswith("held out") == held_out]
            pairs = [(row["expect"], graded(row["text"])) for row in said]
            for name, wanted in WANTED.items():
                precision, recall = figures(pairs, wanted)
                print(f"{language:<10}{part:<12}{len(said):>10}  {name:<16}{precision:>10.3f}{recall:>8.3f}")
    for name, text in (("a long worry", "I can't sleep and I worry all day. "), ("hostile", "kill myself no ")):
        began = time.perf_counter()
        phrases.hits((text * 10_000)[:10_000])
        print(f"10,000 characters, {name}: {(time.perf_counter() - began) * 1000:.1f} ms")


if __name__ == "__main__":
    main()
