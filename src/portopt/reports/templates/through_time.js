(() => {
  // Reads a day off a drawing: a line at the pointer, the exact figures of that day from the data of this page beside it.
  const source = document.getElementById("data");
  let reading;
  const read = async () => {
    if (!source.dataset.folded) return JSON.parse(source.textContent);
    const bytes = Uint8Array.from(atob(source.textContent.trim()), (letter) => letter.charCodeAt(0));
    const text = new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).text();
    return JSON.parse(await text);
  };
  const money = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
  const told = {
    money: (value) => money.format(value),
    pct: (value) => (100 * value).toFixed(2).replace("-", "−") + " %",
    num: (value) => value.toFixed(2).replace("-", "−"),
  };
  const lastBefore = (days, day) => {
    let [low, high] = [0, days.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (days[middle] <= day) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  };
  const rows = (figure, data, day) => {
    if (figure.dataset.reads === "weights") {
      const decided = data.rebalances.filter((row) => row.weights);
      const at = lastBefore(decided.map((row) => row.date), day);
      if (at < 0) return null;
      const shown = [...figure.querySelectorAll(".keys span")].map((key) => [key.className.split(" ")[1], key.textContent]);
      const found = shown.map(([key, name]) => [key, name, decided[at].weights[key === "s-cash" ? "CASH" : name]]);
      return [decided[at].date, found.filter((row) => row[2]).map(([key, name, value]) => [key, name, told.pct(value)])];
    }
    if (figure.dataset.reads === "strategies") {
      const sides = data.strategies.filter((side) => side.days.net);
      const at = lastBefore(sides[0].days.date, day);
      if (at < 0) return null;
      const keys = [...figure.querySelectorAll(".keys span")].map((key) => [key.className.split(" ")[1], key.textContent]);
      return [sides[0].days.date[at], sides.map((side, k) => [...keys[k], told.money(side.days.net[at])])];
    }
    const [where, named] = figure.dataset.reads.split(/:(.*)/s);
    const [part, ...inside] = where.split("/");
    const from = inside.reduce((value, key) => value[key], data[part]);
    const found = named.split(",").map((each) => {
      const [key, rest] = each.split("=");
      const [name, unit] = rest.split(":");
      return [key, name, unit || "money"];
    });
    const lengths = from[found[0][0]].length;
    const days = data.days.date.slice(-lengths);
    const at = lastBefore(days, day);
    if (at < 0) return null;
    const values = found.map(([key, name, unit]) => [key, name, unit, from[key] && from[key][at]]);
    return [days[at], values.filter((row) => typeof row[3] === "number").map(([key, name, unit, v]) => ["s-" + key, name, told[unit](v)])];
  };
  const box = document.createElement("div");
  box.className = "reading";
  box.hidden = true;
  const cross = document.createElementNS("http://www.w3.org/2000/svg", "line");
  cross.setAttribute("class", "cross");
  const hide = () => {
    box.hidden = true;
    cross.remove();
  };
  const show = (figure, svg, event, data) => {
    const edges = svg.getBoundingClientRect();
    const scale = svg.viewBox.baseVal.width / edges.width;
    const { left, right, top, bottom, first, last } = svg.dataset;
    const x = Math.min(Math.max((event.clientX - edges.left) * scale, +left), +right);
    const span = Date.parse(last) - Date.parse(first);
    const when = Date.parse(first) + (span * (x - left)) / (right - left);
    const found = rows(figure, data, new Date(when + 43200000).toISOString().slice(0, 10));
    if (!found) return hide();
    for (const [name, value] of Object.entries({ x1: x, x2: x, y1: top, y2: bottom })) cross.setAttribute(name, value);
    svg.append(cross);
    box.replaceChildren(document.createElement("b"));
    box.firstChild.textContent = found[0];
    for (const [key, name, value] of found[1]) {
      const row = document.createElement("div");
      const label = document.createElement("span");
      label.className = key;
      label.textContent = name;
      row.append(label, value);
      box.append(row);
    }
    figure.append(box);
    box.hidden = false;
    const at = (x / scale) + 14;
    const room = edges.width - box.offsetWidth;
    box.style.left = (at > room ? Math.max(at - 28 - box.offsetWidth, 0) : at) + "px";
    box.style.top = svg.offsetTop === undefined ? "0" : edges.top - figure.getBoundingClientRect().top + 12 + "px";
  };
  for (const figure of document.querySelectorAll("figure[data-reads]")) {
    for (const svg of figure.querySelectorAll("svg")) {
      svg.addEventListener("pointermove", async (event) => {
        reading ??= read().catch(() => null);
        const data = await reading;
        if (data) show(figure, svg, event, data);
      });
      svg.addEventListener("pointerleave", hide);
    }
  }
})();
