/* Predict the shape: one question after the other. What was answered lives here, in the page; there is no kernel to ask.
   The functions without a page (exported) are tested in node. */

const TOKEN = /(#.*)|("[^"]*"|'[^']*')|\b(True|False|None|def|return|for|in|lambda|import|from)\b|\b(\d[\d_.]*)\b/g;
const KINDS = ["comment", "text", "keyword", "number"];

/** Code cut into pieces [kind, text], for colours; joined again they are the code. */
export function tokens(code) {
  const found = [];
  let end = 0;
  for (const match of code.matchAll(TOKEN)) {
    if (match.index > end) found.push(["plain", code.slice(end, match.index)]);
    found.push([KINDS[match.slice(1).findIndex((group) => group !== undefined)], match[0]]);
    end = match.index + match[0].length;
  }
  if (end < code.length) found.push(["plain", code.slice(end)]);
  return found;
}

/** Prose cut into pieces [is code, text] at its backquotes. */
export function pieces(prose) {
  return prose
    .split("`")
    .map((text, place) => [place % 2 === 1, text])
    .filter(([, text]) => text !== "");
}

/** What is said to a choice: whether it is right, a first word, and the reason. */
export function verdict(question, chosen) {
  const { text, right, reason } = question.choices[chosen];
  return { right, first: right ? `✓ Yes, ${text}.` : `✗ No, not ${text}.`, reason };
}

/** A question is solved once the right choice was given, and known if it was given first. `given`: the choices so far. */
export function standing(question, given) {
  const solved = given.some((chosen) => question.choices[chosen].right);
  return { solved, known: solved && question.choices[given[0]].right };
}

/** The score in words. `given`: for each question the choices so far. */
export function score(questions, given) {
  const all = questions.map((question, place) => standing(question, given[place]));
  const solved = all.filter((one) => one.solved).length;
  const known = all.filter((one) => one.known).length;
  if (given.every((choices) => choices.length === 0)) return "Nothing answered yet.";
  const right = `${solved} of ${questions.length} right`;
  const share = known === solved ? (solved > 1 ? "all " : "") : known === 0 ? "none " : `${known} `;
  return solved === 0 ? `${right} so far.` : `${right}, ${share}at the first try.`;
}

/** The choice that an arrow key leads to from this one, round and round; null for another key. */
export function moved(place, key, size) {
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[key];
  return step === undefined ? null : (place + step + size) % size;
}

function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const written = (prose) => pieces(prose).map(([code, text]) => (code ? element("code", {}, text) : text));

/** One question as a fieldset of radio buttons. `answered(chosen)` is called for each answer. */
function card(question, title, key, answered) {
  const legend = element("legend", { tabindex: -1 }, element("span", { class: "rc-quiz-count" }, title), " ");
  legend.append(...written(question.prompt));
  const code = element("code");
  code.append(...tokens(question.code).map(([kind, text]) => element("span", { class: `rc-code-${kind}` }, text)));
  const told = element("div", { class: "rc-quiz-answer", "aria-live": "polite", "aria-atomic": "true" });

  const marks = question.choices.map(() => element("span", { class: "rc-quiz-mark" }));
  const radios = question.choices.map((choice, place) => element("input", { type: "radio", name: key, value: place }));
  const labels = question.choices.map(({ text }, place) =>
    element("label", {}, radios[place], element("code", {}, text), marks[place]),
  );

  const answer = (chosen) => {
    const { right, first, reason } = verdict(question, chosen);
    radios[chosen].checked = true;
    marks[chosen].textContent = right ? "✓ right" : "✗ wrong";
    labels.forEach((label, place) => label.classList.toggle("rc-quiz-chosen", place === chosen));
    const more = right ? [] : [element("span", { class: "rc-quiz-again" }, "Choose again.")];
    told.replaceChildren(element("strong", {}, first), " ", ...written(reason), " ", ...more);
    told.dataset.right = right;
    answered(chosen);
  };
  radios.forEach((radio, place) => {
    radio.addEventListener("change", () => answer(place)); // a click, a tap, the space bar
    radio.addEventListener("keydown", (event) => {
      const target = moved(place, event.key, radios.length);
      if (target !== null) radios[target].focus(); // an arrow key looks at the next choice without giving it
      else if (event.key === "Enter" || (event.key === " " && radio.checked)) answer(place);
      else return;
      event.preventDefault();
      event.stopPropagation(); // the notebook's own keys
    });
  });

  const choices = element("div", { class: "rc-quiz-choices" }, ...labels);
  const fieldset = element("fieldset", {}, legend, element("pre", { class: "rc-quiz-code" }, code), choices, told);
  return { fieldset, legend };
}

function render({ model, el }) {
  const questions = model.get("questions");
  const key = Math.random().toString(36).slice(2); // names must differ between the quizzes of a page
  const given = questions.map(() => []);
  let shown = 0;

  const total = element("p", { class: "rc-quiz-score", role: "status" });
  const cards = questions.map((question, place) =>
    card(question, `Question ${place + 1} of ${questions.length}.`, `rc-quiz-${key}-${place}`, (chosen) => {
      given[place].push(chosen);
      total.textContent = score(questions, given);
    }),
  );
  const back = element("button", { type: "button" }, "Back");
  const next = element("button", { type: "button" }, "Next question");

  const show = (place) => {
    shown = place;
    cards.forEach(({ fieldset }, index) => (fieldset.hidden = index !== place));
    back.disabled = place === 0;
    next.disabled = place === cards.length - 1;
  };
  const turn = (step) => {
    show(shown + step);
    cards[shown].legend.focus({ preventScroll: true }); // so that the new question is read
    if (cards[shown].fieldset.getBoundingClientRect().top < 0) figure.scrollIntoView({ block: "start" });
  };
  back.addEventListener("click", () => turn(-1));
  next.addEventListener("click", () => turn(1));

  const help = element("p", { class: "rc-quiz-help" }, "Click a choice, or press Tab, the arrow keys, and Enter. ");
  help.append(...written(model.get("names")));
  const figure = element("div", { class: "rc-widget rc-shape-quiz", role: "group", "aria-label": "Predict the shape" });
  const turns = element("div", { class: "rc-quiz-turns" }, back, next, total);
  figure.append(...cards.map(({ fieldset }) => fieldset), turns, help);
  total.textContent = score(questions, given);
  show(0);
  el.append(figure);
}

export default { render };
