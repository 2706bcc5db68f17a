import { doorOptions } from "../apps/index.ts";
import { traceEvent } from "../audit/index.ts";
import { consoleOptions, createConsole } from "../console/index.ts";
import { connectKafka, kafkaOptions, shortRetry } from "../kafka/index.ts";
import { localOptions } from "../local/options.ts";
import {
  composeServices,
  createLogger,
  createMetrics,
  createService,
  logOptions,
  readOptions,
  runStation,
} from "../runtime/index.ts";
import { catalogueOptions, createSchemas, schemaOptions } from "../schemas/index.ts";
import { sinksOptions } from "../sinks/options.ts";
import { webhookOptions } from "../sinks/webhook/options.ts";
import { createDatabase, storeOptions } from "../store/index.ts";
import { cellOutline } from "../stream/cell-outline.ts";
import { streamOptions } from "../stream/options.ts";
import { auditedTables } from "./audit.ts";
import { catalogueFrom } from "./catalogue.ts";
import { type AddCommand, printJson, say, sourceOf, withOptions } from "./command.ts";
import { consoleAlerts } from "./console-alerts.ts";
import { consoleAudit } from "./console-audit.ts";
import { consoleConnectors } from "./console-connectors.ts";
import { consoleFlows } from "./console-flows.ts";
import { createRefusedPort } from "./console-refused.ts";
import { type Manual, withManual } from "./manual.ts";
import { optionSets } from "./option-sets.ts";
import { traceParts } from "./trace-words.ts";

const manual: Manual = {
  examples: ["hailstream console --kafka-brokers kafka:9092 --postgres-url postgres://… --console-port 8090"],
  json: '{"ready":true,"console":URL}',
  exits: { 0: "stopped by Ctrl-C or SIGTERM", 1: "it failed" },
  notes: "One line when it is ready; it runs until it is stopped.",
};

/** `hailstream console`: the web console as a process of its own. */
export const add: AddCommand = (program, context, end) => {
  const command = program
    .command("console")
    .description(
      "Shows the pipeline in a browser: what runs, what is wrong, since when, and what to do; and events as they arrive.",
    )
    .option("--json", "print one JSON line on standard output when ready");
  const own = [consoleOptions, storeOptions, kafkaOptions, schemaOptions, catalogueOptions, logOptions];
  // Where what is replayed goes, and what the sinks and flows are that dead letters go into again.
  const sets = [...own, localOptions, doorOptions, sinksOptions, webhookOptions, streamOptions];
  withOptions(command, sets).action(async () => {
    const source = sourceOf(command, context, optionSets);
    const log = createLogger("console", readOptions(logOptions, source).level);
    const metrics = createMetrics({ processMetrics: true });
    // A person waits for each answer, and an outage is to be shown, not to be waited out.
    const connection = connectKafka(readOptions(kafkaOptions, source), log, "hailstream-console", shortRetry);
    const { url } = readOptions(storeOptions, source);
    const db = createDatabase({ name: "console", url, log, metrics, max: 10 });
    const stream = readOptions(streamOptions, source);
    const catalogue = catalogueFrom(source);
    // Never started: what it decodes it asks the registry for, and the console comes up without one.
    const schemas = createSchemas({ options: readOptions(schemaOptions, source), log, metrics, catalogue });
    const tables = auditedTables(catalogue, stream.groupPrefix);
    const sinkGroup = readOptions(sinksOptions, source).groupId;
    const trace = async (id: string, seesAll: boolean) =>
      traceParts(await traceEvent({ db, connection, tables, sinkGroup, log }, id), seesAll);
    const options = readOptions(consoleOptions, source);
    const sinksUrl = options.stations.find(({ name }) => name === "sinks")?.url;
    const audit = consoleAudit({
      ...{ url, connection, catalogue, groupPrefix: stream.groupPrefix, metrics, log },
      sinkGroup: readOptions(sinksOptions, source).groupId,
    });
    const served = createConsole({
      options,
      connection,
      db,
      trace,
      refused: createRefusedPort({ db, schemas, connection, source, log }),
      groupPrefix: stream.groupPrefix,
      flows: consoleFlows(stream, { connection, schemas, log }),
      schemas,
      connectors: consoleConnectors(sinksUrl, readOptions(sinksOptions, source).apiKey),
      alerts: consoleAlerts({ db, catalogue, options: stream, webhook: readOptions(webhookOptions, source), source }),
      audit,
      map: { outline: cellOutline },
      metrics,
      log,
    });
    const ready = createService({
      name: "ready line",
      start() {
        if (command.opts().json === true) printJson(context, { ready: true, console: served.url });
        else say(context, `the console is at ${served.url}`);
      },
      stop: () => undefined,
    });
    const { exitCode } = await runStation(composeServices("console", [db, audit, served, ready]), log);
    end(exitCode);
  });
  withManual(command, manual);
};
