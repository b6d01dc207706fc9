// SPDX-License-Identifier: MIT
// Draws `board` (Grafana's JSON) with `answers`, {panel id: [{ref, series: [{labels, name, points: [[seconds, value]]}]}]}, in
// Grafana's grid. When all is drawn the page's title is `drawn N panels, M without data`; if something went wrong, what it was.
"use strict";

const CELL = 38, COLUMNS = 24, WIDTH = document.documentElement.clientWidth - 16;
const PALETTE = ["#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#f2495c", "#5794f2", "#b877d9", "#705da0", "#37872d", "#fade2a", "#447ebc", "#c15c17"];
const COLORS = { green: "#73bf69", yellow: "#f2cc0c", orange: "#ff9830", red: "#f2495c", blue: "#5794f2", purple: "#b877d9", "light-blue": "#8ab8ff" };
const MUTED = "#8e8ea0", LINES = "#2c3038";

const colorOf = (name) => COLORS[name] ?? name;
const seriesOf = (panel) => answers[panel.id].flatMap((answer) => answer.series);
const lastOf = (series) => series.points.at(-1)?.[1];

function element(tag, parent, attributes = {}, text) {
  const made = Object.assign(document.createElement(tag), attributes);
  if (text !== undefined) made.textContent = text;
  return parent.appendChild(made);
}

/// The colours of series: what the panel says of their names, else the palette's in turn.
function colorsOf(all, panel) {
  const fixed = new Map();
  for (const { matcher, properties } of panel.fieldConfig.overrides) {
    for (const { id, value } of properties) {
      if (id !== "color") throw new Error(`overrides of ${id} are not known`);
      fixed.set(matcher.options, colorOf(value.fixedColor));
    }
  }
  return all.map((series, i) => fixed.get(series.name) ?? PALETTE[i % PALETTE.length]);
}

/// What a panel makes of a value: its text, and the colour that mappings or thresholds give it.
function shown(value, field) {
  const mapped = field.mappings.map((one) => one.options[String(value)]).find((one) => one);
  const steps = field.thresholds.steps.filter((step) => step.value === null || value >= step.value);
  return {
    text: mapped?.text ?? format(value, field.unit, field.decimals),
    color: colorOf(mapped?.color ?? steps.at(-1).color),
  };
}

function nothing(body, panel) {
  element("div", body, { className: "nothing" }, panel.fieldConfig.defaults.noValue ?? "No data");
}

// --- Kinds of panels: each draws into `body` what `panel` shows. ---

function stat(body, panel) {
  const field = panel.fieldConfig.defaults;
  const several = element("div", body, { className: "stats" });
  const all = seriesOf(panel);
  for (const series of all) {
    const { text, color } = shown(lastOf(series), field);
    const box = element("div", several, { className: "stat" });
    if (panel.options.colorMode === "background") {
      box.style.background = color;
      box.style.color = "#111217";
    }
    const width = (panel.gridPos.w / COLUMNS) * WIDTH / all.length;
    const size = Math.max(13, Math.min(34, (width - 24) / (text.length * 0.66)));
    element("b", box, {}, text).style.fontSize = `${size}px`;
    if (all.length > 1) element("span", box, {}, series.name).style.fontSize = `${Math.min(11, (width - 10) / (series.name.length * 0.62))}px`;
  }
}

const axis = (unit) => ({
  axisLabel: { color: MUTED, fontSize: 11, formatter: (value) => format(value, unit) },
  splitLine: { lineStyle: { color: LINES } },
});

const timeAxis = () => ({
  type: "time", min: span.from * 1000, max: span.to * 1000,
  axisLabel: { color: MUTED, fontSize: 11, hideOverlap: true, alignMaxLabel: "right" }, axisLine: { lineStyle: { color: LINES } },
});

const GRID = { left: 8, right: 14, top: 12, bottom: 4, containLabel: true };

function timeseries(body, panel) {
  const field = panel.fieldConfig.defaults, custom = field.custom;
  const all = seriesOf(panel);
  const stacked = custom.stacking.mode !== "none";
  const chart = element("div", body, { className: "chart" });
  const high = Math.max(0, ...all.flatMap((series) => series.points.map((point) => point[1])));
  const step = field.unit === "bytes" && high > 0 ? 2 ** Math.ceil(Math.log2(high / 5)) : undefined;
  const top = custom.axisSoftMax > high ? custom.axisSoftMax : !stacked && step ? step * Math.ceil(high / step) : undefined;
  const lines = custom.thresholdsStyle.mode === "dashed" ? field.thresholds.steps.filter((step) => step.value !== null) : [];
  const colors = colorsOf(all, panel);
  legend(body, all, field, panel.options.legend, colors);
  return () => echarts.init(chart).setOption({
    animation: false, color: colors, grid: GRID, xAxis: timeAxis(),
    yAxis: {
      type: "value", min: field.min, max: field.max ?? top, minInterval: field.unit === "none" ? 1 : undefined, interval: step,
      ...axis(field.unit),
    },
    series: all.map((series, i) => ({
      type: "line", name: series.name, symbol: series.points.length > 1 ? "none" : "circle", lineStyle: { width: 1.3 * custom.lineWidth },
      data: gapped(series.points), areaStyle: { opacity: custom.fillOpacity / 100 }, stack: stacked ? "all" : undefined, stackStrategy: "all",
      markLine: i === 0 ? { symbol: "none", silent: true, label: { show: false }, data: lines.map((step) => ({ yAxis: step.value, lineStyle: { color: colorOf(step.color), type: "dashed" } })) } : undefined,
    })),
  });
}

