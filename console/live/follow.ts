import type { Schemas } from "../../schemas/index.ts";
import type { EventStream } from "../server/event-stream.ts";
import { type Described, describe, type EventHead, headOf, maskedKey } from "./describe.ts";
import { type Filter, fitsHead, fitsText } from "./filter.ts";
import type { LiveEvent, LiveState } from "./shapes.ts";
import { createShare } from "./share.ts";
import type { Tail } from "./tail.ts";
import { statusOf } from "./topics.ts";

const tellEveryMs = 100;

/**
 * Sends one browser what fits its filter, a tenth of a second's worth at a time, until it ends. It compares what this role may see and nothing else, so a filter
 * finds out no masked value.
 */
export function followLive(
  { tail, schemas }: { readonly tail: Tail; readonly schemas: Schemas },
  stream: EventStream,
  filter: Filter,
  seesAll: boolean,
): void {
  const share = createShare(performance.now());
  let untold: LiveState | undefined;
  const unfollow = tail.follow({
    onState(state) {
      untold = state;
      tell();
    },
    async onRecords(records) {
      for (const placed of records) {
        const head = headOf(placed, statusOf(placed.topic));
        if (!fitsHead(filter, seesAll ? head : { ...head, key: maskedKey(head, schemas) })) {
          share.pass();
          continue;
        }
        // Only a text needs the data of what may not be shown.
        const read = filter.text === "" ? undefined : await describe(placed, head, schemas);
        if (read !== undefined && !fitsText(filter, textsOf(head, read, seesAll))) {
          share.pass();
          continue;
        }
        if (share.fits(performance.now())) share.take(eventOf(head, read ?? (await describe(placed, head, schemas))));
      }
    },
  });

  function eventOf(head: EventHead, { open, masked, problem }: Described): LiveEvent {
    const isSame = open.key === masked.key && open.data === masked.data;
    return {
      ...{ ...head, ...masked },
      ...(problem === undefined ? {} : { problem }),
      ...(seesAll && !isSame ? { open } : {}),
    };
  }

  function tell(): void {
    // A browser that takes nothing hears it later.
    if (untold !== undefined && stream.send("state", untold)) untold = undefined;
    share.tell((batch) => stream.send("events", batch));
  }
  const timer = setInterval(tell, tellEveryMs);
  stream.onEnd(() => {
    clearInterval(timer);
    unfollow();
  });
}

function textsOf({ id, type }: EventHead, { open, masked, problem = "" }: Described, seesAll: boolean): string[] {
  const { key, data } = seesAll ? open : masked;
  return [id, type, problem, key, data];
}
