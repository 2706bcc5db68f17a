import { doorOptions, replayOptions, simulateOptions } from "../apps/options.ts";
import { auditOptions } from "../audit/options.ts";
import { consoleOptions } from "../console/options.ts";
import { microOptions } from "../ingest/micro/options.ts";
import { ingestOptions } from "../ingest/options.ts";
import { kafkaOptions } from "../kafka/options.ts";
import { cacheOptions, localOptions } from "../local/options.ts";
import { logOptions } from "../runtime/log.ts";
import type { OptionSet } from "../runtime/options.ts";

import { catalogueOptions, schemaOptions } from "../schemas/options.ts";
import { connectorsOptions } from "../sinks/api/client.ts";
import { lakeOptions } from "../sinks/lake/options.ts";
import { sinksOptions } from "../sinks/options.ts";
import { webhookOptions } from "../sinks/webhook/options.ts";
import { storeOptions } from "../store/options.ts";
import { streamOptions } from "../stream/options.ts";

/** Every option set of the program: what a HAILSTREAM_ variable may name, and what docs/options.md lists. */
export const optionSets: readonly OptionSet[] = [
  localOptions,
  cacheOptions,
  logOptions,
  schemaOptions,
  catalogueOptions,
  kafkaOptions,
  storeOptions,
  ingestOptions,
  microOptions,
  streamOptions,
  sinksOptions,
  lakeOptions,
  connectorsOptions,
  webhookOptions,
  auditOptions,
  consoleOptions,
  doorOptions,
  replayOptions,
  simulateOptions,
];
