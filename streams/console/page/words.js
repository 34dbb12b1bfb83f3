// What the page says, in English and Chinese; decisions come in both from the server.
const asked = new URLSearchParams(location.search).get("lang");
export const language = asked === "zh" ? "zh" : "en";

const WORDS = {
  skip: ["Skip to the content", "跳到正文"],
  language: ["Language", "语言"],
  troubles: ["What needs an eye", "需要关注"],
  well: ["All is well", "一切正常"],
  live: ["live", "实时"],
  lost: ["connection lost, trying again", "连接中断，正在重试"],
  events: ["Events", "事件"], decisions: ["Decisions", "决策"], offers: ["Offers", "发券"],
  dead_letters: ["Dead letters", "死信"], workers: ["Workers", "工作进程"],
  earned: ["Is it paying?", "是否赚钱？"],
  earned_not_yet: ["Not measured yet: too few customers in the holdout.", "尚无测量结果：对照组人数不足。"],
  earned_told: ["earned against the holdout", "相对对照组的增量利润"],
  earned_bounds: ["between {low} and {high}, 95 % certain at any time", "介于 {low} 与 {high} 之间，任意时刻 95% 置信"],
  earned_truth: ["the simulated shop knows: {truth}", "模拟商店的真实值：{truth}"],
  key_point: ["measured against customers without coupons", "与无券客户相比的测量值"],
  key_band: ["95 % interval, valid at any time", "95% 区间，任意时刻有效"],
  key_truth: ["the simulated shop's truth", "模拟商店的真实值"],
  faults: ["Break it", "试着弄坏它"],
  faults_note: ["Only here in the demo. Watch the pictures: what is broken is counted, said, and mends.", "仅限演示。请看图：故障会被计数、提示并恢复。"],
  poison: ["Send 60 broken messages", "发送 60 条坏消息"], drift: ["Change all customers", "改变所有客户"],
  cut: ["Cut the budget to a tenth", "预算减到十分之一"], kill: ["Kill the worker", "杀死工作进程"],
  poison_done: ["60 unreadable messages were sent. They become dead letters; decisions go on.", "已发送 60 条无法读取的消息，它们进入死信，决策继续。"],
  drift_done: ["Customers were dealt a new nature. The model was learned on the old ones: watch its log loss, then its recovery.", "客户的性格已重新分配。模型是在旧客户上学到的：请看对数损失，以及随后的恢复。"],
  budget_done: ["The budget is cut. Coupons get dearer to give, and stop where no money is left.", "预算已削减。发券变得更贵，钱用完即停止。"],
  kill_done: ["The worker was killed. Another starts, reads its rows back and goes on where it ended.", "工作进程已被杀死。新的进程启动，恢复状态后从中断处继续。"],
  fault_failed: ["That did not work: {why}", "未成功：{why}"],
  rate_decisions: ["Decisions a second", "每秒决策数"], rate_letters: ["Dead letters a second", "每秒死信数"],
  refused: ["Refused so far: {list}", "累计拒收：{list}"],
  river: ["What is decided now", "正在做的决策"], pause: ["Pause", "暂停"], go_on: ["Go on", "继续"],
  why_link: ["Why?", "为什么？"], waiting: ["Waiting for the first decision …", "等待第一个决策……"],
  offer: ["offer", "发券"], no_offer: ["no offer", "不发券"], holdout: ["holdout", "对照组"], suppressed: ["left in peace", "不打扰"],
  search: ["One decision", "查询决策"], search_label: ["Its id, 26 letters and digits", "决策编号，26 位字母和数字"],
  search_do: ["Explain", "解释"], searching: ["Looking …", "查询中……"],
  not_found: ["Not found: {why}", "未找到：{why}"],
  reasons: ["Why", "原因"], choices: ["What each choice was worth", "各方案的价值"],
  causes: ["What the chance to buy rests on: odds times", "购买概率的依据：胜率乘以"],
  flips: ["What would have flipped it", "怎样会改变结果"],
  why_not: ["Why not another? Choose one.", "为什么不是其他券？请选择。"], nothing: ["nothing", "不发券"],
  budget: ["Budget", "预算"], spent: ["spent", "已用"], held: ["held for open offers", "为未用券预留"], free: ["free", "可用"],
  pace: ["{elapsed} of its time is over", "时间已过 {elapsed}"],
  price: ["A unit of it counts {price} more than a unit earned", "每单位预算按收益的额外 {price} 倍计价"],
  price_none: ["Money is ample: it has no extra price", "预算充足：没有额外价格"],
  funnel: ["What became of the offers", "优惠券漏斗"], offered: ["offered", "已发放"], viewed: ["viewed", "已查看"], clicked: ["clicked", "已点击"], redeemed: ["redeemed", "已核销"],
  model: ["The model", "模型"], log_loss: ["Log loss", "对数损失"], calibration_error: ["Calibration error", "校准误差"], roc_auc: ["ROC AUC", "ROC AUC"],
  snapshot_age: ["Snapshot", "快照"], leader: ["Leads", "领先者"], learned: ["Learned", "已学习"], ago: ["{age} old", "{age}前"],
  log_loss_over: ["Log loss over time (less is better)", "对数损失随时间变化（越低越好）"],
  arms: ["The experiment", "实验"], policy: ["policy", "策略"], random: ["random", "随机"], business_as_usual: ["as before", "照旧"],
  share: ["{share} of decisions, {intended} of customers meant", "占决策 {share}，设定占客户 {intended}"],
  buys: ["{arm} {ratio}", "{arm} {ratio}"], bought: ["Bought after a decision: {list}.", "决策后购买：{list}。"],
  srm_good: ["The arms' sizes are as chance would have them (p = {p}).", "各组人数符合随机分配（p = {p}）。"],
  srm_bad: ["The arms' sizes are wrong (p = {p}): do not trust the comparison.", "各组人数异常（p = {p}）：比较结果不可信。"],
  srm_none: ["The arms' sizes are not checked yet.", "各组人数尚未检验。"],
  segments: ["Segments", "客户分群"], segment_share: ["{offers} of {decisions} get an offer", "{decisions} 次决策中发券 {offers} 次"],
  worker_down: ["No worker answers", "没有工作进程响应"],
  trouble_dead_letters: ["{count} messages refused within a minute", "一分钟内拒收 {count} 条消息"],
  silent: ["No decision for {count} s", "{count} 秒内没有决策"],
  trouble_budget: ["Budget of {name} nearly used up", "{name} 的预算即将用尽"],
  sample_ratio: ["Arms' sizes are wrong", "实验组人数异常"],
  model_changed: ["The league: {name}", "模型联赛：{name}"],
  promoted: ["another learner leads", "更换了领先者"], rolled_back: ["the leader was rolled back", "领先者已回退"], drift_alarm: ["drift", "漂移"],
  chart_earned: ["Earned against the holdout over time", "相对对照组的增量利润随时间变化"],
  demo_note: ["A demo: simulated customers, a broker in memory, two months before now.", "演示：模拟客户，内存中的消息代理，时间从两个月前开始。"],
  summary: ["{decisions} decisions, {offers} offers, {letters} dead letters. {earned}", "{decisions} 次决策，{offers} 次发券，{letters} 条死信。{earned}"],
  up: ["{up} of {known}", "{up}/{known}"], unknown: ["–", "–"],
};

