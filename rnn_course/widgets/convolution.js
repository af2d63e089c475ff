/* A convolution by hand. The picture comes from convolution_picture.py; here windows are cut out, multiplied, summed. */
import { buttons, fill, freshId, html, live, mount, parsed, player, show, slider } from "./common.js";

const STRIDES = [1, 2, 3];
const PIXEL = 20; // as in convolution_picture.py

/** How many outputs there are along an axis; as `output_size` of the package. */
export const outputSize = (size, kernel, stride, padding) => Math.ceil((size - (padding === "SAME" ? 0 : kernel - 1)) / stride);

/** The zeros before and after an axis; of an odd number, the odd one goes after. As `same_padding` of the package. */
export function samePadding(size, kernel, stride) {
  const total = Math.max((Math.ceil(size / stride) - 1) * stride + kernel - size, 0);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}

/** All sizes: outputs along rows and columns, and the zeros around the image. */
export function sizes({ image, kernel, padding, stride }) {
  const sides = [
    [image.length, kernel.length],
    [image[0].length, kernel[0].length],
  ];
  const borders = sides.map(([n, k]) => (padding === "SAME" ? samePadding(n, k, stride) : [0, 0]));
  return { outputs: sides.map(([n, k]) => outputSize(n, k, stride, padding)), borders };
}

/** One output: the window that it comes from, its products with the kernel, their sum, the number itself. */
export function look(given, row, column) {
  const { image, kernel, bias, stride } = given;
  const [[above], [before]] = sizes(given).borders;
  const [top, left] = [row * stride - above, column * stride - before];
  const window = kernel.map((weights, r) => weights.map((_, c) => image[top + r]?.[left + c] ?? 0));
  const inside = kernel.map((weights, r) => weights.map((_, c) => image[top + r]?.[left + c] !== undefined));
  const products = window.map((values, r) => values.map((value, c) => value * kernel[r][c]));
  const sum = products.flat().reduce((all, one) => all + one, 0);
  return { row, column, top, left, window, inside, kernel, products, sum, bias, y: sum + bias };
}

/** The whole output, the same dense layer at every place. */
export function convolve(given) {
  const [rows, columns] = sizes(given).outputs;
  return Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => look(given, i, j).y));
}

/** The output whose window has its middle nearest to a pixel. */
export function nearest(given, r, c) {
  const { outputs, borders } = sizes(given);
  const k = [given.kernel.length, given.kernel[0].length];
  return [r, c].map((pixel, axis) => {
    const place = Math.round((pixel + borders[axis][0] - (k[axis] - 1) / 2) / given.stride);
    return Math.min(Math.max(place, 0), outputs[axis] - 1);
  });
}

/** The output that a key leads to, or null if the key means nothing. */
export function moved([row, column], key, [rows, columns]) {
  const by = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[key];
  if (key === "Home") return [0, 0];
  if (key === "End") return [rows - 1, columns - 1];
  return by ? [Math.min(Math.max(row + by[0], 0), rows - 1), Math.min(Math.max(column + by[1], 0), columns - 1)] : null;
}

/** The picture in words; as `describe` of convolution_picture.py. */
export function describe(shown) {
  const signed = (number) => String(number).replace("-", "−");
  const outside = shown.inside.flat().filter((inside) => !inside).length;
  const [rows, columns] = [shown.window.length, shown.window[0].length];
  return (
    `The window covers rows ${signed(shown.top)} to ${signed(shown.top + rows - 1)} and columns ${signed(shown.left)} to ` +
    `${signed(shown.left + columns - 1)}: ${rows * columns} numbers${outside ? `, ${outside} of them padding` : ""}. Times the ` +
    `kernel, their sum is ${show(shown.sum)}; with the bias ${show(shown.bias)} it is output[${shown.row}, ${shown.column}] = ${show(shown.y)}.`
  );
}

/** Where the sizes come from, in a sentence for each axis, and what was padded or left out. */
export function explain(given) {
  const { outputs, borders } = sizes(given);
  const names = ["rows", "columns"];
  const n = [given.image.length, given.image[0].length];
  const k = [given.kernel.length, given.kernel[0].length];
  const { stride, padding } = given;
  return names.map((name, axis) => {
    if (padding === "SAME") {
      const [before, after] = borders[axis];
      const odd = (before + after) % 2 ? ": the odd zero goes after" : "";
      return `${name}: ceil(${n[axis]} / ${stride}) = ${outputs[axis]}; zeros before ${before}, after ${after}${odd}.`;
    }
    const unseen = n[axis] - ((outputs[axis] - 1) * stride + k[axis]);
    const left = unseen > 0 && stride <= k[axis] ? `; the last ${unseen === 1 ? "one is" : `${unseen} are`} in no window` : "";
    return `${name}: ceil((${n[axis]} − ${k[axis]} + 1) / ${stride}) = ${outputs[axis]}; no zeros${left}.`;
  });
}

