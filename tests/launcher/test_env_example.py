"""`.env.example` explains every name that the settings read, and nothing else."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BY_THE_LAUNCHER = {"CANDOR_NO_LOCAL_ENV", "CANDOR_DEMO", "DEMO_HTTP_PORT", "DEMO_HTTP_FD", "DEMO_SMTP_FD"}
ONLY_THE_LAUNCHER_READS = {"CANDOR_DEMO_WITHOUT"}


def test_the_example_has_the_names_that_the_settings_read():
    settings = "".join((ROOT / "config" / name).read_text() for name in ("environment.py", "settings.py"))
    example = (ROOT / ".env.example").read_text()
    read = set(re.findall(r'(?:env\.\w+|environ\.get|secret|flag|number|given|address)\("([A-Z0-9_]+)"', settings))
    explained = set(re.findall(r"^#?([A-Z0-9_]+)=", example, re.M))
    assert len(read) > 15
    assert explained - ONLY_THE_LAUNCHER_READS == read - BY_THE_LAUNCHER
