"""Stands in for the project as `manage.py`: each command does just enough to show that it was called rightly."""

import http.server
import json
import os
import socket
import sys
import time
import urllib.request
from pathlib import Path

import psycopg


def read_local_env() -> None:
    for line in Path(".env.local").read_text().splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            os.environ.setdefault(name, value)


def rows(statement: str) -> list[tuple]:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as db:
        cursor = db.execute(statement)
        return cursor.fetchall() if cursor.description else []


def migrate() -> None:
    rows("CREATE TABLE IF NOT EXISTS note (text text)")


def grant_runtime() -> None:
    rows(f"GRANT SELECT, INSERT ON note TO {os.environ['CANDOR_RUNTIME_ROLE']}")


def demo_seed() -> None:
    rows("INSERT INTO note VALUES ('seeded')")
    base, peers = os.environ["BASE_URL"], f"http://127.0.0.1:{os.environ['DEMO_HTTP_PORT']}"
    links = {name: f"{base}/{name}" for name in ("patient", "front_desk", "clinician", "compliance", "demo")}
    links |= {name: f"{peers}/{name}" for name in ("mail", "chart")}
    people = [{"role": "front desk", "email": "e", "password": "p"}]
    told = {**links, "patient_birth_date": "03/15/1990", "people": people}
    Path(os.environ["CANDOR_DATA"], "demo", "links.json").write_text(json.dumps(told))


def demo_peers() -> None:
    held = socket.socket(fileno=int(os.environ["DEMO_HTTP_FD"]))
    handler = http.server.SimpleHTTPRequestHandler
    server = http.server.ThreadingHTTPServer(held.getsockname(), handler, bind_and_activate=False)
    server.socket.close()
    server.socket = held
    server.serve_forever()


def dispatch() -> None:
    while True:
        time.sleep(1)


def demo_check() -> None:
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{sys.argv[3]}/health/live") as answer:
        ok = answer.status == 200
    told = {name: os.environ[name] for name in ("CANDOR_DATA", "REDIS_URL", "DATABASE_URL")}
    sys.stdout.write(json.dumps({"ok": ok, "notes": rows("SELECT count(*) FROM note")[0][0], **told}) + "\n")
    sys.exit(int(os.environ.get("STANDIN_EXIT", "0")))


def note() -> None:
    rows(f"INSERT INTO note VALUES ('{sys.argv[2]}')")


def notes() -> None:
    sys.stdout.write(json.dumps([text for (text,) in rows("SELECT text FROM note")]))


def whoami() -> None:
    sys.stdout.write(json.dumps(rows("SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user")[0]))


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["PATH_INFO"].encode()]


if __name__ == "__main__":
    read_local_env()
    globals()[sys.argv[1]]()
