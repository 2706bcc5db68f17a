import { say } from "./words.mjs";

const width = 30;
const megabyte = 1024 * 1024;

/** A bar on a terminal; elsewhere one line at the beginning. `partial` gives the bytes of files under way. */
export function createBar(label, totalBytes, partial) {
  const done = new Map();
  const total = `${Math.round(totalBytes / megabyte)} MB`;
  if (!process.stderr.isTTY) {
    say(`${label} (${total}) …`);
    return { finished: () => {}, stop: () => {} };
  }
  const draw = () => {
    const finished = [...done.values()].reduce((sum, bytes) => sum + bytes, 0);
    const bytes = Math.min(totalBytes, finished + partial());
    const filled = Math.round((width * bytes) / totalBytes);
    const bar = "█".repeat(filled) + "░".repeat(width - filled);
    process.stderr.write(`\r\u001b[K${label} ${bar} ${Math.round(bytes / megabyte)} of ${total}`);
  };
  draw();
  const timer = setInterval(draw, 200);
  return {
    finished: (name, bytes) => done.set(name, bytes),
    stop() {
      clearInterval(timer);
      draw();
      process.stderr.write("\n");
    },
  };
}
