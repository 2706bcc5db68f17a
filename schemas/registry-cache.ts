import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What one registry has said, kept on disk: schemas by id, and ids by subject and fingerprint. */
export type RegistryCache = {
  schemas(): ReadonlyMap<number, string>;
  putSchema(id: number, schema: string): void;
  idOf(subject: string, fingerprint: string): number | undefined;
  putId(subject: string, fingerprint: string, id: number): void;
  /** Forgets everything: the registry is another one than it was. */
  clear(): void;
};

/**
 * One folder for each registry address under `folder`, one small file for each fact, each written whole and then renamed, so
 * that any number of processes may share it and a crash leaves nothing half-written. A file that cannot be read is as if it
 * were not there.
 */
export function openRegistryCache(folder: string, url: string): RegistryCache {
  const root = join(folder, createHash("sha256").update(url).digest("hex").slice(0, 16));
  const byId = join(root, "ids");
  const bySubject = join(root, "subjects");
  const fileOf = (subject: string, fingerprint: string) => join(bySubject, `${subject}@${fingerprint}`);

  return {
    schemas() {
      const found = new Map<number, string>();
      for (const name of namesIn(byId)) {
        const id = Number(name.replace(/\.avsc$/, ""));
        const text = Number.isInteger(id) ? readOrNothing(join(byId, name)) : undefined;
        if (text !== undefined) found.set(id, text);
      }
      return found;
    },
    putSchema: (id, schema) => write(byId, join(byId, `${id}.avsc`), schema),
    idOf(subject, fingerprint) {
      const id = Number(readOrNothing(fileOf(subject, fingerprint)) ?? Number.NaN);
      return Number.isInteger(id) ? id : undefined;
    },
    putId: (subject, fingerprint, id) => write(bySubject, fileOf(subject, fingerprint), String(id)),
    clear() {
      rmSync(byId, { recursive: true, force: true });
      rmSync(bySubject, { recursive: true, force: true });
    },
  };
}

/** In memory, for a registry that ends with this process: schemas for the decoders; its ids need no remembering. */
export function createMemoryCache(): RegistryCache {
  const schemas = new Map<number, string>();
  return {
    schemas: () => schemas,
    putSchema: (id, schema) => void schemas.set(id, schema),
    idOf: () => undefined,
    putId: () => undefined,
    clear: () => schemas.clear(),
  };
}

function write(folder: string, file: string, text: string): void {
  if (readOrNothing(file) === text) return;
  mkdirSync(folder, { recursive: true });
  const draft = `${file}.${randomUUID()}.draft`;
  writeFileSync(draft, text);
  renameSync(draft, file);
}

function readOrNothing(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith(".avsc"));
  } catch {
    return [];
  }
}
