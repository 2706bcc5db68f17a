// Runs before every npm script, on any Node from 20 on and before anything is installed: plain JavaScript without packages.
// Brings the checkout into a state in which everything starts, and is done in a moment when it is so already.
// This file alone is in words that every old Node understands too, so that each is told which one is needed.
const major = Number(process.versions.node.split(".")[0]);
if (major >= 20) {
  import("./setup/run.mjs").then((setup) => setup.run());
} else {
  process.stderr.write(
    `hailstream setup: Node.js 20 or newer is needed, this is ${process.version}. Get it from your package manager or nvm.\n`,
  );
  process.exitCode = 1;
}
