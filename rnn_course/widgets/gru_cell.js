/* Two GRU units in live numbers. The picture comes from gru_picture.py; here its numbers are computed and filled in. */
import { affine, buttons, fill, html, live, mount, parsed, show, sigmoid, slider } from "./common.js";

const FAR = 8; // a bias that opens or shuts a gate
const UNITS = [0, 1];
const LIKE = { r: "o", u: "f", n: "j" }; // the role of the LSTM that does the same job
const PRESETS = [
  ["Keep all of h", "u", [FAR, FAR]],
  ["Replace all of h", "u", [-FAR, -FAR]],
  ["Shut r of unit 0", "r", [-FAR, FAR]],
  ["Open both r", "r", [FAR, FAR]],
]; // words, whose bias, its values

/** One step of a GRU with one input and two units; the gates are in the order r, r, u, u. */
export function step(cell, x, h) {
  const gates = affine([x, ...h], cell.gates_kernel, cell.bias);
  const [r, u] = [gates.slice(0, 2).map(sigmoid), gates.slice(2).map(sigmoid)];
  const [fromX, ...W] = cell.candidate_kernel;
  const shown = UNITS.map((k) => r[k] * h[k]);
  const heard = affine(h, W, cell.recurrent_bias);
  const fromH = cell.reset_after ? UNITS.map((k) => r[k] * heard[k]) : affine(shown, W, [0, 0]);
  const z = UNITS.map((k) => x * fromX[k] + cell.candidate_bias[k] + fromH[k]);
  const n = z.map(Math.tanh);
  const rest = u.map((value) => 1 - value);
  const [kept, written] = [UNITS.map((k) => u[k] * h[k]), UNITS.map((k) => rest[k] * n[k])];
  const next = UNITS.map((k) => kept[k] + written[k]);
  const pairs = { h, r, u, n, rest, shown, heard, kept, written, new: next };
  Object.assign(pairs, { "before.r": gates.slice(0, 2), "before.u": gates.slice(2), "before.n": z });
  const named = Object.entries(pairs).flatMap(([name, pair]) => UNITS.map((k) => [`${name}.${k}`, pair[k]]));
  return { x, ...Object.fromEntries(named) };
}

const both = (numbers, name, join = " and ") => UNITS.map((k) => show(numbers[`${name}.${k}`])).join(join);

/** The picture in words; as `describe` of gru_picture.py. */
export function describe(numbers, after) {
  return (
    `Two GRU units; the reset acts ${after ? "after" : "before"} the product. The old h is ${both(numbers, "h")}. ` +
    `The reset gates are ${both(numbers, "r")}, the candidates ${both(numbers, "n")}. ` +
    `The update gates keep ${both(numbers, "u")} of the old h: the new h is ${both(numbers, "new")}.`
  );
}

/** What the gates do, in a sentence or two. */
export function happening(numbers, after) {
  const much = (name) => UNITS.map((k) => (numbers[`${name}.${k}`] > 0.95 ? "open" : numbers[`${name}.${k}`] < 0.05 ? "shut" : ""));
  const [r, u] = [much("r"), much("u")];
  const shut = UNITS.filter((k) => r[k] === "shut");
  let first = "Each candidate hears a part of the old h.";
  if (shut.length === 2) first = "Both r are shut: the candidates hear nothing of the old h.";
  else if (shut.length === 1 && after) first = `r shuts the ears of candidate ${shut[0]}: it hears nothing of the old h. The other one hears both units.`;
  else if (shut.length === 1) first = `r hides unit ${shut[0]} of the old h: neither candidate hears it. Both hear the other unit.`;
  else if (r.every((one) => one === "open")) first = "Both r are open: the candidates hear all of the old h.";
  let second = "Each h′ lies between its old h and its candidate.";
  if (u.every((one) => one === "open")) second = "u keeps everything: h′ ≈ h, whatever the candidates are.";
  if (u.every((one) => one === "shut")) second = "u keeps nothing: h′ ≈ n.";
  return `${first} ${second}`;
}

/** The equations with their numbers, each a list of [role, text]. */
export function equations(cell, n) {
  const signed = (value) => (value < 0 ? `(${show(value)})` : show(value));
  const times = (a, b) => `${signed(a)} × ${signed(b)}`;
  const after = (name, text) => [["", " = "], [LIKE[name], text]];
  const gates = ["r", "u"].flatMap((name, g) =>
    UNITS.map((k) => {
      const column = 2 * g + k;
      const sum = [n.x, n["h.0"], n["h.1"]].map((value, row) => times(value, cell.gates_kernel[row][column])).join(" + ");
      const z = `σ(${sum} + ${signed(cell.bias[column])})`;
      return [[LIKE[name], `${name}[${k}]`], ["", ` = ${z}`], ...after(name, show(n[`${name}.${k}`]))];
    }),
  );
  const candidates = UNITS.map((k) => {
    const W = cell.candidate_kernel.map((row) => row[k]);
    const fromX = `${times(n.x, W[0])} + ${signed(cell.candidate_bias[k])}`;
    const fromH = (name) => UNITS.map((j) => times(n[`${name}.${j}`], W[1 + j])).join(" + ");
    const recurrent = cell.recurrent_bias[k] ? ` + ${signed(cell.recurrent_bias[k])}` : "";
    const late = `${signed(n[`r.${k}`])} × (${fromH("h")}${recurrent})`;
    return [["j", `n[${k}]`], ["", ` = tanh(${fromX} + ${cell.reset_after ? late : fromH("shown")})`], ...after("n", show(n[`n.${k}`]))];
  });
  const states = UNITS.map((k) => [
    ["state", `h′[${k}]`],
    ["", ` = ${times(n[`u.${k}`], n[`h.${k}`])} + ${times(n[`rest.${k}`], n[`n.${k}`])} = `],
    ["state", show(n[`new.${k}`])],
  ]);
  return [...gates, ...candidates, ...states];
}

