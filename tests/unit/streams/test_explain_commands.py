"""`explain` and `why-not` as people read them: golden texts, JSON, files, exit codes."""

import gzip
import os
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result

from streams import flow, wire
from streams.cli import cli
from streams.decisions import Decision
from tests.builders import FixedScorer, a_context, an_event, decided

IDENTITY = "d7yb5lgzxquu6arps3tl6vacvp"
PAYS = FixedScorer(nothing=0.05, ten=0.20)
LOSES = FixedScorer(nothing=0.60, ten=0.62)
OFFER_EN = """\
ann got ten while filling the cart: the chance to buy was expected to rise from 5.00 % to 20.00 %,\
 worth 2.00 EUR against giving nothing.

Why
  best_value - It is expected to earn the most.
  Group policy, bucket 7297 of 10,000; not drawn at random; this choice had probability 100.00 %.
  Budget of spring: 5.00 EUR held for this coupon, 9,995.00 EUR left, shadow price 0.000.

The choices
   action   chance to buy  discount  worth     propensity  why not
*  ten      20.00 %        5.00 EUR  2.00 EUR  100.00 %
   nothing  5.00 %         0.00 EUR  0.00 EUR  0.00 %

What the chance to buy rests on (odds start at 0.04979 to 1)
feature          odds   value  meaning
browse_count_5m  x1.65  0      How many product and list views; ln(1 + n) / 2.

What would have flipped it
  If the chance to buy with ten had been 6.6670 % and not 20.0000 % (-13.3330 points), no coupon\
 would have been given.
  If the shadow price of ten's budget had been 1.999950 and not 0.000000, no coupon would have been\
 given.
"""
NO_OFFER_ZH = """\
用户 ann 在加入购物车时未获得优惠券。没有优惠券预期能带来利润。

原因
  no_positive_value - 没有优惠券预期能带来利润。
  实验组 policy，桶 7297/10,000；非随机抽取；该选择的概率为 100.00%。
  未动用预算，记录中没有影子价格。

可选方案
   方案     购买概率  优惠成本  价值       概率     未选原因
*  nothing  60.00%    0.00 EUR  0.00 EUR   100.00%
   ten      62.00%    5.00 EUR  -2.70 EUR  0.00%    negative_value

购买概率的依据（初始胜率 0.04979:1）
特征             胜率倍数  数值  含义
browse_count_5m  x1.65     0     近 5 分钟浏览商品和列表的次数。

怎样会改变结果
  若 ten 的购买概率为 80.0004% 而非 62.0000%（+18.0004 个百分点），将发放 ten。
  若 ten 的成本为 0.64 EUR 而非 5.00 EUR，且购买概率不变，将发放 ten。
"""


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith("COUPON_")]:
        monkeypatch.delenv(name)


def written(folder: Path, *decisions: Decision) -> Path:
    file = folder / "decisions.ndjson"
    file.write_bytes(b"".join((wire.encode_decision(d)[1] or b"") + b"\n" for d in decisions))
    return file


def call(file: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, [*arguments, "--decisions", str(file)])


def trimmed(output: str) -> str:
    return "".join(f"{line.rstrip()}\n" for line in output.splitlines())


def last_line(result: Result) -> dict[str, Any]:
    told: dict[str, Any] = orjson.loads(result.stdout.splitlines()[-1])
    return told


def test_n6_an_offer_is_explained_in_english(tmp_path: Path) -> None:
    result = call(written(tmp_path, decided(scorer=PAYS)), "explain", IDENTITY)
    assert result.exit_code == 0, result.output
    assert trimmed(result.output) == OFFER_EN


def test_n6_and_c45_giving_nothing_is_explained_in_chinese(tmp_path: Path) -> None:
    result = call(written(tmp_path, decided(scorer=LOSES)), "explain", IDENTITY, "--lang", "zh")
    assert result.exit_code == 0, result.output
    assert trimmed(result.output) == NO_OFFER_ZH


