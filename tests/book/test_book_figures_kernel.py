"""A figure in front of a kernel, as in JupyterLab: what a reader does arrives there, and what Python does arrives here.

Three views of each figure: in the first, a reader presses and slides everything there is. What that changes is handed
to the Python object, as a kernel would be, and its state to a second view, which was open from the beginning. A third
is opened from that state. They all have to show the same.
"""

import base64
import json

import numpy as np
import pytest

from rnn_course import BasicRNNCell, Dense, load_digits, widgets
from rnn_course.widgets import (
    Convolution,
    DeepLSTMFigure,
    DenseLayerFigure,
    DescentFigure,
    DrawADigit,
    DynamicRNNFigure,
    Figure,
    GradientFlow,
    GRUCellFigure,
    LSTMCellFigure,
    NormAxes,
    ThreeViews,
    UnrolledRNN,
)

RNG = np.random.default_rng(5)
DIGITS = load_digits().test
FIGURES = {
    "ThreeViews": lambda: ThreeViews(DIGITS.images[3:7], DIGITS.labels[3:7]),
    "DenseLayerFigure": lambda: DenseLayerFigure(Dense.init(3, 4, rng=RNG), RNG.standard_normal((2, 3))),
    "DescentFigure": DescentFigure,
    "Convolution": Convolution,
    "NormAxes": NormAxes,
    "UnrolledRNN": lambda: UnrolledRNN(BasicRNNCell.init(2, 3, rng=RNG), RNG.standard_normal((4, 2))),
    "GradientFlow": GradientFlow,
    "GRUCellFigure": GRUCellFigure,
    "LSTMCellFigure": LSTMCellFigure,
    "DynamicRNNFigure": DynamicRNNFigure,
    "DeepLSTMFigure": DeepLSTMFigure,
    "DrawADigit": lambda: DrawADigit(digit=3),
}
HARNESS = """async ([script, state]) => {
  const { default: figure } = await import(URL.createObjectURL(new Blob([script], { type: 'text/javascript' })));
  const views = [];
  const arrived = (value) => typeof value?.base64 === 'string'
    ? new DataView(Uint8Array.from(atob(value.base64), (letter) => letter.charCodeAt(0)).buffer) : value;
  const read = (state) => Object.fromEntries(Object.entries(state).map(([name, value]) => [name, arrived(value)]));
  const open = (state) => {
    const listeners = new Map(), unsaved = {}, sent = {}, kept = read(state);
    const model = {
      get: (name) => kept[name],
      set(name, value) {
        if (JSON.stringify(kept[name]) === JSON.stringify(value)) return;
        kept[name] = value;
        unsaved[name] = value;
        for (const tell of [...(listeners.get(`change:${name}`) ?? []), ...(listeners.get('change') ?? [])]) tell();
      },
      save_changes() {
        Object.assign(sent, unsaved);
        for (const name of Object.keys(unsaved)) delete unsaved[name];
      },
      on(name, tell) { listeners.set(name, [...(listeners.get(name) ?? []), tell]); },
      off(name, tell) { listeners.set(name, (listeners.get(name) ?? []).filter((one) => one !== tell)); },
      send() {},
    };
    const el = document.body.appendChild(document.createElement('section'));
    const stop = figure.render({ model, el });
    return { model, el, unsaved, sent, stop, close() { stop?.(); el.remove(); } };
  };
  const PARTS = 'button:not(:disabled), input:not(:disabled), select, [tabindex="0"], [role=application]';
  const OF_ONE_VIEW = '.rc-pen'; // where the hand is that draws
  const shown = ({ el }) => {
    const copy = el.cloneNode(true);
    copy.querySelectorAll('*').forEach((node) => {
      for (const name of ['id', 'for', 'aria-labelledby', 'aria-describedby', 'tabindex']) node.removeAttribute(name);
      if (node.hasAttribute('style')) node.setAttribute('style', node.style.cssText);
    });
    copy.querySelectorAll(OF_ONE_VIEW).forEach((node) => node.remove());
    const values = [...el.querySelectorAll('input, select')].map((one) => [one.value, one.checked, one.disabled]);
    const pictures = [...el.querySelectorAll('canvas')].map((one) => one.toDataURL());
    return JSON.stringify([copy.innerHTML, values, pictures]);
  };
  window.figure = {
    open: (state) => views.push(open(state)) - 1,
    close: (k) => views[k].close(),
    parts: () => views[0].el.querySelectorAll(PARTS).length,
    act(k, way) {
      const node = views[0].el.querySelectorAll(PARTS)[k];
      if (!node) return null;
      const said = node.getAttribute('aria-label') ?? node.textContent.trim();
      if (node.type === 'range') {
        const [min, max] = [Number(node.min), Number(node.max)];
        node.value = min + (max - min) * [0.75, 0, 1][way];
        node.dispatchEvent(new Event('input', { bubbles: true }));
      } else if (node.tagName === 'BUTTON' || node.tagName === 'INPUT') {
        if (way === 0) node.click();
      } else {
        node.focus();
        const key = ['ArrowRight', 'ArrowDown', 'Enter'][way];
        node.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
      }
      return said;
    },
    sent() {
      const { unsaved, sent } = views[0];
      const changes = { ...sent };
      for (const name of Object.keys(sent)) delete sent[name];
      return [changes, Object.keys(unsaved)];
    },
    arrive(k, state) { for (const [name, value] of Object.entries(read(state))) views[k].model.set(name, value); },
    shown: (k) => shown(views[k]),
  };
  return [window.figure.open(state), window.figure.open(state)];
}"""
OF_JUPYTER = ("layout", "tabbable", "tooltip")


