import type { Queryable } from "../../store/index.ts";
import type { MapPort } from "./port.ts";
import type { AreaCounts, MapMinute } from "./shapes.ts";

export type MapWanted = {
  readonly from: Date;
  readonly to: Date;
  readonly city?: string | undefined;
  /** The minute that is shown; absent: the newest. */
  readonly at?: Date | undefined;
};

type Row = AreaCounts & { readonly cell: string | null };

/** Of several results of one area and minute the newest one is valid. @throws PipelineError store_… */
export async function readMap(db: Queryable, port: MapPort, wanted: MapWanted): Promise<MapMinute> {
  const { from, to, city: asked, at } = wanted;
  const found = await db.query<{ city: string; minute: Date }>(
    `select distinct city_id as city, occurred_at as minute from events.marketplace_minute
     where occurred_at >= $1 and occurred_at < $2 and h3_cell is null order by 1, 2`,
    [from, to],
  );
  const cities = [...new Set(found.map(({ city }) => city))];
  const city = asked ?? cities[0] ?? null;
  const minutes = found.filter((row) => row.city === city).map(({ minute }) => minute.getTime());
  const minute = at?.getTime() ?? minutes.at(-1) ?? null;
  if (city === null || minute === null) return { cities, city, minutes, minute, whole: null, cells: [] };
  const rows = await db.query<Row>(
    `select distinct on (h3_cell) h3_cell as cell, open_drivers as drivers, requests, unmet_demand as unmet, surge_multiplier as surge
     from events.marketplace_minute
     where city_id = $1 and occurred_at = $2 and (h3_cell is null or resolution = 8) order by h3_cell, revision desc`,
    [city, new Date(minute)],
  );
  const { cell: _, ...whole } = rows.find(({ cell }) => cell === null) ?? { cell: null };
  return {
    ...{ cities, city, minutes, minute },
    whole: "drivers" in whole ? whole : null,
    cells: rows.flatMap(({ cell, ...counts }) => {
      const outline = cell === null ? undefined : port.outline(cell);
      return cell === null || outline === undefined ? [] : [{ cell, outline, ...counts }];
    }),
  };
}
