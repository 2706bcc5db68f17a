import type { GroupRow, LagRow, TopicRow } from "../../kafka/shapes.ts";
import { lagMark, rateText, recordsText, waitText } from "./lag-words.ts";
import { Link } from "./link.tsx";
import { type Column, Mark, Unknown } from "./list.tsx";
import { countText } from "./words.ts";

export const topicAddress = (name: string) => `/topics/${encodeURIComponent(name)}`;

/** How far something is behind, as far as that is known. */
type LagOfRow = Pick<TopicRow, "lagSeconds" | "lagRecords" | "unknown">;

/** @param notYet what has not been done with the records that wait */
export function lagColumns<Row extends LagOfRow>(notYet: string): readonly Column<Row>[] {
  return [
    {
      ...{ name: "Oldest waits", sort: "wait", isNumber: true },
      cell: ({ lagSeconds, unknown }) => <Wait seconds={lagSeconds} isPart={unknown !== null} />,
    },
    {
      ...{ name: notYet, sort: "lag", isNumber: true },
      cell: ({ lagRecords, unknown }) => recordsText(lagRecords, unknown !== null),
    },
  ];
}

/** How far something is in a partition, as far as that is known. */
type PlaceRow = Pick<LagRow, "topic" | "partition" | "seconds" | "records" | "unknown">;

/** The first columns of a table of partitions. @param notYet as above */
export function placeColumns<Row extends PlaceRow>(notYet: string): readonly Column<Row>[] {
  return [
    {
      name: "Partition",
      cell: ({ topic, partition, unknown }) => (
        <>
          <Link to={`${topicAddress(topic)}?partition=${partition}`}>
            {topic} / {partition}
          </Link>
          <Unknown text={unknown} />
        </>
      ),
    },
    { name: "Oldest waits", isNumber: true, cell: ({ seconds }) => <Wait seconds={seconds} /> },
    { name: notYet, isNumber: true, cell: ({ records }) => recordsText(records) },
  ];
}

/** Leads to the records from an offset on. */
export function OffsetLink({ topic, partition, offset }: PlaceOfOffset) {
  return <Link to={`${topicAddress(topic)}?partition=${partition}&offset=${offset}`}>{offset}</Link>;
}

type PlaceOfOffset = { readonly topic: string; readonly partition: number; readonly offset: string };

export const topicColumns: readonly Column<TopicRow>[] = [
  {
    ...{ name: "Topic", sort: "name" },
    cell: ({ name, trouble, unknown }) => (
      <>
        <Link to={topicAddress(name)}>{name}</Link>
        {trouble === null ? null : (
          <>
            {" "}
            <Mark of="fault">{trouble}</Mark>
          </>
        )}
        <Unknown text={unknown} />
      </>
    ),
  },
  ...lagColumns<TopicRow>("Not read yet"),
  { name: "Arriving", sort: "rate", isNumber: true, cell: ({ perSecond }) => rateText(perSecond) },
  {
    ...{ name: "Records", sort: "records", isNumber: true },
    cell: ({ records, unknown }) => recordsText(records, unknown !== null),
  },
  { name: "Partitions", sort: "partitions", isNumber: true, cell: ({ partitions }) => countText(partitions) },
  { name: "Groups", sort: "groups", isNumber: true, cell: ({ groups }) => countText(groups) },
];

/** How long the oldest record waits, marked where that is long. `isPart`: some of it is not known. */
export function Wait({ seconds, isPart = false }: { readonly seconds: number | null; readonly isPart?: boolean }) {
  const mark = lagMark(seconds);
  const text = waitText(seconds, isPart);
  return mark === undefined ? <span>{text}</span> : <Mark of={mark}>{text}</Mark>;
}

export const groupAddress = (name: string) => `/groups/${encodeURIComponent(name)}`;

const stateWords: Readonly<Record<string, string>> = {
  Stable: "reads",
  Empty: "no members",
  PreparingRebalance: "sharing out anew",
  CompletingRebalance: "sharing out anew",
  Dead: "gone",
  Unknown: "not known",
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
    cell: ({ name, unknown }) => (
      <>
        <Link to={groupAddress(name)}>{name}</Link>
        <Unknown text={unknown} />
      </>
    ),
  },
  { name: "State", sort: "state", cell: (group) => <GroupState group={group} /> },
  ...lagColumns<GroupRow>("Not read yet"),
  { name: "Members", sort: "members", isNumber: true, cell: ({ members }) => countText(members) },
  { name: "Topics", sort: "topics", isNumber: true, cell: ({ topics }) => countText(topics) },
];
