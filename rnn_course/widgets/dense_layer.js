/* One dense layer as a product of two tables. The picture comes from dense_layer.py; here a number is marked and
   changed, and everything that it reaches is computed anew. */
import { affine, fill, html, live, mount, parsed, show, slider, stepped } from "./common.js";

const OWN = ["x", "kernel", "bias"]; // what a reader may change

/** exp(z) / Σ exp(z) of one row, with the maximum taken off first. */
export function softmaxOfRow(row) {
  const peak = Math.max(...row);
  const e = row.map((value) => Math.exp(value - peak));
  const total = e.reduce((sum, value) => sum + value, 0);
  return e.map((value) => value / total);
}

/** x, kernel and bias, with what they make: y and p. */
export function product({ x, kernel, bias }) {
  const y = x.map((row) => affine(row, kernel, bias[0]));
  return { x, kernel, bias, y, p: y.map(softmaxOfRow) };
}

/** All numbers under the names that the picture has for them, table by table. */
export function named(tables) {
  const numbers = {};
  for (const [table, rows] of Object.entries(tables))
    rows.forEach((row, r) => row.forEach((value, c) => (numbers[`${table}.${r}.${c}`] = value)));
  return numbers;
}

/** The names of the numbers that the marked one is made of, or, for a number that is handed in, those that it reaches. */
export function related(tables, marked) {
  const [table, row, column] = marked.split(".").map((part, k) => (k ? Number(part) : part));
  const batch = tables.x.map((_, r) => r);
  const outputs = tables.bias[0].map((_, c) => c);
  const inputs = tables.kernel.map((_, k) => k);
  const wholeRow = (r) => outputs.map((c) => `p.${r}.${c}`);
  if (table === "x") return [...outputs.map((c) => `y.${row}.${c}`), ...wholeRow(row)];
  if (table === "kernel" || table === "bias") return [...batch.map((r) => `y.${r}.${column}`), ...batch.flatMap(wholeRow)];
  if (table === "y") return [...inputs.flatMap((k) => [`x.${row}.${k}`, `kernel.${k}.${column}`]), `bias.0.${column}`];
  return outputs.map((c) => `y.${row}.${c}`);
}

/** How a number is written in code: x[0, 1], bias[2]. */
export function title(name) {
  const [table, row, column] = name.split(".");
  return table === "bias" ? `bias[${column}]` : `${table}[${row}, ${column}]`;
}

/** The marked number in words. */
export function told(tables, marked) {
  const [table, row, column] = marked.split(".").map((part, k) => (k ? Number(part) : part));
  const signed = (value) => (value < 0 ? `(${show(value)})` : show(value));
  const many = tables.x.length;
  if (table === "x")
    return `${title(marked)} meets row ${column} of the kernel. It reaches row ${row} of y and of p${many > 1 ? ", and no other example" : ""}.`;
  if (table === "kernel")
    return `${title(marked)} multiplies number ${row} of every example, and reaches column ${column} of y: one unit, in every example. In p it reaches all columns, for the probabilities of a row share 1.`;
  if (table === "bias") return `${title(marked)} is added to column ${column} of y, the same for every example.`;
  if (table === "y") {
    const products = tables.x[row].map((value, k) => `${signed(value)} × ${signed(tables.kernel[k][column])}`);
    return `${title(marked)} = ${products.join(" + ")} + ${signed(tables.bias[0][column])} = ${show(tables.y[row][column])}. Row ${row} of x, column ${column} of the kernel, bias ${column}.`;
  }
  const peak = Math.max(...tables.y[row]);
  const powers = tables.y[row].map((value) => `exp(${show(value - peak)})`);
  return `${title(marked)} = ${powers[column]} / (${powers.join(" + ")}) = ${show(tables.p[row][column])}. The largest of the row, ${show(peak)}, was taken off first.`;
}

function render({ model, el }) {
  const given = model.get("given");
  const names = Object.keys(named(product(given)));
  const change = (name, value) => {
    model.set(name, value);
    model.save_changes();
  };
  const picture = parsed(model.get("picture"));
  const cells = Object.fromEntries([...picture.querySelectorAll("[data-name]")].map((node) => [node.dataset.name, node]));
  for (const [name, node] of Object.entries(cells)) node.addEventListener("click", () => change("marked", name));
  const film = html("div", { class: "rc-film", tabindex: 0, role: "group", "aria-label": "The numbers; arrow keys go from one to the next" }, picture);
  film.addEventListener("keydown", (event) => {
    const target = stepped(names.indexOf(model.get("marked")), event.key, names.length);
    if (target === null) return;
    event.preventDefault();
    change("marked", names[target]);
  });

  const oninput = (value) => {
    const [table, row, column] = model.get("marked").split(".");
    const tables = structuredClone(model.get("tables"));
    tables[table][row][column] = value;
    change("tables", tables);
  };
  const one = slider({ label: "", min: -5, max: 5, step: 0.1, value: 0, role: "input", oninput });
  const back = html("button", { type: "button", onclick: () => change("tables", given) }, "Undo all changes");
  const help = html("p", { class: "rc-help" }, "Choose any number with a click or the arrow keys. Thick: what it reaches, or what it is made of.");
  const said = live();

  function update() {
    const marked = model.get("marked");
    const tables = product(model.get("tables"));
    const numbers = named(tables);
    const near = new Set(related(tables, marked));
    fill(picture, numbers);
    for (const [name, node] of Object.entries(cells)) {
      node.classList.toggle("rc-changed", near.has(name));
      node.classList.toggle("rc-marked", name === marked);
    }
    const mine = OWN.includes(marked.split(".")[0]);
    one.set(numbers[marked]);
    one.input.disabled = !mine;
    one.node.querySelector("label").textContent = title(marked);
    back.disabled = JSON.stringify(model.get("tables")) === JSON.stringify(given);
    said.textContent = told(tables, marked);
  }

  update();
  ["marked", "tables"].forEach((name) => model.on(`change:${name}`, update));
  return mount({
    el,
    name: "dense-layer",
    label: "One dense layer",
    children: [html("div", { class: "rc-panes" }, film, html("div", { class: "rc-pane" }, help, one.node, said, back))],
    stop: () => ["marked", "tables"].forEach((name) => model.off(`change:${name}`, update)),
  });
}

export default { render };
