/** Every sentence that the page says by itself; errors that the server finds come in the server's own words. */
export const words = {
  empty: "Draw a digit from 0 to 9.",
  serverGone: "The server does not answer. Start it again with “python server.py”; your drawing is kept.",
  serverSlow: "The server took too long to answer. Try “Read it” once more.",
  serverOdd: "The server answered something that is no prediction. Try “Read it” once more.",
  notAPicture: "That is not a picture file. Choose a PNG, JPEG, GIF, BMP or WebP file.",
  certain: (digit, percent) => `This is a ${digit}. Sure: ${percent}.`,
  perhaps: (digit, percent) => `Perhaps a ${digit}, but not for sure: ${percent}.`,
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
