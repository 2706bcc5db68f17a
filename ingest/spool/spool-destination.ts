import type { OutgoingRecord, Producer } from "../../kafka/index.ts";
import { createService, type ErrorCode, PipelineError, type Service } from "../../runtime/index.ts";
import type { Destination } from "../store-events.ts";
import { drain } from "./drain.ts";
import { adoptSpools } from "./orphans.ts";
import { openSpoolLog, type SpoolLog, type SpoolLogParts } from "./spool-log.ts";
import type { SpoolMetrics } from "./spool-metrics.ts";

export type SpoolDestination = Service &
  Destination & {
    /** What keeps it from taking events; empty when nothing does. */
    readiness(): Readonly<Record<string, string>>;
  };

export type SpoolDestinationParts = Pick<SpoolLogParts, "dir" | "maxBytes" | "log" | "openFile"> & {
  /** Started before this service and stopped after it. */
  readonly producer: Pick<Producer, "send" | "connected">;
  /** How long events wait for Kafka's acknowledgement before they go to the disk. */
  readonly afterMs: number;
  /** How long they wait for the disk; default 5 s. */
  readonly diskTimeoutMs?: number;
  readonly metrics: SpoolMetrics;
  /** Folders of spools that no process uses any more: their events are sent before those of `dir`. */
  readonly orphans?: () => Promise<readonly string[]>;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
};

/** A call under way. Nobody has its answer yet, so it has no order with the other calls that are under way. */
type Call = {
  readonly topic: string;
  readonly records: readonly OutgoingRecord[];
  readonly replicated: boolean;
  readonly at: number;
  readonly resolve: (durability: "replicated" | "local") => void;
  readonly reject: (error: unknown) => void;
};

/**
 * - direct: Kafka has everything that was answered; events go to Kafka.
 * - spooling: Kafka is away, or does not have everything yet; events go to the disk, behind what is there.
 * - closing: the last of the spool is on its way to Kafka; events wait for some milliseconds until it is there.
 */
type Mode = "direct" | "spooling" | "closing";

/** What Kafka does not take now and may take later. */
const away: readonly ErrorCode[] = ["kafka_produce_failed", "kafka_produce_buffer_full", "kafka_unreachable"];
const maxTickMs = 100;
const stopTimeoutMs = 500;

/**
 * Kafka, and the disk while Kafka is away. When an acknowledgement does not come in time, everything that waits for one goes to the disk
 * at once, and so does everything that comes afterwards, without asking Kafka: whether it is back is tried by the drain alone.
 *
 * Order per key: an event that comes after another one was answered never overtakes it, since nothing goes to Kafka directly as long as
 * the disk holds something. What went to the disk while Kafka's answer was not known may come twice, never not at all; the first
 * of both is in its place.
 */
