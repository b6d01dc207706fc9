#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws the curves of flowviz_metrics_bench --json: plot.py FILE FOLDER writes one SVG for each question that has curves."""

import json
import pathlib
import sys

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot, ticker

# Text stays text, and the same figures give the same file.
matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "flowviz_metrics", "font.size": 10})

# A question's name begins with this: the file, and what x is.
PLOTS = {
    "increment, kept handle, 32 in turn, against threads": ("increment_against_threads.svg", "threads"),
    "increment through open labels, against threads": ("open_labels_against_threads.svg", "threads"),
    "a page of counters, against their number": ("scrape_against_series.svg", "series"),
    "a page of 10,000 counters, against the threads": ("scrape_against_threads.svg", "threads that have written"),
}


def curves(question):
    """The figures of a question's curves by name, in the order of x."""
    found = {}
    for figure in question["figures"]:
        if "curve" in figure and figure["samples"]:
            found.setdefault(figure["curve"], []).append(figure)
    return {name: sorted(figures, key=lambda figure: figure["x"]) for name, figures in found.items()}


def draw(question, x_label, machine, path):
    figure, axes = pyplot.subplots(figsize=(7, 4.2))
    all_x = sorted({point["x"] for points in curves(question).values() for point in points})
    for name, points in curves(question).items():
        if len(points) == 1:  # what does not depend on x
            axes.axhline(points[0]["median"], label=name, color="grey", linestyle="--")
            continue
        x = [point["x"] for point in points]
        (line,) = axes.plot(x, [point["median"] for point in points], marker="o", markersize=4, label=name)
        axes.fill_between(
            x, [point["low"] for point in points], [point["high"] for point in points], alpha=0.2, color=line.get_color()
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(all_x)
    axes.minorticks_off()
    low, high = axes.get_ylim()
    axes.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5) if high / low < 1000 else (1,)))
    axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda x, _: f"{x:,.0f}"))
    axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda y, _: f"{y:g}"))
    axes.set_xlabel(x_label)
    axes.set_ylabel(question["unit"])
    axes.set_title(question["name"], fontsize=10)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, frameon=False)
    figure.text(0.01, 0.01, f"{machine}; medians, quartiles shaded", fontsize=6, color="grey")
    figure.tight_layout(rect=(0, 0.03, 1, 1))
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
    pyplot.close(figure)


def main(data_file, folder):
    data = json.loads(pathlib.Path(data_file).read_text(encoding="utf-8"))
    machine = data["machine"]
    words = f"{machine['processor']}, {machine['cores']} cores, {machine['compiler']}, {data['date']}"
    missing = dict(PLOTS)
    for question in data["questions"]:
        for start, (file, x_label) in PLOTS.items():
            if question["name"].startswith(start) and curves(question):
                draw(question, x_label, words, pathlib.Path(folder) / file)
                del missing[start]
    if missing:
        sys.exit(f"{data_file} has no curves for: {', '.join(missing)}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
