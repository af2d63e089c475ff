/* Draw a digit, and watch three networks read it. The arithmetic is in pen.js and readers.js. */
import { buttons, cell, fill, freshId, html, live, mount, player, slider, svg } from "./common.js";
import { FIELD, rasterised } from "./pen.js";
import { answers, unpack } from "./readers.js";

const [PIXEL, COLUMN, GAP, LEFT, TOP, ANSWER, TALL] = [7, 15, 12, 24, 34, 33, 21]; // as in draw_a_digit_picture.py
const RIGHT = LEFT + FIELD * PIXEL + GAP;
const NETWORKS = { nn: "NN", cnn: "CNN", lstm: "LSTM" };
const MOST_POINTS = 4000;

export const percent = (share) => `${Math.floor(100 * share + 0.5)} %`;
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
const best = (shares) => shares.indexOf(Math.max(...shares));

/** The three answers, and when the LSTM's mind was made up; as `describe` of draw_a_digit_picture.py. */
export function describe(found) {
  const said = Object.entries(NETWORKS).map(([name, words]) => `the ${words} ${best(found[name])} (${percent(Math.max(...found[name]))})`);
  const tops = found.beliefs.map(best);
  let since = tops.length - 1;
  while (since > 0 && tops[since - 1] === tops.at(-1)) since--;
  return `${said.join(", ")}. The LSTM has held ${tops.at(-1)} most likely since row ${since}.`.replace("the", "The");
}

/** The strokes with one point more, unless it is too near to the last one or there are too many; points are rounded. */
export function longer(strokes, point) {
  const place = point.map((value) => Number(Math.min(Math.max(value, 0), 1).toFixed(3)));
  const last = strokes.at(-1)?.at(-1);
  const near = last && Math.hypot(place[0] - last[0], place[1] - last[1]) < 0.01;
  return near || strokes.flat().length >= MOST_POINTS ? strokes : [...strokes.slice(0, -1), [...(strokes.at(-1) ?? []), place]];
}

/** What a key does on the sheet: moves the pen, puts it down or lifts it, takes a stroke away, draws a digit; or null. */
export function keyed({ pen, strokes }, key, presets) {
  const by = { ArrowUp: [0, -0.05], ArrowDown: [0, 0.05], ArrowLeft: [-0.05, 0], ArrowRight: [0.05, 0] }[key];
  if (by) {
    const at = pen.at.map((value, axis) => Number(Math.min(Math.max(value + by[axis], 0), 1).toFixed(3)));
    return { pen: { ...pen, at }, strokes: pen.down ? longer(strokes, at) : strokes };
  }
  if (key === " ") return { pen: { ...pen, down: !pen.down }, strokes: pen.down ? strokes : longer([...strokes, []], pen.at) };
  if (key === "Backspace") return { pen: { ...pen, down: false }, strokes: strokes.slice(0, -1) };
  if (key === "Delete") return { pen: { ...pen, down: false }, strokes: [] };
  if (/^\d$/.test(key)) return { pen: { ...pen, down: false }, strokes: presets[key] };
  return null;
}

/** The picture with nothing in it: { node, show(image, found, read) }. */
function pictured() {
  const name = (x, words, role = "") => svg("text", { x, y: 14, class: `rc-name rc-start ${role}` }, words);
  const label = (x, y, words, names = "") => svg("text", { x, y, class: `rc-label ${names}` }, words);
  const rows = (left, columns, wide, names) =>
    Array.from({ length: FIELD }, (_, row) =>
      Array.from({ length: columns }, (_, column) =>
        svg("rect", { x: left + column * wide, y: TOP + row * PIXEL, width: wide, height: PIXEL, class: names }),
      ),
    );
  const dark = rows(LEFT, FIELD, PIXEL, "rc-dark");
  const belief = rows(RIGHT, 10, COLUMN, "rc-belief");
  const sheet = (x, width) => svg("rect", { x, y: TOP, width, height: FIELD * PIXEL, class: "rc-sheet" });
  const bottom = TOP + FIELD * PIXEL;
  const line = svg("line", { x1: LEFT - 2, x2: RIGHT + 10 * COLUMN, class: "rc-read" });
  const digits = Array.from({ length: 10 }, (_, k) => label(RIGHT + (k + 0.5) * COLUMN, TOP - 6, k));
  const heads = Array.from({ length: 10 }, (_, k) => label(44 + (k + 0.5) * ANSWER, bottom + 30, k));
  const table = Object.entries(NETWORKS).map(([key, words], row) => [
    label(0, bottom + 34 + row * TALL + 15, words, "rc-start"),
    ...heads.map((_, k) => cell("output", 44 + k * ANSWER, bottom + 34 + row * TALL, 0, `${key}.${k}`, { width: ANSWER })),
  ]);
  const width = Math.max(RIGHT + 10 * COLUMN + 2, 10 * ANSWER + 46);
  const node = svg(
    "svg",
    { viewBox: `0 0 ${width} ${bottom + 40 + 3 * TALL}`, class: "rc-drawing", role: "img" },
    name(LEFT, "what they see", "rc-input"),
    name(RIGHT, "LSTM, row by row"),
    sheet(LEFT, FIELD * PIXEL),
    sheet(RIGHT, 10 * COLUMN),
    ...dark.flat(),
    ...belief.flat(),
    ...digits,
    ...[0, 9, 18, 27].map((row) => label(LEFT - 4, TOP + row * PIXEL + 8, row, "rc-end")),
    line,
    ...heads,
    svg("g", { class: "rc-answers" }, ...table.flat()),
  );
  const opaque = (rect, value) => rect.style.setProperty("fill-opacity", value.toFixed(2));
  const draw = (image, found, read) => {
    dark.forEach((row, r) => row.forEach((rect, c) => opaque(rect, image[r * FIELD + c] * (r < read ? 1 : 0.3))));
    belief.forEach((row, r) => row.forEach((rect, k) => opaque(rect, r < read ? found.beliefs[r][k] : 0)));
    for (const [key, y] of Object.entries({ y1: read, y2: read })) line.setAttribute(key, TOP + y * PIXEL);
    const shares = { nn: found.nn, cnn: found.cnn, lstm: found.beliefs[read - 1] };
    fill(node, Object.fromEntries(Object.entries(shares).flatMap(([key, all]) => all.map((share, k) => [`${key}.${k}`, share]))));
    for (const [key, all] of Object.entries(shares))
      all.forEach((_, k) => node.querySelector(`[data-name="${key}.${k}"]`).classList.toggle("rc-changed", k === best(all)));
  };
  return { node, draw };
}