export function createSpoolDestination(parts: SpoolDestinationParts): SpoolDestination {
  const { producer, metrics, log, now = Date.now, diskTimeoutMs = 5_000 } = parts;
  const pending = new Set<Call>();
  /** Calls that wait for the disk, and since when. */
  const storing = new Map<Call, number>();
  let held: Call[] = [];
  let heldSince = 0;
  let mode: Mode = "spooling";
  /** Open since the start. */
  let spool: SpoolLog;
  let adopted: readonly SpoolLog[] = [];
  let oldest: number | undefined;
  let refusal: string | undefined;
  let draining: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let lastTick = 0;
  const tickMs = Math.min(maxTickMs, Math.ceil(parts.afterMs / 5));

  function enter(next: Mode, why?: string): void {
    if (mode === next) return;
    mode = next;
    if (why !== undefined) log.info(why);
  }

  function direct(call: Call): void {
    pending.add(call);
    producer.send(call.topic, call.records).then(
      () => {
        pending.delete(call);
        call.resolve("replicated");
      },
      (error: unknown) => failed(call, error),
    );
  }

  function failed(call: Call, error: unknown): void {
    const waits = pending.has(call);
    // It has gone to the disk.
    if (!waits && !call.replicated) return;
    const isGone = isAway(error);
    if (call.replicated || !isGone) {
      pending.delete(call);
      call.reject(error);
    }
    if (!waits || !isGone) return;
    if (error.code !== "kafka_produce_buffer_full") leaveKafka();
    else if (pending.delete(call)) {
      // Kafka is slow: what waits for it goes on waiting.
      enter("spooling", "Kafka takes events more slowly than they come: new ones go to the disk");
      toDisk(call);
    }
  }

  /** Everything that waits for Kafka goes to the disk, in order; only those that do not take that for an answer wait on. */
  function leaveKafka(): void {
    if (mode === "direct") enter("spooling", "Kafka does not acknowledge: events go to the disk");
    const calls = [...pending];
    pending.clear();
    for (const call of calls) if (!call.replicated) toDisk(call);
  }

  function toDisk(call: Call): void {
    if (call.replicated) {
      call.reject(new PipelineError("durability_unavailable"));
      return;
    }
    const since = performance.now();
    storing.set(call, since);
    spool.append(call.topic, call.records).then(
      () => {
        if (!storing.delete(call)) return;
        refusal = undefined;
        metrics.localEvents.inc(call.records.length);
        call.resolve("local");
      },
      (error: unknown) => refuse(call, error),
    );
  }

  function refuse(call: Call, error: unknown): void {
    if (!storing.delete(call)) return;
    refusal = error instanceof PipelineError ? error.message : String(error);
    call.reject(error);
  }

  /** A disk that hangs must not keep the senders: what it writes later, they send again. */
  function refuseLate(time: number): void {
    for (const [call, since] of storing) {
      if (time - since < diskTimeoutMs) return;
      refuse(call, new PipelineError("spool_write_failed", { fields: { waitedMs: diskTimeoutMs } }));
    }
  }

  function release(to: (call: Call) => void): void {
    const calls = held;
    held = [];
    for (const call of calls) to(call);
  }

  function tick(): void {
    const time = performance.now();
    // A process that stood still cannot tell whether Kafka did.
    const stoodStill = time - lastTick > 5 * tickMs;
    lastTick = time;
    if (!stoodStill) {
      refuseLate(time);
      for (const { at } of pending) {
        if (time - at > parts.afterMs) leaveKafka();
        break;
      }
      if (mode === "closing" && time - heldSince > parts.afterMs) reopen();
    }
    // Nothing could be written, so there is nothing that the drain could try Kafka with.
    if (mode === "spooling" && adopted.length === 0 && spool.events === 0 && spool.isReadToEnd && producer.connected) {
      enter("direct", "Kafka is connected and the spool is empty: events go to Kafka");
    }
  }

  function reopen(): void {
    enter("spooling");
    release(toDisk);
  }

  const drainParts = {
    send: producer.send,
    log,
    onDrained: (events: number) => metrics.drainedEvents.inc(events),
    onOldest: (time: number | undefined) => {
      oldest = time;
    },
  };

  async function drainAll(): Promise<void> {
    for (const orphan of adopted) {
      await drain(orphan, drainParts, (isEmpty) => stopped || isEmpty);
      if (stopped) return;
      await orphan.remove();
      adopted = adopted.slice(1);
    }
    const own = {
      ...drainParts,
      onNearEnd() {
        if (mode !== "spooling") return;
        heldSince = performance.now();
        enter("closing");
      },
      onEnd() {
        enter("direct", "Kafka has all events of the spool: events go to Kafka again");
        release(direct);
      },
      onFailure: () => {
        if (mode === "closing") reopen();
      },
    };
    await drain(spool, own, () => stopped);
  }

  metrics.depth(() => {
    const all = draining === undefined ? [] : [spool, ...adopted];
    return {
      events: all.reduce((sum, one) => sum + one.events, 0),
      bytes: all.reduce((sum, one) => sum + one.bytes, 0),
      oldestSeconds: oldest === undefined ? 0 : Math.max(0, now() - oldest) / 1_000,
      isActive: mode !== "direct",
    };
  });

  const service = createService({
    name: "spool",
    async start(fail) {
      const logParts = { maxBytes: parts.maxBytes, metrics, log, now };
      spool = await openSpoolLog({
        ...logParts,
        dir: parts.dir,
        ...(parts.openFile === undefined ? {} : { openFile: parts.openFile }),
      });
      adopted = await adoptSpools((await parts.orphans?.()) ?? [], logParts);
      if (spool.events === 0 && adopted.length === 0) mode = "direct";
      lastTick = performance.now();
      timer = setInterval(tick, tickMs).unref();
      draining = drainAll();
      draining.catch(fail);
    },
    async stop() {
      stopped = true;
      clearInterval(timer);
      // What Kafka acknowledges now need not be sent again by the next process.
      const patience = new Promise((resolve) => setTimeout(resolve, stopTimeoutMs).unref());
      for (const one of [spool, ...adopted]) one?.wake();
      await Promise.race([draining, patience]).catch(() => undefined);
      for (const one of [spool, ...adopted]) await one?.close();
    },
  });
  return {
    ...service,
    send: (topic, records, { replicated }) =>
      new Promise((resolve, reject) => {
        const call = { topic, records, replicated, at: performance.now(), resolve, reject };
        if (mode === "direct") direct(call);
        else if (mode === "closing") held.push(call);
        else toDisk(call);
      }),
    readiness: () => (mode === "direct" || refusal === undefined ? {} : { spool: refusal }),
  };
}

function isAway(error: unknown): error is PipelineError {
  return error instanceof PipelineError && away.includes(error.code);
}
