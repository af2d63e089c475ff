/* NumPy | Torch: neighbouring cells tagged `numpy` and `torch` become two tabs. The choice holds for all pairs of all pages.
   Without this script both cells stand one after the other, each under its name. */
(function () {
  "use strict";
  const BACKENDS = { numpy: "NumPy", torch: "Torch" };
  const KEY = "rnn-course.backend";
  const groups = [];

  function remembered() {
    try { return window.localStorage.getItem(KEY); } catch { return null; } /* storage may be forbidden */
  }

  function remember(backend) {
    try { window.localStorage.setItem(KEY, backend); } catch { /* then the choice holds for this page */ }
  }

  /* The cells of a backend that follow each other from `cell` on. */
  function run(cell, backend) {
    const cells = [];
    while (cell && cell.classList.contains("tag_" + backend)) {
      cells.push(cell);
      cell = cell.nextElementSibling;
    }
    return cells;
  }

  function make(tag, attributes) {
    const node = document.createElement(tag);
    Object.entries(attributes).forEach(([name, value]) => node.setAttribute(name, value));
    return node;
  }

  function build(cells, number) {
    const box = make("div", { class: "course-tabs" });
    const list = make("div", { role: "tablist", "aria-label": "The same on both backends" });
    const group = { box, tabs: {}, panels: {} };
    cells.numpy[0].before(box);
    box.append(list);
    Object.entries(BACKENDS).forEach(([backend, name]) => {
      const id = `backend-${number}-${backend}`;
      const tab = make("button", { type: "button", role: "tab", id: id + "-tab", "aria-controls": id });
      const panel = make("div", { role: "tabpanel", id, "aria-labelledby": id + "-tab" });
      tab.textContent = name;
      tab.addEventListener("click", () => choose(backend, tab));
      panel.append(...cells[backend]);
      list.append(tab);
      box.append(panel);
      group.tabs[backend] = tab;
      group.panels[backend] = panel;
    });
    list.addEventListener("keydown", move);
    groups.push(group);
  }

  /* Two tabs: an arrow goes to the other one, Home and End to the first and the last. */
  function move(event) {
    const names = Object.keys(BACKENDS);
    const here = names.findIndex((name) => event.target.id.endsWith(`-${name}-tab`));
    const to = { ArrowRight: names[1 - here], ArrowLeft: names[1 - here], Home: names[0], End: names[1] }[event.key];
    if (!to) return;
    event.preventDefault();
    const group = groups.find((one) => one.box.contains(event.target));
    choose(to, group.tabs[to]);
    group.tabs[to].focus();
  }

  /* All pairs change; the tab that was touched stays where it is on the screen. */
  function choose(backend, tab) {
    const before = tab.getBoundingClientRect().top;
    show(backend);
    remember(backend);
    window.scrollBy({ top: tab.getBoundingClientRect().top - before, behavior: "instant" });
  }

  function show(backend) {
    groups.forEach(({ tabs, panels }) => Object.keys(BACKENDS).forEach((name) => {
      tabs[name].setAttribute("aria-selected", String(name === backend));
      tabs[name].tabIndex = name === backend ? 0 : -1;
      panels[name].hidden = name !== backend;
      if (name === backend) panels[name].querySelectorAll("pre, .output").forEach(reachable);
    }));
  }

  /* The theme lets the keyboard reach what scrolls, but measured it while the panel was hidden. */
  function reachable(node) {
    node.tabIndex = node.scrollWidth > node.clientWidth || node.scrollHeight > node.clientHeight ? 0 : -1;
  }

  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll(".cell.tag_numpy").forEach(function (first) {
      if (first.closest(".course-tabs")) return;
      const numpy = run(first, "numpy");
      const torch = run(numpy[numpy.length - 1].nextElementSibling, "torch");
      if (torch.length) build({ numpy, torch }, groups.length);
    });
    const choice = remembered();
    show(choice in BACKENDS ? choice : "numpy");
  });
  window.addEventListener("storage", function (event) {
    if (event.key === KEY && event.newValue in BACKENDS) show(event.newValue);
  });
})();
