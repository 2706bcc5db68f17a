/** What is known of a thing by its id; steps look up and never change. A Map is one. */
export type Table<Row> = { get(id: string): Row | undefined };