const endsBefore = (points, i) => points[i][0] - points[i - 1][0] > 1.5 * span.step;

/// Whether there is anything to see of a course: neighbours, between which there is a line, or the one point, which is a dot.
const isSeen = ({ points }) => points.length === 1 || points.some((_, i) => i > 0 && !endsBefore(points, i));

/// Where a step has no answer the line ends; it does not run on to the next.
function gapped(points) {
  const held = [];
  points.forEach(([at, value], i) => {
    if (i > 0 && endsBefore(points, i)) held.push([(at - span.step) * 1000, null]);
    held.push([at * 1000, value]);
  });
  return held;
}

/// Name, last and largest of each, in the order of the last, as many as there is room for.
function legend(body, all, field, options, colors) {
  if (options.sortBy !== "Last *" || !options.sortDesc) throw new Error(`legends sorted by ${options.sortBy} are not known`);
  const order = all.map((series, i) => [series, i]).sort(([a], [b]) => lastOf(b) - lastOf(a));
  const room = Math.max(1, Math.floor((body.clientHeight * 0.38) / 17) - 1);
  const table = element("table", element("div", body, { className: "legend" }));
  const head = element("tr", table);
  ["Name", "Last *", "Max"].forEach((text, i) => element("th", head, { className: i ? "number" : "" }, text));
  order.slice(0, all.length > room ? room - 1 : room).forEach(([series, i]) => {
    const line = element("tr", table);
    const name = element("td", line);
    element("span", name, { className: "dash" }).style.background = colors[i];
    name.append(series.name);
    const values = series.points.map((point) => point[1]);
    for (const value of [values.at(-1), Math.max(...values)]) element("td", line, { className: "number" }, shown(value, field).text);
  });
  if (all.length > room) element("td", element("tr", table), { colSpan: 3 }, `and ${all.length - room + 1} more`);
}

function heatmap(body, panel) {
  const unit = panel.options.yAxis.unit;
  let rows = seriesOf(panel);
  if (panel.targets[0].format === "heatmap") {  // cumulative buckets: each less the one before is what fell into it
    const bound = (series) => (series.labels.le === "+Inf" ? Infinity : Number(series.labels.le));
    rows = rows.sort((a, b) => bound(a) - bound(b));
    const below = new Map();
    rows = rows.map((series) => ({
      name: Number.isFinite(bound(series)) ? format(bound(series), unit) : "+Inf",
      points: series.points.map(([at, value]) => {
        const own = value - (below.get(at) ?? 0);
        below.set(at, value);
        return [at, own];
      }),
    }));
  }
  const times = [...new Set(rows.flatMap((series) => series.points.map((point) => point[0])))].sort((a, b) => a - b);
  const cells = rows.flatMap((series, y) => series.points.filter((point) => point[1] > 1e-9).map(([at, value]) => [times.indexOf(at), y, value]));
  const chart = element("div", body, { className: "chart" });
  const clock = (at) => new Date(at * 1000).toTimeString().slice(0, 5);
  return () => echarts.init(chart).setOption({
    animation: false, grid: GRID,
    xAxis: { type: "category", data: times.map(clock), axisLabel: { color: MUTED, fontSize: 11 }, axisLine: { lineStyle: { color: LINES } } },
    yAxis: { type: "category", data: rows.map((series) => series.name), axisLabel: { color: MUTED, fontSize: 11 } },
    visualMap: { show: false, min: 0, max: Math.max(...cells.map((cell) => cell[2])), inRange: { color: ["#3a2415", "#a6470e", "#ff9830", "#ffe7cc"] } },
    series: { type: "heatmap", data: cells, itemStyle: { borderColor: "#181b1f", borderWidth: 1 } },
  });
}

function bargauge(body, panel) {
  const field = panel.fieldConfig.defaults;
  const all = seriesOf(panel).sort((a, b) => lastOf(b) - lastOf(a));
  const high = field.max ?? Math.max(...all.map(lastOf), Number.MIN_VALUE);
  const bars = element("div", body, { className: "bars" });
  for (const series of all.slice(0, Math.max(1, Math.floor(body.clientHeight / 22)))) {
    const { text, color } = shown(lastOf(series), field);
    element("div", bars, { className: "name" }, series.name);
    const bar = element("div", element("div", bars, { className: "track" }), { className: "bar" });
    bar.style.width = `${Math.min(100, (100 * lastOf(series)) / high)}%`;
    bar.style.background = color;
    element("div", bars, { className: "number" }, text).style.color = color;
  }
}

