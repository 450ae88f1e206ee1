// The efficient frontier, drawn once it comes into view; its table says the same.
"use strict";

(() => {
  const place = document.getElementById("frontier");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function drawn() {
    const { line, books } = JSON.parse(place.dataset.points);
    const names = JSON.parse(place.dataset.books);
    const marks = { current: ["circle-open", "--ink"], proposed: ["circle", "--accent"], optimal: ["diamond", "--good"], min_risk: ["square", "--soft"] };
    const at = (points) => ({ x: points.map((point) => point.volatility), y: points.map((point) => point.expected_return) });
    const traces = [{ ...at(line), mode: "lines", name: place.dataset.line, line: { color: colour("--now"), width: 3, shape: "spline" }, hoverinfo: "skip" }];
    for (const [key, point] of Object.entries(books)) {
      const [symbol, ink] = marks[key];
      traces.push({ ...at([point]), mode: "markers", name: names[key], marker: { size: 12, symbol, color: colour(ink), line: { width: 2, color: colour(ink) } }, hovertemplate: "%{y:.2%} · %{x:.2%}" });
    }
    const axis = (title) => ({ title: { text: title }, tickformat: ".1%", gridcolor: colour("--hair"), linecolor: colour("--line"), zeroline: false });
    const layout = {
      margin: { l: 64, r: 12, t: 8, b: 48 }, paper_bgcolor: "transparent", plot_bgcolor: "transparent", font: { color: colour("--soft"), family: "inherit", size: 12.5 },
      xaxis: axis(place.dataset.x), yaxis: axis(place.dataset.y), legend: { orientation: "h", y: 1.12 }, hovermode: "closest", separators: separators(),
    };
    window.Plotly.react(place, traces, layout, { displayModeBar: false, responsive: true });
  }

  // Decimal and thousands, as the reader writes them.
  function separators() {
    const parts = new Intl.NumberFormat(place.dataset.locale).formatToParts(12345.6);
    return ["decimal", "group"].map((type) => parts.find((part) => part.type === type)?.value ?? "").join("");
  }

  function load() {
    const script = document.createElement("script");
    script.src = "/console/static/vendor/plotly-basic.min.js";
    script.onload = drawn;
    document.head.append(script);
  }

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if (window.Plotly) drawn(); });
  const watching = new IntersectionObserver((seen) => {
    if (seen.some((one) => one.isIntersecting)) { watching.disconnect(); load(); }
  }, { rootMargin: "200px" });
  if (place) watching.observe(place);
})();
