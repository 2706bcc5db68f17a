import type { SchemaChange } from "../../schemas/shapes.ts";
import { type Column, Mark, Table } from "../parts/list.tsx";

/** Changes field by field; what breaks comes first. */
export function ChangesTable({
  changes,
  label,
}: {
  readonly changes: readonly SchemaChange[];
  readonly label: string;
}) {
  const sorted = [...changes].sort((a, b) => Number(b.breaking) - Number(a.breaking));
  return <Table columns={changeColumns} rows={sorted} keyOf={({ field, old }) => `${field} ${old}`} label={label} />;
}

const changeColumns: readonly Column<SchemaChange>[] = [
  { name: "Field", cell: ({ field }) => (field === "" ? "the record itself" : <span class="mono">{field}</span>) },
  {
    name: "Effect",
    cell: ({ breaking }) => (breaking ? <Mark of="fault">breaks</Mark> : <Mark of="ok">compatible</Mark>),
  },
  { name: "Was", cell: (change) => <span class="wraps">{change.old}</span> },
  { name: "Is", cell: (change) => <span class="wraps">{change.new}</span> },
  { name: "What to do", cell: ({ advice }) => <span class="wraps">{advice}</span> },
];