function piechart(body, panel) {
  const field = panel.fieldConfig.defaults;
  const all = seriesOf(panel);
  const colors = colorsOf(all, panel);
  const whole = all.reduce((sum, series) => sum + lastOf(series), 0);
  body.style.flexDirection = "row";
  const chart = element("div", body, { className: "chart" });
  const table = element("table", element("div", body));
  all.forEach((series, i) => {
    const line = element("tr", table);
    const name = element("td", line);
    element("span", name, { className: "dash" }).style.background = colors[i];
    name.append(series.name);
    element("td", line, { className: "number" }, shown(lastOf(series), field).text);
    element("td", line, { className: "number" }, whole > 0 ? `${Math.round((100 * lastOf(series)) / whole)}%` : "");
  });
  return () => echarts.init(chart).setOption({
    animation: false, color: colors,
    series: { type: "pie", radius: ["45%", "78%"], label: { show: false }, data: all.map((series) => ({ name: series.name, value: lastOf(series) })) },
  });
}

/// Rows are series with the same labels; the columns are those that the transformations keep, by the names that they give.
function table(body, panel) {
  const given = answers[panel.id];
  const valueName = (ref) => (given.length > 1 ? `Value #${ref}` : "Value");
  const rows = new Map();
  for (const { ref, series } of given) {
    for (const one of series) {
      const key = JSON.stringify(Object.entries(one.labels).sort());
      rows.set(key, { ...(rows.get(key) ?? one.labels), [valueName(ref)]: lastOf(one) });
    }
  }
  const organize = panel.transformations.find((one) => one.id === "organize").options;
  const columns = Object.keys(organize.renameByName).sort((a, b) => organize.indexByName[a] - organize.indexByName[b]);
  const field = (column) => {
    const found = structuredClone(panel.fieldConfig.defaults);
    for (const override of panel.fieldConfig.overrides.filter((one) => one.matcher.options === organize.renameByName[column])) {
      for (const { id, value } of override.properties) found[id] = value;
    }
    return found;
  };
  const drawn = element("table", body, { className: "table" });
  const head = element("tr", drawn);
  for (const column of columns) element("th", head, {}, organize.renameByName[column]);
  const [sort] = panel.options.sortBy;
  const by = sort && columns.find((column) => organize.renameByName[column] === sort.displayName);
  const sorted = [...rows.values()].sort((a, b) => (by ? (b[by] ?? 0) - (a[by] ?? 0) : 0));
  for (const row of sorted.slice(0, Math.max(1, Math.floor(body.clientHeight / 28) - 1))) {
    const line = element("tr", drawn);
    for (const column of columns) {
      const value = row[column];
      if (value === undefined) { element("td", line, {}, ""); continue; }
      const how = field(column);
      const mapped = how.mappings.map((one) => one.options[value]).find((one) => one);
      const cell = element("td", line, {}, mapped?.text ?? (typeof value === "number" ? format(value, how.unit, how.decimals) : value));
      if (mapped) cell.style.color = colorOf(mapped.color);
    }
  }
}

const KINDS = { stat, timeseries, heatmap, bargauge, piechart, table };

// --- The board ---

function place(box, { x, y, w, h }) {
  Object.assign(box.style, {
    left: `${(x / COLUMNS) * WIDTH + 4}px`, top: `${y * CELL}px`, width: `${(w / COLUMNS) * WIDTH - 8}px`, height: `${h * CELL - 8}px`,
  });
}

function draw() {
  const header = element("header", document.body, {}, board.title);
  element("small", header, {}, span.said);
  const grid = element("div", document.body, { id: "grid" });
  const finish = [];
  let panels = 0, empty = 0, bottom = 0;
  for (const panel of board.panels.flatMap((one) => [one, ...(one.panels ?? [])])) {
    bottom = Math.max(bottom, panel.gridPos.y + panel.gridPos.h);
    const box = element("div", grid, { className: panel.type === "row" ? "row" : "panel" });
    place(box, panel.gridPos);
    if (panel.type === "row") { box.textContent = `⌄ ${panel.title}`; continue; }
    element("h2", box, {}, panel.title);
    const body = element("div", box, { className: "body" });
    ++panels;
    if (!KINDS[panel.type]) throw new Error(`panels of type ${panel.type} are not known`);
    const all = seriesOf(panel);
    if (panel.type === "timeseries" ? !all.some(isSeen) : all.length === 0) ++empty;
    if (all.length === 0) nothing(body, panel);
    else finish.push(KINDS[panel.type](body, panel));
  }
  grid.style.height = `${bottom * CELL + 8}px`;
  finish.forEach((one) => one?.());  // once the page has its sizes
  return `drawn ${panels} panels, ${empty} without data`;
}

try {
  document.title = draw();
} catch (error) {
  document.title = `failed: ${error.message}`;
  document.body.textContent = error.stack;
}
