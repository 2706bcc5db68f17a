import { nameAt } from "../parts/list-address.ts";
import "./schemas.css";
import type { SchemaRow } from "../../schemas/shapes.ts";
import { topicAddress } from "../parts/kafka-columns.tsx";
import { Link } from "../parts/link.tsx";
import { type Column, List, Mark } from "../parts/list.tsx";
import { countText } from "../parts/words.ts";
import { usePlace } from "../router.ts";
import { SchemaPage } from "./schema-page.tsx";
import { minuteText, schemaAddress } from "./schema-words.ts";

/** All types of events at `/schemas`, and each at an address of its own. */
export function SchemasPages() {
  const { path } = usePlace();
  const name = nameAt(path, "/schemas");
  return name === "" ? <SchemasPage /> : <SchemaPage key={name} name={name} />;
}

const columns: readonly Column<SchemaRow>[] = [
  {
    ...{ name: "Type", sort: "name" },
    cell: ({ name, trouble }) => (
      <>
        <Link to={schemaAddress(name)}>{name}</Link>
        {trouble === null ? null : (
          <>
            {" "}
            <Mark of="warning">{trouble}</Mark>
          </>
        )}
      </>
    ),
  },
  { name: "Events a minute", sort: "rate", isNumber: true, cell: ({ perMinute }) => minuteText(perMinute) },
  { name: "Version", sort: "version", isNumber: true, cell: ({ version }) => version ?? "–" },
  {
    ...{ name: "Topic", sort: "topic" },
    cell: ({ topic }) => <Link to={topicAddress(topic)}>{topic}</Link>,
  },
  { name: "Key", cell: ({ key }) => key },
  { name: "Kind", sort: "kind", cell: ({ kind }) => kind },
  { name: "Class", sort: "class", cell: (row) => row.class },
  { name: "Fields", sort: "fields", isNumber: true, cell: ({ fields }) => countText(fields) },
  { name: "Personal", sort: "personal", isNumber: true, cell: ({ personal }) => countText(personal) },
];

function SchemasPage() {
  return (
    <List
      {...{ path: "/schemas", api: "/api/schemas", files: "/api/schemas/export", columns }}
      things={["schemas", "schema"]}
      keyOf={({ name }) => name}
    />
  );
}
