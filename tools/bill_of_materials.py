"""Print what an installation of skmeta is made of, as CycloneDX JSON: ``python tools/bill_of_materials.py > bom.json``.

Name, version and licence of every package that an installation without extras brings along, from what is
installed; nothing is asked of a network.
"""

import json
import re
from importlib import metadata

ROOT = "skmeta"


def needed(name, found):
    """The installed packages that a package needs, and those that these need, without extras."""
    try:
        about = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return found
    key = _key(about.metadata["Name"])
    if key not in found:
        found[key] = about
        for requirement in about.requires or ():
            if not re.search(r";.*\bextra\b", requirement):
                needed(re.match(r"[\w.-]+", requirement)[0], found)
    return found


def _key(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def component(about):
    name, version = _key(about.metadata["Name"]), about.version
    licence = about.metadata.get("License-Expression") or _licence_of_classifiers(about)
    known = {"licenses": [{"license": {"name": licence}}]} if licence else {}
    return {"type": "library", "name": name, "version": version, "purl": f"pkg:pypi/{name}@{version}", **known}


def _licence_of_classifiers(about):
    names = [one.rpartition(" :: ")[2] for one in about.metadata.get_all("Classifier", []) if "License ::" in one]
    return ", ".join(names) or (about.metadata.get("License") or "").partition("\n")[0]


def bill():
    """The bill, as a dict."""
    packages = needed(ROOT, {})
    whole = packages.pop(ROOT, None)
    root = component(whole) if whole is not None else {"type": "library", "name": ROOT}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "metadata": {"component": root},
        "components": [component(packages[key]) for key in sorted(packages)],
    }


if __name__ == "__main__":
    print(json.dumps(bill(), indent=1))