/** How a value from −1 to 1 is drawn in a cell at x, y; as `ink` of convolution_picture.py. */
export function ink(x, y, value) {
  const thick = value < 0 ? -7 * value : 0;
  const inset = value < 0 ? 2 + thick / 2 : 0.5;
  const side = PIXEL - 2 * inset;
  const filled = value < 0 ? 0 : value;
  const [left, top, wide] = [x + inset, y + inset, side].map((number) => number.toFixed(2));
  return { x: left, y: top, width: wide, height: wide, style: `fill-opacity:${filled.toFixed(3)};stroke-width:${thick.toFixed(2)}` };
}

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

function render({ model, el }) {
  const names = ["kernel", "bias", "padding", "stride", "row", "column"];
  const image = model.get("image");
  const given = () => ({ image, ...Object.fromEntries(names.map((name) => [name, model.get(name)])) });
  const change = (values, tell = true) => {
    const next = { ...given(), ...values };
    const { outputs } = sizes(next); // a smaller output may have lost the place where the window was
    const place = { row: Math.min(next.row, outputs[0] - 1), column: Math.min(next.column, outputs[1] - 1) };
    for (const [name, value] of Object.entries({ ...values, ...place })) model.set(name, value);
    if (tell) model.save_changes();
  };
  const go = ([row, column], tell = true) => change({ row, column }, tell);

  const picture = parsed(model.get("picture"));
  const pixels = [...picture.querySelectorAll(".rc-pixel")].map((node) => [node, node.dataset.at.split(" ").map(Number)]);
  const made = [...picture.querySelectorAll(".rc-made")].map((node) => [node, node.dataset.at.split(" ").map(Number)]);
  const frames = [...picture.querySelectorAll(".rc-window")];
  const here = [...picture.querySelectorAll(".rc-here")];
  for (const [node, [r, c]] of pixels) node.addEventListener("pointermove", () => go(nearest(given(), r, c), false));
  for (const [node, at] of made) node.addEventListener("pointermove", () => go(at, false));
  picture.addEventListener("pointerdown", (event) => {
    const node = event.target.closest(".rc-pixel, .rc-made");
    if (!node) return;
    const at = node.dataset.at.split(" ").map(Number);
    go(node.matches(".rc-made") ? at : nearest(given(), ...at));
  });
  const film = html(
    "div",
    { class: "rc-film", tabindex: 0, role: "group", "aria-label": "Image, kernel and output; arrow keys move the window" },
    picture,
  );
  film.addEventListener("keydown", (event) => {
    const target = moved([model.get("row"), model.get("column")], event.key, sizes(given()).outputs);
    if (target === null) return;
    event.preventDefault();
    go(target);
  });

  const choice = (label, name, values, words) => {
    const group = buttons(label, values.map((value) => [words(value), () => change({ [name]: value })]));
    group.prepend(html("span", { "aria-hidden": "true" }, label));
    return { group, set: (now) => values.forEach((value, k) => group.children[k + 1].setAttribute("aria-pressed", String(value === now))) };
  };
  const padding = choice("Padding", "padding", ["SAME", "VALID"], (value) => value);
  const stride = choice("Stride", "stride", STRIDES, String);

  const kernels = model.get("kernels");
  const presets = buttons("Kernels", kernels.map(([name, kernel, bias]) => [name, () => change({ kernel, bias })]));
  const weights = model.get("kernel").map((row, r) =>
    row.map((_, c) => {
      const typed = () => {
        const value = Number(inputs[r][c].value);
        const kernel = model.get("kernel").map((old) => [...old]);
        kernel[r][c] = Number.isFinite(value) ? value : 0;
        change({ kernel });
      };
      return html("input", { type: "number", step: 0.1, id: freshId(), "aria-label": `kernel[${r}, ${c}]`, oninput: typed });
    }),
  );
  const inputs = weights;
  const columns = { style: `grid-template-columns:repeat(${weights[0].length},minmax(0,1fr))` };
  const table = html("div", { class: "rc-weights-table rc-weights", role: "group", "aria-label": "The kernel's weights", ...columns }, ...weights.flat());
  const biased = slider({ label: "bias", role: "weights", min: -2, max: 2, step: 0.05, value: 0, oninput: (bias) => change({ bias }) });

  const walk = player(
    "Slide",
    () => {
      const [rows, across] = sizes(given()).outputs;
      const place = (model.get("row") * across + model.get("column") + 1) % (rows * across);
      go([Math.floor(place / across), place % across]);
      return place < rows * across - 1;
    },
    350,
  );
  const said = live();
  const shape = html("div", { class: "rc-shapes", "aria-live": "polite" });
  const help = html("p", { class: "rc-help" }, "Point at the image or the output, or use the arrow keys. Filled squares are positive outputs, empty ones with a thick line negative.");

  function update() {
    const now = given();
    const shown = look(now, now.row, now.column);
    const outputs = convolve(now);
    const { borders } = sizes(now);
    const largest = Math.max(...outputs.flat().map(Math.abs)) || 1;
    for (const [node, [r, c]] of pixels) {
      const around = r >= -borders[0][0] && r < image.length + borders[0][1] && c >= -borders[1][0] && c < image[0].length + borders[1][1];
      node.setAttribute("visibility", around ? "visible" : "hidden");
    }
    for (const [node, [i, j]] of made) {
      const value = outputs[i]?.[j];
      node.setAttribute("visibility", value === undefined ? "hidden" : "visible");
      const cell = node.firstElementChild;
      const drawn = ink(Number(cell.getAttribute("x")), Number(cell.getAttribute("y")), (value ?? 0) / largest);
      for (const [name, one] of Object.entries(drawn)) node.lastElementChild.setAttribute(name, one);
    }
    const first = pixels[0][0].firstElementChild;
    const [x, y] = ["x", "y"].map((name) => Number(first.getAttribute(name)));
    for (const frame of frames) {
      frame.setAttribute("x", x + (shown.left + 1) * PIXEL);
      frame.setAttribute("y", y + (shown.top + 1) * PIXEL);
    }
    const at = made.find(([, [i, j]]) => i === now.row && j === now.column)[0].firstElementChild;
    for (const frame of here) for (const name of ["x", "y"]) frame.setAttribute(name, at.getAttribute(name));
    const numbers = { sum: shown.sum, bias: shown.bias, y: shown.y };
    for (const [name, rows] of [["window", shown.window], ["kernel", shown.kernel], ["product", shown.products]])
      rows.forEach((row, r) => row.forEach((value, c) => (numbers[`${name}.${r}.${c}`] = value)));
    fill(picture, numbers);
    shown.inside.forEach((row, r) =>
      row.forEach((inside, c) => {
        const { classList } = picture.querySelector(`[data-name="window.${r}.${c}"]`);
        classList.toggle("rc-input", inside);
        classList.toggle("rc-padding", !inside);
      }),
    );
    picture.setAttribute("aria-label", describe(shown));
    padding.set(now.padding);
    stride.set(now.stride);
    kernels.forEach(([, kernel, bias], k) => presets.children[k].setAttribute("aria-pressed", String(same(kernel, now.kernel) && bias === now.bias)));
    weights.forEach((row, r) => row.forEach((input, c) => {
      if (document.activeElement !== input && (input.value === "" || Number(input.value) !== now.kernel[r][c])) input.value = Number(now.kernel[r][c].toFixed(2));
    })); // what is being typed is left alone
    biased.set(now.bias);
    said.textContent = describe(shown);
    const code = (words) => html("code", {}, words);
    shape.replaceChildren(
      html("p", {}, code(`[1, ${image.length}, ${image[0].length}, 1]`), " → ", code(`[1, ${outputs.length}, ${outputs[0].length}, 1]`)),
      ...explain(now).map((line) => html("p", {}, line)),
    );
  }

  const pane = (name, ...parts) => html("div", { class: `rc-pane rc-${name}` }, ...parts);
  const turns = html("div", { class: "rc-buttons" }, padding.group, stride.group);
  if (walk) turns.append(walk.node);
  update();
  names.forEach((name) => model.on(`change:${name}`, update));
  return mount({
    el,
    name: "convolution",
    label: "A convolution: one small dense layer, moved over an image",
    children: [
      html("div", { class: "rc-panes" }, pane("look", film, said, help), pane("controls", turns, shape, presets, table, biased.node)),
    ],
    stop: () => {
      walk?.pause();
      names.forEach((name) => model.off(`change:${name}`, update));
    },
  });
}

export default { render };
