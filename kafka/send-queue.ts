import { PipelineError } from "../runtime/index.ts";
import { RawHeaders } from "./record-format.ts";
import type { OutgoingRecord } from "./records.ts";

/** A run of records of one call that goes out in one request. */
export type SendPart = {
  readonly call: SendCall;
  readonly topic: string;
  readonly records: readonly OutgoingRecord[];
  readonly from: number;
  readonly to: number;
};

type SendCall = {
  readonly topic: string;
  readonly records: readonly OutgoingRecord[];
  readonly bytes: number;
  /** When it was called, ms since 1970. */
  readonly at: number;
  /** Index of the first record that no request has taken. */
  taken: number;
  acknowledged: number;
  settled: boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
};

export type SendQueue = ReturnType<typeof createSendQueue>;

/** What a record costs on the wire beside its own bytes, rounded up. */
const recordOverhead = 70;
const headerOverhead = 4;
/** With this much waiting, a request is large enough to leave before its time. */
const lingerBytes = 128 * 1024;

/**
 * Collects the calls of a producer into requests: in order, each bounded in bytes and records. Memory is bounded: above
 * `maxBufferedBytes` a call is refused at once. A call that is not acknowledged within its time is rejected; records that no
 * request had taken by then are never sent.
 */
export function createSendQueue(limits: {
  readonly maxBufferedBytes: number;
  readonly maxRequestBytes: number;
  readonly maxRequestRecords: number;
  readonly deliveryTimeoutMs: number;
  /** The least time between two requests, unless `lingerBytes` wait; after a pause the next request leaves at once. */
  readonly lingerMs: number;
}) {
  /** Calls with records that no request has taken, oldest first; `head` avoids shifting a long array. */
  let waiting: SendCall[] = [];
  let head = 0;
  const underWay = new Set<SendCall>();
  let buffered = 0;
  let closed = false;
  let wake: (() => void) | undefined;
  let lastTakenAt = Number.NEGATIVE_INFINITY;

  function settle(call: SendCall, error?: unknown): void {
    if (call.settled) return;
    call.settled = true;
    buffered -= call.bytes;
    if (error === undefined) call.resolve();
    else call.reject(error);
  }

  function takeRequest(): SendPart[] {
    const request: SendPart[] = [];
    let bytes = 0;
    let count = 0;
    while (head < waiting.length && count < limits.maxRequestRecords) {
      const call = waiting[head] as SendCall;
      const from = call.taken;
      if (!call.settled) {
        while (call.taken < call.records.length && count < limits.maxRequestRecords) {
          const size = sizeOf(call.records[call.taken] as OutgoingRecord);
          if (count > 0 && bytes + size > limits.maxRequestBytes) break;
          bytes += size;
          count++;
          call.taken++;
        }
        if (call.taken > from) {
          underWay.add(call);
          request.push({ call, topic: call.topic, records: call.records, from, to: call.taken });
        }
        if (call.taken < call.records.length) break;
      }
      head++;
    }
    if (head === waiting.length) {
      waiting = [];
      head = 0;
    } else if (head > 4_096) {
      waiting = waiting.slice(head);
      head = 0;
    }
    return request;
  }

  return {
    send(topic: string, records: readonly OutgoingRecord[]): Promise<void> {
      if (records.length === 0) return Promise.resolve();
      let bytes = 0;
      for (const record of records) {
        const size = sizeOf(record);
        if (size > limits.maxRequestBytes) {
          const fields = { topic, bytes: size, limit: limits.maxRequestBytes };
          return Promise.reject(new PipelineError("kafka_record_too_large", { fields }));
        }
        bytes += size;
      }
      // A single call larger than the whole buffer would never fit; it is let in alone.
      if (closed || (buffered > 0 && buffered + bytes > limits.maxBufferedBytes)) {
        return Promise.reject(
          new PipelineError("kafka_produce_buffer_full", { fields: { buffered, limit: limits.maxBufferedBytes } }),
        );
      }
      buffered += bytes;
      return new Promise<void>((resolve, reject) => {
        waiting.push({
          topic,
          records,
          bytes,
          at: performance.now(),
          taken: 0,
          acknowledged: 0,
          settled: false,
          resolve,
          reject,
        });
        wake?.();
      });
    },

    /** The next request, when there is one; undefined when the queue is closed and empty. One caller at a time. */
    async next(): Promise<readonly SendPart[] | undefined> {
      for (;;) {
        const tooEarlyMs = lastTakenAt + limits.lingerMs - performance.now();
        if (tooEarlyMs > 0 && buffered < lingerBytes && !closed) {
          await new Promise<void>((resolve) => setTimeout(resolve, tooEarlyMs));
        }
        const request = takeRequest();
        if (request.length > 0) {
          lastTakenAt = performance.now();
          return request;
        }
        if (closed) return undefined;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        wake = undefined;
        // One more turn of the event loop lets calls of the same moment share the request.
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
    },

    acknowledge(request: readonly SendPart[]): void {
      for (const part of request) {
        const { call } = part;
        call.acknowledged += part.to - part.from;
        if (call.taken === call.records.length) underWay.delete(call);
        if (call.acknowledged === call.records.length) settle(call);
      }
    },

    fail(request: readonly SendPart[], error: unknown): void {
      for (const { call } of request) {
        underWay.delete(call);
        settle(call, error);
      }
    },

    /** Rejects the calls whose time is over. */
    expire(now = performance.now()): void {
      const late = (call: SendCall) => !call.settled && call.at + limits.deliveryTimeoutMs <= now;
      const error = () => new PipelineError("kafka_produce_failed", { fields: { waitedMs: limits.deliveryTimeoutMs } });
      for (const call of underWay) if (late(call)) settle(call, error());
      for (let i = head; i < waiting.length; i++) {
        const call = waiting[i] as SendCall;
        if (late(call)) settle(call, error());
        else if (!call.settled) break;
      }
    },

    /** No further call is taken; what waits is still handed out. */
    close(): void {
      closed = true;
      wake?.();
    },

    bufferedBytes: () => buffered,

    /** How long the oldest call waits, in ms; 0 when none does. */
    oldestMs(now = performance.now()): number {
      const oldest = underWay.values().next().value ?? waiting[head];
      return oldest === undefined ? 0 : now - oldest.at;
    },
  };
}

function sizeOf(record: OutgoingRecord): number {
  let size = recordOverhead + (record.value?.length ?? 0) + (record.key?.length ?? 0);
  const { headers } = record;
  if (headers instanceof RawHeaders) return size + headers.bytes.length;
  for (const name in headers) size += name.length + (headers[name]?.length ?? 0) + headerOverhead;
  return size;
}
