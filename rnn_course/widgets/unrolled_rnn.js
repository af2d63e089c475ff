/* An RNN unrolled in time. The picture comes from unrolled_rnn.py; here its numbers are computed anew when an input
   changes, and filled in. */
import { ACTIVATIONS, affine, buttons, fill, html, live, mount, parsed, player, show, slider, stepped } from "./common.js";

/** The numbers of each step: x, the h that came in, the pre-activation z, and the new h, which is also the output. */
export function unroll({ kernel, bias, activation }, inputs, initialState) {
  let h = initialState;
  return inputs.map((x) => {
    const z = affine([...x, ...h], kernel, bias);
    const step = { x, old: h, z, new: z.map(ACTIVATIONS[activation]) };
    h = step.new;
    return step;
  });
}

/** The numbers of all steps under the names that the picture has for them. */
export function named(steps) {
  const numbers = {};
  steps.forEach((step, t) => {
    for (const row of ["x", "old", "z", "new"]) step[row].forEach((value, k) => (numbers[`${row}.${t}.${k}`] = value));
    step.new.forEach((value, k) => (numbers[`output.${t}.${k}`] = value));
  });
  return numbers;
}

/** The names of the numbers that differ from those before. */
export function changed(before, after) {
  return Object.keys(after).filter((name) => before[name] !== after[name]);
}

const listed = (row) => `[${row.map(show).join(", ")}]`;

/** One step in words. */
export function told(step, t, activation) {
  return (
    `Step ${t}: x ${listed(step.x)} and the old h ${listed(step.old)} go through the kernel: z ${listed(step.z)}. ` +
    `${activation} gives the new h ${listed(step.new)}. It leaves twice: upward as the output, to the right as the state.`
  );
}

/** What a change of the inputs reached, in words. */
export function reached(given, inputs) {
  const first = inputs.findIndex((row, t) => row.some((value, k) => value !== given[t][k]));
  if (first < 0) return "";
  const last = inputs.length - 1;
  const after = first === last ? `step ${last}, the last one` : `steps ${first} to ${last}`;
  const before = first === 0 ? "There is no step before." : first === 1 ? "Step 0 is as it was." : `Steps 0 to ${first - 1} are as they were.`;
  return `You changed an input of step ${first}. Bold numbers changed: only in ${after}. ${before}`;
}

/** The arithmetic of one step as a table: a line for each number that goes in, a column for each unit. */
function table(cell, step) {
  const number = (role, value) => html("span", { class: `rc-number rc-${role}` }, show(value));
  const line = (role, name, value, weights, weightRole = "weights") =>
    html(
      "tr",
      {},
      html("th", { scope: "row", class: `rc-name rc-${role}` }, name),
      html("td", {}, ...(value === null ? [] : [number(role, value)])),
      ...weights.map((weight) => html("td", {}, number(weightRole, weight))),
    );
  const units = cell.bias.map((_, unit) => html("th", { scope: "col" }, `unit ${unit}`));
  const many = (role, name, values, from) => values.map((value, k) => line(role, `${name}[${k}]`, value, cell.kernel[from + k]));
  const head = html("tr", {}, html("td"), html("th", { scope: "col" }, "goes in"), ...units);
  return html(
    "table",
    { class: "rc-arithmetic" },
    html("thead", {}, head),
    html(
      "tbody",
      {},
      ...many("input", "x", step.x, 0),
      ...many("state", "h", step.old, step.x.length),
      line("weights", "bias", null, cell.bias),
      line("ink", "z = sum", null, step.z, "ink"),
      line("state", `${cell.activation}(z)`, null, step.new, "state"),
    ),
  );
}

