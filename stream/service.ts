import { createProducer, ensureTopics, type KafkaConnection, topicSpecs } from "../kafka/index.ts";
import {
  composeServices,
  createHttpService,
  createService,
  didYouMean,
  type HttpService,
  type Logger,
  type Metrics,
  PipelineError,
  type Service,
  together,
} from "../runtime/index.ts";
import type { Schemas } from "../schemas/index.ts";
import type { Database } from "../store/index.ts";
import { alertFlow, matchingFlow, matchingNames } from "./alerts/alert-flows.ts";
import { addAlertRoutes } from "./alerts/api/routes.ts";
import { cityFinder } from "./alerts/city-at.ts";
import { askForLooks, followRules } from "./alerts/follow-rules.ts";
import { createShelf, watchRules } from "./alerts/live-rules.ts";
import { readRules } from "./alerts/load-rules.ts";
import type { Rules } from "./alerts/rules.ts";
import { watchSilences } from "./alerts/silence-store.ts";
import type { Silences } from "./alerts/silences.ts";
import { deadLetterTopic } from "./dead-letter.ts";
import type { StreamOptions } from "./options.ts";
import { createPatience } from "./patience.ts";
import { createReference, type Reference } from "./reference/reference.ts";
import { createRunner } from "./runner.ts";
import { lateEventTopic } from "./state/late-event.ts";
import type { RememberingFlow } from "./state/remembering-flow.ts";
import { createRememberingRunner } from "./state/remembering-runner.ts";
import { waitingTopic } from "./steps/write-enriched.ts";
import { createRememberingTopology, createTopology, reviseFlow } from "./topology.ts";
import type { Topology } from "./topology-file.ts";

export type StreamParts = {
  readonly options: StreamOptions;
  readonly connection: KafkaConnection;
  /** Started before and stopped after, by whoever made them. */
  readonly schemas: Schemas;
  /** Where processors with memory keep it; stopped after, by whoever made it. It need not answer at the start. */
  readonly db: Database;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** In front of every topic name; default none. */
  readonly topicPrefix?: string;
  /** Runs in place of the ride domain's, which has names of its own. */
  readonly topology?: Topology;
};

/**
 * The stream processor: first the reference data in memory, then the flows. /ready answers 200 once both stand. Any number
 * of these may run; the partitions of a flow are shared by its consumer group.
 * @throws PipelineError option_invalid when a flow is named that there is not; stream_topology_invalid when a flow of `topology` has the name of
 * one of the ride domain
 */
export function createStream(parts: StreamParts): Pick<HttpService, "url"> & ReturnType<typeof createService> {
  const { options, connection, schemas, metrics, log } = parts;
  const common = {
    connection,
    metrics,
    log,
    ...(parts.topicPrefix === undefined ? {} : { topicPrefix: parts.topicPrefix }),
  };
  let waitingFor: Readonly<Record<string, string>> = {
    reference: "reading the reference topics",
    flows: "not joined yet",
  };
  const mark = (name: string, next: typeof waitingFor) =>
    createService({
      name,
      start() {
        waitingFor = next;
      },
      stop: () => undefined,
    });

  const { groupPrefix, concurrency, sessionTimeoutMs, idleMs, cachedKeys: maxCachedKeys } = options;
  const reference = createReference({ ...common, schemas, profileVersions: options.profileVersions });
  const { changed } = reference;
  const { catalogue } = schemas;
  const findCity = cityFinder(reference.cities);
  const shelf = createShelf(readRules(catalogue, findCity, options.alertsDir), catalogue, findCity);
  const rules = watchRules(parts.db, shelf, { log, metrics });
  const isRide = parts.topology === undefined;

  const http = createHttpService({
    name: "stream health",
    host: options.metricsHost,
    port: options.metricsPort,
    portFlag: "--stream-metrics-port",
    metrics,
    // A domain of one's own has no alerts.
    routes: (app) => {
      if (isRide) addAlertRoutes(app, { rules, db: parts.db, groupPrefix, apiKey: options.apiKey, log });
    },
    readiness: () => (producer.connected ? waitingFor : { ...waitingFor, kafka: "no acknowledgement for some time" }),
  });
  const producer = createProducer({ name: "stream", connection, metrics, log });
  const silences = watchSilences(parts.db, log);
  const patience = createPatience({ topic: waitingTopic, limitMs: options.profileWaitMs, changed, metrics });
  const runner = { ...common, producer, groupPrefix, concurrency, sessionTimeoutMs };
  const ride = {
    flows: createTopology(schemas, reference, rules),
    remembering: rememberingFlowsOf(options, schemas, reference, { rules, silences }),
  };
  refuseNames(parts.topology, ride);
  const { flows = [], remembering = [] } = parts.topology ?? ride;
  const matching = isRide ? matchingNames(catalogue) : new Set<string>();
  const chosen = chooseFlows(
    [
      ...flows
        .filter(({ name }) => !matching.has(name))
        .map((flow) => ({ ...flow, kind: "stateless", start: () => createRunner({ ...runner, flow, patience }) })),
      // Which of these run depends on the rules of the moment.
      ...[...matching].map((name) => ({ name, kind: "stateless", start: undefined })),
      ...remembering.map((flow) => ({
        ...flow,
        kind: flow.urgent === true ? "stateless" : "stateful",
        start: () =>
          createRememberingRunner({
            ...{ ...runner, flow, db: parts.db, maxCachedKeys },
            idleMs: idleOf(flow.name, idleMs),
          }),
      })),
    ],
    options,
  );
  const runners = chosen.flatMap(({ start }) => start?.() ?? []);
  const runs = (name: string) => chosen.some((flow) => flow.name === name);
  const prefix = parts.topicPrefix ?? "";
  const following = followRules({
    ...{ rules, log, runs },
    runnerOf: (topic) => createRunner({ ...runner, flow: matchingFlow(schemas, rules, topic), patience }),
    async tellChange(before) {
      if (!runs(alertFlow)) return;
      const place = { consumer: groupPrefix + alertFlow, topicPrefix: prefix };
      await askForLooks(parts.db, place, { before, after: rules.book.rules }, producer);
    },
  });

  const service = composeServices("stream", [
    http,
    producer,
    parts.topology === undefined ? reference : prepareTopics(parts.topology, parts),
    mark("reference read", { flows: "not joined yet" }),
    silences,
    ...(isRide ? [rules] : []),
    // A join takes as long as the other members need to hear of it: one after the other would be half a minute.
    together("flows", runners),
    ...(isRide ? [following] : []),
    mark("flows joined", {}),
  ]);
  return Object.defineProperty(service, "url", { get: () => http.url }) as ReturnType<typeof createStream>;
}

