"""An extension of Sphinx: no launch buttons while the book is not published; the theme would stumble over them."""

from sphinx.application import Sphinx
from sphinx.config import Config


def only_where_published(_: Sphinx, config: Config) -> None:
    """Forget the buttons if the setting `repository_url` is empty."""
    if not config.html_theme_options.get("repository_url"):
        config.html_theme_options.pop("launch_buttons", None)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("config-inited", only_where_published)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
