"""What is asked of every page that is opened: each question gives what is wrong, and nothing if all is well."""

from tests.book.browsing import WIDER_THAN_THE_SCREEN, violations

SHOWING_NOTHING = """() => [...document.querySelectorAll('.widget-subarea')]
  .filter((area) => ![...area.children].some((node) => node.getBoundingClientRect().height > 5))
  .map((area) => area.closest('.cell').querySelector('pre').innerText.slice(0, 80))"""
BROKEN_PICTURES = (
    "() => [...document.images].filter((i) => !i.complete || !i.naturalWidth).map((i) => i.src.slice(0, 200))"
)
NOT_TYPESET = """() => [...document.querySelectorAll('.math.notranslate')]
  .filter((formula) => !formula.querySelector('mjx-container'))
  .concat([...document.querySelectorAll('mjx-merror')])
  .map((formula) => formula.textContent.trim().slice(0, 80))"""
NOT_DRAWN = """() => {
  const views = document.querySelectorAll('script[type="application/vnd.jupyter.widget-view+json"]').length;
  const drawn = document.querySelectorAll('.widget-subarea > *:not(script)').length;
  return drawn < views ? [`${drawn} of ${views} live figures`] : [];
}"""
NOT_IN_TABS = """() => {
  const said = [...document.querySelectorAll('.cell.tag_torch')].filter((cell) => !cell.closest('[role=tabpanel]'))
    .map((cell) => 'a cell tagged torch follows none tagged numpy: ' + cell.innerText.slice(0, 80));
  document.querySelectorAll('.course-tabs').forEach((box, place) => {
    const wrong = (words) => said.push(`tabs ${place + 1}: ${words}`);
    for (const backend of ['numpy', 'torch']) if (!box.querySelector(`.cell.tag_${backend}`)) wrong(`no ${backend}`);
    if (box.querySelector('.cell:not(.tag_numpy, .tag_torch)')) wrong('a cell with neither tag');
    const shown = [...box.querySelectorAll('.cell')].filter((cell) => cell.getClientRects().length);
    if (!shown.length || shown.some((cell) => cell.matches('.tag_torch'))) wrong('NumPy is not what is shown first');
  });
  return said;
}"""
LIMIT = 1_500_000  # bytes of a page and what it loads, without the libraries that all pages share
GALLERY, ITS_LIMIT = "/book/figures.html", 2_000_000  # it shows every live figure of the course at once
SHARED = ("mathjax/", "html-manager/", "require.js", "anywidget.js")
LOADED = """() => performance.getEntriesByType('navigation').concat(performance.getEntriesByType('resource'))
  .map((file) => [file.name, file.encodedBodySize])"""
STRIPS = "svg.rc-strip"
TEXTS = """(svg) => [...svg.querySelectorAll('text')].map((text) => {
  const { left, right, top, bottom } = text.getBoundingClientRect();
  return { left, right, top, bottom, words: text.textContent };
})"""


def unreadable_strips(page):
    """The strip of shapes: one is shown, its words are inside of it, large enough, and do not meet."""
    if not page.locator(STRIPS).count():
        return []
    strip = page.locator(f"{STRIPS}:visible")
    if strip.count() != 1:
        return [f"{strip.count()} strips are shown"]
    frame, texts = strip.bounding_box(), strip.evaluate(TEXTS)
    wrong = [] if len(texts) > 5 else [f"only {len(texts)} words"]
    right, bottom = frame["x"] + frame["width"] + 1, frame["y"] + frame["height"] + 1
    for place, one in enumerate(texts):
        if not frame["x"] - 1 <= one["left"] < one["right"] <= right or one["bottom"] > bottom:
            wrong.append(f"outside of its frame: {one}")
        if one["bottom"] - one["top"] < 10:
            wrong.append(f"too small to read: {one}")
        for other in texts[:place]:
            apart = one["left"] >= other["right"] or other["left"] >= one["right"]
            if not (apart or one["top"] >= other["bottom"] - 4 or other["top"] >= one["bottom"] - 4):
                wrong.append(f"meet: {one} {other}")
    return wrong


def weight(page):
    """The bytes of a page and of what it loaded over http, and of what of it belongs to the shared libraries."""
    parts = [(any(f"/_static/{name}" in url for name in SHARED), size) for url, size in page.evaluate(LOADED)]
    return sum(size for shared, size in parts if not shared), sum(size for shared, size in parts if shared)


def too_heavy(page):
    own, _ = weight(page)
    limit = ITS_LIMIT if page.url.endswith(GALLERY) else LIMIT
    return [f"{own:,} bytes, more than {limit:,}"] if own > limit else []


QUESTIONS = {
    "wider than the screen": lambda page: page.evaluate(WIDER_THAN_THE_SCREEN),
    "formulas that are not typeset": lambda page: page.evaluate(NOT_TYPESET),
    "live figures that are not drawn": lambda page: page.evaluate(NOT_DRAWN),
    "live output that shows nothing, such as a closed progress bar": lambda page: page.evaluate(SHOWING_NOTHING),
    "pictures that have not loaded": lambda page: page.evaluate(BROKEN_PICTURES),
    "pairs of NumPy and Torch that are not in tabs": lambda page: page.evaluate(NOT_IN_TABS),
    "strips of shapes that cannot be read": unreadable_strips,
    "a page that is too heavy": too_heavy,
    "violations of accessibility": violations,
}


def answers(page):
    """All that is wrong with a page, by question."""
    found = {question: ask(page) for question, ask in QUESTIONS.items()}
    return {question: wrong for question, wrong in found.items() if wrong}
