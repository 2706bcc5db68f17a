import type { GroupDetail, LagRow } from "../../kafka/shapes.ts";
import { DetailPage } from "../parts/detail-page.tsx";
import { GroupState, groupColumns, topicAddress, Wait } from "../parts/kafka-columns.tsx";
import { recordsText } from "../parts/lag-words.ts";
import { type Column, List, Table } from "../parts/list.tsx";
import { nameAt } from "../parts/list-address.ts";
import { countText } from "../parts/words.ts";
import { onLink, usePlace } from "../router.ts";

/** All consumer groups at `/groups`, and each at an address of its own. */
export function GroupsPages() {
  const { path } = usePlace();
  const name = nameAt(path, "/groups");
  return name === "" ? <GroupsPage /> : <GroupPage key={name} name={name} />;
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
  const api = `/api/kafka/groups/${encodeURIComponent(name)}`;
  return (
    <DetailPage<GroupDetail> {...{ name, api, list: ["/groups", "Consumer groups"] }}>
      {(detail) => <Detail detail={detail} />}
    </DetailPage>
  );
}

function Detail({ detail }: { readonly detail: GroupDetail }) {
  return (
    <>
      <dl class="facts-line">
        <div>
          <dt>State</dt>
          <dd>
            <GroupState group={detail.group} />
          </dd>
        </div>
        <div>
          <dt>Oldest waits</dt>
          <dd>
            <Wait seconds={detail.group.lagSeconds} />
          </dd>
        </div>
        <div>
          <dt>Not read yet</dt>
          <dd>{recordsText(detail.group.lagRecords)}</dd>
        </div>
      </dl>
      <h2>Partitions</h2>
      {detail.lags.length === 0 ? (
        <p class="empty">It has committed nothing.</p>
      ) : (
        <Table
          columns={lagColumns}
          rows={detail.lags}
          keyOf={({ topic, partition }) => `${topic}/${partition}`}
          label="Partitions"
        />
      )}
      <h2>Members</h2>
      {detail.members.length === 0 ? (
        <p class="empty">No process reads for this group now.</p>
      ) : (
        <ul class="plain-list">
          {detail.members.map(({ name: client, host, partitions }, i) => (
            <li key={i}>
              {client} at {host}: {countText(partitions)} partition{partitions === 1 ? "" : "s"}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
