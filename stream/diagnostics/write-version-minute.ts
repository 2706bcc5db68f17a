import { v5 as uuidv5 } from "uuid";
import { envelopeHeaders, type Schemas } from "../../schemas/index.ts";
import type { OutboxRecord } from "../../store/index.ts";
import type { VersionMinute } from "./rate-versions.ts";

/** Namespace of the ids of version minutes (RFC 9562, 5.5); another value would make other ids of the same minutes. */
const namespace = "6e4a0ac8-0b9f-5d6c-9f54-0f1d5be0a1b7";

/** Bytes and headers of a version's minute. Its id is made of its content. */
export function writeVersionMinute(schemas: Pick<Schemas, "encode">): (told: VersionMinute) => OutboxRecord {
  return ({ app, version, minuteMs, counts: [uses, errors, fatal], comparison: compared, revision, receivedAt }) => {
    const data = {
      ...{ app, app_version: version, minute: minuteMs, revision, uses, errors, fatal_errors: fatal },
      ...{ recent_uses: compared.recentUses, recent_errors: compared.recentErrors, error_rate: compared.rate },
      ...{ baseline: compared.baseline, baseline_rate: compared.baselineRate, rising: compared.rising },
    };
    const time = new Date(minuteMs).toISOString();
    const envelope = {
      id: uuidv5(JSON.stringify(data), namespace),
      ...{
        type: "app.version_minute",
        source: "/hailstream/diagnostics",
        subject: `${app}/${version}/${time}`,
        receivedAt,
      },
      time,
    };
    const value = schemas.encode("app.version_minute", data);
    return { topic: "app-version-minutes", key: app, value, headers: envelopeHeaders(envelope) };
  };
}
