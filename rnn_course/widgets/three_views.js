/* One digit in three views. Every view is lines of cells, one cell a pixel; they differ in the length of a line, the
   shape of a cell and the gap between lines. The functions without a page (exported) are tested in node. */
import { mount } from "./common.js";

const PAPER = 236; // grey of the value 0, a little darker than a white page; the value 1 is black ink
const SIDE = 588; // drawing units: 28 cells of 21, or 98 of 6
const LARGE_STEPS = { ArrowUp: -1, ArrowDown: 1 };
const SMALL_STEPS = { ArrowLeft: -1, ArrowRight: 1 };

/** The index in the vector of the pixel at a row and a column. */
export function vectorIndex(row, column, width) {
  return row * width + column;
}

/** The row (time step) and the column (feature) of an index of the vector. */
export function rowAndColumn(pixel, width) {
  return { row: Math.floor(pixel / width), column: pixel % width };
}

/** The three views of a height × width image: how many cells a line has, and the sizes in drawing units. */
export function layouts(height, width) {
  const long = Math.round(3.5 * width); // not a multiple of the width: the strip must not look like the image
  const cell = Math.floor(SIDE / width);
  const gap = Math.floor(cell / 3);
  const pitch = Math.floor(SIDE / Math.ceil((height * width) / long));
  return {
    vector: { cells: long, cellWidth: Math.floor(SIDE / long), cellHeight: Math.floor(pitch * 0.62), pitch },
    image: { cells: width, cellWidth: cell, cellHeight: cell, pitch: cell },
    sequence: { cells: width, cellWidth: cell, cellHeight: cell - gap, pitch: cell },
  };
}

/** The rectangle that shows a pixel. */
export function place(layout, pixel) {
  return {
    x: (pixel % layout.cells) * layout.cellWidth,
    y: Math.floor(pixel / layout.cells) * layout.pitch,
    width: layout.cellWidth,
    height: layout.cellHeight,
  };
}

/** The pixel shown at a point, or null beside the cells. */
export function find(layout, x, y, pixels) {
  const column = Math.floor(x / layout.cellWidth);
  const pixel = Math.floor(y / layout.pitch) * layout.cells + column;
  return column < 0 || column >= layout.cells || y < 0 || pixel >= pixels ? null : pixel;
}

/** The pixel that a key leads to from this one, or null if the key means nothing. Left and right run on through the
    vector; in an image and in a sequence they stop at the end of the row. */
export function moved(pixel, key, view, height, width) {
  const { row, column } = rowAndColumn(pixel, width);
  const stop = (value, size) => Math.min(Math.max(value, 0), size - 1);
  if (key in LARGE_STEPS) return vectorIndex(stop(row + LARGE_STEPS[key], height), column, width);
  if (key in SMALL_STEPS && view === "vector") return stop(pixel + SMALL_STEPS[key], height * width);
  if (key in SMALL_STEPS) return vectorIndex(row, stop(column + SMALL_STEPS[key], width), width);
  if (key === "Home") return view === "vector" ? 0 : vectorIndex(row, 0, width);
  if (key === "End") return view === "vector" ? height * width - 1 : vectorIndex(row, width - 1, width);
  return null;
}

/** The marked pixel in words. */
export function describe(pixel, value, width, stepsRead) {
  const { row, column } = rowAndColumn(pixel, width);
  const names = [`vector[${pixel}]`, `image[${row}, ${column}, 0]`, `sequence[${row}, ${column}]`];
  return {
    names,
    value: (value / 255).toFixed(2),
    sum: `${row} × ${width} + ${column} = ${pixel}`,
    read: row < stepsRead ? `The RNN read it at step ${row}.` : `The RNN will read it at step ${row}.`,
  };
}

const TITLES = {
  vector: ["NN", (h, w) => `[${h * w}]`, "One long list, wrapped here. Nothing says which pixels were neighbours."],
  image: ["CNN", (h, w) => `[${h}, ${w}, 1]`, "Rows, columns, one channel. Neighbours matter."],
  sequence: ["RNN", (h, w) => `[${h}, ${w}]`, "One row at a time. Faded rows are still to come."],
};

