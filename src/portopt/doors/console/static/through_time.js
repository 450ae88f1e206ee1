// A figure through time and what it is held against; the table below says the same.
"use strict";

(() => {
  const place = document.getElementById("through-time");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const FORMATS = { ratio: ".2%", money: ",.0f", count: ",d", days: ",.0f" };

  // Decimal and thousands, as the reader writes them.
  function separators() {
    const parts = new Intl.NumberFormat(place.dataset.locale).formatToParts(12345.6);
    return ["decimal", "group"].map((type) => parts.find((part) => part.type === type)?.value ?? "").join("");
  }

  function drawn() {
    const { at, value, limit, unit } = JSON.parse(place.dataset.plot);
    const traces = [{ x: at, y: value, mode: "lines+markers", name: place.dataset.value, line: { color: colour("--accent"), width: 2 }, marker: { size: 4 } }];
    if (limit) traces.push({ x: at, y: limit, mode: "lines", name: place.dataset.limit, line: { color: colour("--bad"), width: 1.5, dash: "dash", shape: "hv" } });
    const axis = { gridcolor: colour("--hair"), linecolor: colour("--line"), zeroline: false };
    const layout = {
      margin: { l: 64, r: 12, t: 8, b: 40 }, paper_bgcolor: "transparent", plot_bgcolor: "transparent", font: { color: colour("--soft"), family: "inherit", size: 12.5 },
      xaxis: axis, yaxis: { ...axis, tickformat: FORMATS[unit] ?? "" }, legend: { orientation: "h", y: 1.12 }, hovermode: "x unified", separators: separators(),
    };
    window.Plotly.react(place, traces, layout, { displayModeBar: false, responsive: true });
  }

  document.addEventListener("DOMContentLoaded", () => { if (place) drawn(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if (place) drawn(); });
})();
