import { createService } from "../../runtime/index.ts";
import type { Schemas } from "../../schemas/index.ts";
import type { Rejection, Sink } from "../sink.ts";
import { type Alert, readAlert } from "./alert.ts";
import { enqueue } from "./enqueue.ts";

/**
 * Turns alerts into deliveries, one for each endpoint that wants it, in the transaction that moves the checkpoint: an alert that was read
 * twice is still one delivery. Nothing is sent here.
 * @param onStored called after deliveries are committed, with the endpoints that they are for.
 */
export function createAlertSink(schemas: Schemas, onStored: (endpoints: ReadonlySet<string>) => void): Sink {
  const service = createService({ name: "alert sink", start: () => undefined, stop: () => undefined });
  return Object.assign(service, {
    async prepare({ records }: Parameters<Sink["prepare"]>[0]) {
      const alerts: Alert[] = [];
      const rejections: Rejection[] = [];
      for (const record of records) {
        const read = await readAlert(record, schemas);
        if (read.ok) alerts.push(read.alert);
        else rejections.push({ record, reason: read.code, message: read.reason });
      }
      let endpoints: ReadonlySet<string> = new Set();
      return {
        rows: alerts.length,
        async write(tx: Parameters<typeof enqueue>[0]) {
          if (alerts.length > 0) endpoints = await enqueue(tx, alerts);
          return rejections;
        },
        // How many of them were made already is not known here.
        written: () => ({ stored: alerts.length, present: 0 }),
        committed: () => onStored(endpoints),
        release: () => undefined,
      };
    },
  });
}
