/* Three ways down one bowl. The picture comes from descent.py; here the walks are computed anew when a slider moves. */
import { buttons, html, live, mount, parsed, player, show, slider } from "./common.js";

const START = [-4.2, 2.1];
const [MIDDLE_X, MIDDLE_Y, UNIT] = [170, 100, 34];
const FAR = 100; // beyond this a walk is not drawn any further
const NAMES = { sgd: "plain descent", momentum: "momentum", adam: "Adam" };
const LAST = 60;

/** What an optimiser does with one number w and its slope g; `memory` is what it keeps, {} at first. */
export const RULES = {
  sgd: (w, g, rate) => w - rate * g,
  momentum: (w, g, rate, memory) => {
    memory.velocity = 0.9 * (memory.velocity ?? 0) + g;
    return w - rate * memory.velocity;
  },
  adam: (w, g, rate, memory, step) => {
    memory.mean = 0.9 * (memory.mean ?? 0) + 0.1 * g;
    memory.square = 0.999 * (memory.square ?? 0) + 0.001 * g * g;
    const mean = memory.mean / (1 - 0.9 ** step);
    const square = memory.square / (1 - 0.999 ** step);
    return w - (rate * mean) / (Math.sqrt(square) + 1e-8);
  },
};

/** The places of a walk, the start first. */
export function walk(rule, steepness, rate, steps, start = START) {
  const slopes = [1, steepness];
  const memories = [{}, {}];
  let place = start;
  const path = [place];
  for (let step = 1; step <= steps; step++) {
    place = place.map((w, k) => RULES[rule](w, slopes[k] * w, rate, memories[k], step));
    path.push(place);
  }
  return path;
}

/** The walk up to the first place that is far away, as the points of a line. */
export function points(path) {
  const end = path.findIndex(([a, b]) => !(Math.max(Math.abs(a), Math.abs(b)) < FAR));
  const seen = end < 0 ? path : path.slice(0, end);
  return seen.map(([a, b]) => `${(MIDDLE_X + UNIT * a).toFixed(1)},${(MIDDLE_Y - UNIT * b).toFixed(1)}`).join(" ");
}

/** What plain descent does in the steep direction, in a sentence: each step multiplies b by 1 − rate · steepness. */
export function steepWay(steepness, rate) {
  const factor = 1 - rate * steepness;
  const said = `Plain descent multiplies b by 1 − ${show(rate)} × ${show(steepness)} = ${show(factor)} at each step: `;
  if (factor < -1) return `${said}it swings out further and further.`;
  if (factor === -1) return `${said}it swings for ever.`;
  if (factor < 0) return `${said}it swings from side to side, and comes to rest.`;
  return `${said}it comes down on one side.`;
}

/** How far from the bottom the walks end. */
export function told(paths, steps) {
  const far = ([a, b]) => {
    const distance = Math.hypot(a, b);
    return distance < FAR ? `${show(distance)} from the bottom` : "out of the bowl";
  };
  const all = Object.entries(paths).map(([name, path]) => `${NAMES[name]} ${far(path[path.length - 1])}`);
  return `After ${steps} ${steps === 1 ? "step" : "steps"}: ${all.join(", ")}.`;
}

function render({ model, el }) {
  const picture = parsed(model.get("picture"));
  const contours = [...picture.querySelectorAll(".rc-contour")];
  const change = (values) => {
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    model.save_changes();
  };
  const rate = slider({
    label: "Learning rate", min: -3, max: 0, step: 0.02, value: 0,
    words: (power) => (10 ** power).toFixed(3),
    oninput: (power) => change({ learning_rate: 10 ** power }),
  });
  const steepness = slider({
    label: "Steepness", min: 1, max: 30, step: 0.5, value: 1,
    oninput: (value) => change({ steepness: value }),
  });
  const words = (value) => `${value} of ${LAST}`;
  const steps = slider({ label: "Steps", min: 0, max: LAST, step: 1, value: 0, words, oninput: (value) => change({ steps: value }) });
  const [s0, r0, n0] = model.get("given");
  const limit = () => Math.min(1, 2.05 / model.get("steepness"));
  const actions = buttons("Try", [
    ["Too small", () => change({ learning_rate: 0.005 })],
    ["Just too large", () => change({ learning_rate: limit() })],
    ["Start again", () => change({ steepness: s0, learning_rate: r0, steps: n0 })],
  ]);
  let playing = false;
  const play = player("Play", () => {
    const next = !playing || model.get("steps") === LAST ? 0 : model.get("steps") + 1;
    change({ steps: next });
    playing = next < LAST;
    return playing;
  }, 120);
  if (play) actions.append(play.node);
  const said = live();
  const why = html("p", { class: "rc-help" });

  function update() {
    const [s, r, n] = ["steepness", "learning_rate", "steps"].map((name) => model.get(name));
    const paths = {};
    for (const rule of Object.keys(RULES)) {
      paths[rule] = walk(rule, s, r, n);
      for (const line of picture.querySelectorAll(`[data-path="${rule}"]`)) line.setAttribute("points", points(paths[rule]));
    }
    for (const contour of contours) contour.setAttribute("ry", Number(contour.getAttribute("rx")) / Math.sqrt(s));
    rate.set(Math.log10(r));
    steepness.set(s);
    steps.set(n);
    said.textContent = told(paths, n);
    why.textContent = steepWay(s, r);
    picture.setAttribute("aria-label", `A bowl ${show(s)} times as steep upward as sideways, from above. ${told(paths, n)}`);
  }

  const names = ["steepness", "learning_rate", "steps"];
  update();
  names.forEach((name) => model.on(`change:${name}`, update));
  const controls = html("div", { class: "rc-pane" }, rate.node, steepness.node, steps.node, actions, said, why);
  return mount({
    el,
    name: "descent",
    label: "Three ways down one bowl",
    children: [html("div", { class: "rc-panes" }, picture, controls)],
    stop: () => {
      play?.pause();
      names.forEach((name) => model.off(`change:${name}`, update));
    },
  });
}

export default { render };
