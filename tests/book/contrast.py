"""Can every text be told from its ground, in light and in dark? axe is asked once for each way that a text looks.

To measure a text costs axe about 5 ms, and a table may have thousands of them, all alike. What a contrast depends on is
the colour and the size of the text and all that is painted behind it; of the texts that agree in all of it, axe gets
the one with the fewest elements inside.
"""

AXE_OF_THEM = """async () => {
  const grounds = new Map([[null, '']]);
  const ground = (node) => {
    if (!grounds.has(node)) {
      const { backgroundColor, backgroundImage, opacity, filter, position } = getComputedStyle(node);
      const own = [backgroundColor, backgroundImage, opacity, filter, position].join('|');
      const plain = own === 'rgba(0, 0, 0, 0)|none|1|none|static';
      grounds.set(node, ground(node.parentElement) + (plain ? '' : `${own};`));
    }
    return grounds.get(node);
  };
  const look = (node) => {
    const { color, fontSize, fontWeight, textShadow } = getComputedStyle(node);
    return [color, fontSize, fontWeight, textShadow, ground(node)].join('|');
  };
  const speaks = (node) => [...node.childNodes].some((part) => part.nodeType === 3 && part.data.trim());
  const shown = (node) => node.checkVisibility({ checkVisibilityCSS: true }) && !node.closest('[aria-hidden=true]');
  const found = new Map();
  for (const node of document.body.querySelectorAll('*')) {
    if (!(node instanceof HTMLElement) || !speaks(node) || !shown(node)) continue;
    const key = look(node), before = found.get(key);
    const size = node.getElementsByTagName('*').length;
    if (!before || size < before.size) found.set(key, { node, size });
  }
  const mark = 'data-for-axe';
  found.forEach(({ node }) => node.setAttribute(mark, ''));
  const report = await axe.run({ include: [`[${mark}]`] },
    { preload: false, runOnly: { type: 'rule', values: ['color-contrast'] }, resultTypes: ['violations'] });
  found.forEach(({ node }) => node.removeAttribute(mark));
  const scheme = document.documentElement.dataset.theme;
  return report.violations.flatMap(({ id, nodes }) => nodes.map(
    (node) => `${id}, ${scheme}: ${node.html.replace(` ${mark}=""`, '').slice(0, 150)}: ${node.failureSummary}`));
}"""
OTHER = {"light": "dark", "dark": "light"}
IS = "(theme) => document.documentElement.dataset.theme === theme"


def weak_contrasts(page):
    """What of the page cannot be read well, in its theme and in the other; motion is reduced. It is as before then."""
    theme = page.evaluate("() => document.documentElement.dataset.theme")
    found = page.evaluate(AXE_OF_THEM)
    for other in (OTHER[theme], theme):
        page.emulate_media(color_scheme=other)
        page.wait_for_function(IS, arg=other)
        if other != theme:
            page.wait_for_timeout(100)  # live figures are drawn anew
            found += page.evaluate(AXE_OF_THEM)
    return found
