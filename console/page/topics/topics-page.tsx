import { topicColumns } from "../parts/kafka-columns.tsx";
import { List } from "../parts/list.tsx";
import { nameAt } from "../parts/list-address.ts";
import { usePlace } from "../router.ts";
import { TopicPage } from "./topic-page.tsx";

/** All topics at `/topics`, and each at an address of its own. */
export function TopicsPages() {
  const { path } = usePlace();
  const name = nameAt(path, "/topics");
  return name === "" ? <TopicsPage /> : <TopicPage key={name} name={name} />;
}

function TopicsPage() {
  return (
    <List
      {...{ path: "/topics", api: "/api/kafka/topics", files: "/api/kafka/export/topics", columns: topicColumns }}
      things={["topics", "topic"]}
      keyOf={({ name }) => name}
    />
  );
}
