"""Workers' secrets that change while events keep coming."""

from base64 import b64encode
from pathlib import Path

import pytest

from streams.app import outbound_topics
from streams.brokers.local import LocalKafka
from tests.chaos.harness.fleet import Orders
from tests.chaos.harness.scale import scale
from tests.chaos.harness.trial import PARTITIONS_COUNT, Trial, on_trial, trial_settings
from tests.chaos.test_kills import RESUME_SECONDS
from tests.chaos.test_scarce_budget import CATALOGUE
from tests.unit.streams.test_approvers import ANNA, BEN

pytestmark = [pytest.mark.broker, pytest.mark.timeout(0)]

WORKERS_COUNT = 2
OLD, NEW = (f"{name}:{b64encode(bytes([n] * 32)).decode()}" for n, name in enumerate(("a", "b")))
# What docs/security.md says to restart all workers with, one step after the other.
STEPS = (
    {"COUPON_MODEL_KEY": "old", "COUPON_STATE_KEY": OLD},
    {
        "COUPON_MODEL_FORMER_KEYS": "new",
        "COUPON_MODEL_KEY": "old",
        "COUPON_STATE_KEY": f"{OLD},{NEW}",
    },
    {
        "COUPON_MODEL_FORMER_KEYS": "old",
        "COUPON_MODEL_KEY": "new",
        "COUPON_STATE_KEY": f"{NEW},{OLD}",
    },
    {"COUPON_MODEL_KEY": "new", "COUPON_STATE_KEY": NEW},
)
BUDGET_MINOR = 2_000_000
# So that partitions ask again and again.
LEASE_RATIO = 0.01
ASKS_COUNT = PARTITIONS_COUNT
# What a worker says of a row, a grant, an ask or a snapshot that it does not believe.
DISBELIEF = ("was refused", "not a worker", "must be signed", "bad_signature")


def until_asked_again(trial: Trial) -> None:
    """Return when partitions of either worker have asked the ledger of one of them for money."""
    counts, topic = trial.observer.counts, outbound_topics(trial.settings).budget
    enough_count = counts[topic] + ASKS_COUNT
    seconds = scale().seconds(RESUME_SECONDS)
    trial.observer.until(lambda: counts[topic] >= enough_count, seconds, "partitions must ask")


def test_p25_the_keys_of_rows_grants_and_asks_change_under_load_and_nothing_is_refused(
    chaos_kafka: LocalKafka, tmp_path: Path
) -> None:
    """Where people approve, asks are sealed with the key of models; leases are short here."""
    now = [STEPS[0] for _ in range(WORKERS_COUNT)]
    path = tmp_path / "catalogue.yaml"
    path.write_text(CATALOGUE.format(budget=BUDGET_MINOR / 100), "utf-8")
    settings = trial_settings(
        chaos_kafka.bootstrap,
        catalogue_file=path,
        approvers=(ANNA.entry, BEN.entry),
        model_key="old",
        random_ratio=0.98,  # nearly all are given whatever may be given
        holdout_ratio=0.0,
        business_as_usual_ratio=0.0,
        margin_ratio=0.9,
        lease_ratio=LEASE_RATIO,
    )
    orders = Orders(each=lambda number, _code: now[number])
    with on_trial(settings, tmp_path, workers_count=WORKERS_COUNT, orders=orders) as trial:
        trial.warm_up()
        for step in STEPS[1:]:
            for number in range(WORKERS_COUNT):
                trial.supervisor.await_ready(range(WORKERS_COUNT), scale().seconds(RESUME_SECONDS))
                end = trial.supervisor.exit_of(trial.supervisor.retire(number), 60)
                assert end.code == 0
                now[number] = step
                trial.supervisor.start(number)
                trial.observer.until_decided_everywhere(scale().seconds(RESUME_SECONDS))
                until_asked_again(trial)
        trial.supervisor.await_ready(range(WORKERS_COUNT), scale().seconds(RESUME_SECONDS))
        restarts_count = WORKERS_COUNT * (len(STEPS) - 1)
        trial.conclude("P25", "new secrets, worker by worker", restarts_count)
        logs = [
            trial.supervisor.log_of(number).read_text("utf-8") for number in range(WORKERS_COUNT)
        ]
        told = [line for log in logs for line in log.splitlines()]
        assert not [line for line in told if any(word in line for word in DISBELIEF)]
