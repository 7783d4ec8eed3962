"""Drive one patient from the link to the chart through real HTTP, and say what happened."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from config.demo.answers import AFTER, BEFORE, Answers
from config.demo.browser import Browser, Form, Page, Unexpected
from config.demo.seed import current_code

PATIENCE = 90.0
DOCUMENTS = ("esign", "privacy-notice", "treatment", "share-permission")
NOTICES = ("records-notice",)


@dataclass
class Report:
    """What `./run demo-check` prints; `ok` is all of it."""

    submitted: bool = False
    paged_before_submit: bool = False
    pages_delivered: int = 0
    seconds_answer_to_page: float | None = None
    acknowledged: bool = False
    outcome: bool = False
    fields_verified: int = 0
    fields_total: int = 0
    consents_signed: int = 0
    audit_verified: bool = False
    ok: bool = False
    problem: str = field(default="", repr=False)

    def judged(self) -> "Report":
        self.ok = (
            self.submitted
            and self.paged_before_submit
            and self.pages_delivered > 0
            and self.acknowledged
            and self.outcome
            and 0 < self.fields_total == self.fields_verified
            and self.consents_signed == len(DOCUMENTS)
            and self.audit_verified
            and not self.problem
        )
        return self

    def as_json(self) -> str:
        facts = asdict(self)
        if not facts["problem"]:
            del facts["problem"]
        return json.dumps(facts)


class Drive:
    """The story in the order it happens; each step says in `say` what it saw."""

    def __init__(self, links: dict[str, Any], say: Callable[[str], None]) -> None:
        self.links, self.say = links, say
        self.base = links["demo"].removesuffix("/demo/")
        self.peers = links["mail"].removesuffix("/mail/")
        self.report = Report()
        self.patient, self.clinician, self.told_by = Browser(), Browser(), ""

    def run(self) -> Report:
        try:
            self.open_the_link()
            self.sign_everything()
            self.answer_dangerously()
            self.page_arrives()
            self.finish()
            self.clinician_answers()
            self.chart_fills()
            self.audit_holds()
        except (Unexpected, OSError) as error:
            self.report.problem = str(error) or type(error).__name__
        return self.report.judged()

    def open_the_link(self) -> None:
        page = self.patient.get(f"{self.base}/i/")
        token = self.links["patient"].rsplit("#", 1)[1]
        page = self.patient.send(
            page.form_with("token"), {"token": token, "birth_date": self.links["patient_birth_date"]}
        )
        if not page.path.startswith("/i/packet"):
            raise Unexpected(f"the link did not open: {page.path} ({page.status})")
        self.say("link opened with the date of birth")

    def sign_everything(self) -> None:
        for slug in DOCUMENTS:
            page = self.patient.get(f"{self.base}/i/packet/{slug}/")
            form = page.form_with("signer_name")
            answers: Answers = {"signer_name": "Rosa Núñez", "statement": form.choices.get("statement", [])}
            if slug == "esign":
                answers["word"] = "garden"  # as the sample PDF says
            after = self.patient.send(form, answers, ("decision", "signed"))
            if after.status != 200 or after.path.endswith(f"/{slug}/"):
                raise Unexpected(f"{slug} was not signed ({after.status})")
            self.report.consents_signed += 1
        for slug in NOTICES:
            page = self.patient.get(f"{self.base}/i/packet/{slug}/")
            after = self.patient.send(page.form_with("shown_sha256"), {}, ("decision", "read"))
            if after.status != 200 or after.path.endswith(f"/{slug}/"):
                raise Unexpected(f"{slug} was not taken as read ({after.status})")
        self.say("every document signed, every notice read")

    def answer(self, slug: str, answers: Answers) -> Page:
        """Fill a form as its questions appear: send its pages until every answer was asked for."""
        waiting, start = dict(answers), f"{self.base}/i/packet/{slug}/"
        page = self.patient.get(start)
        for _ in range(12):
            form = page.form_with("!help-seen")
            here = {name: value for name, value in waiting.items() if name in form.names()}
            button = None if here else self._missing_instance(form, waiting)
            after = self.patient.send(form, here, button)
            if after.status != 200:
                raise Unexpected(f"{slug} was not saved ({after.status})")
            waiting = {name: value for name, value in waiting.items() if name not in here}
            if not waiting:
                return after
            page = after if start.endswith(after.path) else self.patient.get(start)
        raise Unexpected(f"{slug} never asked {', '.join(sorted(waiting))}")

    @staticmethod
    def _missing_instance(form: Form, waiting: Answers) -> tuple[str, str] | None:
        """The button that adds the first entry of a list that is waited for."""
        wanted = {name.split("[")[0] for name in waiting if "[" in name}
        return next((one for one in form.buttons if one[0] == "!add" and one[1] in wanted), None)

    def answer_dangerously(self) -> None:
        for slug, answers in BEFORE.items():
            self.answer(slug, answers)
        self.answered_at = time.monotonic()
        self.say("answered, PHQ-9 item 9 above zero; saved, not submitted")

    def page_arrives(self) -> None:
        self.until("a page in the mailbox", lambda: self.mails())
        self.report.seconds_answer_to_page = round(time.monotonic() - self.answered_at, 2)
        self.report.paged_before_submit = not self.report.submitted
        self.say(f"paged after {self.report.seconds_answer_to_page} s")

    def finish(self) -> None:
        for slug, answers in AFTER.items():
            self.answer(slug, answers)
        page = self.patient.get(f"{self.base}/i/packet/review/")
        page = self.patient.send(page.form_with("key"), {})
        self.report.submitted = page.path.endswith("/done/")
        if not self.report.submitted:
            raise Unexpected(f"the packet was not submitted: {page.path} ({page.status})")
        self.say("submitted")

    def clinician_answers(self) -> None:
        mail = self.mails()[0]
        self.report.pages_delivered = len(self.mails())
        code = next(line for line in mail["body"].split() if "/incidents/" in line).rstrip(".")
        self.sign_in("clinician@candor.demo", code)
        page = self.clinician.page
        page = self.clinician.send(page.form_to("/acknowledge/"), {})
        form = page.form_to("/outcome/")
        self.report.acknowledged = True
        self.say("clinician signed in with a second factor and acknowledged")
        words = {"kind": "reached_safe", "note": "Called the patient; safe for now, plan agreed, visit today."}
        page = self.clinician.send(form, dict(words))
        self.report.outcome = page.status == 200 and not any(one.action.endswith("/outcome/") for one in page.forms)
        self.told_by = next((one for one in page.links if "/staff/patients/" in one), "")
        if not self.report.outcome:
            raise Unexpected(f"the outcome was not taken ({page.status})")
        self.say("outcome documented")

    def sign_in(self, email: str, url: str) -> None:
        person = next(one for one in self.links["people"] if one["email"] == email)
        page = self.clinician.get(url)
        page = self.clinician.send(
            page.form_with("login", "password"), {"login": email, "password": person["password"]}
        )
        page = self.clinician.send(page.form_with("code"), {"code": current_code(person["secret"])})
        if page.status != 200 or "/accounts/" in page.path:
            raise Unexpected(f"sign-in failed at {page.path} ({page.status})")

    def chart_fills(self) -> None:
        page = self.clinician.get(self.told_by)  # the incident's own patient: others wait for review too
        status = next((one for one in page.links if one.startswith("/chart/")), "")
        self.until("the proposed chart entries", lambda: "data-total" in self.clinician.get(status).facts)
        page = self.clinician.get(status)
        self.report.fields_total = int(page.facts["data-total"])
        self.clinician.send(page.form_to("/approve/"), {})
        self.say("approved; waiting for the chart to be read back")
        self.until("every field verified", lambda: self._verified(status) == self.report.fields_total, give_up=False)
        self.report.fields_verified = min(self._verified(status), len(self.fetch("/chart.json")))

    def _verified(self, status: str) -> int:
        return int(self.clinician.get(status).facts.get("data-verified", "0"))

    def audit_holds(self) -> None:
        """The operator's own command, in its own process; waits until the seal has caught up."""
        command = [sys.executable, str(Path(sys.argv[0]).resolve()), "verify_audit", "--json"]
        deadline = time.monotonic() + PATIENCE
        while True:
            done = subprocess.run(command, capture_output=True, text=True, env=os.environ.copy(), check=False)
            lines = done.stdout.strip().splitlines()
            verdict = json.loads(lines[-1]) if lines else {}
            if verdict.get("unsealed") == 0 or time.monotonic() > deadline:
                break
            time.sleep(0.5)
        self.report.audit_verified = done.returncode == 0 and bool(verdict.get("ok")) and verdict.get("sealed", 0) > 0
        self.say(f"audit: {verdict.get('sealed', 0)} sealed events")

    def mails(self) -> list[dict[str, str]]:
        return [one for one in self.fetch("/mail.json") if "/incidents/" in one["body"]]

    def fetch(self, path: str) -> list[Any]:
        with urllib.request.urlopen(self.peers + path, timeout=10) as reply:
            found: list[Any] = json.loads(reply.read())
        return found

    def until(self, what: str, done: Callable[[], object], *, give_up: bool = True) -> None:
        deadline = time.monotonic() + PATIENCE
        while not done():
            if time.monotonic() > deadline:
                if give_up:
                    raise Unexpected(f"waited {PATIENCE:.0f} s for {what}")
                return
            time.sleep(0.2)
