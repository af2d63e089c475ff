/* What all live figures share. Figure (figure.py) puts this text before each figure's own script, so that one module
   travels in a notebook; the line `import { … } from "./common.js";` in that script is for editors and is taken out.

   How to use it
     import { mount, html, slider, buttons, live, fill, show } from "./common.js";
     function render({ model, el }) {
       const figure = html("div", {}, …);                     // elements; svg(…) for drawings
       const step = slider({ label: "Step", min: 0, max: 3, step: 1, value: 0, oninput: (value) => … });
       const said = live();                                   // words for those who do not see the change
       return mount({ el, name: "my-figure", label: "What it shows", children: [figure, step.node, said] });
     }
     export default { render };
   `mount` gives the figure its frame, hides the first frame that stood there, keeps keys from the notebook, and returns
   what has to be done when the figure goes away. Pass `stop: () => …` for what else has to end then.

   Roles (input, state, memory, weights, i, j, f, o, output, gradient, padding) are those of palette.py: the class
   `rc-input` … gives an element its colour, --rc-role, in both themes. Cells, arrows and hatched boxes take their
   shapes from common.css; the functions here and in drawing.py make the same elements. A name at the top level of a
   figure's script must differ from the names here. All functions that need no page are tested in node. */

const SVG = "http://www.w3.org/2000/svg";
const CORNERS = { state: 8, memory: 99 };
export const CELL = { width: 44, height: 21 };

/** A number as the figures write it: two decimals, a real minus sign, no −0.00; as `show` of drawing.py. */
export function show(value) {
  if (Number.isNaN(value)) return "NaN";
  const size = Math.abs(value);
  const large = () => (size === Infinity ? "∞" : size.toExponential(1).replace("e+", "e"));
  const text = size < 1000 ? size.toFixed(2) : size < 1e5 ? size.toFixed(0) : large();
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/** How strongly a cell is filled, from 0 to 1: the size of its number. */
export const tint = (value) => (Number.isFinite(value) ? Math.min(1, Math.abs(value)) : 0).toFixed(2);

/** σ without overflow, as the package computes it. */
export const sigmoid = (x) => 0.5 * Math.tanh(0.5 * x) + 0.5;

/** The activations that a cell may name. */
export const ACTIVATIONS = { linear: (x) => x, relu: (x) => Math.max(x, 0), sigmoid, tanh: Math.tanh };

/** row @ kernel + bias, for one row. */
export function affine(row, kernel, bias) {
  return bias.map((b, unit) => row.reduce((sum, value, place) => sum + value * kernel[place][unit], 0) + b);
}

/** The place that a key leads to among `size`, or null if the key means nothing. */
export function stepped(place, key, size) {
  const target = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: size - 1 }[key];
  return target === undefined ? null : Math.min(Math.max(target, 0), size - 1);
}

function built(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat());
  return node;
}

/** An HTML element: html("button", { type: "button", onclick: … }, "Words"). */
export const html = (tag, attributes = {}, ...children) => built(document.createElement(tag), attributes, children);

/** The same for SVG. */
export const svg = (tag, attributes = {}, ...children) => built(document.createElementNS(SVG, tag), attributes, children);

/** A drawing that is described to those who do not see it. */
export const drawing = (width, height, label, ...parts) =>
  svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "rc-drawing", role: "img", "aria-label": label }, ...parts);

/** A number in the shape and colour of its role; x, y is the upper left corner. */
export function cell(role, x, y, value, name, { width = CELL.width, height = CELL.height } = {}) {
  const box = svg("rect", { x, y, width, height, rx: CORNERS[role] ?? 0, style: `--rc-size:${tint(value)}` });
  const text = svg("text", { x: x + width / 2, y: y + height / 2 }, show(value));
  return svg("g", { class: `rc-cell rc-${role}`, "data-name": name }, box, text);
}

/** A grid of cells, rows of numbers, named `name.row.column`. */
export function grid(role, x, y, rows, name, size = CELL) {
  const parts = rows.map((row, r) =>
    row.map((value, c) => cell(role, x + c * size.width, y + r * size.height, value, `${name}.${r}.${c}`, size)),
  );
  return svg("g", {}, ...parts.flat());
}

