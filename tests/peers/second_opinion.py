"""Two more validators, in Python: fhirkit-rs (base R4, strict structure) and pyrofile-validator (invariants, profiles).

    python second_opinion.py R4_DEFINITIONS FILE...

Prints one line per error, exits 1 if there are any. R4_DEFINITIONS is the folder that definitions.mjs wrote;
FHIR_PROFILES may name more package folders, ":" between them. Run in a process of its own: the libraries print traces.
"""

import contextlib
import io
import json
import logging
import os
import sys
import tempfile
from pathlib import Path

import fhirkit
from pyrofile_validator import Validator
from pyrofile_validator.config import ValidatorConfig

# All of LOINC by a filter: nobody can list that without LOINC itself.
UNDECIDABLE = ["http://hl7.org/fhir/us/core/ValueSet/us-core-documentreference-type"]
# The Questionnaire is ours and stays with us; that the chart can't fetch it is no fault of the response.
NOT_OURS_TO_ANSWER = {"questionnaire.unresolved"}


def errors_of(resource: dict[str, object], validator: Validator) -> list[str]:
    found = [f"fhirkit: {issue}" for issue in fhirkit.validate(resource) if str(issue).startswith("error")]
    with contextlib.redirect_stdout(io.StringIO()):
        issues = validator.validate_resource(resource).issues
    return found + [
        f"pyrofile: {issue.path}: {issue.message} [{issue.code}]"
        for issue in issues
        if issue.severity.value in ("error", "fatal") and issue.code not in NOT_OURS_TO_ANSWER
    ]


def main(definitions: str, files: list[str]) -> int:
    logging.disable(logging.CRITICAL)
    more = [folder for folder in os.environ.get("FHIR_PROFILES", "").split(":") if folder]
    with tempfile.TemporaryDirectory() as evidence:
        validator = Validator(
            ValidatorConfig.load_dict(
                {
                    "fhirVersion": "4.0.1",
                    "localPackagePaths": [definitions, *more],
                    "terminology": {"mode": "local", "ignoredValueSets": UNDECIDABLE},
                    "evidenceOutputDir": evidence,
                }
            )
        )
        lines = [
            f"{Path(file).name}: {error}"
            for file in files
            for error in errors_of(json.loads(Path(file).read_text()), validator)
        ]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
