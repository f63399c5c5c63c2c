"""Settings of the documentation: ``python -m sphinx -W docs build/site``."""

import os
import re
import socket
import sys
from pathlib import Path

import matplotlib
from sphinx_gallery.sorting import ExplicitOrder, FileNameSortKey

matplotlib.use("Agg")
sys.path.insert(0, str(Path(__file__).parent / "_ext"))
os.environ.setdefault("OMP_NUM_THREADS", "1")

import skmeta  # noqa: E402

project = "skmeta"
author = "The skmeta developers"
copyright = "The skmeta developers, BSD 3-Clause"
release = version = skmeta.__version__
html_title = "skmeta"

extensions = [
    "reference_pages",  # ours, before autosummary: writes the page that autosummary reads
    "folded_tables",  # ours, too
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.mathjax",
    "matplotlib.sphinxext.plot_directive",
    "myst_parser",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "**/GALLERY_HEADER.rst", "sg_execution_times.rst", "auto_examples/**/*.ipynb"]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "attrs_inline"]
myst_heading_anchors = 3
default_role = "code"
suppress_warnings = ["config.cache"]  # settings of the gallery hold functions

# ---------------------------------------------------------------- reference

autosummary_generate = True
autosummary_ignore_module_all = False
autodoc_default_options = {"members": True, "inherited-members": True}
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_use_plots = False
numpydoc_xref_param_type = False


#: what skmeta's classes inherit from scikit-learn and is worth a line on their pages
_INHERITED = {"fit_transform", "get_params", "set_params"}


def _leave_out(app, what, name, obj, skip, options):
    """Only what skmeta defines: torch's modules alone would add some fifty methods to every page of a network."""
    if what not in ("class", "exception") or name in _INHERITED or not callable(obj):
        return None
    return None if (getattr(obj, "__module__", None) or "skmeta").startswith("skmeta") else True


def _attributes_in_shapes(app, what, name, obj, options, lines):
    """``shape (n_features_in_,)``, as scikit-learn writes it, is no link to a target ``n_features_in``."""
    for i, line in enumerate(lines):
        lines[i] = re.sub(r"shape \((\w+_),\)", r"shape (``\1``,)", line)


# ---------------------------------------------------------------- links to other projects

_ELSEWHERE = {
    "python": "https://docs.python.org/3/",
    "numpy": "https://numpy.org/doc/stable/",
    "sklearn": "https://scikit-learn.org/stable/",
    "torch": "https://docs.pytorch.org/docs/stable/",
    "skorch": "https://skorch.readthedocs.io/en/stable/",
    "pandas": "https://pandas.pydata.org/docs/",
}


def _reached(address):
    """Whether a host answers at all, so that a build without a network neither waits nor warns."""
    try:
        socket.create_connection((address.split("/")[2], 443), timeout=2).close()
    except OSError:
        return False
    return True


intersphinx_mapping = {name: (url, None) for name, url in _ELSEWHERE.items() if _reached(url)}
intersphinx_timeout = 10


def _a_label_of_another_project(app, domain, node):
    """Without their inventories, labels such as scikit-learn's ``metadata_routing`` cannot be resolved: no warning."""
    elsewhere = {"sklearn", "torch", "skorch", "numpy", "pandas"} - set(intersphinx_mapping)
    target = node.get("reftarget", "")
    return True if elsewhere and (target.split(".")[0] in elsewhere or target == "metadata_routing") else None


# ---------------------------------------------------------------- gallery

#: colours that readers with colour blindness can tell apart (Okabe and Ito), and figures that fit a phone
_STYLE = {
    "axes.prop_cycle": matplotlib.cycler(
        color=["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F7F7F", "#000000"]
    ),
    "figure.dpi": 100,
    "savefig.dpi": 100,
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "legend.frameon": False,
    "image.cmap": "cividis",
    "figure.constrained_layout.use": True,
}


def _same_style_for_all(gallery_conf, fname):
    matplotlib.rcParams.update(_STYLE)


sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "subsection_order": ExplicitOrder(
        [f"../examples/{room}" for room in ("one_table", "many_tasks", "related_tables", "inside", "applications")]
    ),
    "within_subsection_order": FileNameSortKey,
    "ignore_pattern": r"quickstart\.py",
    "filename_pattern": r"/plot_",
    "backreferences_dir": "auto_examples/backreferences",
    "doc_module": ("skmeta",),
    "reference_url": {"skmeta": None},
    "reset_modules": ("matplotlib", _same_style_for_all),
    "reset_modules_order": "before",
    "matplotlib_animations": False,
    "remove_config_comments": True,
    "show_memory": False,
    "download_all_examples": False,
    "parallel": int(os.environ.get("SKMETA_DOCS_JOBS", 2)),
    "min_reported_time": 0,
    "capture_repr": ("_repr_html_", "__repr__"),
    "plot_gallery": "True",
}

plot_rcparams = _STYLE
plot_apply_rcparams = True
plot_include_source = False
plot_html_show_source_link = False
plot_html_show_formats = False
plot_formats = [("png", 110)]
plot_working_directory = str(Path(__file__).resolve().parents[1])  # figures read benchmarks/results/
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# ---------------------------------------------------------------- look

html_theme = "pydata_sphinx_theme"
html_static_path = ["_static"]
html_css_files = ["skmeta.css"]
html_logo = "_static/logo.svg"
html_favicon = "_static/favicon.svg"
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "skmeta"},
    "show_prev_next": True,
    "navigation_with_keys": False,
    "header_links_before_dropdown": 6,
    "navbar_end": ["theme-switcher"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": {"**": ["page-toc"], "index": []},
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {"index": [], "install": [], "changelog": [], "contributing": []}


def _pictures_that_nobody_made(app, config):
    """Where the gallery is not run (``-D plot_gallery=0``), its pictures are missing, and nothing else may be."""
    if str(config.plot_gallery) in ("0", "False"):
        config.suppress_warnings.append("image.not_readable")


def setup(app):
    app.connect("config-inited", _pictures_that_nobody_made)
    app.connect("autodoc-skip-member", _leave_out)
    app.connect("autodoc-process-docstring", _attributes_in_shapes, priority=400)  # before numpydoc
    app.connect("warn-missing-reference", _a_label_of_another_project)
