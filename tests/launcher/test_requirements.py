"""The pinned lists install anywhere, also after a newer version of something has come out.

pip resolves `coverage[toml]` apart from `coverage`: pinned without its extra, it takes the newest version, has no hash
for it, and refuses to install anything.
"""

import re
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from launcher import packages

ROOT = Path(__file__).resolve().parents[2]
LISTS = sorted(ROOT.glob("requirements*.txt"))


def pins() -> dict[str, set[str]]:
    """Each pinned package with the extras that it is pinned with."""
    found: dict[str, set[str]] = {}
    for line in (line for path in LISTS for line in path.read_text().splitlines() if re.match(r"\w", line)):
        requirement = Requirement(line.rstrip(" \\"))
        if requirement.marker is None or requirement.marker.evaluate():
            found.setdefault(canonicalize_name(requirement.name), set()).update(requirement.extras)
    return found


def asked_with_extras(name: str, extras: set[str]) -> Iterator[Requirement]:
    """What this package, installed with these extras, asks for with extras of its own."""
    for line in distribution(name).requires or []:
        requirement = Requirement(line)
        marker = requirement.marker
        if requirement.extras and (marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras))):
            yield requirement


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.name)
def test_a_list_names_versions_and_hashes_and_no_index(path: Path) -> None:
    entries = re.split(r"\n(?=\w)", path.read_text().strip())
    assert all("==" in entry and "--hash=sha256:" in entry for entry in entries)
    assert "://" not in path.read_text()
    assert "index-url" not in path.read_text()


def test_what_is_asked_for_with_an_extra_is_pinned_with_it() -> None:
    pinned = pins()
    unpinned = [
        f"{name} asks for {asked}"
        for name, extras in pinned.items()
        for asked in asked_with_extras(name, extras)
        if not asked.extras <= pinned[canonicalize_name(asked.name)]
    ]
    assert unpinned == []


def test_dealt_out_nothing_is_lost_and_each_package_is_installed_by_one_alone() -> None:
    texts = [path.read_text() for path in LISTS]
    hands = [re.split(r"\n(?=\w)", text.strip()) for text in packages.dealt(texts, 2)]
    entries = {entry for text in texts for entry in re.split(r"\n(?=\w)", text.strip())}
    assert sorted(entries) == sorted(entry for hand in hands for entry in hand)
    one, other = ({re.split(r"[^\w.-]", entry)[0] for entry in hand} for hand in hands)
    assert not one & other
    assert abs(len(one) - len(other)) <= 1


def test_the_lists_agree_on_every_version() -> None:
    """They are installed in one go: pip refuses two versions of one package."""
    versions: dict[tuple[str, str], set[str]] = {}
    for line in (line for path in LISTS for line in path.read_text().splitlines() if re.match(r"\w", line)):
        requirement = Requirement(line.rstrip(" \\"))
        key = (canonicalize_name(requirement.name), str(requirement.marker))
        versions.setdefault(key, set()).add(str(requirement.specifier))
    assert {key: found for key, found in versions.items() if len(found) > 1} == {}
