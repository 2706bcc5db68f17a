import { monitorEventLoopDelay } from "node:perf_hooks";
import { createService, type Metrics, type Service } from "../../runtime/index.ts";

export type PressureParts = {
  /** What counts as full, each 0 for "does not count". */
  readonly limits: { readonly loopDelayMs: number; readonly inFlightBytes: number; readonly bufferedBytes: number };
  /** Where the shares begin to grow, 0 up to 1 and in this order; see {@link Pressure}. */
  readonly shedBulkAt: number;
  readonly shedNormalAt: number;
  /** Bytes of bodies under way, and bytes that wait for Kafka. */
  readonly inFlightBytes: () => number;
  readonly bufferedBytes: () => number;
  readonly metrics: Metrics;
};

/** Of the events of a class, the share to turn away: 0 none, 1 all. */
export type Shares = { readonly bulk: number; readonly normal: number };

/**
 * How near the process is to its limits: the largest of event-loop delay, bytes under way and bytes that wait for Kafka, each as a part of
 * its limit. Above `shedBulkAt` a share of the bulk is turned away that grows with the pressure and is all of it at `shedNormalAt`; from
 * there to 1 the same with the normal class. The pressure rises within half a second and falls within two, and a share changes little
 * when the pressure does: so the door does not swing open and shut.
 */
export type Pressure = Service & {
  shares(): Shares;
};

const resolutionMs = 20;
const tickMs = 200;
const rise = 0.5;
const fall = 0.15;
const none: Shares = { bulk: 0, normal: 0 };

export const stallBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5] as const;

export function createPressure(parts: PressureParts): Pressure {
  const { limits, shedBulkAt, shedNormalAt, metrics } = parts;
  const delays = monitorEventLoopDelay({ resolution: resolutionMs });
  let smooth = 0;
  let timer: NodeJS.Timeout | undefined;
  const stalls = metrics.distribution(
    "hailstream_ingest_event_loop_delay_seconds",
    "The longest that the event loop kept a timer waiting, in each fifth of a second.",
    stallBuckets,
  );
  metrics.reading(
    "largest",
    "hailstream_ingest_pressure_ratio",
    "How near the process is to its limits, 1 being at one: the most of event-loop delay, bytes under way and bytes that wait for Kafka.",
    [],
    (add) => add(now()),
  );

  const part = (value: number, limit: number) => (limit === 0 ? 0 : value / limit);
  const bytes = () =>
    Math.max(part(parts.inFlightBytes(), limits.inFlightBytes), part(parts.bufferedBytes(), limits.bufferedBytes));
  const now = () => Math.max(smooth, bytes());

  function tick(): void {
    // Without a sample the loop was as good as idle: this timer came first.
    const delayMs = delays.count === 0 ? 0 : Math.max(0, delays.mean / 1e6 - resolutionMs);
    stalls.observe(Math.max(0, delays.max / 1e9 - resolutionMs / 1e3));
    delays.reset();
    const seen = Math.max(part(delayMs, limits.loopDelayMs), bytes());
    smooth += (seen - smooth) * (seen > smooth ? rise : fall);
  }

  const service = createService({
    name: "pressure",
    start() {
      delays.enable();
      timer = setInterval(tick, tickMs).unref();
    },
    stop() {
      clearInterval(timer);
      delays.disable();
    },
  });
  return {
    ...service,
    shares() {
      const pressure = now();
      if (pressure <= shedBulkAt) return none;
      return {
        bulk: between(pressure, shedBulkAt, shedNormalAt),
        normal: between(pressure, shedNormalAt, 1),
      };
    },
  };
}

function between(value: number, from: number, to: number): number {
  if (value <= from) return 0;
  return value >= to ? 1 : (value - from) / (to - from);
}
