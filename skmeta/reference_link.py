"""Where the pages about estimators lie, if the installed package says so."""

from functools import cache
from importlib.metadata import PackageNotFoundError, metadata


@cache
def address():
    """The package's metadata tell the address of the documentation, if any: ``Documentation`` of ``[project.urls]``.

    Returns
    -------
    address : str
        Empty where the metadata name no address, or where there are none, as in a checkout that nobody installed.
    """
    try:
        entries = metadata("skmeta").get_all("Project-URL") or []
    except PackageNotFoundError:
        return ""
    addresses = {label.strip().lower(): url.strip() for label, _, url in (entry.partition(",") for entry in entries)}
    return addresses.get("documentation", "").rstrip("/")


class LinkedToReference:
    """Leads from an estimator's picture in a notebook to its page in the reference.

    scikit-learn draws the link by the two attributes below. While there is no address it draws none: no class lies in
    a module without a name.
    """

    @property
    def _doc_link_module(self):
        return "skmeta" if address() else ""

    @property
    def _doc_link_template(self):
        return f"{address()}/reference/api/skmeta.{{estimator_name}}.html"