/** The ride domain's processors with memory, by the rules that the options give. */
export function rememberingFlowsOf(
  options: StreamOptions,
  schemas: Schemas,
  reference: Reference,
  alerts?: { readonly rules: Rules; readonly silences: Silences },
): readonly RememberingFlow[] {
  const rules = {
    latenessMs: options.latenessMs,
    trips: { settleMs: options.tripSettleMs, stuckMs: options.tripStuckMs, keepMs: options.tripKeepMs },
    drivers: {
      positionEveryMs: options.driverPositionEveryMs,
      maxSpeed: options.driverMaxSpeed,
      silenceMs: options.driverSilenceMs,
      keepMs: options.driverKeepMs,
    },
    reviseMs: options.profileReviseMs,
    onceKeepMs: options.onceKeepMs,
    errorSettleMs: options.errorSettleMs,
    errorKeepMs: options.errorKeepMs,
    patienceMs: options.patienceMs,
    capMs: options.capMs,
  };
  return createRememberingTopology(schemas, reference, rules, alerts);
}

const arrivalIdleMs = 1_000;

/** After how long without a record time goes on by the clock in a flow. */
export function idleOf(flowName: string, idleMs: number): number {
  return flowName === reviseFlow || flowName === alertFlow ? arrivalIdleMs : idleMs;
}

/** The topics of a domain of one's own: as the table has them, others as its types are carried. */
function prepareTopics({ flows = [], remembering = [] }: Topology, parts: StreamParts): Service {
  const { connection, schemas, topicPrefix = "" } = parts;
  const names = new Set([...flows, ...remembering].flatMap(({ source, outputs }) => [source, ...outputs]));
  const known = [...schemas.catalogue.types.values()];
  const carried = [...names, deadLetterTopic, lateEventTopic].map(
    (topic) => known.find((type) => type.topic === topic) ?? { topic, kind: "event" },
  );
  return createService({
    name: "topics of the topology",
    async start() {
      await ensureTopics(
        connection,
        topicSpecs(carried).map((spec) => ({ ...spec, name: topicPrefix + spec.name })),
      );
    },
    stop: () => undefined,
  });
}

function refuseNames(own: Topology | undefined, ride: Topology): void {
  const namesOf = ({ flows = [], remembering = [] }: Topology) => [...flows, ...remembering].map(({ name }) => name);
  const taken = new Set(namesOf(ride));
  const name = own === undefined ? undefined : namesOf(own).find((one) => taken.has(one));
  if (name === undefined) return;
  const message = `The flow ${name} has the name, and so would have the consumer group and the memory, of one of the ride domain.`;
  throw new PipelineError("stream_topology_invalid", { message });
}

function chooseFlows<F extends { readonly name: string; readonly kind: string }>(
  all: readonly F[],
  { flows: names, kind }: Pick<StreamOptions, "flows" | "kind">,
): readonly F[] {
  if (names === undefined) return kind === "all" ? all : all.filter((flow) => flow.kind === kind);
  return names.map((name) => {
    const found = all.find((flow) => flow.name === name);
    if (found !== undefined) return found;
    const known = all.map((flow) => flow.name);
    const hint = didYouMean(name, known);
    const message = `--stream-flows names ${name}; there are ${known.join(", ")}${hint === undefined ? "" : `. Did you mean ${hint}?`}`;
    throw new PipelineError("option_invalid", { message });
  });
}