/** A line through points [x, y], which run level or upright, with a head at its end. */
export function arrow(role, points, name = null) {
  const [[x0, y0], [x, y]] = points.slice(-2);
  const [dx, dy] = [Math.sign(x - x0), Math.sign(y - y0)];
  const head = `M${x} ${y} L${x - 6 * dx + 4 * dy} ${y - 6 * dy + 4 * dx} L${x - 6 * dx - 4 * dy} ${y - 6 * dy - 4 * dx} Z`;
  const line = [...points.slice(0, -1), [x - 5 * dx, y - 5 * dy]].map((point) => point.join(" ")).join(" ");
  const parts = [svg("polyline", { points: line }), svg("path", { d: head })];
  return svg("g", { class: `rc-arrow rc-${role}`, "data-name": name }, ...parts);
}

/** The markup of drawing.py, from a trait, as an element. */
export function parsed(markup) {
  const box = document.createElement("div");
  box.innerHTML = markup;
  return box.firstElementChild;
}

/** Write numbers into a drawing: fill(picture, { "h.0": 0.5 }). Rings and tints follow. */
export function fill(picture, numbers) {
  for (const [name, value] of Object.entries(numbers)) {
    for (const place of picture.querySelectorAll(`[data-name="${name}"]`)) {
      const text = place.querySelector("text") ?? place;
      if (text.textContent !== show(value)) text.textContent = show(value);
      place.querySelector("rect")?.style.setProperty("--rc-size", tint(value));
      place.querySelector(".rc-open")?.setAttribute("stroke-dasharray", `${value.toFixed(3)} 1`);
    }
  }
}

/** Whether the reader asked for less motion: then nothing may move by itself. */
export const motionIsReduced = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

let made = 0;
const page = Math.random().toString(36).slice(2, 8); // ids must differ between the figures of a page

/** An id that no other figure has. */
export const freshId = () => `rc-${page}-${made++}`;

/** A labelled slider: { node, input, set(value) }. `words(value)` is what is shown and read, a number by default. */
export function slider({ label, min, max, step, value, oninput, role = "", words = show }) {
  const id = freshId();
  const input = html("input", { type: "range", id, min, max, step });
  const shown = html("output", { for: id });
  const set = (number) => {
    input.value = number; // as far as the slider reaches; what is shown is the number itself
    shown.textContent = words(number);
    input.setAttribute("aria-valuetext", words(number));
  };
  input.addEventListener("input", () => {
    set(Number(input.value));
    oninput(Number(input.value));
  });
  set(value);
  const names = role ? `rc-slider rc-${role}` : "rc-slider";
  return { node: html("div", { class: names }, html("label", { for: id }, label), input, shown), input, set };
}

/** A row of buttons with a name: [["Words", action], …]. */
export function buttons(label, actions) {
  const all = actions.map(([words, onclick]) => html("button", { type: "button", onclick }, words));
  return html("div", { class: "rc-buttons", role: "group", "aria-label": label }, ...all);
}

/** A button that calls `next()` again and again until it returns false; null where motion is reduced. */
export function player(words, next, milliseconds = 900) {
  if (motionIsReduced()) return null;
  let timer = null;
  const node = html("button", { type: "button" }, words);
  const pause = () => {
    clearInterval(timer);
    timer = null;
    node.textContent = words;
  };
  node.addEventListener("click", () => {
    if (timer !== null) return pause();
    node.textContent = "Pause";
    const turn = () => (node.isConnected && next()) || pause();
    timer = setInterval(turn, milliseconds);
    turn();
  });
  return { node, pause };
}

/** A paragraph whose new words a screen reader says. */
export const live = (attributes = {}) =>
  html("p", { class: "rc-told", "aria-live": "polite", "aria-atomic": "true", ...attributes });

/** Put a figure on the page, instead of the first frame that stands in the same output; returns how to take it away. */
export function mount({ el, name, label, children, stop = () => {} }) {
  const figure = html("div", { class: `rc-widget rc-figure rc-${name}`, role: "group", "aria-label": label }, ...children);
  figure.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.metaKey && !event.altKey && event.key !== "Tab") event.stopPropagation(); // the notebook's keys
  });
  el.append(figure);
  let frame = null;
  let tries = 0;
  const replace = () => {
    for (let node = el.parentElement; el.isConnected && node && !frame; node = node.parentElement) {
      const frames = [...node.querySelectorAll(".rc-first-frame:not([hidden])")];
      frame = frames.filter((one) => one.compareDocumentPosition(el) & 4).at(-1) ?? null; // the last one before
      if (node.matches(".cell, .jp-Cell, .cell_container, body")) break;
    }
    if (frame) frame.hidden = true;
    else if (tries++ < 100) timer = setTimeout(replace, 50); // the figure is not in the page yet
  };
  let timer = setTimeout(replace, 0);
  return () => {
    clearTimeout(timer);
    if (frame) frame.hidden = false;
    stop();
  };
}

