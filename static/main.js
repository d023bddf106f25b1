/** Ties the page together: what is drawn or chosen goes to the reader, what it answers goes on show. */

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

const BETWEEN_READINGS = 30; // milliseconds; faster than anybody sees
// An explanation is ten times the work of a reading, and must not keep the next of these waiting, nor those of a class.
const BETWEEN_EXPLANATIONS = 100; // milliseconds
const RESTS_TIMES_AS_LONG = 2; // as the last one took
const PEEPS_IN = 48; // pixels of the panel that show at the window's edge, and no more than its heading
const LATE = 600; // milliseconds after which an answer is seen to be waited for
const BETWEEN_STROKES = 1_000; // milliseconds from which on a hand that has lifted the pen is at rest

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
const correction = document.getElementById("correction") // a server may keep none
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
/** @type {number | null} the digit whose evidence is asked for, the answer's where that is null */
let wantedDigit = null;
let insideIsInView = false;
let isShowingExample = false;
let seenFrom = ""; // what part of the page, when a finger came down alone

paper.addEventListener("touchstart", ({ touches }) => (seenFrom = touches.length > 1 ? "" : view()), { passive: true });
paper.addEventListener("touchend", tellHowToDraw);
paper.addEventListener("click", () => drawing.pictures && tellOnPaper(words.clearToDraw));
addEventListener("scroll", () => {
  if (!paperNote.hasAttribute("data-warning")) tellOnPaper(""); // a busy browser scrolls after the finger has gone
});
acceptPictures({ chooser, target: paper, onPictures: showPictures, onError: refuse });
undo.addEventListener("click", undoStep);
redo.addEventListener("click", redoStep);
clear.addEventListener("click", clearAll);
copyCurl.addEventListener("click", copyAsCurl);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.shiftKey) clearAll(); // with it, it opens Chrome's list of tasks
  else if (!event.ctrlKey && !event.metaKey) return;
  else if (isLetter("z", event)) event.shiftKey ? redoStep() : undoStep();
  else if (isLetter("y", event) && event.ctrlKey) redoStep();
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
addEventListener("hashchange", readAgain); // to that of a link with the token
addEventListener("pagehide", save);
document.addEventListener("visibilitychange", save); // the last that a page may be told
restore();
chooser.disabled = false;
tools.show();
refresh();
byId("incomplete", HTMLElement).remove();

function save() {
  saveDrawing({ strokes: drawing.lastDrawn, ...tools.pen });
}

/** What was on the pad before the page was left, and the pen that drew it. */
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

/** An eraser with nothing to erase would seem to be a pen that writes nothing. But who rubs is not to draw with it. */
function offerEraser() {
  const hasErasedAll = tools.chosen.erases && drawing.isEmpty && pad.isDrawing;
  tools.offerEraser(drawing.strokes.length > 0 || hasErasedAll);
  if (hasErasedAll) tellOnPaper(words.allErased);
}

/** @param {string} letter @param {KeyboardEvent} event @returns {boolean} also where the keyboard has no Latin letters */
function isLetter(letter, { key, code }) {
  return key.toLowerCase() === letter || (code === `Key${letter.toUpperCase()}` && !/^[a-z]$/i.test(key));
}

function undoStep() {
  if (pad.isDrawing) return;
  drawing.undo();
  refresh();
}

function redoStep() {
  if (pad.isDrawing) return;
  drawing.redo();
  refresh();
}

function clearAll() {
  if (pad.isDrawing) return;
  drawing.clear();
  refresh();
}

/** Draw a digit for who asks for one. */
async function showExample() {
  isShowingExample = true;
  await drawExample(drawing, refresh);
  isShowingExample = false;
  endStroke();
}

/** @returns {boolean} whether a hand or the page itself is at a stroke */
function isDrawing() {
  return pad.isDrawing || isShowingExample;
}

/** @param {File[]} files */
function showPictures(files) {
  drawing.showPictures(files);
  refresh();
  bringPaperIntoView();
}

/** What was tapped or chosen far down on a small screen would seem to do nothing. */
function bringPaperIntoView() {
  const { top, bottom, height } = paper.getBoundingClientRect();
  const inView = Math.min(bottom, innerHeight) - Math.max(top, 0);
  // Where most of it is seen, a page that scrolled would take the next thumbnail from under the pointer.
  if (inView < height / 2) paper.scrollIntoView({ block: "nearest" });
}

