// Signing out takes what the device keeps of this person along; asks first when something has not been sent.

import { leave } from "../day/engine.js";
import { send } from "../day/sending.js";
import * as store from "../day/store.js";

export default function leaving(form, { signal }) {
  const user = Number(form.dataset.user);
  let isAgreed = false;
  form.addEventListener("submit", async (event) => {
    if (isAgreed) return;
    event.preventDefault();
    event.stopPropagation();
    try {
      if ((await unsent(user)).length) await send(user).catch(() => {});
      const n = (await unsent(user)).length;
      const question = n === 1 ? form.dataset.one : form.dataset.other.replace("{n}", n);
      if (n && !globalThis.confirm(question)) return;
      await leave(user);
    } catch { /* a browser that keeps nothing has nothing to take along */ }
    isAgreed = true;
    form.requestSubmit();
  }, { signal, capture: true });
}

async function unsent(user) {
  return (await store.changesOf(user)).filter((change) => change.state !== "sent");
}