export function word(key, values = {}) {
  const found = WORDS[key];
  const text = found ? found[language === "zh" ? 1 : 0] : String(key).replaceAll("_", " ");
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

const locale = language === "zh" ? "zh-CN" : "en-GB";
const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
const share = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 });

export const count = (value) => whole.format(value ?? 0);
export const percent = (value) => (value == null ? word("unknown") : share.format(value));
export const digits = (value, places = 3) => (value == null ? word("unknown") : value.toFixed(places));

// Amounts in whole units, unless they are exact.
export function money(minor, currency, exact = false) {
  const own = new Intl.NumberFormat(locale, { style: "currency", currency });
  const units = minor / 10 ** own.resolvedOptions().maximumFractionDigits;
  if (exact) return own.format(units);
  return new Intl.NumberFormat(locale, { style: "currency", currency, maximumFractionDigits: 0 }).format(units);
}

export function duration(seconds) {
  if (seconds == null) return word("unknown");
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

export function translate() {
  document.documentElement.lang = language === "zh" ? "zh-Hans" : "en";
  for (const each of document.querySelectorAll("[data-word]")) each.textContent = word(each.dataset.word);
  for (const each of document.querySelectorAll("[data-label]")) each.setAttribute("aria-label", word(each.dataset.label));
  document.getElementById(`lang-${language}`).setAttribute("aria-current", "page");
}
