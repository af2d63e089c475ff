/* A deep LSTM, part by part. What the parts are is said by deep_lstm_parts.py; here shapes are written and parts chosen. */
import { buttons, html, live, mount, parsed, slider } from "./common.js";

/** A shape with the reader's numbers in it; nothing for a tuple. */
export function written(shape, batch, time) {
  const numbers = shape.map((size) => ({ batch, time })[size] ?? size);
  return numbers.length ? `[${numbers.join(", ")}]` : "";
}

/** What is shown as chosen and what as the same numbers. */
export function marked(parts, chosen) {
  const part = parts.find((one) => one.name === chosen);
  return { on: part ? [chosen] : [], same: part ? part.also : [] };
}

/** The nearest part in the direction of an arrow key, or null; `at` has the middle of each part, [x, y]. */
export function towards(at, from, key) {
  const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key] ?? [0, 0];
  if (!dx && !dy) return null;
  const far = ([name, [x, y]]) => {
    const along = dx * (x - at[from][0]) + dy * (y - at[from][1]);
    const across = Math.abs(dx ? y - at[from][1] : x - at[from][0]);
    return name !== from && along > 4 ? along + 3 * across : Infinity;
  };
  const others = Object.entries(at).sort((one, other) => far(one) - far(other));
  return far(others[0]) < Infinity ? others[0][0] : from;
}

/** All parts from the bottom to the top, row by row, from left to right. */
export const inOrder = (at) => Object.keys(at).sort((one, other) => at[other][1] - at[one][1] || at[one][0] - at[other][0]);

function render({ model, el }) {
  const parts = model.get("parts");
  const change = (values) => {
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    model.save_changes();
  };
  const picture = parsed(model.get("picture"));
  picture.setAttribute("role", "group"); // it has buttons inside, so it is no single picture
  const nodes = Object.fromEntries([...picture.querySelectorAll(".rc-part")].map((node) => [node.dataset.part, node]));
  const place = () =>
    Object.fromEntries(
      Object.entries(nodes).map(([name, node]) => {
        const box = (node.querySelector("rect") ?? node).getBBox();
        return [name, [box.x + box.width / 2, box.y + box.height / 2]];
      }),
    );
  for (const [name, node] of Object.entries(nodes)) {
    node.setAttribute("role", "button");
    node.addEventListener("click", () => change({ chosen: name }));
    node.addEventListener("focus", () => change({ chosen: name }));
    node.addEventListener("keydown", (event) => {
      const order = inOrder(place());
      const to = { Home: order[0], End: order.at(-1) }[event.key] ?? towards(place(), name, event.key);
      if (to === null) return;
      event.preventDefault();
      nodes[to].focus();
    });
  }

  const turns = [["one step", false], ["dynamic_rnn", true]];
  const which = buttons("What is shown", turns.map(([words, value]) => [words, () => change({ over_time: value })]));
  const sized = (name, label, max) => slider({ label, min: 1, max, step: 1, value: 1, words: String, oninput: (value) => change({ [name]: value }) });
  const rows = sized("batch", "batch", 64);
  const steps = sized("time", "time", 99);
  const code = html("code", {});
  const shape = html("code", {});
  const words = html("span", {});
  const said = live();
  said.append(html("span", { class: "rc-what" }, code, " ", shape), words);
  const total = html("p", { class: "rc-help" });
  const help = html("p", { class: "rc-help" }, "Choose an arrow or a box by pointer, or with Tab and the arrow keys. Double frames: the same numbers, or what it consists of.");

  function update() {
    const [batch, time, whole, chosen] = ["batch", "time", "over_time", "chosen"].map((name) => model.get(name));
    const { on, same } = marked(parts, chosen);
    for (const part of parts) {
      const view = whole ? part.whole : part.step;
      const size = written(view.shape, batch, time);
      const node = nodes[part.name];
      const text = node.querySelector("text");
      text.textContent = size ? `${view.label} ${size}`.trim() : view.expression;
      node.classList.toggle("rc-on", on.includes(part.name));
      node.classList.toggle("rc-same", same.includes(part.name));
      node.setAttribute("aria-label", `${view.expression} ${size}`.trim());
      node.setAttribute("aria-pressed", String(part.name === chosen));
      node.setAttribute("tabindex", part.name === chosen ? 0 : -1);
      if (part.name !== chosen) continue;
      code.textContent = view.expression;
      shape.textContent = size;
      words.textContent = view.words;
    }
    picture.querySelector(".rc-stack").classList.toggle("rc-over-time", whole);
    turns.forEach(([, value], k) => which.children[k].setAttribute("aria-pressed", String(value === whole)));
    rows.set(batch);
    steps.set(time);
    steps.node.hidden = !whole;
    total.textContent = `All layers together: ${model.get("parameters").toLocaleString("en-US")} parameters, whatever batch and time are.`;
  }

  const pane = (name, ...children) => html("div", { class: `rc-pane rc-${name}` }, ...children);
  const names = ["batch", "time", "over_time", "chosen"];
  update();
  names.forEach((name) => model.on(`change:${name}`, update));
  return mount({
    el,
    name: "deep-lstm",
    label: `A deep LSTM of ${model.get("sizes").length} layers`,
    children: [html("div", { class: "rc-panes" }, pane("look", picture), pane("controls", which, said, rows.node, steps.node, total, help))],
    stop: () => names.forEach((name) => model.off(`change:${name}`, update)),
  });
}

export default { render };
