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
  // A table of single rows sorts its rows; one that has a body for each of its items sorts the bodies, their first row told.
  const makeSortable = (table) => {
    const items = () => (table.tBodies.length > 1 ? [...table.tBodies] : [...table.tBodies[0].rows]);
    const cell = (item, column) => (item.rows ? item.rows[0] : item).cells[column];
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
        const rows = items().sort((a, b) => compare(worth(cell(a, column)), worth(cell(b, column))));
        const sorted = up ? rows : rows.reverse();
        if (sorted[0].rows) table.tHead.after(...sorted);
        else table.tBodies[0].append(...sorted);
      });
    });
    // A telephone has no headings to press: a list of them does the same.
    if (table.classList.contains("cards") && items().length > 2) table.before(chooser(table));
  };
  const chooser = (table) => {
    const label = document.createElement("label");
    const choice = document.createElement("select");
    label.className = "sort-by no-print";
    label.append("Sort by ", choice);
    for (const button of table.querySelectorAll("thead th button")) {
      for (const [way, wanted] of [["largest first", "descending"], ["smallest first", "ascending"]]) {
        const name = button.textContent.trim() === "#" ? "order of trading" : button.textContent.trim().toLowerCase();
        const option = new Option(`${name}, ${way}`);
        option.sort = () => {
          do button.click();
          while (button.parentNode.getAttribute("aria-sort") !== wanted);
        };
        if (name === "order of trading" && wanted === "descending") continue;
        if (name === "order of trading") option.textContent = name;
        choice.append(option);
      }
    }
    choice.addEventListener("change", () => choice.selectedOptions[0].sort());
    return label;
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
