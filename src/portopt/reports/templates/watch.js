(() => {
  // Finds books by a part of their name and by their status: those with a card, and all the others, from the data of this page.
  const source = document.getElementById("data");
  const form = document.getElementById("filter");
  const cards = [...document.querySelectorAll("#cards > li")];
  const rest = document.getElementById("rest");
  // A link to a runbook opens it.
  const unfold = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target instanceof HTMLDetailsElement) target.open = true;
  };
  addEventListener("hashchange", unfold);
  unfold();
  if (!form) return;
  const MOST = 100;
  const read = async () => {
    if (!source.dataset.folded) return JSON.parse(source.textContent);
    const bytes = Uint8Array.from(atob(source.textContent.trim()), (letter) => letter.charCodeAt(0));
    return JSON.parse(await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).text());
  };
  const percent = (value) => (100 * value).toFixed(2).replace("-", "−") + " %";
  const told = (value, unit) => (value === null ? "unknown" : unit === "ratio" ? percent(value) : String(value));
  const told_books = (number) => `${number.toLocaleString("en")} book${number === 1 ? "" : "s"}`;
  const chips = { firing: "missed", unknown: "quarantined", "out of band": "short", "within limits": "ok" };
  const row = (data, figures, k) => {
    const line = document.createElement("tr");
    const put = (name, kind, content) => {
      const cell = document.createElement(name);
      if (kind) cell.className = kind;
      cell.append(content);
      line.append(cell);
      return cell;
    };
    put("th", "", data.portfolio[k]).scope = "row";
    const chip = document.createElement("span");
    chip.className = "chip " + chips[data.status[k]];
    chip.textContent = data.status[k];
    put("td", "", chip);
    put("td", "n", String(data.alerts[k]));
    put("td", "n", Math.round(100 * data.worst[k]) + " %");
    for (const [name, unit] of figures) {
      const value = data.figures[name].value[k];
      put("td", value === null ? "n unknown" : "n", told(value, unit));
    }
    return line;
  };
  const output = document.getElementById("found");
  const name = document.getElementById("book");
  const status = document.getElementById("status");
  let data;
  const look = () => {
    const part = name.value.trim().toLowerCase();
    const fits = (book, state) => book.toLowerCase().includes(part) && (!status.value || state === status.value);
    let shown = 0;
    for (const card of cards) {
      card.hidden = !fits(card.dataset.book, card.dataset.status);
      if (!card.hidden) shown += 1;
    }
    let others = 0;
    if (rest) {
      const figures = rest.dataset.figures.split(" ").filter(Boolean).map((each) => each.split(":"));
      const lines = [];
      data.portfolio.forEach((book, k) => {
        if (!fits(book, data.status[k])) return;
        others += 1;
        if (lines.length < MOST) lines.push(row(data, figures, k));
      });
      rest.querySelector("tbody").replaceChildren(...lines);
      const said = others > MOST ? `the first ${MOST} of ${others.toLocaleString("en")}` : others.toLocaleString("en");
      document.getElementById("rest-said").textContent = `Of the other books that fit: ${said}.`;
    }
    output.textContent = `${(shown + others).toLocaleString("en")} of ${told_books(cards.length + data.portfolio.length)}`;
  };
  const ready = (found) => {
    data = found.books.rest;
    form.hidden = false;
    output.textContent = told_books(found.books.total);
    name.addEventListener("input", look);
    status.addEventListener("change", look);
  };
  read().then(ready);
})();
