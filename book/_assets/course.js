/* Small repairs of the theme: of its markup, for screen readers, and of its search. Nothing depends on this script. */
/* A page from the disk may not read other pages, so the search cannot quote from them. It finds them all the same. */
if (window.location.protocol === "file:" && typeof DOCUMENTATION_OPTIONS !== "undefined") {
  DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
}

/* What typesets the formulas is large (tools/light_pages.py). It comes when the reader comes near the first of them, or
   does anything at all: the way to the printer begins with a key or the pointer. */
window.addEventListener("load", function () {
  const waiting = document.querySelector("script[data-late]");
  if (!waiting) return;
  let script = null;
  function load() {
    near.disconnect();
    if (script) return;
    script = document.createElement("script");
    script.src = waiting.dataset.late;
    document.head.append(script);
  }
  const near = new IntersectionObserver(function (seen) {
    if (seen.some((one) => one.isIntersecting)) load();
  }, { rootMargin: "2000px" });
  document.querySelectorAll(".math").forEach((formula) => near.observe(formula));
  for (const sign of ["pointermove", "pointerdown", "keydown", "wheel", "beforeprint"]) {
    window.addEventListener(sign, load, { once: true, passive: true });
  }
  document.addEventListener("course:live", load); /* whoever wants them now, such as a test */
});

document.addEventListener("DOMContentLoaded", function () {
  "use strict";
  const sidebar = document.getElementById("pst-primary-sidebar");
  if (sidebar) {
    sidebar.setAttribute("role", "navigation");
    sidebar.setAttribute("aria-label", "Book");
  }
  /* docutils writes roles that ARIA has withdrawn, and a list with children that a list may not have. */
  document.querySelectorAll(".citation-list[role], .citation[role]").forEach(function (node) {
    node.removeAttribute("role");
  });
  /* A note in the margin belongs to its text; it is no region of the page. */
  document.querySelectorAll("aside.margin").forEach(function (node) {
    node.setAttribute("role", "note");
  });
});
