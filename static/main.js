/** Ties the page together: what is drawn or chosen goes to the reader, and its answers are shown. */

import { Answer } from "./answer.js";
import { isReadByServer } from "./conversion.js";
import { Correction } from "./correction.js";
import { copy, curlForPicture, curlForStrokes } from "./curl.js";
import { byId, isDisabled, setDisabled } from "./dom.js";
import { Drawing } from "./drawing.js";
import { drawExample } from "./example.js";
import { Gallery } from "./gallery.js";
import { Inside } from "./inside.js";
import { Pad } from "./pad.js";
import { acceptPictures } from "./pictures.js";
import { preparationInWords } from "./preparation.js";
import { Preview } from "./preview.js";
import { Reader, serverIsBack } from "./reader.js";
import { saveDrawing, savedDrawing } from "./session.js";
import { authorization } from "./token.js";
import { Tools } from "./tools.js";
import { say, words } from "./words.js";

const [undo, redo, clear, copyCurl] = ["undo", "redo", "clear", "copy-curl"].map((id) => byId(id, HTMLButtonElement));
const chooser = byId("choose", HTMLInputElement);
const paper = byId("paper", HTMLElement);
const note = byId("note", HTMLElement);
const paperNote = byId("paper-note", HTMLElement);
const insidePanel = byId("inside", HTMLDetailsElement);

const BETWEEN_READINGS = 30; // milliseconds; too short to be noticed
// An explanation is ten times the work of a reading: it must not delay the next reading, nor those of a whole class.
const BETWEEN_EXPLANATIONS = 100; // milliseconds
const RESTS_TIMES_AS_LONG = 2; // times as long as the last one took
const PEEPS_IN = 48; // pixels: with no more of the panel in the window, only its heading is seen
const LATE = 600; // milliseconds after which the page shows that it is waiting for an answer
const BETWEEN_STROKES = 1_000; // milliseconds after which a hand that has lifted the pen is at rest

const drawing = new Drawing();
const preview = new Preview();
const gallery = new Gallery(
  (file) => {
    drawing.enlarge(file);
    refresh();
    bringPaperIntoView();
  },
  (file) => correction?.labelOf(file),
);
const answer = new Answer(readAgain, showExample);
const correction = document.getElementById("correction") // missing if the server takes no corrections
  ? new Correction(onPad, (picture) => picture instanceof File && gallery.mark(picture))
  : null;
const reader = new Reader(showReading, BETWEEN_READINGS);
const explainer = new Reader(showExplanation, BETWEEN_EXPLANATIONS, RESTS_TIMES_AS_LONG);
const inside = new Inside((digit) => {
  wantedDigit = digit;
  explain();
});
const tools = new Tools({ onTaken: takeTool, onShown: () => pad.showTool() });
const pad = new Pad(byId("pad", HTMLCanvasElement), drawing, () => tools.chosen, { onChange: refresh, onEnd: endStroke });

/** @type {Blob | string | null} what the answer on show is about */
let answered = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let untilLate;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let untilRest;
/** @type {string[]} what was done to what was read last */
let preparation = [];
/** @type {number | null} the digit whose evidence is asked for; null for the answer's */
let wantedDigit = null;
let insideIsInView = false;
let isShowingExample = false;
let seenFrom = ""; // `view()` when a single finger came down, else empty

paper.addEventListener("touchstart", ({ touches }) => (seenFrom = touches.length > 1 ? "" : view()), { passive: true });
paper.addEventListener("touchend", tellHowToDraw);
paper.addEventListener("click", () => drawing.pictures && tellOnPaper(words.clearToDraw));
addEventListener("scroll", () => {
  if (!paperNote.hasAttribute("data-warning")) tellOnPaper(""); // a busy browser scrolls after the finger is lifted
});
acceptPictures({ chooser, target: paper, onPictures: showPictures, onError: refuse });
undo.addEventListener("click", () => change("undo"));
redo.addEventListener("click", () => change("redo"));
clear.addEventListener("click", () => change("clear"));
copyCurl.addEventListener("click", copyAsCurl);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.shiftKey) change("clear"); // with Shift it opens Chrome's task manager
  else if (!event.ctrlKey && !event.metaKey) return;
  else if (isLetter("z", event)) change(event.shiftKey ? "redo" : "undo");
  else if (isLetter("y", event) && event.ctrlKey) change("redo");
  else return;
  event.preventDefault();
});
insidePanel.addEventListener("toggle", explain);
new IntersectionObserver(
  (entries) => {
    insideIsInView = entries[entries.length - 1].isIntersecting;
    if (insideIsInView) explain();
  },
  { rootMargin: `0px 0px -${PEEPS_IN}px` },
).observe(insidePanel);
addEventListener("hashchange", readAgain); // the new hash may hold a token
addEventListener("pagehide", save);
document.addEventListener("visibilitychange", save); // this may be the last event that a page gets
restore();
chooser.disabled = false;
tools.show();
refresh();
byId("incomplete", HTMLElement).remove();

