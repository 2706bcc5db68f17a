import type { GroupDetail, LagRow } from "../../kafka/shapes.ts";
import { DetailPage } from "../parts/detail-page.tsx";
import { GroupState, groupColumns, OffsetLink, placeColumns, Wait } from "../parts/kafka-columns.tsx";
import { recordsText } from "../parts/lag-words.ts";
import { type Column, List, Table, Unknown } from "../parts/list.tsx";
import { nameAt } from "../parts/list-address.ts";
import { countText } from "../parts/words.ts";
import { usePlace } from "../router.ts";

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

const partitionColumns: readonly Column<LagRow>[] = [
  ...placeColumns<LagRow>("Not read yet"),
  {
    ...{ name: "Next to read", isNumber: true },
    cell: ({ committed, ...place }) =>
      committed === null ? "nothing read" : <OffsetLink {...place} offset={committed} />,
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
  const { lagSeconds, lagRecords, unknown } = detail.group;
  return (
    <>
      <Unknown text={unknown} />
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
            <Wait seconds={lagSeconds} isPart={unknown !== null} />
          </dd>
        </div>
        <div>
          <dt>Not read yet</dt>
          <dd>{recordsText(lagRecords, unknown !== null)}</dd>
        </div>
      </dl>
      <h2>Partitions</h2>
      {detail.lags.length === 0 ? (
        <p class="empty">
          {unknown === null ? "It has committed nothing." : "What it has committed is not known now."}
        </p>
      ) : (
        <Table
          columns={partitionColumns}
          rows={detail.lags}
          keyOf={({ topic, partition }) => `${topic}/${partition}`}
          label="Partitions"
        />
      )}
      <h2>Members</h2>
      {detail.members.length === 0 ? (
        <p class="empty">
          {detail.group.state === "Unknown"
            ? "Who reads for it is not known now."
            : "No process reads for this group now."}
        </p>
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
