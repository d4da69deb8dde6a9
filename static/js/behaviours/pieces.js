// Sends chosen files at once, in pieces, and goes on where a connection was lost; the form then only carries the answer.
//
// <div data-behaviour="pieces" data-url data-item data-proof data-sending data-kept data-waiting data-failed data-again>
//   inputs of type file, and <ul class="sending">

const PATIENCE_S = [1, 2, 5, 10, 30];

export default function pieces(place, { signal }) {
  const list = place.querySelector(".sending");
  const words = place.dataset;
  let underWay = 0;
  let isSentAfter = false;
  const form = place.closest("form");

  for (const input of place.querySelectorAll("input[type=file]")) {
    input.addEventListener("change", () => {
      for (const file of input.files) send(file);
      input.value = ""; // they are on their way: the form need not send them once more
    }, { signal });
  }
  form?.addEventListener("submit", (event) => {
    if (underWay === 0) return;
    event.preventDefault(); // the answer follows as soon as the files are there
    isSentAfter = true;
    place.scrollIntoView({ block: "center" });
  }, { signal });

  async function send(file) {
    const row = rowOf(file);
    underWay += 1;
    try {
      const done = await through(file, row);
      row.kept(done);
    } catch (problem) {
      isSentAfter = false;
      row.failed(problem instanceof Refusal ? problem.message : words.failed, () => send(file));
    } finally {
      underWay -= 1;
    }
    if (isSentAfter && underWay === 0) form.requestSubmit();
  }

  async function through(file, row) {
    const begun = new URLSearchParams({
      item: words.item,
      name: file.name,
      size: file.size,
      changed: file.lastModified,
    });
    let told = await asked(words.url, { method: "POST", body: begun }, row);
    while (!told.is_done) {
      row.far(told.received, file.size);
      const piece = file.slice(told.received, told.received + told.piece);
      const headers = { "Upload-Offset": String(told.received), "Content-Type": "application/octet-stream" };
      told = { ...told, ...(await asked(told.url, { method: "POST", body: piece, headers }, row)) };
    }
    return told;
  }

  async function asked(url, options, row) {
    const headers = { ...options.headers, "X-Proof": words.proof, "Accept": "application/json" };
    for (let tries = 0;; tries += 1) {
      signal.throwIfAborted();
      try {
        const answer = await fetch(url, { ...options, headers, signal });
        const told = await answer.json().catch(() => ({}));
        if (answer.ok || answer.status === 409) return told; // 409 says where to go on
        if (answer.status < 500) throw new Refusal(told.detail || words.failed);
      } catch (problem) {
        if (problem instanceof Refusal || signal.aborted) throw problem;
      }
      row.waits();
      await pause(PATIENCE_S[Math.min(tries, PATIENCE_S.length - 1)] * 1000);
    }
  }

  function pause(milliseconds) {
    return new Promise((go) => {
      const timer = setTimeout(go, milliseconds);
      globalThis.addEventListener("online", () => (clearTimeout(timer), go()), { once: true, signal });
    });
  }

  function rowOf(file) {
    const row = document.createElement("li");
    const name = document.createElement("bdi");
    const far = document.createElement("span");
    const bar = document.createElement("progress");
    name.textContent = file.name;
    far.className = "how-far";
    far.textContent = words.sending;
    bar.max = Math.max(1, file.size);
    bar.value = 0;
    bar.tabIndex = -1;
    bar.setAttribute("aria-label", file.name);
    row.append(name, far, bar);
    list.append(row);
    return {
      far: (received, size) => {
        bar.value = received;
        far.textContent = `${words.sending} ${
          new Intl.NumberFormat(document.documentElement.lang, { style: "percent" }).format(received / size)
        }`;
      },
      waits: () => (far.textContent = words.waiting),
      kept: (done) => {
        bar.remove();
        far.textContent = words.kept;
        const link = document.createElement("a");
        link.href = done.url;
        link.download = "";
        link.append(name.cloneNode(true));
        name.replaceWith(link);
      },
      failed: (why, again) => {
        bar.remove();
        far.textContent = why;
        far.className = "failed";
        const button = document.createElement("button");
        button.type = "button";
        button.className = "btn";
        button.textContent = words.again;
        button.addEventListener("click", () => (row.remove(), again()), { once: true, signal });
        row.append(button);
      },
    };
  }
}

class Refusal extends Error {}