function render({ model, el }) {
  const presets = model.get("presets");
  const bytes = model.get("weights");
  const tensors = unpack(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  let pen = { at: [0.5, 0.2], down: false };
  let drawing = false;
  const change = (name, value, tell = true) => {
    model.set(name, value);
    if (tell) model.save_changes();
  };
  const set = (strokes, tell = true) => change("strokes", strokes, tell);

  const lines = svg("g", { class: "rc-strokes" });
  const point = svg("circle", { r: 3, class: "rc-pen" });
  const pad = svg("svg", { viewBox: "0 0 100 100", class: "rc-pad", tabindex: 0, role: "application", "aria-roledescription": "drawing pad" }, lines, point);
  const at = (event) => {
    const box = pad.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  };
  pad.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    pad.setPointerCapture(event.pointerId);
    drawing = true;
    set(longer([...model.get("strokes"), []], at(event)), false);
  });
  pad.addEventListener("pointermove", (event) => drawing && set(longer(model.get("strokes"), at(event)), false));
  for (const end of ["pointerup", "pointercancel"])
    pad.addEventListener(end, () => {
      if (!drawing) return;
      drawing = false;
      model.save_changes();
      update();
    });
  pad.addEventListener("keydown", (event) => {
    const next = event.ctrlKey || event.metaKey || event.altKey ? null : keyed({ pen, strokes: model.get("strokes") }, event.key, presets);
    if (next === null) return;
    event.preventDefault();
    pen = next.pen;
    set(next.strokes);
    update();
  });

  const digits = buttons("Draw a digit for me", presets.map((strokes, digit) => [String(digit), () => set(strokes)]));
  const rubber = buttons("Take away", [["Undo", () => set(model.get("strokes").slice(0, -1))], ["Clear", () => set([])]]);
  const rows = slider({ label: "Rows read", min: 1, max: FIELD, step: 1, value: FIELD, words: (n) => `${n} of ${FIELD}`, oninput: (value) => change("read", value) });
  const play = player("Read row by row", () => {
    change("read", (model.get("read") % FIELD) + 1);
    return model.get("read") < FIELD;
  }, 140);
  if (play) rubber.append(play.node);
  const said = live();
  const help = html("p", { class: "rc-help", id: freshId() }, "Draw with mouse or finger. With keys: arrows move the pen, Space puts it down and lifts it, Backspace takes a stroke away, Delete all; 0 to 9 draw a digit.");
  pad.setAttribute("aria-describedby", help.id);
  const picture = pictured();

  function update() {
    const strokes = model.get("strokes");
    const read = model.get("read");
    const image = rasterised(strokes);
    const found = answers(tensors, image);
    const way = (stroke) => (stroke.length === 1 ? [stroke[0], stroke[0]] : stroke).map((one) => one.map((value) => 100 * value).join(" ")).join(" L");
    lines.replaceChildren(...strokes.filter((stroke) => stroke.length).map((stroke) => svg("path", { d: `M${way(stroke)}` })));
    point.setAttribute("cx", 100 * pen.at[0]);
    point.setAttribute("cy", 100 * pen.at[1]);
    point.classList.toggle("rc-down", pen.down);
    pad.setAttribute("aria-label", `${strokes.length} strokes, the pen is ${pen.down ? "down" : "up"}`);
    picture.draw(image, found, read);
    rows.set(read);
    digits.querySelectorAll("button").forEach((button, digit) => button.setAttribute("aria-pressed", String(same(strokes, presets[digit]))));
    rubber.children[0].disabled = rubber.children[1].disabled = !strokes.length;
    if (drawing) return; // words would lag behind the hand
    const words = strokes.length ? describe(found) : "The sheet is empty. The networks answer all the same: none of them can say that there is no digit.";
    picture.node.setAttribute("aria-label", words);
    said.textContent = words;
  }

  const pane = (name, ...parts) => html("div", { class: `rc-pane rc-${name}` }, ...parts);
  const names = ["strokes", "read"];
  update();
  names.forEach((name) => model.on(`change:${name}`, update));
  return mount({
    el,
    name: "draw-a-digit",
    label: "Draw a digit: three networks read it",
    children: [html("div", { class: "rc-panes" }, pane("sheet-and-keys", pad, rubber, digits), pane("look", picture.node, rows.node, said, help))],
    stop: () => {
      play?.pause();
      names.forEach((name) => model.off(`change:${name}`, update));
    },
  });
}

export default { render };
