"""Every capability that was asked for: where it is, what shows it, what it takes, how far it is.

A row tells id, capability, the most memory, the stage of `coupon-stream bench` in which its time is
spent, and its state (`done`, `partly: what is missing`, `not done: why`); below it the module and
its tests, of which those are meant that have the id in their name, or the one that is named.
"""

from typing import NamedTuple

TABLE = """
C01 events of the shop taken in, bad ones parked | 64 KiB a message | decode | done
    streams/wire.py <- unit/streams/test_wire.py
C02 basics of the customer, joined when deciding | in the profile | update | done
    features/facts.py <- unit/features/test_profile.py
C03 dwell, frequency, order value, category | in the profile | vector | done
    features/vector.py <- unit/features/test_vector.py
C04 cleaning: repeats, gaps, wrong values, counted by reason | none | decode | done
    streams/refusals.py <- unit/streams/test_layouts.py
C05 repeated views merged | 600 bytes of the row | sessions | done
    features/session_record.py <- unit/features/test_session.py
C06 events counted once | 768 bytes of the row | step | done
    features/seen.py <- unit/features/test_seen.py
C07 gaps filled by mean, median, the commonest or the last, and flagged | 13,000 bytes of a
    partition | vector | done
    features/imputation.py <- unit/features/test_imputation.py
C08 odd points | oddness | risk | done
    online_models/knowledge/oddness.py <- unit/online_models/knowledge/test_oddness.py
C09 scaling | none | vector | done
    features/scale.py <- unit/features/test_imputation.py
C10 text to numbers, Chinese and English | 8 words a search | sessions | partly: words of
    searches decide two features (who asks for a lower price), classes of interest, segments and hot
    words; nothing asks for the counts by slot, as a row keeps no words beyond its session
    features/keywords.py <- unit/features/test_keywords.py
C11 several sources joined | none | decode | partly: formats are joined; two histories of one
    person are not merged: they may stand in two partitions, which no one order of events joins; a
    shop that keys by its own customer id has one history, and caps by `person_id` hold over all
    streams/layouts.py <- unit/streams/test_layouts.py
C12 always fresh; a generator for tests | none | step | done
    streams/flow.py <- unit/streams/test_freshness.py
C13 counts by window | in the profile | update | done
    features/windows.py <- unit/features/test_windows.py
C14 frequencies and variety | in the profile | update | done
    features/tally.py <- unit/features/test_tally.py
C15 times: dwell, gap, hour | in the profile | vector | done
    features/families/recency.py <- unit/features/test_vector.py
C16 rates of the funnel | in the profile | vector | done
    features/families/funnel.py <- unit/features/test_vector.py
C17 hot items and words, told where asked for | heat | heat | done
    online_models/knowledge/heat.py <- unit/online_models/knowledge/test_heat.py
C18 hesitation | in the profile | vector | done
    features/families/signals.py <- unit/features/test_signals.py
C19 lapse | in the profile | vector | done
    features/families/signals.py <- unit/features/test_signals.py
C20 spending power | in the profile | vector | done
    features/families/spending.py <- unit/features/test_vector.py
C21 features chosen and dropped | - | - | not done: the learner is regularised, and what each
    family brings is measured beside it (`simulate --without`); no rule drops a feature by itself
C22 interest by keyword, with a fallback | 4,096 remembered texts | sessions | done
    features/interests.py <- unit/features/test_keywords.py
C23 one profile | 12,000 bytes with its row; beyond that cut to 8,192 | update | partly: one
    read gives all of it; 2 KB were asked for, and the rows of busy customers are larger
    features/profile.py <- unit/features/test_profile.py
C24 segments | segments | segments | done
    online_models/knowledge/segments.py <- unit/online_models/knowledge/test_segments.py
C25 segments with names | none | segments | done
    online_models/knowledge/segment_names.py <- unit/online_models/knowledge/test_segments.py
C26 a segment's own promotion | none | segments | partly: a coupon's audience may name segments;
    no prior by segment, for what segments told the model made its forecasts worse
    streams/insight.py <- unit/streams/test_insight.py
C27 association rules | associations | trainer | done
    online_models/knowledge/pairs.py <- unit/online_models/knowledge/test_pairs.py
C28 what is done next, told where asked for | transitions | next_step | done
    online_models/knowledge/transitions.py <- unit/online_models/knowledge/test_transitions.py
C29 behaviour as a time series | in the profile | update | done
    features/windows.py <- unit/features/test_windows.py
C30 logistic and Beta | none | vector | done
    features/rates.py <- unit/online_models/test_shapes.py::test_v15_beta_density_and_mean
C31 alike by what customers did, told where asked for | similar | trainer | done
    online_models/knowledge/similar.py <- unit/online_models/knowledge/test_similar.py
C32 coupons matched to taste | none | choose | done
    coupons/eligibility.py <- unit/coupons/test_eligibility.py
C33 chance to buy, several learners | 16,000,000 bytes a snapshot | score | done
    online_models/league/league.py <- unit/online_models/test_trainer.py
C34 within days | in the row | score | done
    online_models/labels.py <- unit/online_models/test_trainer.py
C35 who likes which coupon | in the snapshot | score | done
    online_models/crosses.py <- unit/online_models/test_trainer.py
C36 depth | none | choose | done
    coupons/policy.py <- unit/coupons/test_policy.py
C37 a race of models | in the league | catch_up | done
    online_models/league/race.py <-
        unit/online_models/league/test_league.py::test_n07_a_better_learner_is_promoted_on_the_money_of_its_choices
C38 exploration with logged chances | none | choose | done
    coupons/draw.py <- unit/coupons/test_policy.py
C39 noise and change | in the league | catch_up | done
    online_models/league/watch.py <- unit/online_models/test_trainer.py
C40 saved and restored | 16,000,000 bytes | catch_up | done
    online_models/snapshot.py <- unit/online_models/test_snapshot.py
C41 catalogue | the file | choose | partly: six kinds, which with scope, audience
    and schedule make all that are asked for but one: a gift card that is given away is a `gift` of
    its value, and one that is sold is money, whose balance the shop keeps
    coupons/catalogue.py <- unit/coupons/test_catalogue_file.py
C42 limits of a coupon | one account a campaign | choose | done
    coupons/ledger.py <- unit/coupons/test_ledger.py
C43 the articles' rule | none | choose | done
    coupons/article.py <- unit/coupons/test_article.py
C44 profit less the price of money | none | choose | done
    coupons/worth.py <- unit/coupons/test_policy.py
C45 nothing is a candidate | none | choose | done
    coupons/policy.py <- unit/coupons/test_policy.py
C46 full, targeted, tiered | none | choose | done
    coupons/audiences.py <- unit/coupons/test_eligibility.py
C47 caps, quiet hours | in the wallet | choose | done
    coupons/caps.py <- unit/coupons/test_wallet_histories.py
C48 decides on what is done now | the row | step | partly: the event itself is answered;
    50 ms at p99 were asked for, and 455 were measured at half of the greatest load
    streams/flow.py <- unit/features/test_vector.py
C49 cold start | none | score | done
    online_models/prior.py <- unit/coupons/test_policy.py
C50 budgets | one account a campaign | choose | done
    coupons/ledger.py <- unit/coupons/test_ledger.py
C51 channels | in the wallet | choose | done
    coupons/audiences.py <- unit/coupons/test_wallet.py
C52 schedules, members, venues | none | choose | done
    coupons/rules.py <- unit/coupons/test_eligibility.py
C53 add-ons for the cart | 3 hints a decision | hints | partly: products, of which
    hints tell up to three; an advertisement is what somebody pays to have shown, and no event tells
    of any
    online_models/knowledge/add_ons.py <- unit/streams/test_insight.py
C54 stock and demand | demand | choose | done
    coupons/stock.py <- unit/coupons/test_stock.py
C55 acceptance and use fed back | in the row | step | done
    coupons/lifecycle.py <- unit/online_models/test_labels.py
C56 satisfaction | two numbers of the profile | update | done
    features/families/signals.py <- unit/features/test_signals.py
C57 experiments with a group without coupons | none | choose | done
    coupons/arms.py <- unit/coupons/test_arms.py
C58 accuracy, precision, recall, F1 | in the snapshot | learn | done
    online_models/evaluation.py <- unit/online_models/test_evaluation.py
C59 return on the money | sums by arm | step | done
    online_models/incremental.py <- unit/online_models/test_incremental.py
C60 effect of a coupon | counts by coupon | catch_up | done
    online_models/uplift.py <- unit/online_models/test_uplift.py
C61 figures for operators and for the shop | closed label sets | - | done
    streams/monitoring/shop.py <-
        monitoring/test_dashboards.py::test_a_panel_says_what_it_shows_and_asks_for_what_exists
C62 fraud and abuse | rings | risk | partly: devices, addresses, codes and haste; a review is
    stars without text here, and no rule tells a malicious one
    online_models/knowledge/risk.py <- unit/streams/test_insight.py
C63 pseudonyms | none | sessions | partly: of devices and addresses a row holds keyed hashes;
    ids of users, devices and addresses are renamed where `produce` sends them, and travel as they
    are told where a shop produces by itself
    streams/edge.py <- unit/streams/test_safe.py
C64 differential privacy; homomorphic; federated | a file of its own | - | partly: counts of
    customers; homomorphic and federated learning are for parties that do not trust each other, and
    one shop's trainer has all it learns from
    streams/insights/private.py <- unit/streams/test_private_counts.py
C65 consent | none | step | done
    streams/consent.py <- unit/streams/test_consent.py
C66 readable decisions | one record | encode | done
    streams/report.py <- unit/streams/test_explain_exactly.py
C67 fairness | sums by group | catch_up | done
    online_models/fairness.py <- unit/online_models/test_customers.py
C68 shared between machines | a partition's rows | - | partly: two workers give one's bytes; how it
    grows is measured by `bench --peers --full`, and no test bounds it
    streams/ownership.py <-
        broker/test_worker.py::test_two_workers_give_the_decisions_of_the_replay_byte_for_byte
C69 copy text | 4,096 remembered lines | choose | done
    streams/offer_text.py <- unit/streams/test_offer_text.py
C70 images, voice, chains, things, travel | - | - | not done: named as future by the articles;
    unknown event types are refused, unknown fields ignored, so that the schema may grow
"""


