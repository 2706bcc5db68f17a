import type { AddCommand } from "./command.ts";
import { addDlqList } from "./dlq-list.ts";
import { dlqPartsOf } from "./dlq-part.ts";
import { addDlqRedrive } from "./dlq-redrive.ts";
import { addDlqShow } from "./dlq-show.ts";

const examples = `
Examples:
  hailstream dlq list --since 24h
  hailstream dlq show sinks:42
  hailstream dlq redrive --code sink_schema_unknown --dry-run
  hailstream dlq redrive --place hailstream-sinks --since 7d

What becomes a dead letter and what a redrive means: docs/dead-letters.md. Exit code 1: some letters failed again, were left alone or are left; 2: it cannot be done.`;

/** `hailstream dlq …`: the records that a station behind the front door could not use or store. */
export const add: AddCommand = (program, context, end) => {
  const group = program
    .command("dlq")
    .description("Lists, shows and redrives dead letters: records that a processor could not use or a sink not store.")
    .addHelpText("after", examples);
  const part = dlqPartsOf(group, context, end);
  addDlqList(part);
  addDlqShow(part);
  addDlqRedrive(part);
};
