// What if: while a slider is dragged, figures and weights move by the derivatives that came with the page. Nothing is asked
// of the service inside the range in which they hold; on release it solves again and certifies.
"use strict";

(() => {
  const form = document.getElementById("sliders");
  if (!form) return;
  const slopes = JSON.parse(form.dataset.slopes);
  const places = new Map(slopes.assets.map((asset, place) => [asset, place]));
  const moves = new Map(slopes.moves.map((move) => [move.path, move]));
  const fixed = (digits) => new Intl.NumberFormat(form.dataset.locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const [two, three, five, three_significant] = [fixed(2), fixed(3), fixed(5), new Intl.NumberFormat(form.dataset.locale, { maximumSignificantDigits: 3 })];
  const minus = (text) => text.replace("-", "−");
  const WRITTEN = {
    expected_return: (x) => minus(three.format(100 * x)) + "%", volatility: (x) => three.format(100 * x) + "%",
    tracking_error: (x) => three.format(100 * x) + "%", turnover: (x) => three.format(100 * x) + "%",
    cost: (x) => minus(two.format(1e4 * x)) + " bps", objective: (x) => minus(five.format(x)),
  };
  const FRACTIONS = ["fraction", "return", "volatility", "tracking_error", "weight"];
  let asked = 0; // the frame that is to come
  let held = null; // the slider that is dragged

  const along = (move, value) => (move.by === "inverse" ? (1 / value - 1 / move.value) / move.scale : (value - move.value) / move.scale);
  const polynomial = (coefficients, t) => coefficients.reduceRight((sum, c) => (sum + c) * t, 0);
  const inputs = () => [...form.querySelectorAll("input[type=range]")];
  const path = (input) => input.name.slice("move.".length);

  // As it is meant: on the steps of the slider, and what stands where it is near enough to it.
  function value(input) {
    const step = Number(input.dataset.step), base = Number(input.dataset.base), at = Number(input.value);
    return Math.abs(at - base) < step / 2 ? base : Number((Math.round(at / step) * step).toPrecision(12));
  }

  // Whether the derivatives say what is there: one slider alone is off what stands, and inside its range.
  function holds(input) {
    const move = moves.get(path(input)), at = value(input);
    const alone = inputs().every((other) => other === input || value(other) === Number(other.dataset.base));
    return alone && (move.low === null || at >= move.low) && (move.high === null || at <= move.high);
  }

  function weightsAt(move, t) {
    const found = Float64Array.from(slopes.stands);
    for (const { at, by, coefficients } of move.directions) {
      const c = polynomial(coefficients, t);
      for (let k = 0; k < at.length; k++) found[at[k]] += c * by[k];
    }
    return found;
  }

  function written(element, x, text) {
    element.value = String(x);
    element.textContent = text;
  }

  function shown(name, text) {
    const badge = document.getElementById("shown");
    badge.className = "shown " + name;
    badge.textContent = text;
  }

  function draw(input) {
    const began = performance.now(), at = value(input), move = moves.get(path(input)), label = input.closest(".slider");
    const output = label.querySelector("output");
    output.textContent = FRACTIONS.includes(output.dataset.unit) ? two.format(100 * at) + "%" : three_significant.format(at);
    const inside = holds(input);
    label.classList.toggle("past", !inside);
    if (!inside) return shown("", form.dataset.waits);
    const t = along(move, at), weights = weightsAt(move, t), after = document.getElementById("after"), most = Number(after.dataset.most);
    for (const element of after.querySelectorAll("[data-figure]")) {
      const name = element.dataset.figure, coefficients = move.figures[name];
      if (coefficients === null) { element.textContent = "…"; continue; }
      const x = slopes.figures[name] + polynomial(coefficients ?? [], t);
      written(element, x, WRITTEN[name](x));
    }
    for (const element of after.querySelectorAll("[data-weight]")) {
      const x = weights[places.get(element.dataset.weight)];
      written(element, x, minus(three.format(100 * x)) + "%");
    }
    for (const element of after.querySelectorAll("[data-moved]")) {
      const place = places.get(element.dataset.moved), x = weights[place] - slopes.stands[place];
      written(element, x, (x < 0 ? "−" : "+") + three.format(Math.abs(100 * x)) + " pp");
    }
    for (const element of after.querySelectorAll("[data-bar]")) {
      element.setAttribute("width", String(Math.max(0, (100 * weights[places.get(element.dataset.bar)]) / most)));
    }
    shown("preview", form.dataset.preview);
    performance.measure("preview", { start: began });
  }

  form.addEventListener("input", (event) => {
    held = event.target;
    if (!asked) asked = requestAnimationFrame(() => { asked = 0; if (held) draw(held); });
  });
  form.addEventListener("change", () => { held = null; });
  // What stands is not said again in the address.
  form.addEventListener("htmx:configRequest", (event) => {
    for (const input of inputs()) {
      if (value(input) === Number(input.dataset.base)) delete event.detail.parameters[input.name];
      else event.detail.parameters[input.name] = String(value(input));
    }
  });
  document.addEventListener("htmx:afterSettle", () => {
    performance.mark("certified");
    if (held) draw(held);
  });
})();
