/* Runs between require.js and the widget manager, when live.js loads them. `data-manager` on its tag says where the
   manager's files are, seen from this script's folder (see nb_ipywidgets_js in _config.yml). */
(function () {
  "use strict";
  const script = document.currentScript;
  const here = new URL(".", script.src).href;
  const manager = new URL(script.dataset.manager, here).href;

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
  const mathjax = window.MathJax;
  if (!mathjax || mathjax.Hub) return;
  mathjax.Hub = {
    Queue: function (job) {
      const ready = mathjax.startup ? mathjax.startup.promise : Promise.resolve();
      ready.then(function () { return mathjax.typesetPromise([job[2]]); });
    },
  };
})();