function save() {
  saveDrawing({ strokes: drawing.lastDrawn, ...tools.pen });
}

/** Bring back what was on the pad when the page was left, and the pen. */
function restore() {
  const saved = savedDrawing();
  if (!saved) return;
  drawing.restore(saved.strokes);
  tools.pen = saved;
}

function takeTool() {
  tellOnPaper("");
  offerEraser();
}

/** With nothing to erase, an eraser would look like a broken pen; but it must not become a pen in mid-rub. */
function offerEraser() {
  const hasErasedAll = tools.chosen.erases && drawing.isEmpty && pad.isDrawing;
  tools.offerEraser(drawing.strokes.length > 0 || hasErasedAll);
  if (hasErasedAll) tellOnPaper(words.allErased);
}

/** @param {string} letter @param {KeyboardEvent} event @returns {boolean} also on keyboards without Latin letters */
function isLetter(letter, { key, code }) {
  return key.toLowerCase() === letter || (code === `Key${letter.toUpperCase()}` && !/^[a-z]$/i.test(key));
}

/** @param {"undo" | "redo" | "clear"} how what is on the pad is to change, unless a stroke is being drawn */
function change(how) {
  if (pad.isDrawing) return;
  drawing[how]();
  refresh();
}

/** Draw a digit, as the user asked. */
async function showExample() {
  isShowingExample = true;
  await drawExample(drawing, refresh);
  isShowingExample = false;
  endStroke();
}

/** @returns {boolean} whether the user or the page itself is drawing a stroke */
function isDrawing() {
  return pad.isDrawing || isShowingExample;
}

/** @param {File[]} files */
function showPictures(files) {
  drawing.showPictures(files);
  refresh();
  bringPaperIntoView();
}

/** On a small screen, a tap or a choice far down the page would otherwise seem to do nothing. */
function bringPaperIntoView() {
  const { top, bottom, height } = paper.getBoundingClientRect();
  const inView = Math.min(bottom, innerHeight) - Math.max(top, 0);
  // If most of it is in view, do not scroll: that would move the next thumbnail away from the pointer.
  if (inView < height / 2) paper.scrollIntoView({ block: "nearest" });
}

/** @param {string} sentence why what was given cannot be a picture */
function refuse(sentence) {
  if (drawing.isEmpty) {
    keepFocus(() => {
      forget();
      fail(sentence);
      answer.offerExample();
    });
    tellAtRest();
  } else {
    tellOnPaper(sentence, true); // the answer to what is on the pad still stands
    bringPaperIntoView();
  }
}

/** @param {string} sentence @param {boolean} [isWarning] */
function tellOnPaper(sentence, isWarning = false) {
  paperNote.textContent = sentence;
  paperNote.toggleAttribute("data-warning", isWarning);
}

/** @returns {string} how the page is scrolled and zoomed */
function view() {
  return [scrollY, visualViewport?.scale, visualViewport?.pageLeft, visualViewport?.pageTop].join();
}

/** A finger on a picture that neither scrolled nor zoomed meant to draw. */
function tellHowToDraw() {
  if (drawing.pictures && view() === seenFrom) tellOnPaper(words.clearToDraw);
}

/** Show what is on the pad now, and have it read. */
function refresh() {
  keepFocus(() => {
    const large = drawing.pictures?.large ?? null;
    wantedDigit = null;
    note.textContent = "";
    tellOnPaper("");
    correction?.forget();
    // Really disabled, they would lose focus, and a second press of Enter would do something else.
    setDisabled(undo, !drawing.canUndo);
    setDisabled(redo, !drawing.canRedo);
    setDisabled(clear, drawing.isEmpty);
    copyCurl.disabled = drawing.isEmpty;
    offerEraser();
    if (large !== preview.file) {
      preview.show(large);
      forget();
      const known = large && gallery.predictionOf(large);
      if (known) answer.showPrediction(known);
    }
    gallery.show(drawing.pictures);
    pad.repaint();
    read();
  });
}

/** Have what is on the pad read, or show that it is empty. */
function read() {
  if (drawing.isEmpty) {
    forget();
    answer.showEmpty();
    tellAtRest();
    return;
  }
  if (answer.isEmpty) showPending();
  reader.read(() => ({ url: "predict?seen=1", picture: onPad() }));
  waitForAnswer();
}

/** Ask again, if that may help. */
function readAgain() {
  read();
  gallery.tryAgain();
}

/** Show that the page is waiting for an answer, once that takes long. */
function waitForAnswer() {
  if (untilLate !== undefined || isAnswered()) return;
  untilLate = setTimeout(() => {
    untilLate = undefined;
    answer.showLate(!isAnswered());
  }, LATE);
}

/** @returns {boolean} whether the answer on show is about what is on the pad now */
function isAnswered() {
  return drawing.isEmpty || answered === onPad();
}

/** There is an answer, or nothing to wait for. */
function stopWaiting() {
  clearTimeout(untilLate);
  untilLate = undefined;
  answer.showLate(false);
}

