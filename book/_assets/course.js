/* Small repairs of the theme: of its markup, for screen readers, and of its search. Nothing depends on this script. */
/* A page from the disk may not read other pages, so the search cannot quote from them. It finds them all the same. */
if (window.location.protocol === "file:" && typeof DOCUMENTATION_OPTIONS !== "undefined") {
  DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
}

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
