import type { Schemas } from "../../schemas/index.ts";
import type { Reader } from "../flow.ts";
import { once } from "../state/once.ts";
import { type RememberingFlow, readThrough, rememberingFlow } from "../state/remembering-flow.ts";
import { drop, forward } from "../step.ts";
import { type AppActivity, readActivity, writeActivity } from "./activity.ts";
import { groupErrors, writeErrorGroup } from "./group-errors.ts";
import { rateVersions } from "./rate-versions.ts";
import { readAppEvent } from "./read-app-event.ts";
import { writeVersionMinute } from "./write-version-minute.ts";

export type DiagnosticsRules = {
  readonly latenessMs: number;
  /** How long the id of an event of an app is remembered, to know a repetition. */
  readonly onceKeepMs: number;
  readonly errorSettleMs: number;
  readonly errorKeepMs: number;
};

/**
 * What app teams debug with. Events of the apps become activities, each once, in a topic by app; errors among them are grouped, and the
 * versions of each app are compared.
 */
export function diagnosticsFlows(
  schemas: Pick<Schemas, "encode" | "decode">,
  rules: DiagnosticsRules,
): readonly RememberingFlow[] {
  const { latenessMs } = rules;
  const activities = (name: string, source: string) =>
    rememberingFlow({
      ...{ name, source, latenessMs, read: readAppEvent(schemas), step: once<AppActivity>(rules.onceKeepMs) },
      ...{ write: writeActivity(schemas), outputs: ["app-activity"] },
    });
  return [
    activities("collect-app-errors", "app-errors"),
    activities("collect-rider-sessions", "rider-events"),
    activities("collect-driver-statuses", "driver-status"),
    rememberingFlow({
      ...{ name: "group-app-errors", source: "app-activity", latenessMs, read: readErrors(readActivity(schemas)) },
      step: groupErrors({ settleMs: rules.errorSettleMs, keepMs: rules.errorKeepMs }),
      ...{ write: writeErrorGroup(schemas), outputs: ["app-error-groups"] },
    }),
    rememberingFlow({
      ...{ name: "rate-app-versions", source: "app-activity", latenessMs, read: readActivity(schemas) },
      step: rateVersions(),
      ...{ write: writeVersionMinute(schemas), outputs: ["app-version-minutes"] },
    }),
  ];
}

function readErrors(read: Reader<AppActivity>): Reader<AppActivity> {
  return readThrough(read, function leaveOutUses(activity) {
    return activity.error === undefined ? drop("no error") : forward(activity);
  });
}
