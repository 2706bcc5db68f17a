import "./refused.css";
import { usePlace } from "../router.ts";
import { GroupView } from "./group-view.tsx";
import { GroupsView } from "./groups-view.tsx";
import { ItemView } from "./item-view.tsx";
import { RecordsView } from "./records-view.tsx";

/** What was refused: all groups, one group, one event; each with an address. */
export function RefusedPage() {
  const { path, search } = usePlace();
  const query = new URLSearchParams(search);
  if (path === "/refused/event") return <ItemView id={query.get("id") ?? ""} />;
  if (path === "/refused/group") return <GroupView query={query} />;
  if (path === "/refused/records") return <RecordsView />;
  return <GroupsView query={query} />;
}
