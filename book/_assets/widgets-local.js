/* Runs between require.js and the widget manager. `data-manager` on its tag says where the manager's files are, seen
   from this script's folder (see nb_ipywidgets_js in _config.yml). */
(function () {
  "use strict";
  const script = document.currentScript;
  const here = new URL(".", script.src).href;
  const manager = new URL(script.dataset.manager, here).href;

  /* The theme would turn the widgets' icons into SVG while they are being drawn, which breaks Play. */
  window.FontAwesomeConfig = Object.assign(window.FontAwesomeConfig || {}, { observeMutations: false });
  if (window.FontAwesome) window.FontAwesome.config.observeMutations = false;

  /* Find anywidget, and the manager's icon fonts, without asking a CDN. */
  window.requirejs.config({
    paths: {
      anywidget: here + "anywidget",
      "@jupyter-widgets": manager,
      "@jupyter-widgets/html-manager": manager + "index",
      "@jupyter-widgets/html-manager/dist": manager,
    },
  });

  /* The manager typesets the maths in widgets through MathJax 2's queue; the book has MathJax 3. */
  document.addEventListener("DOMContentLoaded", function () {
    const mathjax = window.MathJax;
    if (!mathjax || mathjax.Hub) return;
    mathjax.Hub = {
      Queue: function (job) {
        const ready = mathjax.startup ? mathjax.startup.promise : Promise.resolve();
        ready.then(function () { return mathjax.typesetPromise([job[2]]); });
      },
    };
  });
})();
