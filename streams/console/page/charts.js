// Pictures drawn at the width of their place, so that words keep their size on a phone.
const SPACE = "http://www.w3.org/2000/svg";

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function drawn(name, attributes = {}, text = null) {
  const made = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== null) made.textContent = text;
  return made;
}

function sheet(place, height, label) {
  const width = Math.max(220, place.clientWidth);
  const svg = drawn("svg", { viewBox: `0 0 ${width} ${height}`, height, role: "img", "aria-label": label });
  place.replaceChildren(svg);
  return [svg, width];
}

// How long the longest text is at the size that texts of pictures have.
const ruler = document.createElement("canvas").getContext("2d");
function widest(place, texts) {
  ruler.font = `12px ${getComputedStyle(place).fontFamily}`;
  return Math.max(0, ...texts.map((text) => ruler.measureText(text).width));
}

function range(values) {
  const known = values.filter((value) => value != null);
  let low = Math.min(0, ...known), high = Math.max(0, ...known);
  if (low === high) high = low + 1;
  const room = (high - low) * 0.08;
  return [low < 0 ? low - room : 0, high > 0 ? high + room : 0];
}

function steps(low, high, most) {
  const rough = (high - low) / most, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((each) => each * power >= rough) * power;
  const found = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step / 1e6; at += step) found.push(at);
  return found;
}

const path = (points) => points.map(([x, y], place) => `${place ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

function time(seconds) {
  if (seconds < 600) return `${Math.round(seconds)} s`;
  return seconds < 36000 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

// One line over time with its band, a second dashed one, and marks where something was done.
export function over(place, series, { label, line, low, high, second, tall, shown, marks = [], colour = "--ours" }) {
  const height = tall ? 230 : 84, left = tall ? 76 : 44, bottom = 20;
  const [svg, width] = sheet(place, height, label);
  const columns = [line, low, high, second].filter(Boolean).map((name) => series[name]);
  const times = series.at_s;
  if (!times.length || columns.every((column) => column.every((value) => value == null))) return;
  const inside = band(series, line, low, high);
  const [least, most] = range([...columns[0], ...inside, ...(second ? series[second] : [])]);
  const end = Math.max(1, times.at(-1)), begin = times[0];
  const x = (at) => left + ((at - begin) / Math.max(1e-9, end - begin)) * (width - left - 8);
  const y = (value) => 6 + (1 - (Math.min(most, Math.max(least, value)) - least) / (most - least)) * (height - bottom - 6);
  for (const at of steps(least, most, tall ? 5 : 2)) {
    svg.append(drawn("line", { x1: left, x2: width - 8, y1: y(at), y2: y(at), stroke: "var(--line)", "stroke-width": at === 0 ? 1.6 : 1 }));
    svg.append(drawn("text", { x: left - 8, y: y(at) + 4, "text-anchor": "end" }, shown(at)));
  }
  for (const at of [begin, end]) {
    svg.append(drawn("text", { x: x(at), y: height - 4, "text-anchor": at === begin ? "start" : "end" }, time(at)));
  }
  const points = (name) => times.map((at, place) => [at, series[name][place]]).filter(([, value]) => value != null).map(([at, value]) => [x(at), y(value)]);
  if (low && high) {
    const up = points(high), down = points(low).reverse();
    if (up.length > 1) svg.append(drawn("path", { d: `${path([...up, ...down])}Z`, fill: "var(--band)" }));
  }
  for (const mark of marks.filter((one) => one.at_s >= begin && one.at_s <= end)) {
    svg.append(drawn("line", { x1: x(mark.at_s), x2: x(mark.at_s), y1: 4, y2: height - bottom, stroke: "var(--bad)", "stroke-dasharray": "2 3" }));
  }
  if (second) svg.append(drawn("path", { d: path(points(second)), fill: "none", stroke: "var(--truth)", "stroke-width": 2, "stroke-dasharray": "6 4" }));
  svg.append(drawn("path", { d: path(points(line)), fill: "none", stroke: `var(${colour})`, "stroke-width": 2.4, "stroke-linejoin": "round" }));
}

// A first interval is so wide that it would hide all else: it is cut at a few times the line's reach.
function band(series, line, low, high) {
  if (!low || !high) return [];
  const bounds = [...series[low].slice(-1), ...series[high].slice(-1)].filter((value) => value != null);
  const reach = Math.max(...[...series[line], ...bounds].filter((value) => value != null).map(Math.abs), 1);
  return [...series[low], ...series[high]].filter((value) => value != null).map((value) => Math.max(-1.3 * reach, Math.min(1.3 * reach, value)));
}

// Cumulative counts as a rate; one that falls was begun anew.
export function rate(series, name) {
  const times = series.at_s, values = series[name];
  return times.map((at, place) => {
    if (!place) return null;
    const passed = at - times[place - 1];
    return passed > 0 ? Math.max(0, values[place] - values[place - 1]) / passed : null;
  });
}

// Rows of label, bar and figure; on a narrow place the label stands above its bar.
export function bars(place, rows, { label, most = null }) {
  const width = Math.max(220, place.clientWidth), narrow = width < 420;
  const left = narrow ? 0 : Math.min(170, width * 0.34), row = narrow ? 46 : 32;
  const [svg] = sheet(place, rows.length * row + 4, label);
  const top = most ?? Math.max(...rows.map((one) => one.value), 1e-9), low = Math.min(0, ...rows.map((one) => one.value));
  const figures = widest(place, rows.map((one) => one.figure)) + 14;
  const room = width - left - Math.max(narrow ? 100 : 124, figures);
  const x = (value) => left + ((Math.min(top, value) - low) / (top - low)) * room;
  rows.forEach((one, number) => {
    const at = number * row, y = at + (narrow ? 20 : 6);
    svg.append(drawn("text", { x: narrow ? 0 : left - 10, y: narrow ? at + 14 : at + 21, "text-anchor": narrow ? "start" : "end", class: "strong" }, one.name));
    svg.append(drawn("rect", { x: left, y, width: room, height: 20, rx: 4, fill: "var(--line)", opacity: 0.5 }));
    svg.append(drawn("rect", { x: Math.min(x(0), x(one.value)), y, width: Math.max(2, Math.abs(x(one.value) - x(0))), height: 20, rx: 4, fill: `var(${one.colour ?? "--ours"})` }));
    if (one.mark != null) {
      svg.append(drawn("line", { x1: x(one.mark), x2: x(one.mark), y1: y - 4, y2: y + 24, stroke: "var(--truth)", "stroke-width": 2.5 }));
    }
    svg.append(drawn("text", { x: left + room + 10, y: y + 15, class: "strong" }, one.figure));
  });
}

// Parts of a whole in one bar, with a mark where an even pace would be.
export function stacked(place, parts, { label, mark = null }) {
  const [svg, width] = sheet(place, 40, label);
  const whole = parts.reduce((sum, part) => sum + part.value, 0) || 1;
  let x = 0;
  svg.append(drawn("rect", { x: 0, y: 8, width, height: 22, rx: 5, fill: "var(--line)", opacity: 0.6 }));
  for (const part of parts) {
    const length = (part.value / whole) * width;
    if (part.colour) svg.append(drawn("rect", { x, y: 8, width: length, height: 22, fill: `var(${part.colour})` }));
    x += length;
  }
  if (mark != null) svg.append(drawn("line", { x1: mark * width, x2: mark * width, y1: 2, y2: 36, stroke: "var(--truth)", "stroke-width": 3 }));
}
