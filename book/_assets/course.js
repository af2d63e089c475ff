/* Small repairs of the theme's markup for screen readers. Nothing on a page depends on this script. */
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
});
