/* A gradient on its way back through time. The picture comes from gradient_flow.py; here norms and slopes are computed
   anew when the matrix, its spectral radius, the inputs or the activation change, and the bars follow. */
import { ACTIVATIONS, buttons, html, live, mount, parsed, show, slider } from "./common.js";

const LIMIT = 6; // powers of ten, up and down
const STEP_UP = 13;
const LINE_OF_ONE = 104;
const FLOOR = 266;
const FULL = 30;

const length = (row) => Math.hypot(...row);
const product = (row, matrix) => matrix[0].map((_, c) => row.reduce((sum, value, r) => sum + value * matrix[r][c], 0));
const turned = (matrix) => matrix[0].map((_, c) => matrix.map((row) => row[c]));

/** Forward from h = 0, then back from the gradient of the last state: the norm at each state, the mean slope at each step. */
export function flow({ matrix, radius, scale, pushes, last, activation }) {
  const recurrent = matrix.map((row) => row.map((value) => radius * value));
  const back = turned(recurrent);
  let h = last.map(() => 0);
  const slopes = pushes.map((push) => {
    const fromState = product(h, recurrent);
    h = push.map((value, k) => ACTIVATIONS[activation](scale * value + fromState[k]));
    return h.map((value) => (activation === "tanh" ? 1 - value * value : 1));
  });
  let gradient = last;
  const norms = [length(gradient)];
  for (let t = slopes.length - 1; t > 0; t--) {
    gradient = product(gradient.map((value, k) => value * slopes[t][k]), back);
    norms.unshift(length(gradient));
  }
  return { norms, slopes: slopes.map((row) => row.reduce((sum, value) => sum + value, 0) / row.length) };
}

/** Where the bar of a norm begins and how high it is. */
export function bar(norm) {
  const decades = norm === 0 ? -LIMIT : Math.min(Math.max(Math.log10(norm), -LIMIT), LIMIT);
  const high = Math.abs(decades) * STEP_UP;
  return [decades > 0 ? LINE_OF_ONE - high : LINE_OF_ONE, high];
}

/** A norm with two digits that count, however small or large it is. */
export function sized(norm) {
  if ((norm >= 0.01 && norm < 1000) || norm === 0) return show(norm);
  return norm.toExponential(1).replace("e+", "e");
}

/** What the first step hears, in words. */
export function told(norms) {
  const share = norms[0] / norms.at(-1);
  const end = share < 1e-3 ? "has vanished" : share > 1e3 ? "has exploded" : "is still heard";
  return `Step 0 hears ${sized(share)} times what step ${norms.length - 1} hears: the gradient ${end}.`;
}

/** What the matrix does in one step, in words. */
export function stretched(name, radius, stretch) {
  const most = show(radius * stretch);
  if (name === "orthogonal") return `In one step the matrix makes every gradient ${most} times as long, whatever its direction.`;
  return `In one step the matrix makes a gradient at most ${most} times as long: its largest singular value.`;
}

function render({ model, el }) {
  const change = (name, value) => {
    model.set(name, value);
    model.save_changes();
  };
  const picture = parsed(model.get("picture"));
  const bars = [...picture.querySelectorAll(".rc-bar")];
  const slopeBars = [...picture.querySelectorAll(".rc-slope")];
  const film = html("div", { class: "rc-film" }, picture);
  const from = (label, name, max, role) =>
    slider({ label, min: 0, max, step: 0.05, value: model.get(name), role, oninput: (value) => change(name, value) });
  const radius = from("Spectral radius", "radius", 2, "weights");
  const scale = from("Size of inputs", "scale", 2, "input");
  const names = Object.keys(model.get("matrices"));
  const matrices = buttons("The recurrent matrix", names.map((name) => [name, () => change("matrix", name)]));
  const kinds = ["tanh", "linear"];
  const activations = buttons("The activation", [
    ["with tanh", () => change("activation", "tanh")],
    ["without", () => change("activation", "linear")],
  ]);
  const said = live();
  const more = html("p", { class: "rc-help" });

  function update() {
    const name = model.get("matrix");
    const given = Object.fromEntries(["radius", "scale", "pushes", "last", "activation"].map((key) => [key, model.get(key)]));
    const { norms, slopes } = flow({ matrix: model.get("matrices")[name], ...given });
    norms.forEach((norm, k) => {
      const [y, high] = bar(norm);
      bars[k].setAttribute("y", y);
      bars[k].setAttribute("height", high);
      slopeBars[k].setAttribute("y", FLOOR - FULL * slopes[k]);
      slopeBars[k].setAttribute("height", FULL * slopes[k]);
    });
    const words = told(norms);
    picture.setAttribute("aria-label", `Norm of the gradient at ${norms.length} steps. ${words}`);
    said.textContent = words;
    more.textContent = stretched(name, given.radius, model.get("stretch")[name]);
    radius.set(given.radius);
    scale.set(given.scale);
    [...matrices.children].forEach((button, k) => button.setAttribute("aria-pressed", names[k] === name));
    [...activations.children].forEach((button, k) => button.setAttribute("aria-pressed", kinds[k] === given.activation));
  }

  update();
  const traits = ["matrix", "radius", "scale", "activation"];
  traits.forEach((name) => model.on(`change:${name}`, update));
  const controls = html("div", { class: "rc-pane" }, radius.node, scale.node, matrices, activations, said, more);
  return mount({
    el,
    name: "gradient-flow",
    label: "How loud a gradient arrives, back through time",
    children: [html("div", { class: "rc-panes" }, film, controls)],
    stop: () => traits.forEach((name) => model.off(`change:${name}`, update)),
  });
}

export default { render };
