import type { Envelope, Schemas } from "../../schemas/index.ts";
import { readEvent } from "../event.ts";
import type { Reader } from "../flow.ts";
import { readThrough } from "../state/remembering-flow.ts";
import { drop, forward } from "../step.ts";
import type { AppActivity } from "./activity.ts";
import { fingerprintOf } from "./fingerprint.ts";

/**
 * Reads events of the apps as activities: an error as such, a session of a rider and a change of a driver's status as a use. What neither is nor has
 * a version is left out.
 */
export function readAppEvent(schemas: Pick<Schemas, "decode">): Reader<AppActivity> {
  return readThrough(readEvent(schemas), function readAppEvent({ envelope, timeMs, value, place }) {
    const eventType = envelope.type;
    const kind = kindOf(eventType, value);
    if (kind === undefined) return drop("other event type");
    const version = typeof value.app_version === "string" ? value.app_version : versionOf(envelope);
    if (version === undefined) return drop("no app version");
    const { id, receivedAt } = envelope;
    return forward({ id, timeMs, receivedAt, version, eventType, place, ...kind });
  });
}

function kindOf(
  type: string,
  value: Readonly<Record<string, unknown>>,
): Pick<AppActivity, "app" | "error"> | undefined {
  if (type === "rider.session") return { app: "rider" };
  if (type === "driver.status") return { app: "driver" };
  if (type !== "app.error") return undefined;
  const app = String(value.app);
  const errorType = String(value.error_type);
  const stack = value.stack as readonly string[];
  const found = fingerprintOf({ app, errorType, message: String(value.message), stack });
  return { app, error: { ...found, errorType, fatal: value.fatal === true } };
}

/** From a source such as /apps/driver/ios/6.1.2. */
function versionOf({ source }: Envelope): string | undefined {
  const version = /^\/apps\/[^/]+\/[^/]+\/([^/]+)$/.exec(source)?.[1];
  return version === "" ? undefined : version;
}
