// SPDX-License-Identifier: MIT
// Numbers as people read them, by the names that Grafana has for units.
"use strict";

const prefixed = (value, steps, base) => {
  let step = 0;
  while (Math.abs(value) >= base && step + 1 < steps.length) { value /= base; ++step; }
  return [value, steps[step]];
};

/// At most three significant places, or the decimals that are asked for. What rounds to zero has no sign.
const rounded = (value, decimals) => {
  if (decimals !== undefined) return (Number(value.toFixed(decimals)) || 0).toFixed(decimals);
  if (value === 0) return "0";
  const places = Math.max(0, Math.min(9, 2 - Math.floor(Math.log10(Math.abs(value)))));
  return String(Number(value.toFixed(places)) || 0);
};

const spans = [[31536000, "year"], [86400, "day"], [3600, "hour"], [60, "minute"], [1, "second"]];

const formats = {
  none: (value, decimals) => rounded(value, decimals),
  short: (value, decimals) => { const [n, unit] = prefixed(value, ["", " K", " Mil", " Bil"], 1000); return rounded(n, decimals) + unit; },
  locale: (value, decimals) => value.toLocaleString("en-US", { maximumFractionDigits: decimals ?? 3 }),
  percentunit: (value, decimals) => rounded(value * 100, decimals) + "%",
  s: (value, decimals) => {
    const size = Math.abs(value);
    if (size === 0) return "0 s";
    if (size < 1e-3) return rounded(value * 1e6, decimals) + " µs";
    if (size < 1) return rounded(value * 1e3, decimals) + " ms";
    if (size < 60) return rounded(value, decimals) + " s";
    if (size < 3600) return rounded(value / 60, decimals) + " mins";
    if (size < 86400) return rounded(value / 3600, decimals) + " hours";
    return rounded(value / 86400, decimals) + " days";
  },
  bytes: (value, decimals) => { const [n, unit] = prefixed(value, [" B", " KiB", " MiB", " GiB", " TiB"], 1024); return rounded(n, decimals) + unit; },
  Bps: (value, decimals) => { const [n, unit] = prefixed(value, [" B/s", " kB/s", " MB/s", " GB/s"], 1000); return rounded(n, decimals) + unit; },
  dtdurations: (value) => {
    const parts = [];
    for (const [seconds, name] of spans) {
      const count = Math.floor(value / seconds);
      if (count > 0 && parts.length < 2) { parts.push(`${count} ${name}${count === 1 ? "" : "s"}`); value -= count * seconds; }
    }
    return parts.length ? parts.join(", ") : "0 seconds";
  },
};
for (const [unit, text] of [["reqps", " req/s"], ["ops", " ops/s"], ["pps", " p/s"]]) {
  formats[unit] = (value, decimals) => { const [n, step] = prefixed(value, ["", " K", " M"], 1000); return rounded(n, decimals) + step + text; };
}

/// The text of a value in a unit; a unit that is not known here ends the drawing rather than misleads.
function format(value, unit, decimals) {
  if (unit.startsWith("suffix:")) return rounded(value, decimals) + unit.slice("suffix:".length);
  if (!(unit in formats)) throw new Error(`the unit ${unit} is not known`);
  return formats[unit](value, decimals);
}
