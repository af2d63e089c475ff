/* One LSTM unit in live numbers. The picture comes from lstm_picture.py; here its numbers are computed and filled in. */
import { affine, buttons, fill, html, live, mount, parsed, show, sigmoid, slider } from "./common.js";

const GATES = ["i", "j", "f", "o"];
const FAR = 8; // a bias that opens or shuts a gate
const PRESETS = [
  ["Remember everything", 2, FAR],
  ["Forget everything", 2, -FAR],
  ["Write", 0, FAR],
  ["Ignore", 0, -FAR],
]; // words, which bias, its value

/** One step of an LSTM with one input and one unit; the pre-activations are in the order i, j, f, o. */
export function step({ kernel, bias }, x, h, c) {
  const z = affine([x, h], kernel, bias);
  const [i, j, f, o] = [sigmoid(z[0]), Math.tanh(z[1]), sigmoid(z[2]), sigmoid(z[3])];
  const kept = f * c;
  const written = i * j;
  const memory = kept + written;
  const tanh = Math.tanh(memory);
  const found = { x, h, c, kept, written, tanh, "new.c": memory, "new.h": o * tanh };
  GATES.forEach((gate, k) => {
    found[gate] = z[k];
    found[`open.${gate}`] = [i, j, f, o][k];
  });
  return found;
}

/** The picture in words; as `describe` of lstm_picture.py. */
export function describe(numbers) {
  const n = Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, show(value)]));
  return (
    `One LSTM unit. The input gate lets in ${n["open.i"]} of the new input ${n["open.j"]}: ${n.written} is written. ` +
    `The forget gate keeps ${n["open.f"]} of the memory ${n.c}: ${n.kept} is kept. The new memory is ${n["new.c"]}. ` +
    `The output gate lets out ${n["open.o"]} of its tanh, ${n.tanh}: the new h is ${n["new.h"]}.`
  );
}

/** What the forget gate and the input gate do together, in a sentence. */
export function happening(numbers) {
  const much = (value) => (value > 0.95 ? "open" : value < 0.05 ? "shut" : "");
  const [forget, input] = [much(numbers["open.f"]), much(numbers["open.i"])];
  if (forget === "open" && input === "shut") return "The memory is carried on as it is, and nothing is written: c′ ≈ c, whatever x is.";
  if (forget === "shut" && input === "shut") return "All is forgotten and nothing is written: c′ ≈ 0.";
  if (forget === "shut" && input === "open") return "All is forgotten, and the new input takes its place: c′ ≈ tanh(j).";
  if (forget === "open" && input === "open") return "Nothing is forgotten, and the whole new input is added: c′ ≈ c + tanh(j). This can grow beyond 1.";
  if (forget === "open") return "The forget gate is open: all of c is kept.";
  if (forget === "shut") return "The forget gate is shut: the old c is dropped.";
  if (input === "open") return "The input gate is open: the whole candidate tanh(j) is written.";
  if (input === "shut") return "The input gate is shut: nothing of x is written.";
  return "The gates are half open: a part of c is kept, a part of the candidate is added.";
}

/** The equations with their numbers, each a list of [role, text]. */
export function equations({ kernel, bias }, n) {
  const signed = (value) => (value < 0 ? `(${show(value)})` : show(value));
  const times = (a, b) => `${signed(a)} × ${signed(b)}`;
  const gates = GATES.map((gate, k) => {
    const opened = `${gate === "j" ? "tanh" : "σ"}(${gate})`;
    const z = `${times(n.x, kernel[0][k])} + ${times(n.h, kernel[1][k])} + ${signed(bias[k])}`;
    return [[gate, gate], ["", ` = ${z} = ${show(n[gate])}, `], [gate, opened], ["", ` = ${show(n[`open.${gate}`])}`]];
  });
  const kept = [["f", "σ(f)"], ["", "·"], ["memory", "c"]];
  const written = [["i", "σ(i)"], ["", "·"], ["j", "tanh(j)"]];
  const sum = ` = ${times(n["open.f"], n.c)} + ${times(n["open.i"], n["open.j"])} = ${show(n["new.c"])}`;
  const memory = [["memory", "c′"], ["", " = "], ...kept, ["", " + "], ...written, ["", sum]];
  const out = `) = ${times(n["open.o"], n.tanh)} = ${show(n["new.h"])}`;
  const state = [["state", "h′"], ["", " = "], ["o", "σ(o)"], ["", "·tanh("], ["memory", "c′"], ["", out]];
  return [...gates, memory, state];
}

