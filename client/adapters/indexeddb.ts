/// <reference lib="dom" />
import type { Storage } from "../ports.ts";

type Part = { readonly file: string; readonly text: string };
type Opened = { readonly db: IDBDatabase; readonly owner: string };

/**
 * Storage in IndexedDB, for pages over HTTPS (or of localhost). Each page has an owner's name under a Web Lock, since tabs share the database; what
 * tabs that are closed left is taken over by the next that opens. By default browsers tell that a transaction is over before it is on the disk:
 * that survives a closed tab, not a power cut. So these are strict.
 */
export function indexedDbStorage(name = "hailstream"): Storage {
  const owned = new Set<string>();
  const opened = open(name);
  // Who needs it sees the failure.
  opened.catch(() => undefined);
  const pathOf = (file: string, owner: string) => (file.includes("/") ? file : `${owner}/${file}`);
  const change = async (file: string, make: (store: IDBObjectStore, path: string) => void) => {
    const { db, owner } = await opened;
    return new Promise<void>((resolve, reject) => {
      const transaction = db.transaction("parts", "readwrite", { durability: "strict" });
      transaction.oncomplete = () => resolve();
      transaction.onabort = transaction.onerror = () => reject(transaction.error);
      make(transaction.objectStore("parts"), pathOf(file, owner));
    });
  };
  const query = async <T>(make: (index: IDBIndex, owner: string) => IDBRequest<T>) => {
    const { db, owner } = await opened;
    return new Promise<T>((resolve, reject) => {
      const request = make(db.transaction("parts").objectStore("parts").index("file"), owner);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  };
  const clear = (store: IDBObjectStore, path: string, then?: () => void) => {
    const keys = store.index("file").getAllKeys(path);
    keys.onsuccess = () => {
      for (const key of keys.result) store.delete(key);
      then?.();
    };
  };
  return {
    async list() {
      const { owner } = await opened;
      owned.add(owner);
      const parts = await query((index) => index.getAll() as IDBRequest<Part[]>);
      const files = [...new Set(parts.map(({ file }) => file))];
      for (const other of new Set(files.map(ownerOf))) {
        if (!owned.has(other) && (await hold(`${name}/${other}`))) owned.add(other);
      }
      const mine = files.filter((file) => owned.has(ownerOf(file)));
      return mine.map((file) => (ownerOf(file) === owner ? file.slice(owner.length + 1) : file));
    },
    async read(file) {
      const parts = await query((index, owner) => index.getAll(pathOf(file, owner)) as IDBRequest<Part[]>);
      return parts.map(({ text }) => text).join("");
    },
    append: (file, text) => change(file, (store, path) => void store.add({ file: path, text })),
    write: (file, text) =>
      change(file, (store, path) => clear(store, path, () => void store.add({ file: path, text }))),
    remove: (file) => change(file, (store, path) => clear(store, path)),
  };
}

function ownerOf(file: string): string {
  return file.slice(0, file.indexOf("/"));
}

async function open(name: string): Promise<Opened> {
  const owner = crypto.randomUUID();
  await hold(`${name}/${owner}`);
  const db = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () =>
      request.result.createObjectStore("parts", { autoIncrement: true }).createIndex("file", "file");
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return { db, owner };
}

/** Holds a lock until the page is gone. Gives false when another page has it. */
function hold(lock: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(lock, { ifAvailable: true }, (got) => {
        resolve(got !== null);
        return got === null ? undefined : new Promise<void>(() => undefined);
      })
      .catch(reject);
  });
}