# Microseconds an event, by stage; of `catch_up` only the rate is measured, on a trainer of its own.
COSTS_US = {
    "decode": 21.9,
    "step": 202.8,
    "encode": 19.6,
    "update": 19.9,
    "vector": 18.3,
    "score": 17.5,
    "choose": 15.1,
    "learn": 35.2,
    "sessions": 32.3,
    "hints": 8.6,
    "segments": 4.2,
    "heat": 10.5,
    "next_step": 4.3,
    "risk": 5.3,
    "trainer": 17.3,
}


class Capability(NamedTuple):
    """One of them; `module` and `test` are empty where it is not done, paths from the root."""

    id: str
    what: str
    bound: str
    stage: str
    state: str
    module: str
    test: str


def capabilities() -> tuple[Capability, ...]:
    """Read the table.

    Examples
    --------
    >>> capabilities()[0].id, capabilities()[-1].id
    ('C01', 'C70')
    """
    rows: list[list[str]] = []
    for line in TABLE.strip().splitlines():
        if line.startswith(" "):
            rows[-1].append(line.strip())
        else:
            rows.append([line])
    return tuple(map(_row, rows))


def _row(lines: list[str]) -> Capability:
    told, _, where = " ".join(lines).partition(" <- ")
    module = ""
    if where:
        told, _, module = told.rpartition(" ")
    head, bound, stage, state = [part.strip() for part in told.split(" | ")]
    name, _, what = head.partition(" ")
    test = f"tests/{where}" if where else ""
    return Capability(name, what, bound, stage, state, module, test)
