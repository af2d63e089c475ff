/* Live figures are brought to life when the reader comes near the first one: the widget manager is large, and a page that is
   read from its top needs none of it. Until then the first frame stands there. On paper they are all needed.
   `data-*` on this script's tag says where the module loader, the manager and its files are, seen from here. */
(function () {
  "use strict";
  const script = document.currentScript;
  const here = new URL(".", script.src).href;
  const files = ["require", "settings", "embed"].map((name) => new URL(script.dataset[name], here).href);
  const VIEWS = 'script[type="application/vnd.jupyter.widget-view+json"]';
  let loading = null;

  function add(file) {
    return new Promise(function (resolve, reject) {
      const tag = document.createElement("script");
      tag.src = file;
      if (file === files[1]) tag.dataset.manager = new URL(script.dataset.manager, here).href;
      tag.addEventListener("load", resolve);
      tag.addEventListener("error", () => reject(new Error(`the live figures need ${file}, which cannot be loaded`)));
      document.head.append(tag);
    });
  }

  /* One after the other: the loader, its settings, the manager, which then draws all figures of the page. */
  function load() {
    loading ??= files.reduce((before, file) => before.then(() => add(file)), Promise.resolve());
    return loading;
  }

  function watch() {
    const places = [...document.querySelectorAll(VIEWS)].map((view) => view.closest(".cell") ?? view.parentElement);
    if (!places.length) return;
    const near = new IntersectionObserver(function (seen) {
      if (!seen.some((one) => one.isIntersecting)) return;
      near.disconnect();
      load();
    }, { rootMargin: "1200px" });
    places.forEach((place) => near.observe(place));
    window.addEventListener("beforeprint", load, { once: true });
  }

  document.addEventListener("course:live", load); /* whoever wants them now, such as a test */
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", watch);
  else watch();
})();
