import { createProducer, type KafkaConnection, type Producer } from "../../kafka/index.ts";
import { composeServices, type Logger, type Metrics, type Service } from "../../runtime/index.ts";
import type { Schemas } from "../../schemas/index.ts";
import type { Database } from "../../store/index.ts";
import { cityFinder } from "../alerts/city-at.ts";
import { createShelf, watchRules } from "../alerts/live-rules.ts";
import { readRules } from "../alerts/load-rules.ts";
import { noSilences } from "../alerts/silences.ts";
import type { Flow } from "../flow.ts";
import type { StreamOptions } from "../options.ts";
import { createReference } from "../reference/reference.ts";
import { rememberingFlowsOf } from "../service.ts";
import type { RememberingFlow } from "../state/remembering-flow.ts";
import { createTopology } from "../topology.ts";
import type { Topology } from "../topology-file.ts";

/** The flows of a processor outside of it, with the reference data and the rules that they need, and a producer for what comes out of them. */
export type LetterFlows = Service & {
  readonly producer: Pick<Producer, "send">;
  /** To be asked once started. */
  flows(): { readonly flows: readonly Flow[]; readonly remembering: readonly RememberingFlow[] };
};

/** @param parts as those of the processor: `topology` is in place of the ride domain's flows */
export function createLetterFlows(parts: {
  readonly options: StreamOptions;
  readonly connection: KafkaConnection;
  readonly schemas: Schemas;
  readonly db: Database;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly topology?: Topology | undefined;
}): LetterFlows {
  const { options, connection, schemas, db, metrics, log, topology } = parts;
  const producer = createProducer({ name: "dlq", connection, metrics, log });
  if (topology !== undefined) {
    const { flows = [], remembering = [] } = topology;
    return Object.assign(composeServices("flows", [producer]), { producer, flows: () => ({ flows, remembering }) });
  }
  const { profileVersions } = options;
  const reference = createReference({ connection, schemas, metrics, log, profileVersions });
  const findCity = cityFinder(reference.cities);
  const shelf = createShelf(readRules(schemas.catalogue, findCity, options.alertsDir), schemas.catalogue, findCity);
  const rules = watchRules(db, shelf, { log, metrics });
  return Object.assign(composeServices("flows", [producer, reference, rules]), {
    producer,
    flows: () => ({
      flows: createTopology(schemas, reference, rules),
      remembering: rememberingFlowsOf(options, schemas, reference, { rules, silences: noSilences }),
    }),
  });
}
