"""Whether a built site keeps its promises: links lead somewhere, and every public name has a full page.

    python -m tools.check_site build/site              # says what is wrong, and fails if anything is
    python -m tools.check_site build/site --no-pictures    # built with -D plot_gallery=0
    python -m tools.check_site build/site --outside    # lists the addresses of others that the pages name

Addresses outside the site are looked at for their form only; ``sphinx -b linkcheck`` asks whether they answer.
"""

import argparse
import re
import runpy
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

ROOT = Path(__file__).resolve().parents[1]


class _Page(HTMLParser):
    """The links of a page, and the places that links may lead to."""

    def __init__(self):
        super().__init__()
        self.links, self.places = set(), set()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.places |= {attributes[name] for name in ("id", "name") if attributes.get(name)}
        self.links |= {attributes[name] for name in ("href", "src") if attributes.get(name)}


@cache
def read(path):
    page = _Page()
    page.feed(path.read_text(errors="replace"))
    return page


def pages_of(site):
    return sorted(path for path in site.rglob("*.html") if "_static" not in path.parts)


def dead_links(site):
    """(page, link) for every link within the site that leads nowhere, anchors included."""
    for path in pages_of(site):
        for link in sorted(read(path).links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or link in ("#", ""):
                continue
            address, place = urldefrag(unquote(link.split("?")[0]))
            target = (path.parent / address).resolve() if address else path
            target = target / "index.html" if target.is_dir() else target
            if not target.is_file() or place and target.suffix == ".html" and place not in read(target).places:
                yield path.relative_to(site), link


def outside(site):
    """Addresses of others, and the pages that name each."""
    named = {}
    for path in pages_of(site):
        for link in read(path).links:
            if urlsplit(link).netloc:
                named.setdefault(link, []).append(str(path.relative_to(site)))
    return dict(sorted(named.items()))


def is_well_formed(address):
    parts = urlsplit(address)
    return (
        parts.scheme == "https" and re.fullmatch(r"[\w-]+(\.[\w-]+)+", parts.netloc) and not re.search(r"\s", address)
    )


def incomplete_pages(site):
    """(name, what its page in the reference lacks)."""
    tables = runpy.run_path(str(ROOT / "docs" / "_ext" / "reference_pages.py"))["tables"]
    for module, _, names in tables():
        for name in names:
            path = site / "reference" / "api" / f"{module}.{name}.html"
            if not path.is_file():
                yield f"{module}.{name}", ["a page"]
                continue
            page = path.read_text().split('<article class="bd-article">')[-1].split("</article>")[0]
            thing = getattr(sys.modules[module], name)
            wanted = {
                "an example": 'class="gp"',
                "a link to the gallery": r"auto_examples/",
            }
            if takes_parameters(thing):
                wanted["parameters"] = r">Parameters<"
            if isinstance(thing, type) and hasattr(thing, "fit"):
                wanted["attributes"] = r">Attributes<"
            lacks = [what for what, pattern in wanted.items() if not re.search(pattern, page)]
            if lacks:
                yield f"{module}.{name}", lacks


def takes_parameters(thing):
    import inspect

    if isinstance(thing, type) and issubclass(thing, Exception) or getattr(thing, "_is_protocol", False):
        return False
    try:
        return bool(inspect.signature(thing).parameters)
    except ValueError:
        return False


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("site", type=Path)
    parser.add_argument("--outside", action="store_true", help="list the addresses of others")
    parser.add_argument("--no-pictures", action="store_true", help="pictures of the gallery may be missing")
    args = parser.parse_args()
    site = args.site.resolve()
    addresses = outside(site)
    if args.outside:
        print(*(f"{address}  ({len(pages)}: {pages[0]})" for address, pages in addresses.items()), sep="\n")
        return 0
    dead = [(page, link) for page, link in dead_links(site) if not (args.no_pictures and "/images/sphx_glr_" in link)]
    wrong = [f"{page}: nothing at {link}" for page, link in dead]
    wrong += [
        f"{pages[0]}: {address} is no address" for address, pages in addresses.items() if not is_well_formed(address)
    ]
    wrong += [f"{name}: its page lacks {', '.join(lacks)}" for name, lacks in incomplete_pages(site)]
    print(*wrong, sep="\n")
    print(f"{len(pages_of(site))} pages, {len(addresses)} addresses outside; {len(wrong)} things wrong")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