function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** Draw one view: the pixels, the marked row, the row being read, and the marked pixel on top. */
function draw(canvas, view, layout, state, colour) {
  const pen = canvas.getContext("2d");
  pen.clearRect(0, 0, canvas.width, canvas.height);
  const fading = view === "sequence";
  for (let pixel = 0; pixel < state.height * state.width; pixel++) {
    const box = place(layout, pixel);
    const grey = Math.round(PAPER * (1 - state.bytes[pixel] / 255));
    pen.globalAlpha = fading && Math.floor(pixel / state.width) >= state.stepsRead ? 0.25 : 1;
    pen.fillStyle = `rgb(${grey}, ${grey}, ${grey})`;
    pen.fillRect(box.x, box.y, box.width, box.height);
  }
  pen.globalAlpha = 1;
  const { row } = rowAndColumn(state.pixel, state.width);
  pen.fillStyle = colour("--rc-inputs");
  for (let column = 0; column < state.width; column++) {
    const box = place(layout, vectorIndex(row, column, state.width));
    if (view === "vector") pen.fillRect(box.x, box.y + box.height + 5, box.width, 8);
  }
  if (view !== "vector") frame(pen, rowBox(layout, row, state.width), colour("--rc-inputs"), 4);
  if (fading && state.stepsRead > 0) {
    const last = rowBox(layout, state.stepsRead - 1, state.width);
    pen.fillStyle = colour("--rc-states");
    pen.fillRect(0, last.y + last.height + 1, last.width, layout.pitch - layout.cellHeight - 1);
  }
  const box = place(layout, state.pixel);
  frame(pen, box, "#000", 11);
  frame(pen, box, colour("--rc-mark"), 6);
}

function rowBox(layout, row, width) {
  const first = place(layout, vectorIndex(row, 0, width));
  return { ...first, width: width * layout.cellWidth };
}

function frame(pen, box, colour, thickness) {
  pen.strokeStyle = colour;
  pen.lineWidth = thickness;
  pen.strokeRect(box.x - 2, box.y - 2, box.width + 4, box.height + 4);
}

