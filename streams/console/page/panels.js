// Each part of the page, drawn from the state that the server sends.
import { bars, element, over, rate, stacked } from "./charts.js";
import { count, digits, duration, language, money, percent, word } from "./words.js";

const at = (id) => document.getElementById(id);

function facts(place, rows) {
  place.replaceChildren(...rows.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))));
}

export function showCounts(state) {
  const { counts, workers } = state;
  facts(at("counts"), [
    [word("events"), count(counts.events)],
    [word("decisions"), count(counts.decisions)],
    [word("offers"), count(counts.offers)],
    [word("dead_letters"), count(counts.dead_letters)],
    [word("workers"), word("up", workers)],
  ]);
}

export function showTroubles(state) {
  const said = state.troubles.map((one) => {
    const key = ["budget", "dead_letters"].includes(one.code) ? `trouble_${one.code}` : one.code;
    const name = one.code === "model_changed" ? word(one.name === "drift" ? "drift_alarm" : one.name) : one.name;
    return element("li", { class: "bad" }, word(key, { count: count(one.count), name }));
  });
  at("troubles").replaceChildren(...(said.length ? said : [element("li", {}, word("well"))]));
}

export function earnedWords(state) {
  const { point_minor: point, lower_minor: low, upper_minor: high, truth_minor: truth } = state.earned;
  if (point == null) return [word("earned_not_yet")];
  const shown = (minor) => money(minor, state.currency);
  const said = [shown(point), word("earned_told")];
  if (low != null && high != null) said.push(word("earned_bounds", { low: shown(low), high: shown(high) }));
  if (truth != null) said.push(word("earned_truth", { truth: shown(truth) }));
  return said;
}

export function showEarned(state) {
  const [first, second, ...rest] = earnedWords(state);
  const told = second ? [element("strong", {}, first), second] : [first];
  at("earned-told").replaceChildren(...told, ...rest.map((one) => `; ${one}`));
  const { series } = state, has = series.truth.some((value) => value != null);
  over(at("earned"), series, {
    label: `${word("chart_earned")}: ${[first, second, ...rest].filter(Boolean).join(", ")}`,
    line: "earned", low: "lower", high: "upper", second: has ? "truth" : null, tall: true,
    shown: (minor) => money(minor, state.currency), marks: state.marks,
  });
  const keys = [["", "key_point"], ["band", "key_band"], ...(has ? [["truth", "key_truth"]] : [])];
  at("earned-key").replaceChildren(...keys.map(([kind, key]) => element("span", { class: kind }, word(key))));
}

export function showRates(state) {
  const { series, marks, counts } = state;
  for (const [place, name, key, colour] of [
    ["rates", "decisions", "rate_decisions", "--ours"],
    ["letters", "dead_letters", "rate_letters", "--bad"],
  ]) {
    const rates = { at_s: series.at_s, rate: rate(series, name) };
    over(at(place), rates, { label: word(key), line: "rate", shown: (value) => count(value), marks, colour });
  }
  const list = Object.entries(counts.refusals).map(([reason, number]) => `${reason.replaceAll("_", " ")} ${count(number)}`);
  at("refusals").textContent = list.length ? word("refused", { list: list.join(", ") }) : "";
}

export function showBudgets(state) {
  at("budgets").replaceChildren();
  for (const budget of state.budgets) {
    const shown = (minor) => money(minor, budget.currency);
    const parts = [["spent", "--ours"], ["held", "--held"], ["free", null]].map(([name, colour]) => ({ name, colour, value: budget[`${name}_minor`] }));
    const said = parts.map((part) => `${word(part.name)} ${shown(part.value)}`);
    const chart = element("div", { class: "chart" });
    const price = budget.price ? word("price", { price: digits(budget.price, 2) }) : word("price_none");
    const pace = budget.elapsed_ratio == null ? [] : [element("span", { class: "truth" }, word("pace", { elapsed: percent(budget.elapsed_ratio) }))];
    at("budgets").append(element("div", { class: "campaign" },
      element("strong", {}, `${budget.campaign}: ${shown(budget.budget_minor)}`), chart,
      element("p", { class: "key" }, ...parts.map((part, place) => element("span", { class: part.name }, said[place])), ...pace),
      element("p", { class: "note" }, price)));
    stacked(chart, parts, { label: `${budget.campaign}: ${said.join(", ")}`, mark: budget.elapsed_ratio });
  }
}

export function showFunnel(state) {
  const given = state.funnel[0].count;
  const rows = state.funnel.map((one) => ({
    name: word(one.stage), value: one.count,
    figure: one.stage === "offered" ? count(one.count) : `${count(one.count)} (${percent(given ? one.count / given : null)})`,
  }));
  bars(at("funnel"), rows, { label: rows.map((row) => `${row.name} ${row.figure}`).join(", ") });
}

export function showModel(state) {
  const { model, series, marks } = state;
  facts(at("model"), [
    [word("log_loss"), digits(model.log_loss)],
    [word("calibration_error"), percent(model.calibration_error)],
    [word("roc_auc"), digits(model.roc_auc)],
    [word("snapshot_age"), model.snapshot_age_s == null ? word("unknown") : word("ago", { age: duration(model.snapshot_age_s) })],
    [word("leader"), model.leader ?? word("unknown")],
    [word("learned"), count(model.learned)],
  ]);
  over(at("loss"), series, { label: `${word("log_loss_over")}: ${digits(model.log_loss)}`, line: "log_loss", shown: (value) => digits(value, 2), marks });
}

export function showArms(state) {
  const { arms, srm_p: p } = state.experiment;
  const rows = arms.map((one) => ({
    name: word(one.arm), value: one.share_ratio ?? 0, mark: one.intended_ratio,
    colour: one.arm === "policy" ? "--ours" : "--plain",
    figure: percent(one.share_ratio),
    said: word("share", { share: percent(one.share_ratio), intended: percent(one.intended_ratio) }),
  }));
  bars(at("arms"), rows, { label: rows.map((row) => `${row.name}: ${row.said}`).join("; "), most: 1 });
  const bought = arms.filter((one) => one.conversion_ratio != null)
    .map((one) => word("buys", { arm: word(one.arm), ratio: percent(one.conversion_ratio) }));
  const said = bought.length ? word("bought", { list: bought.join(language === "zh" ? "，" : ", ") }) : "";
  const key = p == null ? "srm_none" : p < 0.001 ? "srm_bad" : "srm_good";
  at("srm").textContent = [word(key, { p: digits(p, 3) }), said].filter(Boolean).join(" ");
  at("srm").classList.toggle("bad-told", key === "srm_bad");
}

export function showSegments(state) {
  at("segments-section").hidden = !state.segments.length;
  const rows = state.segments.map((one) => ({
    name: one.name, value: one.decisions, figure: word("segment_share", { offers: count(one.offers), decisions: count(one.decisions) }),
  }));
  if (rows.length) bars(at("segments"), rows, { label: rows.map((row) => `${row.name}: ${row.figure}`).join("; ") });
}
