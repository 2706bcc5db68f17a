import type { GroupRow, TopicRow } from "../../kafka/shapes.ts";
import { onLink } from "../router.ts";
import { lagMark, rateText, recordsText, waitText } from "./lag-words.ts";
import { type Column, Mark } from "./list.tsx";
import { countText } from "./words.ts";

export const topicAddress = (name: string) => `/topics/${encodeURIComponent(name)}`;

export const topicColumns: readonly Column<TopicRow>[] = [
  {
    ...{ name: "Topic", sort: "name" },
    cell: ({ name, trouble }) => (
      <>
        <a href={topicAddress(name)} onClick={onLink}>
          {name}
        </a>
        {trouble === null ? null : (
          <>
            {" "}
            <Mark of="fault">{trouble}</Mark>
          </>
        )}
      </>
    ),
  },
  { name: "Oldest waits", sort: "wait", isNumber: true, cell: ({ lagSeconds }) => <Wait seconds={lagSeconds} /> },
  { name: "Not read yet", sort: "lag", isNumber: true, cell: ({ lagRecords }) => recordsText(lagRecords) },
  { name: "Arriving", sort: "rate", isNumber: true, cell: ({ perSecond }) => rateText(perSecond) },
  { name: "Records", sort: "records", isNumber: true, cell: ({ records }) => countText(records) },
  { name: "Partitions", sort: "partitions", isNumber: true, cell: ({ partitions }) => countText(partitions) },
  { name: "Groups", sort: "groups", isNumber: true, cell: ({ groups }) => countText(groups) },
];

/** How long the oldest record waits, marked where that is long. */
export function Wait({ seconds }: { readonly seconds: number | null }) {
  const mark = lagMark(seconds);
  const text = waitText(seconds);
  return mark === undefined ? <span>{text}</span> : <Mark of={mark}>{text}</Mark>;
}

export const groupAddress = (name: string) => `/groups/${encodeURIComponent(name)}`;

const stateWords: Readonly<Record<string, string>> = {
  Stable: "reads",
  Empty: "no members",
  PreparingRebalance: "sharing out anew",
  CompletingRebalance: "sharing out anew",
  Dead: "gone",
};

/** What the group does, in words; Kafka's own word is its title. */
export function GroupState({ group: { state, trouble } }: { readonly group: GroupRow }) {
  return (
    <span title={state}>
      {trouble !== null ? (
        <Mark of="fault">{trouble}</Mark>
      ) : state === "Stable" ? (
        <Mark of="ok">reads</Mark>
      ) : (
        (stateWords[state] ?? state)
      )}
    </span>
  );
}

export const groupColumns: readonly Column<GroupRow>[] = [
  {
    ...{ name: "Group", sort: "name" },
    cell: ({ name }) => (
      <a href={groupAddress(name)} onClick={onLink}>
        {name}
      </a>
    ),
  },
  { name: "State", sort: "state", cell: (group) => <GroupState group={group} /> },
  { name: "Oldest waits", sort: "wait", isNumber: true, cell: ({ lagSeconds }) => <Wait seconds={lagSeconds} /> },
  { name: "Not read yet", sort: "lag", isNumber: true, cell: ({ lagRecords }) => recordsText(lagRecords) },
  { name: "Members", sort: "members", isNumber: true, cell: ({ members }) => countText(members) },
  { name: "Topics", sort: "topics", isNumber: true, cell: ({ topics }) => countText(topics) },
];
