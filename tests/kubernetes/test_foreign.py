"""The check against other people's schemas sees what is wrong, and looks at everything."""

import json
from collections import Counter
from pathlib import Path

from tests.kubernetes.foreign import faults, resources


def test_every_foreign_resource_is_looked_at() -> None:
    kinds = Counter(one["kind"] for one in resources())
    assert set(kinds) == {"KafkaTopic", "KafkaUser", "ScaledObject", "ServiceMonitor"}
    assert kinds["KafkaUser"] == 4


def test_a_field_that_a_schema_does_not_know_or_that_is_of_another_type_is_a_fault(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "keda.sh"
    folder.mkdir()
    counts = {"type": "object", "properties": {"maxReplicaCount": {"type": "integer"}}}
    schema = {"type": "object", "properties": {"spec": {**counts, "additionalProperties": False}}}
    (folder / "scaledobject_v1.json").write_text(json.dumps(schema), encoding="utf-8")
    resource = {"apiVersion": "keda.sh/v1", "kind": "ScaledObject", "metadata": {"name": "w"}}
    assert faults({**resource, "spec": {"maxReplicaCount": 4}}, tmp_path) == []
    for wrong in ({"maxReplicasCount": 4}, {"maxReplicaCount": "4"}):
        (found,) = faults({**resource, "spec": wrong}, tmp_path)
        assert found.startswith("ScaledObject w, $.spec")