/** @returns {Blob | string} what is to be read: a file, or JSON with strokes in it */
function onPad() {
  return drawing.pictures?.large ?? JSON.stringify({ strokes: drawing.toPoints() });
}

/** @param {import("./reader.js").Outcome} outcome @param {Blob | string} picture that was read */
function showReading(outcome, picture) {
  answered = picture;
  stopWaiting();
  waitForAnswer();
  keepFocus(() => {
    if (picture instanceof File) gallery.tell(picture, outcome);
    if ("error" in outcome) fail(outcome.error, outcome.isTransient);
    else {
      answer.showPrediction(outcome.prediction, !isAtRest() || !isAnswered()); // half a digit, answered late
      preparation = outcome.prediction.preparation ?? [];
      inside.expect();
      explain();
      correction?.ask(picture, outcome.prediction);
    }
  });
  tellAtRest();
  if ("error" in outcome && outcome.isGone) serverIsBack().then(() => drawing.isEmpty || read());
}

/**
 * Have what was read explained: at every answer while the panel is in view, else only a drawing, once the pen is up. A
 * file would have to be sent a second time, so it waits until the panel is in view.
 */
function explain() {
  const canWait = isDrawing() || drawing.pictures;
  if (!insidePanel.open || !answer.hasDigit || (canWait && !insideIsInView)) return;
  explainer.read(() => ({
    url: wantedDigit === null ? "explain" : `explain?digit=${wantedDigit}`,
    picture: onPad(),
  }));
}

/** @param {import("./reader.js").Outcome} outcome */
function showExplanation(outcome) {
  if ("error" in outcome) {
    inside.showTrouble(outcome.error);
    if (outcome.isGone) serverIsBack().then(explain);
    return;
  }
  const explanation = /** @type {import("./inside.js").Explanation} */ (outcome.prediction);
  // Else it is about a digit that was asked for earlier, and the wanted answer is on its way.
  if (wantedDigit === null || wantedDigit === explanation.evidence.digit) inside.show(explanation);
}

function endStroke() {
  clearTimeout(untilRest);
  untilRest = setTimeout(() => {
    untilRest = undefined;
    tellAtRest();
  }, BETWEEN_STROKES);
  if (!insideIsInView) explain();
}

/** @returns {boolean} whether nobody is drawing, nor has just lifted the pen, perhaps between two strokes of a digit */
function isAtRest() {
  return !isDrawing() && (untilRest === undefined || drawing.isEmpty);
}

/** Have the answer spoken, and show what may shift the page: both would disturb while the user draws. */
function tellAtRest() {
  if (!isAtRest()) return;
  if (isAnswered()) answer.speak();
  // The pen is not why something looks like no digit.
  const pen = drawing.pictures || drawing.isEmpty || !answer.namesDigit ? null : drawing.penShare();
  answer.showPreparation(preparationInWords(preparation, pen));
}

/** @param {string} sentence shown instead of an answer @param {boolean} [isTransient] */
function fail(sentence, isTransient) {
  explainer.cancel();
  answer.showError(sentence, isTransient);
  showNothingBeside(words.nothingRead);
}

/** Drop every answer to what was on the pad before, on show or still to come. */
function forget() {
  reader.cancel();
  explainer.cancel();
  answered = null;
  stopWaiting();
  showPending();
}

/** Show no answer, but that one is on its way. */
function showPending() {
  answer.showPending();
  showNothingBeside(words.pending);
}

/** Hide what is shown beside an answer. @param {string} reason why there is nothing to explain */
function showNothingBeside(reason) {
  inside.clear(drawing.isEmpty ? words.nothingInside : reason);
  correction?.hide();
  preparation = [];
  answer.showPreparation("");
}

/**
 * @param {() => void} change may disable or hide the focused element; focus then goes to a neighbour, or comes back if
 *   that was for a moment only
 */
function keepFocus(change) {
  const focused = /** @type {HTMLElement | null} */ (document.activeElement);
  change();
  const isLost = focused?.matches(":disabled, [hidden], [hidden] *") || focused?.isConnected === false;
  const next = isLost ? [undo, redo, chooser].find((each) => !isDisabled(each)) : focused;
  // Scrolling would move the pad under the pen.
  if (isLost || document.activeElement === document.body) next?.focus({ preventScroll: true });
}

async function copyAsCurl() {
  const picture = drawing.pictures?.large;
  if (picture && !isReadByServer(picture)) {
    note.textContent = words.notForCurl;
    return;
  }
  const url = new URL("predict", location.href).href;
  const command = picture ? curlForPicture(url, picture.name) : curlForStrokes(url, drawing.toPoints());
  const copied = picture ? say(words.copiedForPicture, { name: picture.name }) : words.copied;
  const ofToken = "Authorization" in authorization() ? ` ${words.tokenCopied}` : "";
  note.textContent = (await copy(command)) ? copied + ofToken : words.notCopied;
}
