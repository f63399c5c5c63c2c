"""How far a reader scrolls without a picture or code, page by page, in a real browser.

    python -m tools.stretches build/site                  # the longest stretch of pages that are read through
    python -m tools.stretches build/site --pages guide    # of these pages only

A page may have two screens of prose between two pictures, plots or pieces of code, on a desktop and on a phone.
Pages of the reference are lists of parameters, which are looked up and not read through: they are left out, and have an
example each instead, for which ``tools.check_site`` asks.

Chromium does the layout; it reads the pages from this program and hands the figures back to it. The site has to be
built with its gallery, or pictures are missing."""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SCREENS = {"desktop": (1280, 800), "phone": (390, 844)}
MOST = 2.0  # screens
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")

_MEASURE = """<!doctype html><body><script>
const wanted = ["figure", "img", "svg", "div.highlight", "pre", ".sphx-glr-thumbcontainer"]
  .map(kind => `article ${kind}`).join();
async function measure(page, width, height) {
  const frame = document.createElement("iframe");
  frame.style.cssText = `width:${width}px;height:${height}px;border:0`;
  frame.src = "/" + page;
  const loaded = new Promise(done => frame.onload = done);
  document.body.append(frame);
  await loaded;
  const inner = frame.contentDocument, article = inner.querySelector("article");
  let found = null;
  if (article) {
    const all = article.getBoundingClientRect(), spans = [...inner.querySelectorAll(wanted)]
      .map(thing => thing.getBoundingClientRect()).filter(box => box.height > 15).sort((a, b) => a.top - b.top);
    let from = all.top, longest = 0, at = 0;
    for (const box of [...spans, {top: all.bottom, bottom: all.bottom}]) {
      if (box.top - from > longest) { longest = box.top - from; at = from - all.top; }
      from = Math.max(from, box.bottom);
    }
    found = {stretch: longest / height, at: at / height, wide: inner.documentElement.scrollWidth - width};
  }
  frame.remove();
  return found;
}
(async () => {
  const {pages, screens} = await (await fetch("/what")).json(), found = {};
  for (const page of pages) {
    found[page] = {};
    for (const [name, [width, height]] of Object.entries(screens))
      found[page][name] = await measure(page, width, height);
  }
  await fetch("/found", {method: "POST", body: JSON.stringify(found)});
})();
</script>"""


class _Site(SimpleHTTPRequestHandler):
    """Serves the site, the page that measures, and what it is to measure; takes what it has found."""

    def __init__(self, *args, job, **kwargs):
        self.job = job
        super().__init__(*args, **kwargs)

    def do_GET(self):
        answers = {"/measure": (_MEASURE, "text/html"), "/what": (json.dumps(self.job["what"]), "application/json")}
        if self.path not in answers:
            super().do_GET()
            return
        text, kind = answers[self.path]
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.end_headers()
        self.wfile.write(text.encode())

    def do_POST(self):
        self.job["found"] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()
        self.job["done"].set()

    def log_message(self, *args):
        pass


def measured(site, pages, screens=SCREENS, timeout=300):
    """The longest stretch of every page, in screens: ``{page: {screen: {"stretch", "at", "wide"}}}``."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise RuntimeError(f"There is no browser to lay pages out: install one of {', '.join(BROWSERS)}.")
    job = {"what": {"pages": pages, "screens": screens}, "done": threading.Event()}
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Site, directory=str(site), job=job))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as profile:
        command = [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                   f"--user-data-dir={profile}", "--window-size=1400,1000",
                   f"http://127.0.0.1:{server.server_port}/measure"]  # fmt: skip
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            if not job["done"].wait(timeout):
                raise RuntimeError(f"The browser had not measured {len(pages)} pages after {timeout} seconds.")
        finally:
            process.terminate()
            process.wait(10)
            server.shutdown()
    return job["found"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("site", type=Path)
    parser.add_argument("--pages", nargs="*", default=["guide", "benchmarks", "auto_examples", ""])
    args = parser.parse_args()
    pages = [str(path.relative_to(args.site)) for path in sorted(args.site.rglob("*.html"))]
    pages = [page for page in pages if any(Path(page).parts[:1] == (room,) or not room and "/" not in page
                                           for room in args.pages)]  # fmt: skip
    left_out = ("genindex.html", "py-modindex.html", "search.html", "sg_execution_times.html")
    pages = [page for page in pages if not page.endswith(left_out)]
    too_long = 0
    for page, screens in measured(args.site.resolve(), pages).items():
        for screen, found in screens.items():
            if found is None:
                continue
            is_long, is_wide = found["stretch"] > MOST, found["wide"] > 1
            too_long += is_long or is_wide
            mark = ("  TOO LONG" if is_long else "") + (f"  {found['wide']:.0f} pixels too wide" if is_wide else "")
            print(f"{page}  {screen}: {found['stretch']:.2f} screens from {found['at']:.1f}{mark}")
    print(f"{len(pages)} pages, {too_long} too long or too wide")
    return bool(too_long)


if __name__ == "__main__":
    sys.exit(main())
