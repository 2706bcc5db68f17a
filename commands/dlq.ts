import type { AddCommand } from "./command.ts";
import { addDlqList } from "./dlq-list.ts";
import { dlqManual } from "./dlq-manual.ts";
import { dlqPartsOf } from "./dlq-part.ts";
import { addDlqRedrive } from "./dlq-redrive.ts";
import { addDlqShow } from "./dlq-show.ts";
import { withManual } from "./manual.ts";

/** `hailstream dlq …`: the records that a station behind the front door could not use or store. */
export const add: AddCommand = (program, context, end) => {
  const group = program
    .command("dlq")
    .description("Lists, shows and redrives dead letters: records that a processor could not use or a sink not store.");
  const part = dlqPartsOf(group, context, end);
  addDlqList(part);
  addDlqShow(part);
  addDlqRedrive(part);
  withManual(group, dlqManual);
};