function render({ model, el }) {
  const height = model.get("height");
  const width = model.get("width");
  const labels = model.get("labels");
  const layout = layouts(height, width);
  const key = Math.random().toString(36).slice(2); // ids must differ between the widgets of a page

  const change = (name, value, tell = true) => {
    if (value === null) return;
    model.set(name, value);
    if (tell) model.save_changes();
  };

  const help = element("p", { class: "rc-help", id: `rc-help-${key}` });
  help.append("Point at a pixel, or press Tab to reach a view and use the arrow keys. 0 is paper, 1 is ink.");

  const buttons = labels.map((label, index) => {
    const name = `Digit ${label}, image ${index + 1} of ${labels.length}`;
    const button = element("button", { type: "button", "aria-label": name }, String(label));
    button.addEventListener("click", () => change("digit", index));
    return button;
  });
  const chooser = element("div", { class: "rc-chooser", role: "group", "aria-label": "Choose a digit" }, "Digit", ...buttons);

  const canvases = {};
  const panels = Object.entries(TITLES).map(([view, [network, shape, note]]) => {
    const lay = layout[view];
    const canvas = element("canvas", {
      width: lay.cells * lay.cellWidth,
      height: Math.ceil((height * width) / lay.cells) * lay.pitch,
      tabindex: 0,
      role: "application",
      "aria-roledescription": "pixel chooser",
      "aria-label": `${network}: ${view} ${shape(height, width)}`,
      "aria-describedby": `rc-help-${key} rc-told-${key}`,
    });
    const point = (event, tell) => {
      const shown = canvas.getBoundingClientRect();
      const x = ((event.clientX - shown.left) * canvas.width) / shown.width;
      const y = ((event.clientY - shown.top) * canvas.height) / shown.height;
      change("pixel", find(lay, x, y, height * width), tell);
    };
    canvas.addEventListener("pointermove", (event) => point(event, false)); // too many to tell the kernel
    canvas.addEventListener("pointerdown", (event) => point(event, true));
    canvas.addEventListener("keydown", (event) => {
      const target = moved(model.get("pixel"), event.key, view, height, width);
      if (target === null) return;
      event.preventDefault();
      event.stopPropagation(); // the notebook's own keys
      change("pixel", target);
    });
    canvases[view] = canvas;
    const title = element("p", { class: "rc-title" }, element("strong", {}, network), ` ${view} `);
    title.append(element("code", {}, shape(height, width)));
    return element("div", { class: "rc-panel" }, title, canvas, element("p", { class: "rc-note" }, note));
  });

  const slider = element("input", { type: "range", min: 0, max: height, step: 1, id: `rc-steps-${key}` });
  slider.addEventListener("input", () => change("steps_read", Number(slider.value)));
  const read = element("output", { for: `rc-steps-${key}` });
  const label = element("label", { for: `rc-steps-${key}` }, "Rows the RNN has read");
  const steps = element("div", { class: "rc-steps" }, label, slider, read);

  let timer = null;
  const play = element("button", { type: "button" }, "Read row by row");
  const pause = () => {
    clearInterval(timer);
    timer = null;
    play.textContent = "Read row by row";
  };
  play.addEventListener("click", () => {
    if (timer !== null) return pause();
    if (model.get("steps_read") >= height) change("steps_read", 0);
    play.textContent = "Pause";
    timer = setInterval(() => {
      if (!el.isConnected || model.get("steps_read") >= height) return pause();
      change("steps_read", model.get("steps_read") + 1);
    }, 150);
  });
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) steps.append(play);

  const told = element("p", { class: "rc-told", id: `rc-told-${key}`, "aria-live": "polite", "aria-atomic": "true" });

  function update() {
    const digit = model.get("digit");
    const all = new Uint8Array(model.get("pixels").buffer, model.get("pixels").byteOffset, labels.length * height * width);
    const bytes = all.subarray(digit * height * width, (digit + 1) * height * width);
    const state = { bytes, height, width, pixel: model.get("pixel"), stepsRead: model.get("steps_read") };
    const style = getComputedStyle(told);
    const colour = (name) => style.getPropertyValue(name).trim() || "#c60";
    for (const view of Object.keys(canvases)) draw(canvases[view], view, layout[view], state, colour);
    buttons.forEach((button, index) => button.setAttribute("aria-pressed", String(index === digit)));
    slider.value = state.stepsRead;
    slider.setAttribute("aria-valuetext", `${state.stepsRead} of ${height} rows`);
    read.textContent = `${state.stepsRead} of ${height}`;
    const words = describe(state.pixel, bytes[state.pixel], width, state.stepsRead);
    told.replaceChildren(
      ...words.names.flatMap((name) => [element("code", {}, name), " = "]),
      element("strong", {}, words.value),
      element("span", {}, `The same pixel: ${words.sum}. ${words.read}`),
    );
  }

  const title = `The same ${height} × ${width} digit as a vector, as an image and as a sequence of rows`;
  const unmount = mount({
    el,
    name: "three-views",
    label: title,
    children: [chooser, element("div", { class: "rc-panels" }, ...panels), told, steps, help],
  });
  update();
  requestAnimationFrame(update); // the style sheet may arrive after the script

  const names = ["digit", "pixel", "steps_read"];
  names.forEach((name) => model.on(`change:${name}`, update));
  const theme = new MutationObserver(update);
  for (const node of [document.documentElement, document.body])
    theme.observe(node, { attributes: true, attributeFilter: ["data-theme", "data-jp-theme-light", "class"] });
  return () => {
    pause();
    unmount();
    theme.disconnect();
    names.forEach((name) => model.off(`change:${name}`, update));
  };
}

export default { render };
