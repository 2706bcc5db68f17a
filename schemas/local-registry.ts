import type { Registry } from "./registry.ts";

/**
 * A registry that lives and ends with this process: ids count from 1 in the order of registration. It compares no versions, which
 * `hailstream schemas check` does with the files themselves.
 */
export function createLocalRegistry(): Registry {
  const ids = new Map<string, number>();
  const texts: string[] = [];
  return {
    async register(subject, schema) {
      const text = JSON.stringify(schema);
      const known = ids.get(`${subject} ${text}`);
      if (known !== undefined) return known;
      const id = texts.push(text);
      ids.set(`${subject} ${text}`, id);
      return id;
    },
    fetchSchema: async (id) => texts[id - 1],
  };
}
