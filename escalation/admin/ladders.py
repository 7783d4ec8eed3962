"""A clinic's ladder as rows: who is paged, and how long the next step waits."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest

from audit.actions import Actor
from core.admin import staff
from escalation import policy
from escalation.admin.planning import SPARE_ROWS, PlanningAdmin, PlanningForm
from escalation.models import Ladder
from escalation.selectors import watching
from escalation.services import duty

NO_STEP = [("", "no step")]
CHOICES = [*NO_STEP, *((level, policy.in_words(level).capitalize()) for level in policy.LEVELS)]


class LadderForm(PlanningForm):
    """Rows in order; one that is left empty is no step. What is wrong is said in the words of `policy.faults`."""

    rows = 0

    class Meta:
        model = Ladder
        fields = ["clinic"]

    floor = forms.IntegerField(
        label="The last step repeats no faster than every … seconds",
        initial=policy.FLOOR_SECONDS,
        help_text="It repeats until somebody takes it, each time to more people.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        steps = [] if self.instance._state.adding else policy.parsed(self.instance.steps)
        for number, step in enumerate(steps, 1):
            said = {"name": step.name, "level": step.level, "wait": step.wait_seconds}
            self.initial.update({f"{part}_{number}": value for part, value in said.items()})
            self.initial["floor"] = step.floor_seconds  # the last one's stands

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        steps = []
        for number in range(1, self.rows + 1):
            name, level, wait = (cleaned.get(f"{part}_{number}") for part in ("name", "level", "wait"))
            if name or level or wait is not None:
                steps.append({"name": name, "level": level, "wait_seconds": wait})
        if steps:
            steps[-1]["floor_seconds"] = cleaned["floor"]
        for fault in policy.faults(steps):
            self.add_error(None, fault)
        if not self.errors:
            self.refuse_unreachable(steps)
        cleaned["steps"] = steps
        return cleaned

    def refuse_unreachable(self, steps: list[dict[str, Any]]) -> None:
        clinic_id = self.here()
        is_same = clinic_id is not None and steps == self.instance.steps
        for fault in () if clinic_id is None or is_same else watching.unreachable(clinic_id, steps):
            self.add_error(None, fault)


def with_rows(count: int) -> type[LadderForm]:
    fields: dict[str, Any] = {"rows": count}
    for number in range(1, count + 1):
        fields |= {
            f"name_{number}": forms.CharField(label=f"Step {number}", max_length=60, required=False),
            f"level_{number}": forms.ChoiceField(label="pages", choices=CHOICES, required=False),
            f"wait_{number}": forms.IntegerField(label="then waits (seconds)", required=False),
        }
    return type("LadderForm", (LadderForm,), fields)


@admin.register(Ladder)
class LadderAdmin(PlanningAdmin):
    """Incidents under way keep the ladder that they opened with."""

    list_display = ("clinic", "in_short")
    list_select_related = ("clinic",)

    @admin.display(description="Steps")
    def in_short(self, ladder: Ladder) -> str:
        steps = policy.parsed(ladder.steps)
        return " → ".join(f"{one.name} ({policy.in_words(one.level)}), {one.wait_seconds} s" for one in steps)

    def rows(self, ladder: Ladder | None) -> int:
        known = len(policy.parsed(ladder.steps)) if ladder else 0
        return min(policy.MOST_STEPS, known + SPARE_ROWS)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("clinic",) if obj else ()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        numbers = range(1, self.rows(obj) + 1)
        rows = [(f"name_{number}", f"level_{number}", f"wait_{number}") for number in numbers]
        return [(None, {"fields": ["clinic", *rows, "floor"]})]

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> "type[forms.ModelForm[Any]]":
        return super().get_form(request, obj, change, form=with_rows(self.rows(obj)), **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        actor = Actor.staff(staff(request).id)
        obj.pk = duty.set_ladder(clinic=obj.clinic, steps=form.cleaned_data["steps"], actor=actor).pk
        steps = policy.parsed(form.cleaned_data["steps"])
        messages.info(request, policy.story(steps))
        for caution in policy.cautions(steps):
            messages.warning(request, caution)
