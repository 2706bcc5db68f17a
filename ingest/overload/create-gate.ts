import type { Metrics } from "../../runtime/index.ts";
import type { Catalogue } from "../../schemas/index.ts";
import type { IngestOptions } from "../options.ts";
import { createGate, type Gate } from "./gate.ts";
import { createPressure, type Pressure } from "./pressure.ts";
import { createRates, type Rate } from "./rates.ts";

export type OverloadParts = {
  readonly options: IngestOptions;
  readonly catalogue: Pick<Catalogue, "types">;
  /** Bytes of bodies under way, and bytes that wait for Kafka. */
  readonly inFlightBytes: () => number;
  readonly bufferedBytes: () => number;
  readonly metrics: Metrics;
  readonly random: () => number;
};

/** The gate that the options describe. The pressure is a service: without its start only the bytes count. */
export function createOverload(parts: OverloadParts): { readonly gate: Gate; readonly pressure: Pressure } {
  const { options, catalogue, metrics, random } = parts;
  const pressure = createPressure({
    limits: {
      loopDelayMs: options.maxLoopDelayMs,
      inFlightBytes: options.maxInFlightBytes,
      bufferedBytes: options.maxBufferedBytes,
    },
    shedBulkAt: options.shedBulkPercent / 100,
    shedNormalAt: options.shedNormalPercent / 100,
    inFlightBytes: parts.inFlightBytes,
    bufferedBytes: parts.bufferedBytes,
    metrics,
  });
  const rates = createRates(
    {
      ...named("key", options.keyEventsPerSecond, options.keyBurst),
      ...named("device", options.deviceEventsPerSecond, options.deviceBurst),
      ...named("address", options.addressEventsPerSecond, options.addressBurst),
    },
    options.rateSenders,
  );
  const gate = createGate({ rates, pressure, catalogue, smallBytes: options.maxEventBytes, metrics, random });
  return { gate, pressure };
}

function named(name: string, perSecond: number, burst: number): Readonly<Record<string, Rate>> {
  return perSecond === 0 ? {} : { [name]: { perSecond, burst } };
}
