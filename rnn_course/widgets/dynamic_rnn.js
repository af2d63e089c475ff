/* dynamic_rnn on a ragged batch. The picture comes from dynamic_rnn_picture.py; here it is computed and laid out anew. */
import { ACTIVATIONS, affine, buttons, fill, html, live, mount, parsed, show, sigmoid, slider } from "./common.js";

const [WIDE, TALL, CHIP, LABEL, TOP, SIGN] = [42, 17, 16, 54, 40, 26]; // as in dynamic_rnn_picture.py
const NOISE = 9;

/** One step of a cell for one row: the output and the new state { h } or { c, h }. */
export function cellStep({ kind, kernel, bias, activation }, x, state) {
  const z = affine([...x, ...state.h], kernel, bias);
  if (kind !== "LSTMCell") return { h: z.map(ACTIVATIONS[activation]) };
  const n = state.h.length;
  const c = state.c.map((old, k) => sigmoid(z[2 * n + k]) * old + sigmoid(z[k]) * Math.tanh(z[n + k])); // i, j, f, o
  return { c, h: c.map((memory, k) => sigmoid(z[3 * n + k]) * Math.tanh(memory)) };
}

/** All rows through all steps: outputs [batch][time][hidden], the state after each step, the final state by its parts. */
export function dynamicRnn(cell, inputs, initial, lengths) {
  const hidden = initial.h[0].length;
  const rows = inputs.map((row, b) => {
    let state = Object.fromEntries(Object.entries(initial).map(([name, part]) => [name, part[b]]));
    const states = [];
    const outputs = row.map((x, t) => {
      const alive = t < lengths[b];
      if (alive) state = cellStep(cell, x, state); // else it is copied through
      states.push(state);
      return alive ? state.h : Array(hidden).fill(0);
    });
    return { outputs, states, state };
  });
  const final = Object.fromEntries(Object.keys(initial).map((name) => [name, rows.map((row) => row.state[name])]));
  return { outputs: rows.map((row) => row.outputs), states: rows.map((row) => row.states), lengths, ...final };
}

/** Zeros in the shape of a state. */
export const zeroState = (state) => Object.fromEntries(Object.entries(state).map(([name, part]) => [name, part.map((row) => row.map(() => 0))]));

/** Other numbers where no row is alive. */
export const withNoise = (inputs, lengths) => inputs.map((row, b) => row.map((x, t) => (t < lengths[b] ? x : x.map(() => NOISE))));

/** Where everything stands; as `places` of dynamic_rnn_picture.py. */
export function places(batch, time, hidden, memory, timeMajor) {
  const [across, down] = [WIDE + 4, CHIP + hidden * TALL + 12];
  const [rows, columns] = timeMajor ? [time, batch] : [batch, time];
  const found = {};
  for (let b = 0; b < batch; b++) {
    for (let t = 0; t < time; t++) {
      const [r, c] = timeMajor ? [t, b] : [b, t];
      found[`block.${b}.${t}`] = [LABEL + c * across, TOP + r * down];
    }
    const [x, y] = timeMajor ? [LABEL + b * across, TOP + time * down + SIGN] : [LABEL + time * across + SIGN, TOP + b * down];
    found[`h.${b}`] = [x, y];
    found[`c.${b}`] = timeMajor ? [x, y + down] : [x + across, y];
    found[`mark.${b}`] = timeMajor ? [x + WIDE / 2, y - SIGN / 2 + 8] : [x - SIGN / 2 - 2, y + CHIP + (hidden * TALL) / 2];
    found[`row.${b}`] = timeMajor ? [x + WIDE / 2, TOP - 22] : [0, y + CHIP + 12];
  }
  for (let t = 0; t < time; t++)
    found[`step.${t}`] = timeMajor ? [0, TOP + t * down + CHIP + 12] : [LABEL + t * across + WIDE / 2, TOP - 8];
  for (const name of ["h", "c"]) {
    const [x, y] = found[`${name}.0`];
    found[`name.${name}`] = timeMajor ? [0, y + CHIP + 12] : [x + WIDE / 2, TOP - 8];
  }
  const [x, y] = found[`block.0.${time - 1}`];
  const [wide, tall] = timeMajor ? [batch * across, down - 12] : [across, batch * down - 12];
  found.last = [x - 4, y - 4, wide + 4, tall + 8];
  const states = memory ? 2 : 1;
  found.size = [LABEL + columns * across, TOP + rows * down];
  found.size[timeMajor ? 1 : 0] += SIGN + states * (timeMajor ? down : across);
  return found;
}

