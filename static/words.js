/** Every sentence that the page says by itself; errors that the server finds come in the server's own words. */
export const words = {
  empty: "Draw a digit from 0 to 9.",
  serverGone: "The server does not answer. Start it again with “python server.py”; your drawing is kept.",
  serverSlow: "The server took too long to answer. Try “Read it” once more.",
  serverOdd: "The server answered something that is no prediction. Try “Read it” once more.",
  notAPicture: "That is not a picture file. Choose a PNG, JPEG, GIF, BMP or WebP file.",
  copied: "The command is on the clipboard; paste it into a terminal.",
  notCopied: "The browser does not let this page use the clipboard.",
  nothingInside: "Draw, and see what each layer makes of it.",
  speaksFor: (digit) => `What spoke for the ${digit}, and what against it.`,
  speaksForRather: (digit, answer) => `What would speak for a ${digit} rather than the ${answer}, and what against it.`,
  layer: {
    C1: "C1: 16 maps of edges",
    S2: "S2: 32 maps, subsampled",
    C3: "C3: 64 maps of parts of strokes",
    S4: "S4: 64 maps, subsampled",
    C5: "C5: 256 values of the whole picture",
    F6: "F6: 84 values, fully connected",
    output: "Output: the logits of 0 to 9",
  },
  map: (layer, number, hasFilter) => `${layer}, ${number}${hasFilter ? ", and its filter" : ""}`,
  yes: (digit) => `Yes, a ${digit}`,
  thanks: (label, isNew) => (isNew ? `Thank you; it is kept as a ${label}.` : `It was kept as a ${label} already.`),
  brief: (digit, percent) => `${digit} · ${percent}`,
  briefGuess: (digit, percent) => `perhaps ${digit} · ${percent}`,
  certain: (digit, percent) => `This is a ${digit}. Sure: ${percent}.`,
  perhaps: (digit, percent) => `Perhaps a ${digit}, but not for sure: ${percent}.`,
  noDigit: (digit) => `That does not look like a digit; if it is one, perhaps a ${digit}.`,
  perhapsEither: (digit, other) => `Perhaps a ${digit} or a ${other}.`,
};

/**
 * @param {number} probability 0 to 1
 * @returns {string} never a rounded 100% for what is not quite sure, nor 0% for what is not quite impossible
 */
export function percent(probability) {
  if (probability > 0.999 && probability < 1) return "> 99.9%";
  if (probability < 0.001 && probability > 0) return "< 0.1%";
  return `${(probability * 100).toFixed(1)}%`;
}