function render({ model, el }) {
  const cell = { kernel: model.get("kernel"), bias: model.get("bias"), activation: model.get("activation") };
  const given = model.get("given");
  const size = given.length;
  const run = (inputs) => unroll(cell, inputs, model.get("initial_state"));
  const original = named(run(given));
  const change = (name, value) => {
    model.set(name, value);
    model.save_changes();
  };
  const go = (t) => change("step", t);

  const picture = parsed(model.get("picture"));
  const column = picture.querySelector(".rc-column");
  const steps = [...picture.querySelectorAll(".rc-step")];
  steps.forEach((step, t) => step.addEventListener("click", () => go(t)));
  const film = html("div", { class: "rc-film", tabindex: 0, role: "group", "aria-label": "Unrolled in time; arrow keys go from step to step" }, picture);
  film.addEventListener("keydown", (event) => {
    const target = stepped(model.get("step"), event.key, size);
    if (target === null) return;
    event.preventDefault();
    go(target);
  });

  const words = (t) => `${t} of ${size - 1}`;
  const time = slider({ label: "Step", min: 0, max: size - 1, step: 1, value: 0, words, oninput: go });
  const move = (by) => () => go(Math.min(Math.max(model.get("step") + by, 0), size - 1));
  const turns = buttons("Step through time", [["◀ Back", move(-1)], ["Next ▶", move(1)]]);
  let playing = false;
  const play = player("Play", () => {
    go(!playing || model.get("step") === size - 1 ? 0 : model.get("step") + 1);
    playing = model.get("step") < size - 1;
    return playing;
  });
  if (play) turns.append(play.node);

  const sliders = given[0].map((_, k) => {
    const oninput = (value) => {
      const inputs = model.get("inputs").map((row) => [...row]);
      inputs[model.get("step")][k] = value;
      change("inputs", inputs);
    };
    return slider({ label: "", min: -3, max: 3, step: 0.05, value: 0, role: "input", oninput });
  });
  const back = html("button", { type: "button", onclick: () => change("inputs", given) }, "Undo all changes");
  const said = live();
  const result = live({ class: "rc-told rc-result" });
  const arithmetic = html("div", {});

  function update() {
    const t = model.get("step");
    const inputs = model.get("inputs");
    const numbers = run(inputs);
    const all = named(numbers);
    fill(picture, all);
    picture.querySelectorAll(".rc-changed").forEach((node) => node.classList.remove("rc-changed"));
    const moved = changed(original, all);
    for (const name of moved) picture.querySelector(`[data-name="${name}"]`).classList.add("rc-changed");
    steps.forEach((step, k) => step.classList.toggle("rc-later", k > t));
    column.setAttribute("x", Number(steps[t].querySelector(".rc-target").getAttribute("x")));
    picture.setAttribute("aria-label", numbers.map((step, k) => told(step, k, cell.activation)).join(" "));
    time.set(t);
    turns.children[0].disabled = t === 0;
    turns.children[1].disabled = t === size - 1;
    sliders.forEach((one, k) => {
      one.set(inputs[t][k]);
      one.node.querySelector("label").textContent = `x[${k}] of step ${t}`;
    });
    back.disabled = moved.length === 0;
    said.textContent = told(numbers[t], t, cell.activation);
    result.textContent = reached(given, inputs) || "Change an input: what changes after it, and what before?";
    arithmetic.replaceChildren(table(cell, numbers[t]));
  }

  const pane = (name, ...parts) => html("div", { class: `rc-pane rc-${name}` }, ...parts);
  const moving = pane("time", time.node, turns);
  const changing = pane("inputs", ...sliders.map((one) => one.node), back, result);
  const label = `An RNN unrolled over ${size} steps`;
  update();
  ["step", "inputs"].forEach((name) => model.on(`change:${name}`, update));
  return mount({
    el,
    name: "unrolled-rnn",
    label,
    children: [html("div", { class: "rc-panes" }, film, moving, changing, pane("detail", said, arithmetic))],
    stop: () => {
      play?.pause();
      ["step", "inputs"].forEach((name) => model.off(`change:${name}`, update));
    },
  });
}

export default { render };
