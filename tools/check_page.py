#!/usr/bin/env python3
"""Opens the HTML report in headless Chromium, as a phone and a desk show it, light and dark, with script off, and
fails where the page asks for anything, says anything on the console, is wider than the screen, has text that is hard
to read against what lies behind it, or is larger than 300 KB. Leaves a picture of each to look at.

Speaks Chromium's DevTools protocol through its pipe (https://chromedevtools.github.io/devtools-protocol/), so that
nothing but Chromium and Python is needed.

Usage: tools/check_page.py [--program PROGRAM] [--pictures FOLDER] [LOG]...
"""

import argparse
import base64
import fcntl
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

# Logs whose pages show what a page can: growth, gaps, a restart loop, several diagnoses, several sources, health, and
# text that is markup.
LOGS = [
    "fixtures/memory/leak-then-killed.log",
    "fixtures/system/slept.log",
    "fixtures/network/restart-loop.log",
    "fixtures/network/bot-seven.log",
    "fixtures/pairs/oom-container",
    "fixtures/healthy/busy.log",
    "fixtures/hostile",
]
WIDTHS = [390, 1200]
# WCAG 2.2, success criterion 1.4.3: text against what lies behind it.
CONTRAST = 4.5
BYTES = 300_000

# Texts whose contrast is too small, and what sticks out on the right. A text's background is that of the nearest
# ancestor that paints one.
LOOK = """(() => {
  const parts = text => text.match(/[\\d.]+/g).map(Number);
  const light = rgb => {
    const [r, g, b] = rgb.map(v => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; });
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const behind = element => {
    for (; element; element = element.parentElement) {
      const colour = parts(getComputedStyle(element).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) return colour.slice(0, 3);
    }
    return null;
  };
  const faint = new Set();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const element = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !element.checkVisibility()) continue;
    const [a, b] = [parts(getComputedStyle(element).color).slice(0, 3), behind(element)].map(light);
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < %s) faint.add(`${ratio.toFixed(2)} ${element.className} ${walk.currentNode.data.trim().slice(0, 40)}`);
  }
  const out = [...document.querySelectorAll("body *")].filter(element =>
    element.getBoundingClientRect().right > innerWidth + 1 && !element.closest("pre, .scroll") && element.checkVisibility());
  return {
    width: document.documentElement.scrollWidth, height: document.documentElement.scrollHeight,
    dark: matchMedia("(prefers-color-scheme: dark)").matches,
    faint: [...faint], out: out.map(element => element.outerHTML.slice(0, 120)),
  };
})()""" % CONTRAST


class Browser:
    """Chromium with one page; calls are answered in order, events are kept."""

    def __init__(self, program, profile):
        read, self.commands = os.pipe()
        self.answers, write = os.pipe()

        def hand_over():
            # The protocol's pipe is on descriptors 3 and 4, where ours may lie already: they are moved up first.
            high = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (read, write)]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe",
             "--no-first-run", "--disable-background-networking", f"--user-data-dir={profile}", "about:blank"],
            preexec_fn=hand_over, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        os.close(read)
        os.close(write)
        self.pending, self.events, self.last, self.session = b"", [], 0, None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.call(f"{domain}.enable")

    def message(self):
        while b"\0" not in self.pending:
            block = os.read(self.answers, 1 << 20)
            if not block:
                sys.exit("Chromium ended")
            self.pending += block
        text, self.pending = self.pending.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, **parameters):
        self.last += 1
        text = {"id": self.last, "method": method, "params": parameters}
        if self.session:
            text["sessionId"] = self.session
        os.write(self.commands, json.dumps(text).encode() + b"\0")
        while True:
            message = self.message()
            if message.get("id") == self.last:
                if "error" in message:
                    sys.exit(f"{method}: {message['error']}")
                return message["result"]
            self.events.append(message)

    def wait(self, method):
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self.message())

    def close(self):
        self.process.kill()
        self.process.wait()


def look(browser, page, width, is_dark, picture):
    """What is wrong with the page at one width in one scheme, a sentence each."""
    browser.events.clear()
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=844, deviceScaleFactor=1, mobile=width < 600)
    scheme = "dark" if is_dark else "light"
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.call("Page.navigate", url=page.as_uri())
    browser.wait("Page.loadEventFired")
    # Folds are opened, so that what they hide is looked at as well.
    browser.call("Runtime.evaluate", expression="document.querySelectorAll('details').forEach((d, n) => d.open = n < 2)")
    seen = browser.call("Runtime.evaluate", expression=LOOK, returnByValue=True)
    if "exceptionDetails" in seen:
        sys.exit(json.dumps(seen["exceptionDetails"]))
    seen = seen["result"]["value"]
    if seen["dark"] != is_dark:
        sys.exit("the colour scheme was not taken")
    shot = browser.call("Page.captureScreenshot", captureBeyondViewport=True, clip={
        "x": 0, "y": 0, "width": width, "height": min(seen["height"], 6000), "scale": 1})
    picture.write_bytes(base64.b64decode(shot["data"]))
    wrong = [f"is {seen['width']} px wide on a screen of {width}"] if seen["width"] > width else []
    wrong += [f"is hard to read: {text}" for text in seen["faint"]]
    wrong += [f"sticks out: {text}" for text in seen["out"]]
    for event in browser.events:
        method, parameters = event.get("method"), event.get("params", {})
        if method == "Network.requestWillBeSent" and parameters["request"]["url"] != page.as_uri():
            wrong.append(f"asks for {parameters['request']['url'][:100]}")
        if method in ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
            wrong.append(f"says {json.dumps(parameters)[:300]}")
    return wrong


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    arguments.add_argument("--program", default="target/debug/wd-diagnose")
    arguments.add_argument("--pictures", type=pathlib.Path)
    arguments.add_argument("logs", nargs="*")
    asked = arguments.parse_args()
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not chromium:
        sys.exit("no Chromium found")
    failures = 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.pictures or pathlib.Path(scratch, "pictures")
        folder.mkdir(parents=True, exist_ok=True)
        browser = Browser(chromium, os.path.join(scratch, "profile"))
        try:
            for log in asked.logs or LOGS:
                name = "-".join(pathlib.Path(log).parts[-2:])
                page = pathlib.Path(folder, f"{name}.html").resolve()
                made = subprocess.run(
                    [asked.program, "--format", "html", "--fail-on", "never", "-C", "3", "-o", str(page), log], check=False)
                if made.returncode:
                    sys.exit(f"{log}: exit status {made.returncode}")
                size = page.stat().st_size
                wrong = [f"has {size:,} bytes"] if size > BYTES else []
                for width in WIDTHS:
                    for is_dark in (False, True):
                        scheme = "dark" if is_dark else "light"
                        found = look(browser, page, width, is_dark, folder / f"{name}-{width}-{scheme}.png")
                        wrong += [f"{width} px, {scheme}: {text}" for text in found]
                print(f"{log:44} {size:7,} bytes  {'FAILED' if wrong else 'ok'}")
                for text in wrong:
                    print(f"    {text}", file=sys.stderr)
                failures += bool(wrong)
        finally:
            browser.close()
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
