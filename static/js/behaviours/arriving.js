// Notes who is about to sign in, as a digest: without network nobody is shown the pages of the person before them.

import * as store from "../day/store.js";

export default function arriving(form, { signal }) {
  let isNoted = false;
  forgetUnlessNeeded();
  form.addEventListener("submit", async (event) => {
    if (isNoted) return;
    event.preventDefault();
    try {
      const mail = String(new FormData(form).get("email")).trim().toLowerCase();
      const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(mail));
      await store.know(
        "arriving",
        [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
      );
    } catch { /* keeps nothing: has nothing to show either */ }
    isNoted = true;
    form.requestSubmit();
  }, { signal });
}

// The page is shown again: nobody has come in.
async function forgetUnlessNeeded() {
  await store.know("arriving", undefined).catch(() => {});
}
