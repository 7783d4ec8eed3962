"""What changed from one text to the next: line by line, and word by word where a line was rewritten. Pure."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

PIECE = re.compile(r"\s+|[^\s]+")
ALIKE = 0.4  # below it a line was not rewritten: one went and another came


@dataclass(frozen=True)
class Line:
    """`parts`: (`same`, `out` or `in`, words). `kind` says it of the whole line, `changed` where it holds both."""

    kind: str
    parts: tuple[tuple[str, str], ...]


def compare(old: str, new: str) -> tuple[Line, ...]:
    """Every line that isn't blank, in the order of reading."""
    before, after = ([line for line in text.splitlines() if line.strip()] for text in (old, new))
    found: list[Line] = []
    for what, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what == "equal":
            found += [_whole("same", line) for line in before[i:j]]
            continue
        gone, came = before[i:j], after[k:m]
        pairs = min(len(gone), len(came))
        for one, other in zip(gone[:pairs], came[:pairs], strict=True):
            found += _rewritten(one, other)
        found += [_whole("out", line) for line in gone[pairs:]]
        found += [_whole("in", line) for line in came[pairs:]]
    return tuple(found)


def _whole(kind: str, line: str) -> Line:
    return Line(kind, ((kind, line),))


def _rewritten(old: str, new: str) -> list[Line]:
    before, after = PIECE.findall(old), PIECE.findall(new)
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    if matcher.ratio() < ALIKE:
        return [_whole("out", old), _whole("in", new)]
    parts: list[tuple[str, str]] = []
    for what, i, j, k, m in matcher.get_opcodes():
        if what == "equal":
            parts.append(("same", "".join(before[i:j])))
            continue
        parts += [
            (kind, words) for kind, words in (("out", "".join(before[i:j])), ("in", "".join(after[k:m]))) if words
        ]
    return [Line("changed", tuple(parts))]
