"""The house stays straight: what import-linter can't see, checked by walking the tree and the models."""

import ast
import os
import re
from pathlib import Path

import pytest
from celery import current_app
from django.apps import apps
from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver

from config.management.commands.grant_runtime import append_only_tables

ROOT = Path(__file__).resolve().parents[2]
APPS = ("config", "ehr", "intake", "screening", "consents", "escalation", "core", "audit")
# Higher may point at lower; screening, consents and escalation share a floor and may not point at each other.
FLOOR = {"config": 5, "ehr": 4, "intake": 3, "screening": 2, "consents": 2, "escalation": 2, "core": 1, "audit": 0}
SKIP = {".venv", ".data", "node_modules", "migrations", "staticfiles", ".git", "vendor"}


def sources(*suffixes: str) -> list[Path]:
    """What is skipped is not entered either: the database's own folder changes while somebody walks it."""
    found = []
    for folder, inner, files in os.walk(ROOT):
        inner[:] = sorted(set(inner) - SKIP)
        found += [path for path in (Path(folder, name) for name in sorted(files)) if path.suffix in suffixes]
    return found


def python_files() -> list[Path]:
    return [*sources(".py"), ROOT / "run"]


def test_foreign_keys_point_down():
    wrong = []
    for model in apps.get_models():
        here = model._meta.app_label
        if here not in FLOOR or hasattr(model, "history_object"):
            continue
        for field in model._meta.get_fields():
            there = field.related_model._meta.app_label if field.many_to_one or field.one_to_one else here
            if field.auto_created or there not in FLOOR or there == here:
                continue
            if FLOOR[there] >= FLOOR[here]:
                wrong.append(f"{here}.{model.__name__}.{field.name} → {there}")
    assert not wrong


def test_config_has_no_models():
    assert not list(apps.get_app_config("config").get_models())


CORE = {
    "access", "adapters", "admin", "apps", "channels", "clock", "crypto", "doorbell", "fields", "logs",
    "middleware", "migrations", "models", "outbox", "permissions", "selectors", "services", "tasks", "urls", "views",
}  # fmt: skip


def test_core_is_closed():
    """Adding a module to core is an ADR: it is where houses like this one rot."""
    found = {path.stem for path in (ROOT / "core").iterdir() if not path.name.startswith("__")}
    assert found <= CORE, found - CORE


def test_every_doorbell_names_a_task():
    rung = set()
    for path in python_files():
        rung |= set(re.findall(r"\.ring\(\s*\"([\w.]+)\"", path.read_text()))
    current_app.loader.import_default_modules()
    known = set(current_app.tasks)
    assert rung, "nothing rings the doorbell: the search is broken"
    assert rung <= known, rung - known
    assert set(settings.CELERY_BEAT_SCHEDULE) <= known, set(settings.CELERY_BEAT_SCHEDULE) - known


def test_no_task_carries_anything_but_ids():
    """No ETA, countdown or Celery retry for anything that matters (design: PostgreSQL is the queue)."""
    banned = re.compile(r"\.(apply_async|delay|retry)\(|countdown=|eta=")
    guilty = [path for path in sources(".py") if "tests" not in path.parts and banned.search(path.read_text())]
    assert not guilty


def test_files_stay_readable():
    long = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for path in [*sources(".py", ".js", ".css", ".html", ".mjs"), ROOT / "run"]
        if len(path.read_text().splitlines()) > 400
    }
    assert not long


def test_functions_stay_readable():
    long = []
    for path in python_files():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                if length > 60:
                    long.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name} {length}")
    assert not long


def test_no_module_is_named_for_nothing():
    banned = {"utils", "helpers", "common", "misc", "manager", "managers", "data", "info"}
    assert not [path for path in sources(".py") if path.stem in banned and "tests" not in path.parts]


def test_imports_are_at_the_top():
    lazy = []
    for path in sources(".py"):
        if "tests" in path.relative_to(ROOT).parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lazy += [
                    f"{path.relative_to(ROOT)}:{inner.lineno}"
                    for inner in ast.walk(node)
                    if isinstance(inner, ast.Import | ast.ImportFrom)
                ]
    assert not lazy


