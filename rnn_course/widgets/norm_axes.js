/* Who shares a mean. The picture comes from norm_axes.py; here the set of numbers that belong together follows the norm
   and the number that is looked at, and a changed number shows whose answers it changes. */
import { buttons, html, live, mount, parsed, show, slider, tint } from "./common.js";

const EPS = 1e-5;
const NAMES = { batch: "batch norm", layer: "layer norm", instance: "instance norm", group: "group norm" };

/** With one decimal, a real minus sign, no −0.0. */
export function short(value) {
  const digits = (Math.floor(Math.abs(value) * 10 + 0.5) / 10).toFixed(1);
  return value < 0 && Number(digits) !== 0 ? `−${digits}` : digits;
}

/** batch, rows, columns, channels. */
export const shapeOf = (x) => [x.length, x[0].length, x[0][0].length, x[0][0][0].length];

/** All places, example by example and channel by channel, as in the picture. */
export function places([batch, rows, columns, channels]) {
  const all = [];
  for (let n = 0; n < batch; n++)
    for (let c = 0; c < channels; c++)
      for (let r = 0; r < rows; r++) for (let s = 0; s < columns; s++) all.push([n, r, s, c]);
  return all;
}

const at = (x, [n, r, s, c]) => x[n][r][s][c];

/** The places that share their mean with this one. */
export function together(shape, kind, groups, [example, , , channel]) {
  const size = shape[3] / groups;
  const group = (c) => Math.floor(c / size);
  const belongs = {
    batch: ([, , , c]) => c === channel,
    layer: ([n]) => n === example,
    instance: ([n, , , c]) => n === example && c === channel,
    group: ([n, , , c]) => n === example && group(c) === group(channel),
  }[kind];
  return places(shape).filter(belongs);
}

/** How many numbers stand at these places, their mean and their biased variance. */
export function statistics(x, chosen) {
  const values = chosen.map((place) => at(x, place));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { count: values.length, mean, variance };
}

/** x with mean 0 and variance 1 in each set that belongs together. */
export function normalised(x, kind, groups) {
  const shape = shapeOf(x);
  const y = structuredClone(x);
  for (const place of places(shape)) {
    const { mean, variance } = statistics(x, together(shape, kind, groups, place));
    const [n, r, s, c] = place;
    y[n][r][s][c] = (at(x, place) - mean) / Math.sqrt(variance + EPS);
  }
  return y;
}

/** The place that a key leads to: pixels within a channel and on to the next, up and down to the other rows. */
export function movedTo([n, r, s, c], key, [batch, rows, columns, channels]) {
  const line = n * rows + r + ({ ArrowUp: -1, ArrowDown: 1 }[key] ?? 0);
  const column = c * columns + s + ({ ArrowLeft: -1, ArrowRight: 1 }[key] ?? 0);
  if (!["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"].includes(key)) return null;
  if (line < 0 || line >= batch * rows || column < 0 || column >= channels * columns) return [n, r, s, c];
  return [Math.floor(line / rows), line % rows, column % columns, Math.floor(column / columns)];
}

/** The examples of which a normalized number has changed. */
export function reached(before, after) {
  const shape = shapeOf(before);
  const moved = places(shape).filter((place) => Math.abs(at(before, place) - at(after, place)) > 1e-9);
  return [...new Set(moved.map(([n]) => n))];
}

/** The set in words. */
export function told(x, kind, groups, place) {
  const { count, mean, variance } = statistics(x, together(shapeOf(x), kind, groups, place));
  const [n, r, s, c] = place;
  const y = (at(x, place) - mean) / Math.sqrt(variance + EPS);
  const name = NAMES[kind] + (kind === "group" ? ` with ${groups} groups` : "");
  return (
    `x[${n}, ${r}, ${s}, ${c}] = ${show(at(x, place))}. In ${name} it shares a mean with ${count - 1} others: mean ${show(mean)}, ` +
    `variance ${show(variance)}. Normalized it is ${show(y)}.`
  );
}

