/** Ties the page together: what is drawn or chosen goes to the reader, what it answers goes on show. */

import { Answer } from "./answer.js";
import { Drawing } from "./drawing.js";
import { Pad, palette } from "./pad.js";
import { acceptPictures } from "./pictures.js";
import { Reader } from "./reader.js";

const SENT_SIDE = 280; // pixels; ten times what the network sees

/** @param {string} id */
const byId = (id) => document.getElementById(id);
const [undo, clear, readButton] = ["undo", "clear", "read"].map(byId);
const shown = /** @type {HTMLImageElement} */ (byId("picture"));

const answer = new Answer();
const drawing = new Drawing();
/** @type {File | null} the picture that is shown in place of a drawing */
let picture = null;

const reader = new Reader((outcome) => {
  if ("error" in outcome) answer.showError(outcome.error);
  else answer.showPrediction(outcome.prediction);
});

const pen = () => ({
  width: Number(byId("pen-size").value) / 100,
  colour: document.querySelector("input[name=pen-colour]:checked").value,
});

const pad = new Pad(byId("pad"), drawing, pen, { onBegin: beginAfresh, onChange: readAgain });

acceptPictures({ chooser: byId("choose"), target: byId("paper"), onPicture: showPicture, onError: (sentence) => {
  reader.cancel();
  answer.showError(sentence);
} });

undo.addEventListener("click", undoStroke);
clear.addEventListener("click", clearAll);
readButton.addEventListener("click", readAgain);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") clearAll();
  else if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey) undoStroke();
  else return;
  event.preventDefault();
});
shown.addEventListener("error", () => {
  shown.hidden = true; // the browser cannot show it; the server says whether it can read it
});

/** Have what is on the pad read, or say that there is nothing. */
function readAgain() {
  const isEmpty = !picture && drawing.isEmpty;
  undo.disabled = clear.disabled = readButton.disabled = isEmpty;
  if (isEmpty) {
    reader.cancel();
    answer.showEmpty();
  } else {
    const chosen = picture;
    reader.read(chosen ? async () => chosen : () => drawing.toPng(SENT_SIDE, palette()));
  }
}

function undoStroke() {
  if (pad.isDrawing) return;
  if (picture) putPictureAway();
  else drawing.undo();
  pad.repaint();
  readAgain();
}

function clearAll() {
  if (picture) putPictureAway();
  else drawing.clear();
  pad.repaint();
  readAgain();
}

/** A stroke over a picture begins a new drawing; the one under the picture is not meant. */
function beginAfresh() {
  if (!picture) return;
  putPictureAway();
  drawing.clear();
}

/** @param {File} file shown over the drawing, which stays under it */
function showPicture(file) {
  putPictureAway();
  picture = file;
  shown.src = URL.createObjectURL(file);
  shown.hidden = false;
  reader.cancel();
  readAgain();
}

function putPictureAway() {
  if (!picture) return;
  URL.revokeObjectURL(shown.src);
  shown.removeAttribute("src");
  shown.hidden = true;
  picture = null;
  reader.cancel();
}
