"""What a learner does in JupyterLab, as clicks and keys."""

from contextlib import contextmanager

from tests.lab.conftest import SECONDS

READY = """() => {
  const session = jupyterapp.shell.currentWidget?.sessionContext;
  return session?.isReady && session.session?.kernel?.status === 'idle';
}"""
RUN = """(seconds) => Promise.race([
  jupyterapp.commands.execute('notebook:run-cell'),
  new Promise((_, fail) => setTimeout(() => fail(new Error('the kernel does not answer')), 1000 * seconds)),
])"""
CONTRAST = """(node) => {
  const rgb = (text) => (text.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
  const light = (colour) => {
    const [r, g, b] = colour.map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  let behind = node, back = [0, 0, 0, 0];
  while (behind && (back.length === 4 && back[3] === 0)) {
    back = rgb(getComputedStyle(behind).backgroundColor);
    behind = behind.parentElement;
  }
  const [a, b] = [light(rgb(getComputedStyle(node).color).slice(0, 3)), light(back.slice(0, 3))];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}"""


class Learner:
    """One page with one notebook."""

    def __init__(self, page):
        self.page = page
        self.notebook = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")

    def cell(self, text):
        """The code cell in which `text` stands."""
        return self.notebook.locator(".jp-CodeCell").filter(has_text=text).first

    def run(self, cell):
        """Click into the cell and run it, by the command behind Ctrl+Enter, which tells when the kernel is done."""
        cell.locator(".cm-content").click()
        self.page.evaluate(RUN, SECONDS)
        return cell.locator(".jp-Cell-outputArea")

    def write(self, cell, source):
        """Replace what stands in the cell."""
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(source)

    def add_below(self, cell, source):
        """A new cell below another one."""
        cell.locator(".jp-InputPrompt").click()
        self.page.keyboard.press("b")
        new = self.notebook.locator(".jp-CodeCell.jp-mod-active")
        new.locator(".cm-content").click()
        self.page.keyboard.insert_text(source)
        return self.cell(source)

    def restart(self):
        """Restart the kernel: 0 0, and yes."""
        self.notebook.locator(".jp-CodeCell .jp-InputPrompt").first.click()
        self.page.keyboard.press("0")
        self.page.keyboard.press("0")
        self.page.locator(".jp-Dialog button", has_text="Restart").last.click()
        self.page.locator(".jp-Dialog").wait_for(state="detached")
        self.page.wait_for_function(READY)

    def save(self):
        """Write the notebook to the disk."""
        self.page.keyboard.press("Control+s")

    def theme(self, name):
        """Change the look of JupyterLab."""
        self.page.evaluate("(theme) => jupyterapp.commands.execute('apputils:change-theme', {theme})", name)
        self.page.wait_for_function("(name) => document.body.dataset.jpThemeName === name", arg=name)


@contextmanager
def learner(browser, address):
    """Somebody who opens a notebook; and the list of addresses outside of this machine that the page asked for."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    context.set_default_timeout(SECONDS * 1000)
    outside = []

    def guard(route):
        if route.request.url.startswith(("http://127.0.0.1:", "data:", "blob:")):
            route.continue_()
        else:
            outside.append(route.request.url)
            route.abort()

    context.route("**/*", guard)
    page = context.new_page()
    page.goto(address)
    page.locator(".jp-NotebookPanel .jp-CodeCell").first.wait_for()
    page.wait_for_function(READY)  # a cell that is run before that is answered with a question for the kernel
    yield Learner(page), outside
    context.close()
