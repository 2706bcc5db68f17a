import { envelopeHeaders, exampleOf, type Schemas } from "../../../schemas/index.ts";
import { alertKeepingFlow, matchingFlows } from "../../../stream/alerts/alert-flows.ts";
import { readRule } from "../../../stream/alerts/load-rules.ts";
import { createRules, type Rules } from "../../../stream/alerts/rules.ts";
import { noSilences, type Silences } from "../../../stream/alerts/silences.ts";
import { createTopologyDriver, type DriverParts, type TopologyDriver } from "../../support/topology-driver.ts";

export const nowhere = () => undefined;

/** Rules from texts such as those of files. */
export function rulesOf(schemas: Schemas, ...texts: readonly string[]): Rules {
  return createRules(texts.map((text, i) => readRule(`rule-${i}.yaml`, text, schemas.catalogue, nowhere).rule));
}

/** The flows of alerts as they run in production, in memory. */
export function alertDriver(
  schemas: Schemas,
  rules: Rules,
  parts: Omit<DriverParts, "flows" | "remembering"> & { readonly silences?: Silences } = {},
): TopologyDriver {
  const { silences = noSilences, ...rest } = parts;
  return createTopologyDriver({
    ...{ idleMs: 1_000, ...rest },
    flows: matchingFlows(schemas, rules),
    remembering: [alertKeepingFlow(schemas, rules, silences)],
  });
}

/** An event of a type, as ingest writes it; `data` takes the place of what the example has. */
export function eventOf(
  schemas: Schemas,
  type: string,
  id: string,
  timeMs: number,
  data: Readonly<Record<string, unknown>> = {},
) {
  const known = schemas.catalogue.types.get(type);
  if (known === undefined) throw new Error(`no type ${type}`);
  const value = { ...exampleOf(known), ...data };
  const envelope = { id, type, source: "/test", time: new Date(timeMs).toISOString(), receivedAt: timeMs };
  return {
    topic: known.topic,
    record: { key: schemas.keyOf(type, value), value: schemas.encode(type, value), headers: envelopeHeaders(envelope) },
  };
}

export type ToldAlert = {
  readonly id: string;
  readonly time: string;
  readonly alert_id: string;
  readonly alert_key: string;
  readonly status: string;
  readonly notification: string;
  readonly sequence: number;
  readonly cause: string;
  readonly summary: string;
  readonly started_at: number;
  readonly ended_at: number | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly members: readonly { readonly labels: Readonly<Record<string, string>>; readonly status: string }[];
};

/** What was told, each message once, in order. */
export async function toldBy(driver: TopologyDriver, schemas: Schemas): Promise<readonly ToldAlert[]> {
  return Promise.all(
    driver.distinct("alerts").map(async ({ value, headers }) => {
      const decoded = await schemas.decode(value ?? Buffer.alloc(0));
      if (!decoded.ok) throw new Error(decoded.reason);
      const { ce_id: id, ce_time: time } = headers as Readonly<Record<string, string>>;
      return { ...decoded.value, id, time } as unknown as ToldAlert;
    }),
  );
}
