"""The audit of libraries: a known fault fails, and what nobody looked at is never called good."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

GOOD = '{"name": "a", "version": "1", "vulns": []}'
FAULTY = '{"name": "b", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["2.1"]}]}'
UNKNOWN = '{"name": "c", "skip_reason": "not found"}'
AWAY = "requests.exceptions.ConnectionError: no route"


def audit(folder: Path, report: str, told: str = "", wanted: str = "") -> tuple[int, str]:
    """Run the audit with an auditor that writes `report`, if any, and says `told`."""
    auditor, written = folder / "auditor", folder / "audit.json"
    writing = f"echo '{report}' >{written}" if report else "exit 1"
    auditor.write_text(f"#!/bin/sh\necho '{told}' >&2\n{writing}\n", encoding="utf-8")
    auditor.chmod(0o700)
    run = subprocess.run(
        [sys.executable, ROOT / ".ci/audit", auditor, "locks/dev.txt", written],
        env={**os.environ, "AUDIT": wanted},
        capture_output=True,
        text=True,
        check=False,
    )
    return run.returncode, run.stdout + run.stderr


def listed(*libraries: str) -> str:
    return f'{{"dependencies": [{", ".join(libraries)}]}}'


@pytest.mark.parametrize(
    ("report", "told", "wanted", "code", "said"),
    [
        (listed(GOOD), "", "", 0, "1 libraries, no known fault"),
        (listed(GOOD, FAULTY), "", "", 1, "b 2: CVE-1, mended in ['2.1']"),
        (listed(UNKNOWN, FAULTY), "", "", 1, "CVE-1"),
        (listed(GOOD, UNKNOWN), "", "", 0, "does not know 1 of 2: the audit of libraries is LEFT"),
        (listed(GOOD, UNKNOWN), "", "required", 1, "LEFT OUT"),
        ("", AWAY, "", 0, "cannot be reached: the audit of libraries is LEFT OUT"),
        ("", AWAY, "required", 1, "LEFT OUT"),
        ("", "the lock is broken", "", 1, "the lock is broken"),
        (listed(FAULTY), "", "no", 0, "AUDIT=no: the audit of libraries is LEFT OUT"),
    ],
)
def test_an_audit_fails_for_faults_and_says_what_nobody_looked_at(
    tmp_path: Path, report: str, told: str, wanted: str, code: int, said: str
) -> None:
    ended, output = audit(tmp_path, report, told, wanted)
    assert (ended, said in output) == (code, True), output
