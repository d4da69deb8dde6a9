// What the device remembers (IndexedDB): changes that were entered, photos that go with them, what the server said last.
//
// A change is kept until the server has it *and* the pages on the device show it. It belongs to a person and is never
// sent in another one's name. Knows no page; the service worker uses it too.

const NAME = "concierge-day";
let opening;

function database() {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      const made = request.result;
      made.createObjectStore("changes", { keyPath: "key" }).createIndex("user", "user");
      made.createObjectStore("files", { keyPath: "id" });
      made.createObjectStore("known");
    };
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const opened = request.result;
      const again = () => (opening = undefined);
      opened.onclose = again;
      opened.onversionchange = () => {
        opened.close(); // a newer page wants another shape
        again();
      };
      resolve(opened);
    };
  });
  opening.catch(() => (opening = undefined));
  return opening;
}

// Runs `act(stores…)`; resolves with what its request gives once everything is written.
async function within(names, mode, act) {
  const opened = await database();
  return new Promise((resolve, reject) => {
    const write = opened.transaction(names, mode, { durability: "strict" });
    write.onabort = () => reject(write.error ?? new DOMException("aborted", "AbortError"));
    const asked = act(...names.map((name) => write.objectStore(name)));
    write.oncomplete = () => resolve(asked?.result);
  });
}

/** Keep a change, and the photo that goes with it, whole or not at all. Rejects with QuotaExceededError. */
export function add(change, photo) {
  return within(["changes", "files"], "readwrite", (changes, files) => {
    if (photo) files.add({ id: change.file, user: change.user, photo });
    changes.add(change);
  });
}

/** Everything a person entered that is still here, in the order in which it was entered. */
export async function changesOf(user) {
  const found = await within(
    ["changes"],
    "readonly",
    (changes) => changes.index("user").getAll(IDBKeyRange.only(user)),
  );
  return found.sort((one, other) => one.n - other.n);
}

/** What others entered on this device and nobody has sent, by the person's id. */
export async function ofOthers(user) {
  const found = await within(["changes"], "readonly", (changes) => changes.getAll());
  const left = new Map();
  for (const change of found) {
    if (change.user === user || change.state === "sent") continue;
    left.set(change.user, (left.get(change.user) ?? 0) + 1);
  }
  return left;
}

/** Note what became of a change; does nothing when it is gone. */
export function note(key, said) {
  return within(["changes"], "readwrite", (changes) => {
    changes.get(key).onsuccess = (event) => {
      const found = event.target.result;
      if (found) changes.put({ ...found, ...said });
    };
  });
}

/** Take a change out, with its photo. `only(change)` may still object; says whether it went. */
export async function remove(key, only = () => true) {
  let isGone = false;
  await within(["changes", "files"], "readwrite", (changes, files) => {
    changes.get(key).onsuccess = (event) => {
      const found = event.target.result;
      if (!found || !only(found)) return;
      isGone = true;
      changes.delete(key);
      if (found.file) files.delete(found.file);
    };
  });
  return isGone;
}

export async function photo(id) {
  return (await within(["files"], "readonly", (files) => files.get(id)))?.photo;
}

export function known(name) {
  return within(["known"], "readonly", (store) => store.get(name));
}

export function know(name, value) {
  return within(["known"], "readwrite", (store) => void store.put(value, name));
}

/** Forget one person: what they entered, their photos, what the server said to them. */
export async function forget(user) {
  await within(["changes", "files", "known"], "readwrite", (changes, files, store) => {
    for (const from of [changes, files]) {
      from.openCursor().onsuccess = ({ target: { result: cursor } }) => {
        if (!cursor) return;
        if (cursor.value.user === user) cursor.delete();
        cursor.continue();
      };
    }
    for (const name of ["day", "pages", "notices"]) store.delete(`${name}:${user}`);
    store.delete("owner");
  });
}
