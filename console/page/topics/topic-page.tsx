import type { PartitionRow, TopicDetail } from "../../kafka/shapes.ts";
import { DetailPage } from "../parts/detail-page.tsx";
import { groupColumns, topicAddress } from "../parts/kafka-columns.tsx";
import { rateText, recordsText } from "../parts/lag-words.ts";
import { Link } from "../parts/link.tsx";
import { type Column, Mark, MissingGroups, Table, Unknown } from "../parts/list.tsx";
import { countText, spanText } from "../parts/words.ts";
import { schemaAddress } from "../schemas/schema-words.ts";
import { Browse } from "./browse.tsx";

/** One topic: what it holds, who reads it and how far, and its records. */
export function TopicPage({ name }: { readonly name: string }) {
  return (
    <DetailPage<TopicDetail> {...{ name, api: `/api/kafka${topicAddress(name)}`, list: ["/topics", "Topics"] }}>
      {(detail) => <Detail detail={detail} />}
    </DetailPage>
  );
}

function Detail({ detail }: { readonly detail: TopicDetail }) {
  const { name, trouble, unknown, missing, perSecond, partitions, groups, types, settings } = detail;
  const known = partitions.filter(({ high }) => high !== null);
  const records = known.reduce((sum, { low, high }) => sum + Number(high) - Number(low), 0);
  return (
    <>
      {trouble === null ? null : (
        <p>
          <Mark of="fault">{trouble}</Mark>
        </p>
      )}
      <Unknown text={unknown} />
      <dl class="facts-line">
        <div>
          <dt>Records</dt>
          <dd>{recordsText(known.length === 0 ? null : records, unknown !== null)}</dd>
        </div>
        <div>
          <dt>Arriving</dt>
          <dd>{rateText(perSecond)}</dd>
        </div>
        {settings.map(({ name: setting, value }) => (
          <div key={setting}>
            <dt>{settingNames[setting] ?? setting}</dt>
            <dd>{settingText(setting, value)}</dd>
          </div>
        ))}
      </dl>
      {types.length === 0 ? null : (
        <>
          <h2>Events in it</h2>
          <dl class="types">
            {types.map((type) => (
              <div key={type.name}>
                <dt>
                  <Link to={schemaAddress(type.name)}>{type.name}</Link>
                </dt>
                <dd>{type.doc}</dd>
              </div>
            ))}
          </dl>
        </>
      )}
      <h2>Read by</h2>
      <MissingGroups why={missing} />
      {groups.length === 0 ? (
        <p class="empty">No consumer group has read of it.</p>
      ) : (
        <Table
          columns={groupColumns.slice(0, -1)}
          rows={groups}
          keyOf={(group) => group.name}
          label="Consumer groups"
        />
      )}
      <h2>Partitions</h2>
      <Table
        columns={partitionColumns(name)}
        rows={partitions}
        keyOf={({ partition }) => String(partition)}
        label="Partitions"
      />
      <Browse key={name} topic={name} partitions={partitions} />
    </>
  );
}

const settingNames: Readonly<Record<string, string>> = {
  "cleanup.policy": "Old records are",
  "retention.ms": "Kept for",
  "retention.bytes": "Kept up to",
  "min.insync.replicas": "Replicas needed to write",
};

function settingText(name: string, value: string): string {
  if (name === "retention.ms") return value === "-1" ? "ever" : spanText(Number(value));
  if (name === "retention.bytes") return value === "-1" ? "any size" : `${countText(Number(value))} bytes a partition`;
  if (name === "cleanup.policy") {
    return value.replace("compact", "compacted to the newest of a key").replace("delete", "deleted");
  }
  return value;
}

function partitionColumns(topic: string): readonly Column<PartitionRow>[] {
  return [
    {
      name: "Partition",
      cell: ({ partition, unknown }) => (
        <>
          <Link to={`${topicAddress(topic)}?partition=${partition}`}>{partition}</Link>
          <Unknown text={unknown} />
        </>
      ),
    },
    {
      ...{ name: "Records", isNumber: true },
      cell: ({ low, high }) => (low === null || high === null ? "–" : countText(Number(high) - Number(low))),
    },
    { name: "First offset", isNumber: true, cell: ({ low }) => low ?? "–" },
    { name: "Next offset", isNumber: true, cell: ({ high }) => high ?? "–" },
    { name: "Leader", isNumber: true, cell: ({ leader }) => leader ?? <Mark of="fault">none</Mark> },
    {
      ...{ name: "In sync", isNumber: true },
      cell: ({ inSync, replicas }) =>
        inSync < replicas ? <Mark of="warning">{`${inSync} of ${replicas}`}</Mark> : `${inSync} of ${replicas}`,
    },
  ];
}