def state_of(figure):
    """What a kernel sends of a figure, but for its script, its style and what Jupyter keeps for itself."""
    state = {name: value for name, value in figure.get_state().items() if name[0] != "_" and name not in OF_JUPYTER}
    return json.loads(json.dumps(state, default=lambda data: {"base64": base64.b64encode(data).decode()}))


def difference(one, other):
    """Where two texts part, and how each goes on."""
    place = next((k for k, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return [text[max(0, place - 150) : place + 150] for text in (one, other)]


@pytest.fixture
def blank(browser):
    context = browser.new_context(viewport={"width": 900, "height": 900}, reduced_motion="reduce")
    page, problems = context.new_page(), []
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    context.close()
    assert problems == []


def call(page, name, *arguments):
    return page.evaluate("([name, given]) => window.figure[name](...given)", [name, list(arguments)])


@pytest.mark.parametrize("name", FIGURES)
def test_reader_kernel_and_another_view_see_the_same(blank, name):
    figure = FIGURES[name]()
    first, second = blank.evaluate(HARNESS, [figure._esm, state_of(figure)])
    assert call(blank, "shown", first) == call(blank, "shown", second)
    changed = set()
    for place in range(call(blank, "parts")):
        for way in range(3):
            said = call(blank, "act", place, way)
            changes, unsaved = call(blank, "sent")
            assert unsaved == [], f"after {said!r}: set, but not sent to the kernel"
            figure.set_state(changes)
            changed |= changes.keys()
            state = state_of(figure)
            call(blank, "arrive", second, state)
            third = call(blank, "open", state)
            shown = [call(blank, "shown", view) for view in (first, second, third)]
            call(blank, "close", third)
            for other, what in ((shown[1], "the other view"), (shown[2], "a new view")):
                assert other == shown[0], f"{what} differs after {said!r} ({changes}): {difference(shown[0], other)}"
    assert changed, "nothing that a reader does arrives in Python"


def test_no_figure_is_left_out():
    figures = {name for name in widgets.__all__ if issubclass(getattr(widgets, name), Figure)}
    assert set(FIGURES) == figures - {"Figure", "ShapeQuiz"}  # a quiz keeps its answers in the page
