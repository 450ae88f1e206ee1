"use strict";
(() => {
  // What is long is kept deflated, in base64.
  const opened = (letters) => {
    const bytes = Uint8Array.from(atob(letters.trim()), (letter) => letter.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).text();
  };
  const data = document.getElementById("data");
  const link = document.getElementById("download");
  const offer = (text) => {
    const pretty = JSON.stringify(JSON.parse(text), null, 2) + "\n";
    link.href = URL.createObjectURL(new Blob([pretty], { type: "application/json" }));
    link.hidden = false;
  };
  if (data && link) {
    if (data.dataset.folded) opened(data.textContent).then(offer);
    else offer(data.textContent);
  }
  const worth = (cell) => {
    const exact = cell.querySelector("data");
    const number = exact ? Number(exact.value) : NaN;
    return Number.isNaN(number) ? cell.textContent.trim() : number;
  };
  const compare = (a, b) =>
    typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
  const makeSortable = (table) => {
    table.querySelectorAll("thead th").forEach((head, column) => {
      if (head.dataset.sort === "no") return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") === "descending";
        for (const other of table.querySelectorAll("thead th")) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const body = table.tBodies[0];
        const rows = [...body.rows].sort((a, b) => compare(worth(a.cells[column]), worth(b.cells[column])));
        body.append(...(up ? rows : rows.reverse()));
      });
    });
  };
  for (const table of document.querySelectorAll("table.sortable")) makeSortable(table);
  // Inflated at once, so that paper has them; put into the page when somebody looks, so that a large book opens quickly.
  const waiting = new Map();
  const unfold = (fold) => {
    const rows = waiting.get(fold);
    if (rows === undefined) return;
    waiting.delete(fold);
    fold.querySelector("script.folded").remove();
    fold.insertAdjacentHTML("beforeend", rows);
    for (const table of fold.querySelectorAll("table.sortable")) makeSortable(table);
  };
  for (const script of document.querySelectorAll("script.folded")) {
    const fold = script.closest("details");
    opened(script.textContent).then((rows) => {
      waiting.set(fold, rows);
      if (fold.open) unfold(fold);
    });
    fold.addEventListener("toggle", () => fold.open && unfold(fold));
  }
  // Paper cannot be unfolded.
  addEventListener("beforeprint", () => {
    for (const fold of document.querySelectorAll("details.print")) {
      unfold(fold);
      fold.open = true;
    }
  });
})();
