// One decision in full: its explanation, and why it was not another coupon.
import { bars, element } from "./charts.js";
import { digits, language, money, percent, word } from "./words.js";

const found = document.getElementById("found");
const said = (text) => text[language];

async function asked(path) {
  const answer = await fetch(path);
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.error);
  return told;
}

function list(texts) {
  return element("ul", { class: "reasons" }, ...texts.map((text) => element("li", {}, text)));
}

function part(title, ...content) {
  return [element("h3", {}, title), ...content];
}

function name(action) {
  return action === "nothing" ? word("nothing") : action;
}

export async function search(identity) {
  found.replaceChildren(element("p", { class: "note" }, word("searching")));
  try {
    show(await asked(`/api/decisions/${encodeURIComponent(identity)}`));
  } catch (error) {
    found.replaceChildren(element("p", { class: "bad-told" }, word("not_found", { why: error.message })));
  }
}

function show(told) {
  const reasons = told.reasons.map((one) => said(one.text) + (one.detail ? ` (${one.detail})` : ""));
  const choices = element("div", { class: "chart" });
  const flips = [...told.flips.map((one) => said(one.text)), ...(told.no_flip ? [said(told.no_flip)] : [])];
  found.replaceChildren(
    element("p", { class: "lead" }, said(told.headline)),
    ...part(word("reasons"), list([...reasons, said(told.group), said(told.money)])),
    ...(told.table.length ? part(word("choices"), choices) : []),
    ...(told.causes.length ? part(word("causes"), causes(told)) : []),
    ...part(word("flips"), list(flips)),
    ...(told.coupons.length ? part(word("why_not"), ...whyNot(told)) : []),
  );
  if (told.table.length) drawChoices(choices, told);
}

function drawChoices(place, told) {
  const rows = told.table.map((one) => ({
    name: `${one.chosen ? "● " : ""}${name(one.action)}`, value: one.value_minor,
    figure: `${money(one.value_minor, told.currency, true)} · ${percent(one.p_buy)}`, colour: one.chosen ? "--ours" : "--plain",
  }));
  bars(place, rows, { label: rows.map((row) => `${row.name}: ${row.figure}`).join("; ") });
}

function causes(told) {
  const most = Math.max(...told.causes.map((one) => Math.abs(one.log_odds)), 1e-9);
  return element("ul", { class: "causes" }, ...told.causes.map((one) => {
    const bar = element("span");
    bar.style.width = `${(Math.abs(one.log_odds) / most) * 100}%`;
    return element("li", { class: one.log_odds < 0 ? "less" : "more" }, element("span", { class: "said" }, said(one.meaning)),
      element("span", { class: "track" }, bar), element("span", {}, `×${digits(one.odds_ratio, 2)}`));
  }));
}

function whyNot(told) {
  const answer = element("div", { role: "status" });
  const others = told.coupons.filter((coupon) => coupon !== told.coupon).map((coupon) => {
    const button = element("button", { type: "button" }, coupon);
    button.addEventListener("click", async () => {
      try {
        const why = await asked(`/api/decisions/${told.decision_id}/why-not/${encodeURIComponent(coupon)}`);
        const flips = [...why.flips.map((one) => said(one.text)), ...(why.no_flip ? [said(why.no_flip)] : [])];
        answer.replaceChildren(element("p", {}, said(why.headline)), list(flips));
      } catch (error) {
        answer.replaceChildren(element("p", { class: "bad-told" }, word("not_found", { why: error.message })));
      }
    });
    return button;
  });
  return [element("div", { class: "buttons" }, ...others), answer];
}

document.getElementById("search").addEventListener("submit", (event) => {
  event.preventDefault();
  search(document.getElementById("id").value.trim().toLowerCase());
});
