import { ensureArtefacts } from "./artefacts.mjs";
import { requireJava } from "./machine.mjs";
import { ensurePackages } from "./packages.mjs";
import { ensurePage } from "./page.mjs";
import { SetupError, say } from "./words.mjs";

/** Everything that a start needs, in order; what is missing and cannot be brought is told in one line. */
export async function run() {
  try {
    await ensurePackages();
    await ensurePage();
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
}
