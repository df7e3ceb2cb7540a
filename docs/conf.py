"""How Sphinx builds these pages; `make docs` does it."""

import re
from pathlib import Path

project = "watcher"
version = release = re.findall(
    r'^version = "(.*)"', (Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"), re.MULTILINE
)[0]
extensions = ["myst_parser"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "watcher"
html_show_copyright = False
html_copy_source = False
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["narrow.css"]
