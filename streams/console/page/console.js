// Follows the server's state and keeps the page up to date.
import { element } from "./charts.js";
import * as panels from "./panels.js";
import { search } from "./search.js";
import { count, language, translate, word } from "./words.js";

const RIVER_ROWS = 8, NEW_ROWS = 2, SUMMARY_MS = 20000;
const at = (id) => document.getElementById(id);
let state = null, paused = false, spoken = -Infinity;
const seen = new Set();

function draw() {
  if (!state) return;
  const { showCounts, showTroubles, showEarned, showBudgets, showFunnel, showModel, showArms, showSegments, showRates } = panels;
  for (const show of [showCounts, showTroubles, showEarned, showBudgets, showFunnel, showModel, showArms, showSegments]) show(state);
  if (state.faults) showRates(state);
}

function flow() {
  const fresh = state.latest.filter((one) => !seen.has(one.id));
  const offers = fresh.filter((one) => one.action === "offer"), others = fresh.filter((one) => one.action !== "offer");
  const room = at("river").querySelectorAll("li[data-id]").length ? NEW_ROWS : RIVER_ROWS;
  const chosen = [...offers.slice(0, Math.max(1, room - 1)), ...others].slice(0, room);
  for (const one of chosen.reverse()) {
    at("river").prepend(row(one));
    seen.add(one.id);
  }
  if (!seen.size && !at("river").children.length) at("river").append(element("li", {}, word("waiting")));
  for (const old of [...at("river").children].filter((each, place) => place >= RIVER_ROWS || (seen.size && !each.dataset.id))) {
    if (!old.contains(document.activeElement)) old.remove();
  }
  if (seen.size > 500) for (const id of [...seen].slice(0, 400)) seen.delete(id);
}

function row(one) {
  const why = element("button", { type: "button", class: "link", "aria-label": `${word("why_link")} ${one.id}` }, word("why_link"));
  why.addEventListener("click", () => {
    at("id").value = one.id;
    search(one.id);
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    at("h-search").scrollIntoView({ behavior: calm ? "auto" : "smooth" });
    at("id").focus({ preventScroll: true });
  });
  const reasons = one.reasons.map((text) => text[language]).join(" ");
  const made = element("li", { class: "new" }, element("span", { class: `tag ${one.action}` }, word(one.action)),
    element("p", {}, one.text[language], reasons ? ` ${reasons} ` : " ", why));
  made.dataset.id = one.id;
  return made;
}

function speak() {
  if (performance.now() - spoken < SUMMARY_MS) return;
  spoken = performance.now();
  const { counts } = state;
  const said = { decisions: count(counts.decisions), offers: count(counts.offers), letters: count(counts.dead_letters) };
  const troubles = [...at("troubles").children].map((each) => each.textContent).join(". ");
  at("summary").textContent = `${word("summary", { ...said, earned: panels.earnedWords(state).join(", ") })} ${troubles}`;
}

function offerFaults() {
  const place = at("faults");
  if (!state.faults || place.children.length) return;
  at("faults-section").hidden = false;
  for (const kind of ["poison", "drift", "budget", "kill"].filter((one) => state.faults.includes(one))) {
    const button = element("button", { type: "button", "data-fault": kind }, word(kind === "budget" ? "cut" : kind));
    button.addEventListener("click", () => breakIt(kind, button));
    place.append(button);
  }
}

async function breakIt(kind, button) {
  button.disabled = true;
  try {
    const answer = await fetch(`/api/faults/${kind}`, { method: "POST", headers: { "X-Console-Token": state.token } });
    const told = await answer.json();
    at("fault-told").textContent = answer.ok ? word(`${kind}_done`) : word("fault_failed", { why: told.error });
  } catch (error) {
    at("fault-told").textContent = word("fault_failed", { why: error.message });
  }
  button.disabled = false;
}

function receive(message) {
  state = JSON.parse(message.data);
  connection(true);
  offerFaults();
  if (!paused) flow();
  draw();
  speak();
  at("note").textContent = state.faults ? word("demo_note") : "";
}

function connection(live) {
  if (at("connection").classList.contains("bad") !== live && at("connection").textContent) return;
  at("connection").textContent = word(live ? "live" : "lost");
  at("connection").classList.toggle("bad", !live);
}

translate();
const pause = at("pause");
pause.addEventListener("click", () => {
  paused = !paused;
  pause.setAttribute("aria-pressed", String(paused));
});
addEventListener("resize", draw);
const source = new EventSource("/api/stream");
source.onmessage = receive;
source.onerror = () => connection(false);
