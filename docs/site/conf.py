"""How the documentation is built: `make docs` writes it to build/site/.

The source is the whole repository, so that links between README, CONTRIBUTING and the pages of docs work on the site as
they do where the files are shown one by one.
"""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

from bench.version import __version__  # noqa: E402

project = "cdrbench"
version = release = __version__
copyright = "cdrbench's authors, MIT licence"

root_doc = "docs/index"
include_patterns = ["docs/**", "CONTRIBUTING.md", "DESIGN.md", "CHANGELOG.md", "README.md"]
exclude_patterns = [".*", "build", "dist", "runs", "worlds", "out", "*.egg-info", "tests", "**/__pycache__"]
extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc", "from_code"]

myst_heading_anchors = 4
suppress_warnings = ["myst.xref_ambiguous"]
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # numpydoc's sections say what there is to say
numpydoc_show_class_members = False

html_theme = "furo"
html_title = f"cdrbench {__version__}"
html_extra_path = ["index.html"]
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
