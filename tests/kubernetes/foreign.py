"""Checks resources of KEDA, Strimzi and the Prometheus operator against schemas that are given.

`python -m tests.kubernetes.foreign FOLDER`, where FOLDER holds `<group>/<kind>_<version>.json`, as
the CRDs catalogue of datreeio has them. Those schemas are other people's, and not kept here.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

ROOT = Path(__file__).resolve().parents[2]
FILES = (
    ROOT / "tests/kubernetes/golden/all.yaml",
    ROOT / "deploy/kubernetes/strimzi/topics.yaml",
    ROOT / "deploy/kubernetes/strimzi/users.yaml",
)
GROUPS = frozenset({"kafka.strimzi.io", "keda.sh", "monitoring.coreos.com"})


def resources() -> Iterator[dict[str, Any]]:
    """Give what is committed of those three."""
    for file in FILES:
        for one in yaml.safe_load_all(file.read_text(encoding="utf-8")):
            if one and one["apiVersion"].split("/")[0] in GROUPS:
                yield one


def faults(resource: dict[str, Any], folder: Path) -> list[str]:
    """Say where a resource is not what its schema asks for."""
    group, version = resource["apiVersion"].split("/")
    file = folder / group / f"{resource['kind'].lower()}_{version}.json"
    schema = json.loads(file.read_text(encoding="utf-8"))
    name = f"{resource['kind']} {resource['metadata']['name']}"
    return [
        f"{name}, {fault.json_path}: {fault.message}"
        for fault in Draft202012Validator(schema).iter_errors(resource)
    ]


if __name__ == "__main__":
    checked = list(resources())
    found = [fault for one in checked for fault in faults(one, Path(sys.argv[1]))]
    print(*found, f"{len(checked)} resources, {len(found)} faults", sep="\n")
    sys.exit(bool(found))