function render({ model, el }) {
  const given = model.get("given");
  const shape = shapeOf(given);
  const change = (name, value) => {
    model.set(name, value);
    model.save_changes();
  };
  const place = () => model.get("marked").split(".").map(Number);
  const picture = parsed(model.get("picture"));
  const cells = new Map([...picture.querySelectorAll("[data-name]")].map((node) => [node.dataset.name, node]));
  for (const [name, node] of cells) node.addEventListener("click", () => change("marked", name));
  const film = html("div", { class: "rc-film", tabindex: 0, role: "group", "aria-label": "The numbers; arrow keys go from one to the next" }, picture);
  film.addEventListener("keydown", (event) => {
    const target = movedTo(place(), event.key, shape);
    if (target === null) return;
    event.preventDefault();
    change("marked", target.join("."));
  });

  const kinds = Object.keys(NAMES);
  const kind = buttons("Which norm", kinds.map((name) => [NAMES[name], () => change("kind", name)]));
  const counts = Array.from({ length: shape[3] }, (_, k) => k + 1).filter((k) => shape[3] % k === 0);
  const groups = buttons("How many groups", counts.map((count) => [String(count), () => change("groups", count)]));
  groups.prepend(html("span", {}, "groups"));
  const views = { x: "before", y: "normalized" };
  const shown = buttons("Which numbers", Object.entries(views).map(([name, words]) => [words, () => change("shown", name)]));
  const oninput = (value) => {
    const x = structuredClone(model.get("x"));
    const [n, r, s, c] = place();
    x[n][r][s][c] = value;
    change("x", x);
  };
  const one = slider({ label: "", min: -4, max: 4, step: 0.1, value: 0, role: "input", oninput });
  const back = html("button", { type: "button", onclick: () => change("x", given) }, "Undo all changes");
  const said = live();
  const result = live({ class: "rc-told rc-result" });

  function update() {
    const [x, norm, count] = [model.get("x"), model.get("kind"), model.get("groups")];
    const y = normalised(x, norm, count);
    const values = model.get("shown") === "x" ? x : y;
    const chosen = new Set(together(shape, norm, count, place()).map((one) => one.join(".")));
    for (const [name, node] of cells) {
      const value = at(values, name.split(".").map(Number));
      node.querySelector("text").textContent = short(value);
      node.querySelector("rect").style.setProperty("--rc-size", tint(value / 2));
      node.classList.toggle("rc-together", chosen.has(name));
      node.classList.toggle("rc-marked", name === model.get("marked"));
    }
    [...kind.children].forEach((node, k) => node.setAttribute("aria-pressed", String(kinds[k] === norm)));
    [...groups.querySelectorAll("button")].forEach((node, k) => {
      node.setAttribute("aria-pressed", String(counts[k] === count));
      node.disabled = norm !== "group";
    });
    [...shown.children].forEach((node, k) => node.setAttribute("aria-pressed", String(Object.keys(views)[k] === model.get("shown"))));
    one.set(at(x, place()));
    one.node.querySelector("label").textContent = `x[${place().join(", ")}]`;
    said.textContent = told(x, norm, count, place());
    picture.setAttribute("aria-label", `Numbers of a batch of images. ${said.textContent}`);
    const examples = reached(normalised(given, norm, count), y);
    back.disabled = JSON.stringify(x) === JSON.stringify(given);
    result.textContent = back.disabled
      ? "Change the number: of which examples do the answers change?"
      : `Your changes reach the normalized numbers of example ${examples.join(", ")}${examples.length > 1 ? ": examples see each other." : " and of no other."}`;
  }

  const names = ["x", "kind", "groups", "marked", "shown"];
  update();
  names.forEach((name) => model.on(`change:${name}`, update));
  return mount({
    el,
    name: "norm-axes",
    label: "Which numbers share a mean",
    children: [html("div", { class: "rc-panes" }, kind, groups, film, shown, said, one.node, result, back)],
    stop: () => names.forEach((name) => model.off(`change:${name}`, update)),
  });
}

export default { render };
