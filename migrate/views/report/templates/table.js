"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  for (const box of document.querySelectorAll("[data-until]")) {
    if (Date.now() <= Date.parse(box.dataset.until)) continue;
    box.className = "box notChecked";
    box.querySelector(".answer").textContent = box.dataset.expired;
    box.querySelector(".expired").hidden = false;
  }
  const opened = [];
  addEventListener("beforeprint", () => {
    for (const one of document.querySelectorAll("details:not([open])")) { one.open = true; opened.push(one); }
  });
  addEventListener("afterprint", () => { while (opened.length) opened.pop().open = false; });

  const data = JSON.parse($("people-data").textContent);
  const size = data.local.length;
  const narrow = matchMedia("(max-width: 40em)");
  const search = $("people-search"), body = $("people-rows"), status = $("people-status");
  const selects = [...document.querySelectorAll("select[data-column]")];
  const buttons = [...document.querySelectorAll("button[data-sort]")];
  const columns = new Map(data.columns.map((column) => [column.key, column]));
  const heads = buttons.map((button) => button.dataset.sort);
  const titles = buttons.map((button) => button.textContent.trim());
  const name = (row) => data.local[row] + (data.domains[data.domain[row]] ? "@" + data.domains[data.domain[row]] : "");
  const numbers = new Intl.NumberFormat(data.locale);
  let names = null, order = [...Array(size).keys()], found = order, page = 0, sorted = "name", down = false;

  for (const select of selects) {
    const column = columns.get(select.dataset.column);
    column.words.forEach((words, place) => select.add(new Option(words || data.text.none, column.values[place])));
  }

  const show = () => {
    const rows = narrow.matches ? 10 : 50, pages = Math.max(1, Math.ceil(found.length / rows));
    page = Math.min(Math.max(page, 0), pages - 1);
    const made = document.createDocumentFragment();
    for (const row of found.slice(page * rows, page * rows + rows)) {
      const line = document.createElement("tr");
      line.setAttribute("role", "row");
      heads.forEach((key, place) => {
        const cell = document.createElement(place ? "td" : "th");
        cell.setAttribute("role", place ? "cell" : "rowheader");
        if (!place) cell.scope = "row";
        cell.dataset.h = titles[place];
        cell.textContent = key === "name" ? name(row) : columns.get(key).words[columns.get(key).at[row]];
        line.append(cell);
      });
      made.append(line);
    }
    body.replaceChildren(made);
    const first = found.length ? page * rows + 1 : 0, last = Math.min(found.length, page * rows + rows);
    status.textContent = `${data.text.showing} ${numbers.format(first)}–${numbers.format(last)} ` +
      `${data.text.of} ${numbers.format(found.length)}`;
    $("people-page").textContent = `${data.text.page} ${numbers.format(page + 1)} / ${numbers.format(pages)}`;
    $("people-back").disabled = page === 0;
    $("people-next").disabled = page === pages - 1;
  };
  const filter = () => {
    const wanted = selects.filter((select) => select.selectedIndex > 0)
      .map((select) => [columns.get(select.dataset.column).at, select.selectedIndex - 1]);
    const text = search.value.trim().toLowerCase();
    if (text && !names) names = order.slice().sort((a, b) => a - b).map((row) => name(row).toLowerCase());
    found = order.filter((row) => wanted.every(([at, place]) => at[row] === place) && (!text || names[row].includes(text)));
    page = 0;
    show();
  };
  const sort = (key) => {
    down = sorted === key && !down;
    sorted = key;
    const at = key === "name" ? null : columns.get(key).at, sign = down ? -1 : 1;
    order.sort((a, b) => (at ? sign * (at[a] - at[b]) || a - b : sign * (a - b)));
    for (const button of buttons) {
      const is = button.dataset.sort === key;
      button.parentElement.setAttribute("aria-sort", is ? (down ? "descending" : "ascending") : "none");
    }
    filter();
  };
  search.addEventListener("input", filter);
  selects.forEach((select) => select.addEventListener("change", filter));
  buttons.forEach((button) => button.addEventListener("click", () => sort(button.dataset.sort)));
  $("people-back").addEventListener("click", () => { page -= 1; show(); });
  $("people-next").addEventListener("click", () => { page += 1; show(); });
  const clear = () => { search.value = ""; selects.forEach((select) => { select.selectedIndex = 0; }); };
  $("people-clear").addEventListener("click", () => { clear(); filter(); search.focus(); });
  for (const link of document.querySelectorAll("a[data-filter]")) {
    link.addEventListener("click", () => {
      const [key, value] = link.dataset.filter.split("=");
      clear();
      const select = selects.find((one) => one.dataset.column === key);
      const place = columns.get(key).values.indexOf(value);
      // A value that nobody has is no choice of the list: then nobody is shown.
      if (place >= 0) select.selectedIndex = place + 1;
      filter();
      if (place < 0) { found = []; show(); }
      $("people-h").focus({ preventScroll: true });
    });
  }
  narrow.addEventListener("change", show);
  for (const one of document.querySelectorAll("[data-scripted]")) one.hidden = false;
  for (const one of document.querySelectorAll("[data-unscripted]")) one.hidden = true;
  show();
})();