def test_n6_why_not_tells_by_how_much_a_coupon_lost_and_what_would_have_helped(
    tmp_path: Path,
) -> None:
    file = written(tmp_path, decided(scorer=LOSES))
    english = call(file, "why-not", IDENTITY, "ten").output.splitlines()
    assert english == [
        "ten was not given. It costs more than it is expected to bring."
        " It was worth -2.70 EUR, nothing 0.00 EUR: 2.70 EUR less.",
        "",
        "What would have flipped it",
        "  If the chance to buy with ten had been 80.0004 % and not 62.0000 %"
        " (+18.0004 points),"
        " ten would have been given.",
        "  If ten had cost 0.64 EUR and not 5.00 EUR, with the same chance to buy,"
        " ten would have been given.",
    ]
    chinese = call(file, "why-not", IDENTITY, "ten", "--lang", "zh").output.splitlines()
    assert chinese[0] == (
        "未发放 ten。预期成本高于预期收益。其价值为 -2.70 EUR，不发券为 0.00 EUR，相差 2.70 EUR。"
    )


def test_an_unknown_coupon_is_bad_input_and_the_known_ones_are_listed(tmp_path: Path) -> None:
    result = call(written(tmp_path, decided(scorer=LOSES)), "why-not", IDENTITY, "twenty")
    assert result.exit_code == 2
    assert "must be one that this decision knew (ten), was 'twenty'" in result.output


@pytest.mark.parametrize("command", [("explain", IDENTITY), ("why-not", IDENTITY, "ten")])
def test_json_ends_the_output_with_everything(tmp_path: Path, command: tuple[str, ...]) -> None:
    told = last_line(call(written(tmp_path, decided(scorer=LOSES)), *command, "--json"))
    assert told["decision_id"] == IDENTITY
    assert all(flip["verified"] for flip in told["flips"])
    assert [flip["flip"]["kind"] for flip in told["flips"]] == ["chance", "discount"]
    assert set(told["headline"]) == {"en", "zh"}


def test_json_holds_the_money_and_the_features(tmp_path: Path) -> None:
    told = last_line(call(written(tmp_path, decided(scorer=PAYS)), "explain", IDENTITY, "--json"))
    assert told["budget"]["charged_minor"] == 500
    assert told["shadow_price"] == 0.0
    assert told["margin_minor"] == 2_000.0
    assert told["features"] == {}  # none of them moved a chance that is fixed


def test_a_decision_is_found_among_others_and_in_a_gzipped_file(tmp_path: Path) -> None:
    others = [
        flow.step(flow.new_row(), an_event(user_id=f"u{n}"), a_context()).decision for n in range(5)
    ]
    wanted = decided(scorer=LOSES)
    plain = written(tmp_path, *(one for one in others if one is not None), wanted)
    packed = tmp_path / "decisions.ndjson.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    told = last_line(call(packed, "explain", IDENTITY, "--json"))
    assert told["user_id"] == "ann"


def test_a_decision_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    result = call(written(tmp_path, decided()), "explain", "a" * 26)
    assert result.exit_code == 1
    assert result.output == f"Error: no decision {'a' * 26} among 1 lines of decisions.ndjson\n"


def test_a_damaged_file_is_said_in_one_line(tmp_path: Path) -> None:
    whole = gzip.compress(written(tmp_path, decided()).read_bytes())
    packed = tmp_path / "half.ndjson.gz"
    packed.write_bytes(whole[: len(whole) // 2])
    result = call(packed, "explain", "a" * 26)
    assert result.exit_code == 1
    assert result.output.startswith("Error: half.ndjson.gz must be readable, was not")
    broken = tmp_path / "broken.ndjson"
    broken.write_text(f'{{"decision_id":"{IDENTITY}"')
    result = call(broken, "explain", IDENTITY)
    assert result.exit_code == 1
    assert result.output.startswith("Error: broken.ndjson, 1: must be a decision, was not")


@pytest.mark.parametrize("identity", ["42", "A" * 26, "-" * 26, "a" * 27])
def test_what_cannot_be_an_id_is_bad_input(tmp_path: Path, identity: str) -> None:
    result = call(written(tmp_path, decided()), "explain", "--", identity)
    assert result.exit_code == 2
