import { createEndpoint } from "../../sinks/webhook/index.ts";
import { callForHelp, withDatabase } from "../../test/console/pages/alerts.ts";
import { eventOf, iosApp, liveKey, makeDeadLetters, post, sql } from "../../test/console/pages/refused-world.ts";
import type { Stage } from "../../test/console/stage.ts";
import { startReceiver } from "../../test/sinks/webhook/support.ts";
import { eventually } from "../../test/support/wait.ts";

const patienceMs = 480_000;

/** Puts something to see on every page, beside the traffic of the simulated city. @returns ends what it began */
export async function furnish(stage: Stage): Promise<() => Promise<void>> {
  const receiver = await startReceiver((response) => response.writeHead(204).end());
  await withDatabase(stage, async (db) => void (await createEndpoint(db, { url: receiver.url, name: "on call" })));
  const field = await liveKey(stage);
  // What apps in the field cannot repair any more is kept; who develops an app is told and repairs it.
  await post(stage, times(12, ofRating), field);
  await post(stage, times(5, ofOthers));
  await makeDeadLetters(stage, "rating", 3);
  await callForHelp(stage, "call-for-help");
  // A minute of the marketplace is there a minute and a half after its end.
  await eventually(async () => (await areasWithSurge(stage)) >= 3, { timeoutMs: patienceMs, everyMs: 2_000 });
  return () => receiver.stop();
}

const ofRating = (n: number) => eventOf(`rated-${n}`, "trip.rated", { rating: "five" }, iosApp);

/** Mistakes of an app that is being made. */
const ofOthers = (n: number) =>
  n % 2 === 0
    ? eventOf(`located-${n}`, "driver.location", { latitude: "40.7484" }, "/apps/driver/android/7.5.0-dev")
    : eventOf(`cancelled-${n}`, "trip.cancelled", { cancelled_by: "nobody" }, "/apps/rider/ios/6.2.0-dev");

const times = <T>(many: number, make: (n: number) => T) => Array.from({ length: many }, (_, n) => make(n));

async function areasWithSurge(stage: Stage): Promise<number> {
  const [row] = await sql<{ n: number }>(
    stage,
    `select count(*)::int as n from events.marketplace_minute
     where final and resolution = 8 and city_id = 'cty_new_york' and surge_multiplier > 1 and occurred_at > now() - interval '5 minutes'`,
  );
  return row?.n ?? 0;
}
