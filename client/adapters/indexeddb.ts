/// <reference lib="dom" />
import type { Storage } from "../ports.ts";

type Part = { readonly file: string; readonly text: string };

/**
 * Storage in IndexedDB. Each page has an owner name under a Web Lock, since several tabs share the database; what tabs that are closed left
 * is taken over by the next that opens. `fragile` storage (the default of browsers for speed) survives a closed tab, not a power cut: so
 * transactions are strict.
 */
export async function indexedDbStorage(name = "hailstream"): Promise<Storage> {
  const db = await openDatabase(name);
  const owner = crypto.randomUUID().slice(0, 8);
  const owned = new Set([owner]);
  await hold(`${name}/${owner}`);
  const pathOf = (file: string) => (file.includes("/") ? file : `${owner}/${file}`);
  const change = (make: (store: IDBObjectStore) => void) =>
    new Promise<void>((resolve, reject) => {
      const transaction = db.transaction("parts", "readwrite", { durability: "strict" });
      transaction.oncomplete = () => resolve();
      transaction.onabort = transaction.onerror = () => reject(transaction.error);
      make(transaction.objectStore("parts"));
    });
  const query = <T>(make: (store: IDBObjectStore) => IDBRequest<T>) =>
    new Promise<T>((resolve, reject) => {
      const request = make(db.transaction("parts").objectStore("parts"));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  const clear = (store: IDBObjectStore, file: string, then?: () => void) => {
    const keys = store.index("file").getAllKeys(file);
    keys.onsuccess = () => {
      for (const key of keys.result) store.delete(key);
      then?.();
    };
  };
  return {
    async list() {
      const files = [
        ...new Set((await query((store) => store.getAll() as IDBRequest<Part[]>)).map(({ file }) => file)),
      ];
      for (const other of new Set(files.map((file) => file.slice(0, file.indexOf("/"))))) {
        if (!owned.has(other) && (await hold(`${name}/${other}`))) owned.add(other);
      }
      const mine = files.filter((file) => owned.has(file.slice(0, file.indexOf("/"))));
      return mine.map((file) => (file.startsWith(`${owner}/`) ? file.slice(owner.length + 1) : file));
    },
    async read(file) {
      const parts = await query((store) => store.index("file").getAll(pathOf(file)) as IDBRequest<Part[]>);
      return parts.map(({ text }) => text).join("");
    },
    append: (file, text) => change((store) => void store.add({ file: pathOf(file), text })),
    write: (file, text) =>
      change((store) => clear(store, pathOf(file), () => void store.add({ file: pathOf(file), text }))),
    remove: (file) => change((store) => clear(store, pathOf(file))),
  };
}

function openDatabase(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () =>
      request.result.createObjectStore("parts", { autoIncrement: true }).createIndex("file", "file");
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Holds a lock until the page is gone. Gives false when another page has it. */
function hold(lock: string): Promise<boolean> {
  return new Promise((resolve) => {
    void navigator.locks.request(lock, { ifAvailable: true }, (got) => {
      resolve(got !== null);
      return got === null ? undefined : new Promise<void>(() => undefined);
    });
  });
}
