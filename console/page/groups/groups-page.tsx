import { useEffect } from "preact/hooks";
import type { GroupDetail, LagRow } from "../../kafka/shapes.ts";
import { GroupState, groupColumns, topicAddress, Wait } from "../parts/kafka-columns.tsx";
import { recordsText } from "../parts/lag-words.ts";
import { AsOf, type Column, List, refreshMs, Table } from "../parts/list.tsx";
import { useAsked } from "../parts/use-asked.ts";
import { countText } from "../parts/words.ts";
import { onLink, usePlace } from "../router.ts";

/** All consumer groups at `/groups`, and each at an address of its own. */
export function GroupsPages() {
  const { path } = usePlace();
  const name = path.slice("/groups/".length);
  return name === "" ? <GroupsPage /> : <GroupPage name={decodeURIComponent(name)} />;
}

function GroupsPage() {
  return (
    <List
      {...{ path: "/groups", api: "/api/kafka/groups", files: "/api/kafka/export/groups", columns: groupColumns }}
      things={["consumer groups", "consumer group"]}
      keyOf={({ name }) => name}
    />
  );
}

const lagColumns: readonly Column<LagRow>[] = [
  {
    name: "Partition",
    cell: ({ topic, partition }) => (
      <a href={`${topicAddress(topic)}?partition=${partition}`} onClick={onLink}>
        {topic} / {partition}
      </a>
    ),
  },
  { name: "Oldest waits", isNumber: true, cell: ({ seconds }) => <Wait seconds={seconds} /> },
  { name: "Not read yet", isNumber: true, cell: ({ records }) => countText(records) },
  {
    ...{ name: "Next to read", isNumber: true },
    cell: ({ topic, partition, committed }) =>
      committed === null ? (
        "nothing read"
      ) : (
        <a href={`${topicAddress(topic)}?partition=${partition}&offset=${committed}`} onClick={onLink}>
          {committed}
        </a>
      ),
  },
  { name: "Read by", cell: ({ member }) => member ?? "nobody" },
];

function GroupPage({ name }: { readonly name: string }) {
  const { answer: data, problem } = useAsked<GroupDetail>(`/api/kafka/groups/${encodeURIComponent(name)}`, refreshMs);
  useEffect(() => {
    document.title = `${name} · hailstream`;
  }, [name]);
  return (
    <main id="main" tabIndex={-1} class="listing">
      <p class="back">
        <a href="/groups" onClick={onLink}>
          Consumer groups
        </a>
      </p>
      <div class="list-head">
        <h1>{name}</h1>
        <AsOf problem={problem ?? data?.problem} at={data?.at} />
      </div>
      {data === undefined ? null : (
        <>
          <dl class="facts-line">
            <div>
              <dt>State</dt>
              <dd>
                <GroupState group={data.group} />
              </dd>
            </div>
            <div>
              <dt>Oldest waits</dt>
              <dd>
                <Wait seconds={data.group.lagSeconds} />
              </dd>
            </div>
            <div>
              <dt>Not read yet</dt>
              <dd>{recordsText(data.group.lagRecords)}</dd>
            </div>
          </dl>
          <h2>Partitions</h2>
          {data.lags.length === 0 ? (
            <p class="empty">It has committed nothing.</p>
          ) : (
            <Table
              columns={lagColumns}
              rows={data.lags}
              keyOf={({ topic, partition }) => `${topic}/${partition}`}
              label="Partitions"
            />
          )}
          <h2>Members</h2>
          {data.members.length === 0 ? (
            <p class="empty">No process reads for this group now.</p>
          ) : (
            <ul class="plain-list">
              {data.members.map(({ name: client, host, partitions }, i) => (
                <li key={i}>
                  {client} at {host}: {countText(partitions)} partition{partitions === 1 ? "" : "s"}
                </li>
              ))}
            </ul>
          )}
        </>
      )}
    </main>
  );
}