/** The picture in words; as `describe` of dynamic_rnn_picture.py. */
export function describe({ outputs, lengths }) {
  const time = outputs[0].length;
  const words = lengths.map((length, b) => {
    if (length === time) return `Row ${b} is full: its last output is the final h.`;
    if (length === 0) return `Row ${b} is empty: all its outputs are 0, its final state is the initial one.`;
    return `Row ${b} ends after ${length}: the outputs from step ${length} on are 0, the final h is the output of step ${length - 1}.`;
  });
  return [`${outputs.length} rows of ${time} steps.`, ...words].join(" ");
}

const listed = (row) => `[${row.map(show).join(", ")}]`;

/** One row at one step, in words. */
export function told({ outputs, states, lengths }, inputs, b, t) {
  const state = Object.entries(states[b][t]).map(([name, part]) => `${name} ${listed(part)}`).reverse().join(", ");
  if (t < lengths[b]) return `Row ${b}, step ${t}: x ${listed(inputs[b][t])} counts. The output is the new h: ${listed(outputs[b][t])}. State: ${state}.`;
  const from = lengths[b] === 0 ? "the initial state" : `the state after step ${lengths[b] - 1}`;
  return `Row ${b}, step ${t}: past the length, x ${listed(inputs[b][t])} is not read. The output is exactly 0. The state is copied through; it still is ${from}: ${state}.`;
}

/** The shapes of everything that goes in and comes out. */
export function shapes(batch, time, input, hidden, memory, timeMajor) {
  const two = timeMajor ? [time, batch] : [batch, time];
  const axes = timeMajor ? ["time", "batch"] : ["batch", "time"];
  const named = (sizes) => `[${sizes.map(([name, size]) => `${name}=${size}`).join(", ")}]`;
  const pairs = axes.map((name, k) => [name, two[k]]);
  const state = named([["batch", batch], ["hidden", hidden]]);
  const final = memory ? [["final_state.c", state], ["final_state.h", state]] : [["final_state", state]];
  return [["inputs", named([...pairs, ["input", input]])], ["outputs", named([...pairs, ["hidden", hidden]])], ["mask", named(pairs)], ...final];
}

/** The block that a key leads to, or null; arrows go as the picture lies. */
export function moved([b, t], key, [batch, time], timeMajor) {
  const by = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[key];
  if (key === "Home") return [b, 0];
  if (key === "End") return [b, time - 1];
  if (!by) return null;
  const [down, right] = by;
  const [rows, steps] = timeMajor ? [right, down] : [down, right];
  return [Math.min(Math.max(b + rows, 0), batch - 1), Math.min(Math.max(t + steps, 0), time - 1)];
}