def test_the_only_broad_excepts_are_those_of_the_story_and_of_the_loop():
    """Safe there, because the undone work is a visible row that stays due, or a human is paged; in the
    adapters, because it is raised again under a name of ours (fhirpathpy raises Exception itself) or means that a
    stranger's PDF is not whole."""
    found = [
        str(path.relative_to(ROOT))
        for path in sources(".py")
        if "tests" not in path.relative_to(ROOT).parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")))
    ]
    assert sorted(found) == [
        "config/management/commands/dispatch.py",
        "consents/adapters/examiner.py",
        "intake/adapters/fhirpath.py",
        "intake/services/hearing.py",
        *["intake/services/submission.py"] * 2,
    ]


def test_migrations_are_named():
    names = [path.stem for app in APPS for path in (ROOT / app / "migrations").glob("0*.py")]
    assert names
    assert not [name for name in names if "_auto_" in name or "_and_" in name]


def test_nothing_is_marked_safe_in_templates():
    """Autoescape is on everywhere; the one text shown as HTML is a consent's frozen rendering."""
    allowed = {"templates/intake/patient/_document.html", "templates/consents/sealed.html"}
    found = {
        str(path.relative_to(ROOT))
        for path in sources(".html")
        if re.search(r"\|\s*safe\b|autoescape off", path.read_text())
    }
    assert found <= allowed


def test_vendored_files_match_their_record():
    record = (ROOT / "static/vendor/VENDORED.md").read_text()
    hashlib = pytest.importorskip("hashlib")
    for path in (ROOT / "static/vendor").glob("*.js"):
        assert hashlib.sha256(path.read_bytes()).hexdigest() in record, path.name


def test_history_and_evidence_have_their_triggers(db):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname IN ('append_only', 'append_only_all')"
        )
        guarded = [name for (name,) in cursor.fetchall()]
    assert sorted(append_only_tables() * 2) == sorted(guarded)


# --- every URL refuses strangers ----------------------------------------------------------------------

PUBLIC = {
    "front-door": "redirects to where a code is typed",
    "health-live": "says only that the process answers",
    "health-ready": "says only that the database answers",
    "health-paging": "says only whether a canary, which is about nobody, arrived of late",
    "intake:link": "where the link is opened; shows nothing of anybody",
    "intake:leave": "quick exit; ends the session",
    "intake:away": "where the quick exit lands; empty of everything",
    "intake:tablet-back": "what the clinic's tablet shows between two patients; nothing of either",
    "not-here": "allauth's page for changing the address that pages go to: closed",
}
ACCOUNT = ("accounts/", "admin/login/", "admin/logout/", "admin/jsi18n/")


def walk(patterns, prefix="", namespace=""):
    for pattern in patterns:
        route = prefix + str(pattern.pattern).lstrip("^")
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from walk(pattern.url_patterns, route, inner)
        elif isinstance(pattern, URLPattern):
            yield route, f"{namespace}{pattern.name}"


SAMPLES = {
    "uuid": "7f1d2c1e-0000-4000-8000-000000000000", "slug": "demographics", "str": "ABCD2345", "int": "1", "path": "1/",
}  # fmt: skip


def concrete(route: str) -> str:
    route = re.sub(r"<(?:(\w+):)?\w+>", lambda match: SAMPLES[match.group(1) or "str"], route)
    return "/" + route.replace("\\", "").replace("$", "").replace("^", "")


def guarded_routes() -> list[tuple[str, str]]:
    return [
        (concrete(route), name)
        for route, name in walk(get_resolver().url_patterns)
        if name not in PUBLIC and not route.startswith(ACCOUNT) and "(?P" not in route
    ]


@pytest.mark.parametrize("method", ["get", "post"])
def test_every_url_refuses_strangers(client, db, method):
    routes = guarded_routes()
    assert len(routes) > 15
    open_doors = []
    for path, name in routes:
        response = getattr(client, method)(path)
        refused = response.status_code in (401, 403, 404, 405) or (
            response.status_code == 302 and response["Location"].startswith(("/accounts/login/", "/i/"))
        )
        if not refused:
            open_doors.append(f"{path} ({name}) {response.status_code}")
    assert not open_doors


def test_the_list_of_public_pages_is_true():
    known = {name for _, name in walk(get_resolver().url_patterns)}
    assert set(PUBLIC) <= known
