import type { AddCommand } from "./command.ts";
import { addFix } from "./quarantine-fix.ts";
import { addList } from "./quarantine-list.ts";
import { partsOf } from "./quarantine-part.ts";
import { addReplay } from "./quarantine-replay.ts";
import { addShow } from "./quarantine-show.ts";

const examples = `
Examples:
  hailstream quarantine list --code event_field_unknown --since 24h
  hailstream quarantine show q_4f0c21ab90
  hailstream quarantine fix --code event_field_unknown --move /data/sped=/data/speed --dry-run
  hailstream quarantine fix --key-name driver-app --since 7d --pipe "jq -c '.data.speed |= tonumber'"
  hailstream quarantine replay --state fixed

What is kept and what a replay means: docs/quarantine.md. Exit code 1: some events were not accepted; 2: it cannot be done.`;

/** `hailstream quarantine …`: the events that were not accepted and that their senders cannot repair. */
export const add: AddCommand = (program, context, end) => {
  const group = program
    .command("quarantine")
    .description("Lists, shows, fixes and replays the events that apps in the field could not repair.")
    .addHelpText("after", examples);
  const part = partsOf(group, context, end);
  addList(part);
  addShow(part);
  addFix(part);
  addReplay(part);
};