function render({ model, el }) {
  const cell = Object.fromEntries(["kind", "kernel", "bias", "activation"].map((name) => [name, model.get(name)]));
  const given = model.get("inputs");
  const other = model.get("other_state");
  const [batch, time, input] = [given.length, given[0].length, given[0][0].length];
  const hidden = other.h[0].length;
  const memory = "c" in other;
  const change = (values) => {
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    model.save_changes();
  };

  const picture = parsed(model.get("picture"));
  const placed = Object.fromEntries([...picture.querySelectorAll("[data-place]")].map((node) => [node.dataset.place, node]));
  const film = html("div", { class: "rc-film", tabindex: 0, role: "group", "aria-label": "Rows and steps; arrow keys go from one to the next" }, picture);
  picture.addEventListener("click", (event) => {
    const place = event.target.closest(".rc-block")?.dataset.place.split(".").map(Number);
    if (place) change({ row: place[1], step: place[2] });
  });
  film.addEventListener("keydown", (event) => {
    const target = moved([model.get("row"), model.get("step")], event.key, [batch, time], model.get("time_major"));
    if (target === null) return;
    event.preventDefault();
    change({ row: target[0], step: target[1] });
  });

  const two = (label, name, words) => {
    const group = buttons(label, words.map(([text, value]) => [text, () => change({ [name]: value })]));
    return { group, set: () => words.forEach(([, value], k) => group.children[k].setAttribute("aria-pressed", String(model.get(name) === value))) };
  };
  const layout = two("Layout", "time_major", [["batch-major", false], ["time-major", true]]);
  const start = two("Initial state", "from_zero", [["from zero", true], ["from another state", false]]);
  const padding = two("What stands in the padding", "noise", [["padding as it is", false], [`padding all ${NOISE}`, true]]);
  const sliders = given.map((_, b) =>
    slider({
      label: `row ${b}`, min: 0, max: time, step: 1, value: 0, words: (n) => `${n} of ${time}`,
      oninput: (value) => change({ lengths: model.get("lengths").map((old, k) => (k === b ? value : old)) }),
    }),
  );
  const said = live();
  const shape = html("dl", { class: "rc-shapes" });
  const call = html("p", { class: "rc-call" });
  const verdict = live({ class: "rc-told rc-result" });

  function update() {
    const now = Object.fromEntries(["lengths", "from_zero", "time_major", "noise", "row", "step"].map((name) => [name, model.get(name)]));
    const inputs = now.noise ? withNoise(given, now.lengths) : given;
    const shown = dynamicRnn(cell, inputs, now.from_zero ? zeroState(other) : other, now.lengths);
    const at = places(batch, time, hidden, memory, now.time_major);
    picture.setAttribute("viewBox", `0 0 ${at.size.join(" ")}`);
    picture.style.maxWidth = `${1.25 * at.size[0]}px`; // numbers of one size in both layouts
    for (const [name, node] of Object.entries(placed)) {
      const [x, y, width, height] = at[name];
      if (name === "last") for (const [key, value] of Object.entries({ x, y, width, height })) node.setAttribute(key, value);
      else node.setAttribute("transform", `translate(${x} ${y})`);
      if (/^(row|step|name)/.test(name)) {
        const left = name.startsWith("row") ? !now.time_major : now.time_major;
        for (const text of node.querySelectorAll("text")) text.classList.toggle("rc-start", left);
      }
    }
    const numbers = {};
    const differ = [];
    for (let b = 0; b < batch; b++) {
      for (let t = 0; t < time; t++) {
        const alive = t < now.lengths[b];
        const block = placed[`block.${b}.${t}`];
        shown.outputs[b][t].forEach((value, k) => (numbers[`output.${b}.${t}.${k}`] = value));
        for (const one of block.querySelectorAll(".rc-cell")) {
          one.classList.toggle("rc-state", alive);
          one.classList.toggle("rc-padding", !alive);
          one.querySelector("rect").setAttribute("rx", alive ? 8 : 0);
        }
        block.querySelector(".rc-mask").textContent = `mask ${Number(alive)}`;
        block.classList.toggle("rc-final", t === now.lengths[b] - 1);
        block.classList.toggle("rc-chosen", b === now.row && t === now.step);
      }
      for (const name of memory ? ["h", "c"] : ["h"]) shown[name][b].forEach((value, k) => (numbers[`${name}.${b}.${k}`] = value));
      picture.querySelector(`[data-name="length.${b}"]`).textContent = `length ${now.lengths[b]}`;
      const equal = shown.outputs[b][time - 1].every((value, k) => value === shown.h[b][k]);
      const mark = picture.querySelector(`[data-name="mark.${b}"]`);
      mark.textContent = equal ? "=" : "≠";
      if (!equal) differ.push(b);
      sliders[b].set(now.lengths[b]);
    }
    fill(picture, numbers);
    picture.setAttribute("aria-label", describe(shown));
    for (const one of [layout, start, padding]) one.set();
    said.textContent = told(shown, inputs, now.row, now.step);
    const last = now.time_major ? "outputs[-1]" : "outputs[:, -1]";
    const state = memory ? "final_state.h" : "final_state";
    verdict.textContent = differ.length
      ? `${last} (dashed) and ${state} differ in ${differ.length === 1 ? "row" : "rows"} ${differ.join(", ")}: take ${state}.`
      : `${last} (dashed) equals ${state} in every row.`;
    const options = [now.from_zero ? "" : ", state", `, sequence_length=[${now.lengths.join(", ")}]`, now.time_major ? ", time_major=True" : ""];
    call.replaceChildren(html("code", {}, `dynamic_rnn(cell, inputs${options.join("")})`));
    shape.replaceChildren(
      ...shapes(batch, time, input, hidden, memory, now.time_major).flatMap(([name, words]) => [html("dt", {}, name), html("dd", {}, html("code", {}, words))]),
    );
  }

  const pane = (name, ...parts) => html("div", { class: `rc-pane rc-${name}` }, ...parts);
  const names = ["lengths", "from_zero", "time_major", "noise", "row", "step"];
  update();
  names.forEach((name) => model.on(`change:${name}`, update));
  return mount({
    el,
    name: "dynamic-rnn",
    label: "dynamic_rnn on rows of different lengths",
    children: [
      html(
        "div",
        { class: "rc-panes" },
        pane("look", call, film, verdict),
        pane("controls", html("div", { role: "group", "aria-label": "Lengths" }, html("p", {}, "How many steps count?"), ...sliders.map((one) => one.node)), layout.group, start.group, padding.group, said, shape),
      ),
    ],
    stop: () => names.forEach((name) => model.off(`change:${name}`, update)),
  });
}

export default { render };
