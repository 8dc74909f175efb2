"use strict";

const config = JSON.parse(document.body.dataset.config);

for (const source of document.querySelectorAll("script[data-for]")) {
  const figure = JSON.parse(source.textContent);
  Plotly.newPlot(source.dataset.for, figure.data, figure.layout, config);
}

// Figures have the width of the screen; paper is narrower, and cannot be unfolded.
const plots = document.querySelectorAll(".plot");
addEventListener("beforeprint", () => {
  plots.forEach((plot) => Plotly.relayout(plot, { width: 660 }));
  document.querySelectorAll(".facts").forEach((facts) => { facts.open = true; });
});
addEventListener("afterprint", () => plots.forEach((plot) => Plotly.relayout(plot, { width: null, autosize: true })));

function sortBy(table, column, down) {
  const body = table.tBodies[0];
  const key = (row) => row.cells[column].textContent;
  const compare = (a, b) => {
    const [x, y] = [key(a), key(b)];
    if (x === "–" || y === "–") return (x === "–") - (y === "–"); // what is not known comes last either way
    const order = isNaN(x) || isNaN(y) ? x.localeCompare(y) : x - y;
    return down ? -order : order;
  };
  body.append(...[...body.rows].sort(compare));
}

for (const table of document.querySelectorAll("table.sortable")) {
  table.tHead.addEventListener("click", (event) => {
    const head = event.target.closest("th");
    if (!head || event.target.tagName !== "BUTTON") return;
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    sortBy(table, head.cellIndex, down);
  });
}
