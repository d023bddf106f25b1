"""How soon the answer is on screen after the pointer's last move, and how smoothly the page draws.

    python tests/bench/page.py

Starts server.py on a free port, opens the page in Chromium (headless, so it paints in software), and draws people's
digits (tests/pen_digits.py) with real pointer moves, 8 ms apart as a pen reports them. Prints, with "Inside the
network" closed and open: the time from the last move (its event's time stamp) until the answer to that finished drawing
was painted; frames per second while drawing, and the share of frames that took longer than 1.5 frames of a 60 Hz
screen; how long the page's main thread worked per frame, and on what.
"""

import argparse
import itertools
import shutil
import statistics
import sys
import time

from load import HOME, serving
from playwright.sync_api import Page, sync_playwright

sys.path[:0] = [str(HOME), str(HOME / "tests")]

import handwriting  # noqa: E402
import pen_digits  # noqa: E402

CHROMIUM = next(path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name)))
DRAWINGS = 100
MOVE_EVERY = 0.008  # seconds
LONG_FRAME = 1000 / 60 * 1.5  # milliseconds
THREAD_TIMES = {"TaskDuration": "in all", "ScriptDuration": "scripts", "LayoutDuration": "layout",
                "RecalcStyleDuration": "styles"}  # fmt: skip

# All times are of the page's own clock. reader.js handles an answer in the microtasks after json(), so the next frame
# shows it, and the message sent from that frame's callback arrives after the frame was painted.
WATCH = """
(() => {
    const watch = window.watch = { lastMove: 0, answered: 0, shown: "", frames: [], drawing: false };
    addEventListener("pointermove", (event) => { if (event.buttons) watch.lastMove = event.timeStamp; }, true);
    const ask = window.fetch;
    window.fetch = async (address, options) => {
        const response = await ask(address, options);
        if (!String(address).startsWith("predict")) return response;
        const json = response.json.bind(response);
        response.json = async () => {
            const answer = await json();
            requestAnimationFrame(() => {
                const channel = new MessageChannel();
                channel.port1.onmessage = () => { watch.shown = options.body; watch.answered = performance.now(); };
                channel.port2.postMessage("");
            });
            return answer;
        };
        return response;
    };
    const tick = (time) => {
        if (watch.drawing) watch.frames.push(time);
        requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
})();
"""


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    with serving() as (host, port), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for is_open in (False, True):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.add_init_script(WATCH)
            page.goto(f"http://{host}:{port}/")
            if not is_open:
                page.click("#inside summary")
            print(f"'Inside the network' {'open' if is_open else 'closed'}")
            measure(page, drawings())
            page.close()
        browser.close()


def drawings() -> list[list[handwriting.Stroke]]:
    """Equally many drawings of each digit, in a square of side 1."""
    given = pen_digits.digits()
    of_each = [[strokes for label, strokes in given if label == digit][: DRAWINGS // 10] for digit in range(10)]
    return list(itertools.chain.from_iterable(of_each))


def measure(page: Page, drawn: list[list[handwriting.Stroke]]) -> None:
    """Draw all of ``drawn``, one after the other, and print the times."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable")
    draw(page, drawn[0])  # to warm up
    delays, intervals, worked = [], [], dict.fromkeys(THREAD_TIMES, 0.0)
    for drawing in drawn:
        page.keyboard.press("Escape")
        page.wait_for_selector("#answer[data-state=empty]")
        before = thread_times(devtools)
        page.evaluate("() => { watch.frames = []; watch.drawing = true; }")
        draw(page, drawing)
        frames = page.evaluate("() => { watch.drawing = false; return watch.frames; }")
        after = thread_times(devtools)
        for name in worked:
            worked[name] += after[name] - before[name]
        intervals += [b - a for a, b in itertools.pairwise(frames)]
        delays.append(delay(page, drawing))
    cut = statistics.quantiles(delays, n=10)[8]
    print(f"  last move to answer painted  {statistics.median(delays):6.1f} ms median, {cut:6.1f} ms 90th percentile")
    long = sum(interval > LONG_FRAME for interval in intervals) / len(intervals)
    print(f"  frames while drawing         {1000 / statistics.mean(intervals):6.1f} a second, {long:.1%} of them long")
    shares = ", ".join(f"{worked[name] * 1000 / len(intervals):.2f} {what}" for name, what in THREAD_TIMES.items())
    print(f"  main thread, ms a frame      {shares}")


def draw(page: Page, drawing: list[handwriting.Stroke]) -> None:
    """Draw with a real pointer, as fast as a hand."""
    box = page.locator("#pad").bounding_box()
    for stroke in drawing:
        for number, (x, y) in enumerate(stroke):
            started = time.perf_counter()
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
            if number == 0:
                page.mouse.down()
            time.sleep(max(0.0, started + MOVE_EVERY - time.perf_counter()))
        page.mouse.up()


def delay(page: Page, drawing: list[handwriting.Stroke]) -> float:
    """Milliseconds from the last move until the answer to all of ``drawing`` was painted."""
    return page.wait_for_function(
        """([strokes, [x, y]]) => {
            const sent = watch.shown ? JSON.parse(watch.shown).strokes : [];
            if (sent.length !== strokes) return false;
            const [endX, endY] = sent.at(-1).at(-1);
            if (Math.hypot(endX - x, endY - y) > 0.002) return false; // the page drops points that lie nearer
            watch.shown = "";
            return watch.answered - watch.lastMove;
        }""",
        arg=[len(drawing), list(drawing[-1][-1])],
    ).json_value()


def thread_times(devtools: object) -> dict[str, float]:
    """Seconds that the page's main thread has worked, by kind of work."""
    metrics = {each["name"]: each["value"] for each in devtools.send("Performance.getMetrics")["metrics"]}
    return {name: metrics[name] for name in THREAD_TIMES}


if __name__ == "__main__":
    main()
