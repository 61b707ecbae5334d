for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    const head = button.parentElement, table = head.closest("table"), body = table.tBodies[0];
    const place = head.cellIndex, numeric = head.classList.contains("n");
    const down = head.getAttribute("aria-sort") === "descending" || (!numeric && !head.hasAttribute("aria-sort"));
    for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "ascending" : "descending");
    const key = (row) => row.cells[place].dataset.v ?? row.cells[place].textContent;
    const compare = (a, b) => {
      const x = key(a), y = key(b), both = x !== "" && y !== "" && !isNaN(x) && !isNaN(y);
      return both ? x - y : x.localeCompare(y, undefined, { numeric: true });
    };
    body.append(...[...body.rows].sort((a, b) => (down ? 1 : -1) * compare(a, b)));
  });
}