function render({ model, el }) {
  const given = model.get("given");
  const [x0, h0, c0] = model.get("start");
  const change = (values) => {
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    model.save_changes();
  };
  const withBias = (k, value) => change({ bias: model.get("bias").map((b, place) => (place === k ? value : b)) });

  const picture = parsed(model.get("picture"));
  const conveyor = [...picture.querySelectorAll(".rc-conveyor")].at(-1);
  const numbers = [
    ["x", "input", "x"],
    ["h", "state", "h"],
    ["c", "memory", "c"],
  ].map(([name, role, label]) => {
    const oninput = (value) => change({ [name]: value });
    return [name, slider({ label, role, min: -2, max: 2, step: 0.05, value: 0, oninput })];
  });
  const biases = [
    [0, "bias of i"],
    [2, "forget bias"],
    [3, "bias of o"],
  ].map(([k, label]) => {
    const oninput = (value) => withBias(k, value);
    return [k, slider({ label, role: GATES[k], min: -FAR, max: FAR, step: 0.1, value: 0, oninput })];
  });

  const presets = buttons(
    "Open or shut a gate",
    PRESETS.map(([words, k, value]) => [words, () => withBias(k, value)]),
  );
  const reset = html("button", { type: "button", onclick: () => change({ bias: given, x: x0, h: h0, c: c0 }) }, "Start again");
  presets.append(reset);
  const said = live();
  const text = html("div", { class: "rc-equations" });

  function update() {
    const cell = { kernel: model.get("kernel"), bias: model.get("bias") };
    const found = step(cell, model.get("x"), model.get("h"), model.get("c"));
    fill(picture, found);
    conveyor.style.strokeWidth = `${(12 * found["open.f"]).toFixed(2)}px`; // as wide as what is kept
    picture.setAttribute("aria-label", describe(found));
    numbers.forEach(([name, one]) => one.set(found[name]));
    biases.forEach(([k, one]) => one.set(cell.bias[k]));
    PRESETS.forEach(([, k, value], place) => presets.children[place].setAttribute("aria-pressed", String(cell.bias[k] === value)));
    said.textContent = `${happening(found)} c′ = ${show(found["new.c"])}, h′ = ${show(found["new.h"])}.`;
    const lines = equations(cell, found).map((line) =>
      html("p", {}, ...line.map(([role, words]) => (role ? html("b", { class: `rc-name rc-${role}` }, words) : words))),
    );
    text.replaceChildren(...lines, html("p", { class: "rc-help" }, "Computed in full, shown with two decimals."));
  }

  const sliders = (name, all) => html("div", { class: "rc-group", role: "group", "aria-label": name }, ...all.map(([, one]) => one.node));
  const controls = html(
    "div",
    { class: "rc-pane rc-controls" },
    sliders("Numbers that come in", numbers),
    presets,
    sliders("Biases of the gates", biases),
    said,
  );
  const names = ["x", "h", "c", "bias"];
  update();
  names.forEach((name) => model.on(`change:${name}`, update));
  return mount({
    el,
    name: "lstm-cell",
    label: "One LSTM unit",
    children: [html("div", { class: "rc-panes" }, picture, controls, text)],
    stop: () => names.forEach((name) => model.off(`change:${name}`, update)),
  });
}

export default { render };
