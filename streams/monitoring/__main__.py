"""Writes the dashboards: `python -m streams.monitoring deploy/monitoring/dashboards`."""

import sys
from pathlib import Path

from streams import wire
from streams.monitoring.experiment import EXPERIMENT
from streams.monitoring.model import MODEL
from streams.monitoring.panels import Dashboard, grafana
from streams.monitoring.shop import SHOP
from streams.monitoring.stream import STREAM

DASHBOARDS = (SHOP, STREAM, MODEL, EXPERIMENT)


def text(dashboard: Dashboard) -> str:
    """Give the file that Grafana reads."""
    return wire.to_json(grafana(dashboard), pretty=True) + "\n"


def main() -> None:
    """Write each dashboard into the folder that is named."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "deploy/monitoring/dashboards")
    folder.mkdir(parents=True, exist_ok=True)
    for dashboard in DASHBOARDS:
        (folder / f"{dashboard.uid}.json").write_text(text(dashboard), encoding="utf-8")


if __name__ == "__main__":
    main()
