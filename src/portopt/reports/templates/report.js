"use strict";
(() => {
  const data = document.getElementById("data");
  const link = document.getElementById("download");
  if (data && link) {
    const pretty = JSON.stringify(JSON.parse(data.textContent), null, 2) + "\n";
    link.href = URL.createObjectURL(new Blob([pretty], { type: "application/json" }));
    link.hidden = false;
  }
  // Paper cannot be unfolded.
  addEventListener("beforeprint", () => {
    for (const fold of document.querySelectorAll("details.print")) fold.open = true;
  });
  const worth = (cell) => {
    const exact = cell.querySelector("data");
    const number = exact ? Number(exact.value) : NaN;
    return Number.isNaN(number) ? cell.textContent.trim() : number;
  };
  const compare = (a, b) =>
    typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
  for (const table of document.querySelectorAll("table.sortable")) {
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
  }
})();
