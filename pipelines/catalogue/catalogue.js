"use strict";
/* The page is whole without this script: it adds search, order, one table at a time, and pointing. */
(() => {
  const byId = (id) => document.getElementById(id);
  const results = byId("ui-results");
  const entries = [...results.children];
  const controls = Object.fromEntries(
    ["search", "grain", "owner", "order", "drifted"].map((name) => [name, byId(`ui-${name}`)]),
  );
  const HITS = 4;

  function matches(entry, words) {
    const { grain, owner, over } = entry.dataset;
    return (
      words.every((word) => entry.dataset.words.includes(word)) &&
      (!controls.grain.value || grain === controls.grain.value) &&
      (!controls.owner.value || owner === controls.owner.value) &&
      (!controls.drifted.checked || over !== "0")
    );
  }

  function order() {
    const key = controls.order.value;
    const by = key === "name" ? () => 0 : (a, b) => b.dataset[key] - a.dataset[key];
    results.append(...[...entries].sort(by));
  }

  /* Columns whose names hold what is searched, as links below their table. */
  function showHits(entry, words) {
    entry.querySelector(".hits")?.remove();
    if (!words.length) return;
    const score = (column) => words.filter((word) => column.includes(word)).length;
    const columns = entry.dataset.columns.split(" ").filter(score);
    const found = columns.sort((a, b) => score(b) - score(a)); /* equal ones stay in order */
    if (!found.length) return;
    const line = document.createElement("span");
    line.className = "hits";
    for (const column of found.slice(0, HITS)) {
      const link = document.createElement("a");
      link.href = `#${entry.dataset.name}.${column}`;
      link.textContent = column;
      line.append(link);
    }
    entry.append(line);
  }

  function search() {
    const words = controls.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const entry of entries) {
      entry.hidden = !matches(entry, words);
      if (!entry.hidden) {
        shown += 1;
        showHits(entry, words);
      }
    }
    byId("ui-count").textContent = shown === entries.length
      ? `${shown} tables` : `${shown} of ${entries.length} tables`;
  }

  /* The part of the page that the address names: a table, a column of it, or the overview. */
  function open() {
    const target = byId(decodeURIComponent(location.hash.slice(1)));
    const page = target?.closest(".page") ?? byId("ui-overview");
    document.querySelector(".page.shown")?.classList.remove("shown");
    document.querySelector(".target")?.classList.remove("target");
    page.classList.add("shown");
    document.body.classList.toggle("reading", page.id !== "ui-overview");
    for (const link of results.querySelectorAll("li > a")) {
      const isOpen = link.hash === `#${page.id}`;
      if (isOpen) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
      if (isOpen) reveal(link.parentElement);
    }
    if (target && target !== page && page.contains(target)) {
      target.classList.add("target");
      target.scrollIntoView({ block: "center" });
    } else {
      scrollTo(0, 0);
    }
    for (const graph of page.querySelectorAll(".wide")) centre(graph);
  }

  function reveal(entry) {
    const from = entry.offsetTop - results.offsetTop;
    const isSeen = from >= results.scrollTop && from < results.scrollTop + results.clientHeight - 60;
    if (!isSeen) results.scrollTop = from - results.clientHeight / 2;
  }

  function centre(graph) {
    const box = graph.querySelector("[aria-current] rect");
    if (box) graph.scrollLeft = box.x.baseVal.value - graph.clientWidth / 2 + 80;
  }

  /* Everything that a table is made of and that is made of it stands out; the rest fades. */
  function point(event) {
    const box = event.target.closest?.(".graph a");
    const graph = event.currentTarget;
    graph.classList.toggle("pointing", Boolean(box));
    for (const part of graph.querySelectorAll(".related")) part.classList.remove("related");
    if (!box) return;
    const lines = [...graph.querySelectorAll("path")];
    const names = new Set([box.getAttribute("href").slice(1)]);
    for (const [near, far] of [["from", "to"], ["to", "from"]]) {
      const waiting = [box.getAttribute("href").slice(1)];
      const seen = new Set(waiting);
      while (waiting.length) {
        const name = waiting.pop();
        for (const line of lines) {
          if (line.dataset[near] !== name) continue;
          line.classList.add("related");
          const next = line.dataset[far];
          names.add(next);
          if (!seen.has(next)) waiting.push(next);
          seen.add(next);
        }
      }
    }
    for (const other of graph.querySelectorAll("a")) {
      if (names.has(other.getAttribute("href").slice(1))) other.classList.add("related");
    }
  }

  function visibleLinks() {
    return [...results.querySelectorAll("li:not([hidden]) > a")];
  }

  function typed(event) {
    const inSearch = document.activeElement === controls.search;
    const isField = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName ?? "");
    if (event.key === "/" && !isField && !event.ctrlKey && !event.metaKey) {
      if (document.body.classList.contains("reading")) location.hash = "#ui-overview";
      event.preventDefault();
      controls.search.focus();
      controls.search.select();
    } else if (event.key === "Escape" && inSearch) {
      controls.search.value = "";
      search();
    } else if (event.key === "Enter" && inSearch) {
      event.preventDefault();
      visibleLinks()[0]?.click();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const links = visibleLinks();
      const at = links.indexOf(document.activeElement);
      if (at < 0 && !inSearch) return;
      event.preventDefault();
      const next = at + (event.key === "ArrowDown" ? 1 : -1);
      (next < 0 ? controls.search : links[Math.min(next, links.length - 1)])?.focus();
    }
  }

  document.documentElement.classList.add("js");
  controls.search.form.addEventListener("submit", (event) => event.preventDefault());
  for (const control of Object.values(controls)) control.addEventListener("input", search);
  controls.order.addEventListener("input", order);
  for (const graph of document.querySelectorAll(".graph")) {
    for (const kind of ["mouseover", "mouseleave", "focusin", "focusout"]) {
      graph.addEventListener(kind, point);
    }
  }
  addEventListener("keydown", typed);
  addEventListener("hashchange", open);
  search();
  open();
})();
