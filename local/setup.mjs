// Runs before every npm script, on any Node from 20 on and before anything is installed: plain JavaScript without packages.
// Brings the checkout into a state in which everything starts, and is done in a moment when it is so already.
import { ensureArtefacts } from "./setup/artefacts.mjs";
import { requireJava, requireNode } from "./setup/machine.mjs";
import { ensurePackages } from "./setup/packages.mjs";
import { SetupError, say } from "./setup/words.mjs";

try {
  requireNode();
  await ensurePackages();
  // Whoever brings Kafka and a registry needs neither Java nor what Maven fetches.
  const own = process.env.HAILSTREAM_KAFKA_BROKERS && process.env.HAILSTREAM_REGISTRY_URL;
  if (!own) {
    await requireJava();
    await ensureArtefacts();
  }
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