function render({ model, el }) {
  const change = (values) => {
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    model.save_changes();
  };
  const replaced = (name, place, value) => change({ [name]: model.get(name).map((one, k) => (k === place ? value : one)) });
  const withBiases = (gate, [a, b]) => {
    const [r0, r1, u0, u1] = model.get("bias");
    change({ bias: gate === "r" ? [a, b, u0, u1] : [r0, r1, a, b] });
  };

  const picture = parsed(model.get("picture"));
  const bands = UNITS.map((k) => [...picture.querySelectorAll(`.rc-conveyor.rc-unit-${k}`)].at(-1));
  const slides = (label, role, range, step, oninput) => slider({ label, role, min: -range, max: range, step, value: 0, oninput });
  const x = slides("x", "input", 2, 0.05, (value) => change({ x: value }));
  const h = UNITS.map((k) => slides(`h[${k}]`, "state", 1, 0.05, (value) => replaced("h", k, value)));
  const biases = ["r[0]", "r[1]", "u[0]", "u[1]"].map((name, place) =>
    slides(`bias of ${name}`, LIKE[name[0]], FAR, 0.1, (value) => replaced("bias", place, value)),
  );

  const places = buttons("The reset acts", [
    ["before the product", () => change({ reset_after: false })],
    ["after the product", () => change({ reset_after: true })],
  ]);
  places.prepend(html("span", { class: "rc-gru-says" }, "The reset acts"));
  const [before, after] = places.querySelectorAll("button");
  const presets = buttons(
    "Open or shut gates",
    PRESETS.map(([words, gate, values]) => [words, () => withBiases(gate, values)]),
  );
  const startAgain = () => {
    const [x0, ...h0] = model.get("start");
    change({ bias: model.get("given"), x: x0, h: h0 });
  };
  presets.append(html("button", { type: "button", onclick: startAgain }, "Start again"));
  const said = live();
  const text = html("div", { class: "rc-gru-equations" });

  function update() {
    const names = ["gates_kernel", "bias", "candidate_kernel", "candidate_bias", "recurrent_bias", "reset_after"];
    const cell = Object.fromEntries(names.map((name) => [name, model.get(name)]));
    const late = cell.reset_after;
    const found = step(cell, model.get("x"), model.get("h"));
    const other = step({ ...cell, reset_after: !late }, model.get("x"), model.get("h"));
    fill(picture, found);
    picture.querySelector(".rc-reset-before").setAttribute("display", late ? "none" : "inline");
    picture.querySelector(".rc-reset-after").setAttribute("display", late ? "inline" : "none");
    UNITS.forEach((k) => {
      bands[k].style.strokeWidth = `${(7 * found[`u.${k}`]).toFixed(2)}px`; // as wide as what is kept
      h[k].set(found[`h.${k}`]);
    });
    picture.setAttribute("aria-label", describe(found, late));
    x.set(found.x);
    biases.forEach((one, place) => one.set(cell.bias[place]));
    before.setAttribute("aria-pressed", String(!late));
    after.setAttribute("aria-pressed", String(late));
    PRESETS.forEach(([, gate, values], place) => {
      const now = gate === "r" ? cell.bias.slice(0, 2) : cell.bias.slice(2);
      presets.children[place].setAttribute("aria-pressed", String(values.every((value, k) => value === now[k])));
    });
    const [here, there] = [found, other].map((one) => `[${both(one, "new", ", ")}]`);
    const elsewhere = `With the reset ${late ? "before" : "after"} the product: ${here === there ? "the same" : there}.`;
    said.textContent = `${happening(found, late)} h′ = ${here}. ${elsewhere}`;
    const lines = equations(cell, found).map((line) =>
      html("p", {}, ...line.map(([role, words]) => (role ? html("b", { class: `rc-name rc-${role}` }, words) : words))),
    );
    const help =
      "The colours are those of the LSTM: u keeps, as f does; 1 − u writes, as i does; n is the candidate, as j is; " +
      "and r lets the old state out to the candidate. Computed in full, shown with two decimals.";
    text.replaceChildren(...lines, html("p", { class: "rc-help" }, help));
  }

  const group = (name, all) => html("div", { class: "rc-gru-group", role: "group", "aria-label": name }, ...all.map((one) => one.node));
  const controls = html(
    "div",
    { class: "rc-pane rc-gru-controls" },
    places,
    group("Numbers that come in", [x, ...h]),
    presets,
    group("Biases of the gates", biases),
    said,
  );
  const changing = ["x", "h", "bias", "reset_after"];
  update();
  changing.forEach((name) => model.on(`change:${name}`, update));
  return mount({
    el,
    name: "gru-cell",
    label: "Two GRU units",
    children: [html("div", { class: "rc-panes" }, picture, controls, text)],
    stop: () => changing.forEach((name) => model.off(`change:${name}`, update)),
  });
}

export default { render };
