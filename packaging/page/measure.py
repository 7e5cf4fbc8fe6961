"""Opens a page in Chromium over its debugging protocol, at the widths of a phone and of a desk, light and dark.

Usage: measure.py browser url prefix-of-pictures scratch-directory

Fails where the page is wider than the window, where its style was not let in, where text and paper have too little
contrast, or where the browser reports anything. Only Python's own library: the protocol is a WebSocket of JSON texts.
"""
import base64, json, os, re, socket, struct, subprocess, sys, time, urllib.request

browser, url, pictures, scratch = sys.argv[1:]
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0",
         "--remote-allow-origins=*", "--hide-scrollbars", f"--user-data-dir={scratch}", "about:blank"]
MEASURE = """(() => {
  const style = getComputedStyle(document.body), pre = [...document.querySelectorAll('pre')];
  return JSON.stringify({
    wide: document.documentElement.scrollWidth, window: innerWidth, ink: style.color, paper: style.backgroundColor,
    styled: getComputedStyle(document.querySelector('main')).maxWidth !== 'none', lines: pre.length,
    cut: pre.filter(e => e.scrollWidth > e.clientWidth).length, scripts: document.scripts.length,
    panels: pre.map(e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]),
    links: [...document.links].map(e => getComputedStyle(e).color), text: document.body.innerText})
})()"""


class Page:
    """One tab, spoken to in calls and answers."""

    def __init__(self, address):
        host, port, path = re.match(r"ws://([^:/]+):(\d+)(/.*)", address).groups()
        self.socket = socket.create_connection((host, int(port)), 30)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
                             f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
        self.file, self.number, self.complaints, self.loaded = self.socket.makefile("rb"), 0, [], False
        while self.file.readline().strip():
            pass

    def message(self):
        text = b""
        while True:
            first, second = self.file.read(2)
            size = second & 127
            if size > 125:
                size = struct.unpack("!H" if size == 126 else "!Q", self.file.read(2 if size == 126 else 8))[0]
            text += self.file.read(size)
            if first & 128:
                return json.loads(text)

    def call(self, method, **params):
        self.number += 1
        text = json.dumps({"id": self.number, "method": method, "params": params}).encode()
        mask = os.urandom(4)
        length = bytes([128 | len(text)]) if len(text) < 126 else bytes([254]) + struct.pack("!H", len(text))
        self.socket.sendall(b"\x81" + length + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(text)))
        while True:
            message = self.message()
            if message.get("id") == self.number:
                assert "error" not in message, message
                return message["result"]
            self.event(message)

    def event(self, message):
        self.loaded |= message.get("method") == "Page.loadEventFired"
        if message.get("method") == "Log.entryAdded" and "favicon" not in json.dumps(message):
            self.complaints.append(message["params"]["entry"]["text"])

    def open(self, address):
        self.loaded = False
        self.call("Page.navigate", url=address)
        while not self.loaded:
            self.event(self.message())


def contrast(one, other):
    """WCAG 2.2, 1.4.3."""
    def light(colour):
        parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        r, g, b = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * r + 0.7152 * g + 0.0722 * b
    dark, bright = sorted([light(one), light(other)])
    return (bright + 0.05) / (dark + 0.05)


def check(page, width, height, scheme):
    page.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
    page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    page.open(url)
    found = json.loads(page.call("Runtime.evaluate", expression=MEASURE)["result"]["value"])
    picture = page.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)["data"]
    with open(f"{pictures}-{width}-{scheme}.png", "wb") as file:
        file.write(base64.b64decode(picture))
    where = f"{width} px, {scheme}"
    assert found["wide"] <= width == found["window"], f"{where}: {found['wide']} px wide"
    assert found["styled"] and found["scripts"] == 0, f"{where}: the style was not let in"
    assert found["lines"] >= 2 and found["cut"] == 0, f"{where}: {found['cut']} of {found['lines']} lines are cut off"
    assert "go env -w GOPROXY=" + url.rstrip("/") in found["text"], f"{where}: {found['text']}"
    pairs = [(found["ink"], found["paper"]), *found["panels"], *((link, found["paper"]) for link in found["links"])]
    least = min(contrast(*pair) for pair in pairs)
    assert least >= 4.5, f"{where}: contrast {least:.1f}"
    dark = contrast(found["paper"], "rgb(255,255,255)") > contrast(found["paper"], "rgb(0,0,0)")
    assert dark == (scheme == "dark"), f"{where}: the paper is {found['paper']}"


def main():
    run = subprocess.Popen([browser, *FLAGS], stderr=subprocess.PIPE, text=True)
    try:
        line = next(line for line in run.stderr if "DevTools listening on" in line)
        port = re.search(r":(\d+)/", line).group(1)
        tabs = []
        for _ in range(50):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json", timeout=10) as answer:
                tabs = [tab for tab in json.load(answer) if tab["type"] == "page"]
            if tabs:
                break
            time.sleep(0.1)
        page = Page(tabs[0]["webSocketDebuggerUrl"])
        page.call("Page.enable"), page.call("Log.enable"), page.call("Runtime.enable")
        for width, height in [(390, 844), (1280, 900)]:
            for scheme in ["light", "dark"]:
                check(page, width, height, scheme)
        assert not page.complaints, page.complaints
    finally:
        run.terminate()
        run.wait(20)


main()