/** @param {string} sentence about what can be no picture */
function refuse(sentence) {
  if (drawing.isEmpty) {
    forget();
    fail(sentence);
    tellAtRest();
  } else {
    tellOnPaper(sentence, true); // what is on the pad has been read all the same
    bringPaperIntoView();
  }
}

/** @param {string} sentence @param {boolean} [isWarning] */
function tellOnPaper(sentence, isWarning = false) {
  paperNote.textContent = sentence;
  paperNote.toggleAttribute("data-warning", isWarning);
}

/** @returns {string} what part of the page is seen, and how large */
function view() {
  return [scrollY, visualViewport?.scale, visualViewport?.pageLeft, visualViewport?.pageTop].join();
}

/** A finger that was on a picture and neither scrolled nor zoomed meant to draw, as whatever else comes down there. */
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
    // Disabled in earnest they would pass the focus on, and who presses Enter twice would do something else.
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

/** Have what is on the pad read, or say that there is nothing. */
function read() {
  if (drawing.isEmpty) {
    forget();
    answer.showEmpty();
    tellAtRest();
    return;
  }
  if (answer.isEmpty) answer.showPending();
  reader.read(() => ({ url: "predict?seen=1", picture: onPad() }));
  waitForAnswer();
}

/** Once more, where that may help. */
function readAgain() {
  read();
  gallery.tryAgain();
}

/** Show that an answer is waited for, once it has taken long. */
function waitForAnswer() {
  if (untilLate !== undefined || isAnswered()) return;
  untilLate = setTimeout(() => {
    untilLate = undefined;
    answer.showLate(!isAnswered());
  }, LATE);
}

/** @returns {boolean} whether the answer on show is about what is on the pad, and not what was there before */
function isAnswered() {
  return drawing.isEmpty || answered === onPad();
}

/** There is an answer, or nothing to wait for. */
function stopWaiting() {
  clearTimeout(untilLate);
  untilLate = undefined;
  answer.showLate(false);
}

/** @returns {Blob | string} what there is to read: a file, or JSON with strokes in it */
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
      answer.showPrediction(outcome.prediction, !isAtRest() || !isAnswered()); // half a digit, on a slow line
      preparation = outcome.prediction.preparation ?? [];
      inside.expect();
      explain();
      correction?.ask(picture, outcome.prediction);
    }
  });
  tellAtRest();
  if ("error" in outcome && outcome.isGone) serverIsBack().then(read);
}

/**
 * Have what was read explained: at every answer where it is looked at, else of a drawing when the pen is up. A file
 * would be sent for that a second time, and is only once one looks.
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
  // Else it is of one that was asked about before, and the answer that is wanted is on its way.
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

/** @returns {boolean} whether nobody is drawing, nor has only just lifted the pen, as between two strokes of a digit */
function isAtRest() {
  return !isDrawing() && (untilRest === undefined || drawing.isEmpty);
}

/** Say what would talk over itself while one draws or an answer is on its way, and show what would move the page. */
function tellAtRest() {
  if (!isAtRest()) return;
  if (isAnswered()) answer.speak();
  const pen = drawing.pictures || drawing.isEmpty ? null : drawing.penShare();
  answer.showPreparation(preparationInWords(preparation, pen));
}

/** @param {string} sentence that is said in place of an answer @param {boolean} [isTransient] */
function fail(sentence, isTransient) {
  explainer.cancel();
  answer.showError(sentence, isTransient);
  showNothingBeside(words.nothingRead);
}

/** Let no answer to what was on the pad before come late, nor stay. */
function forget() {
  reader.cancel();
  explainer.cancel();
  answered = null;
  stopWaiting();
  answer.showPending();
  showNothingBeside(words.pending);
}

/** Take away what is shown beside an answer. @param {string} reason why there is nothing to explain */
function showNothingBeside(reason) {
  inside.clear(drawing.isEmpty ? words.nothingInside : reason);
  correction?.hide();
  preparation = [];
  answer.showPreparation("");
}

/** @param {() => void} change that may disable or hide what has the keyboard's focus, which then goes to a neighbour */
function keepFocus(change) {
  const focused = document.activeElement;
  change();
  const isLost = focused?.matches(":disabled, [hidden], [hidden] *") || focused?.isConnected === false;
  // A page that scrolled would move the pad under a pen.
  if (isLost) [undo, redo, chooser].find((each) => !isDisabled(each))?.focus({ preventScroll: true });
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
