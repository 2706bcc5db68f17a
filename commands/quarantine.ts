import type { AddCommand } from "./command.ts";
import { withManual } from "./manual.ts";
import { addFix } from "./quarantine-fix.ts";
import { addList } from "./quarantine-list.ts";
import { quarantineManual } from "./quarantine-manual.ts";
import { partsOf } from "./quarantine-part.ts";
import { addReplay } from "./quarantine-replay.ts";
import { addShow } from "./quarantine-show.ts";

/** `hailstream quarantine …`: the events that were not accepted and that their senders cannot repair. */
export const add: AddCommand = (program, context, end) => {
  const group = program
    .command("quarantine")
    .description("Lists, shows, fixes and replays the events that apps in the field could not repair.");
  const part = partsOf(group, context, end);
  addList(part);
  addShow(part);
  addFix(part);
  addReplay(part);
  withManual(group, quarantineManual);
};
