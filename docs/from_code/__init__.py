"""Reference pages made from the code: the directive `from-code`, and a module for each kind of reference.

A page says where the reference goes; the text is made when the site is built, so it cannot differ from the code:

    ```{from-code} metrics
    ```

Each module has a function `markdown`, which takes the arguments that follow its name and returns Markdown.
"""

from importlib import import_module

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class FromCode(SphinxDirective):
    """Put Markdown that is made by a module of this package into a page."""

    required_arguments = 1
    optional_arguments = 20

    def run(self) -> list[nodes.Node]:
        """Make the Markdown and parse it, headings included."""
        name, *rest = self.arguments
        text: str = import_module(f"from_code.{name}").markdown(*rest)
        parent = nodes.Element()
        parent.document = self.state.document
        self.state.nested_parse(StringList(text.splitlines(), name), self.content_offset, parent, match_titles=True)
        return list(parent.children)


def setup(app: Sphinx) -> dict[str, bool]:
    """Let pages use the directive."""
    app.add_directive("from-code", FromCode)
    return {"parallel_read_safe": True}
