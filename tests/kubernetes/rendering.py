"""Renders the chart with Helm, as committed: `python -m tests.kubernetes.rendering`."""

import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
KUBERNETES = ROOT / "deploy" / "kubernetes"
CHART = KUBERNETES / "chart"
GOLDEN = Path(__file__).resolve().parent / "golden"
KUBE_VERSION = "1.34.0"
# It follows the settings (`make docs`) and refuses values; nothing is rendered from it.
NOT_RENDERED = CHART / "values.schema.json"


@dataclass(frozen=True)
class Case:
    """One committed rendering, and the values it is of."""

    path: Path
    values: Path | None = None

    def header(self) -> str:
        """Say which state of the chart it was rendered from."""
        files = [path for path in sorted(CHART.rglob("*")) if path.is_file()]
        given = [self.values] if self.values else []
        digest = sha256()
        for file in [each for each in files if each != NOT_RENDERED] + given:
            digest.update(file.relative_to(ROOT).as_posix().encode() + b"\n" + file.read_bytes())
        return f"# Rendered by `make render` from deploy/kubernetes/chart, {digest.hexdigest()}\n"

    def render(self) -> str:
        """Ask Helm."""
        command = ["helm", "template", "coupon-stream", str(CHART), "--kube-version", KUBE_VERSION]
        if self.values:
            command += ["--values", str(self.values)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return self.header() + done.stdout

    @cache  # noqa: B019 - of two cases, for as long as the tests run
    def resources(self) -> list[dict[str, Any]]:
        """Read what is committed."""
        return [one for one in yaml.safe_load_all(self.path.read_text("utf-8")) if one]


CASES = {
    "base": Case(KUBERNETES / "base" / "coupon-stream.yaml"),
    "all": Case(GOLDEN / "all.yaml", GOLDEN / "all.values.yaml"),
}


def has_helm() -> bool:
    """Tell whether Helm can be asked here."""
    return shutil.which("helm") is not None


if __name__ == "__main__":
    for case in CASES.values():
        case.path.write_text(case.render(), encoding="utf-8")
