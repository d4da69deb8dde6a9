// Asks before a form is sent: data-question, and data-verb on the button that goes on.

export default function confirm(form, { signal }) {
  let isAgreed = false;
  form.addEventListener("submit", (event) => {
    if (isAgreed) return;
    event.preventDefault();
    event.stopPropagation();
    ask(form.dataset.question, form.dataset.verb, () => {
      isAgreed = true;
      form.requestSubmit(event.submitter);
    });
  }, { signal, capture: true });
}

function ask(question, verb, agree) {
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  dialog.setAttribute("aria-labelledby", "confirm-question");
  const text = document.createElement("p");
  text.id = "confirm-question";
  text.className = "lead";
  text.textContent = question;
  const acts = document.createElement("div");
  acts.className = "acts";
  const back = button(document.documentElement.lang === "de" ? "Zurück" : "Go back", "btn quiet");
  const go = button(verb, "btn primary");
  acts.append(back, go);
  dialog.append(text, acts);
  document.body.append(dialog);
  back.addEventListener("click", () => dialog.close());
  go.addEventListener("click", () => {
    dialog.close();
    agree();
  });
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
  go.focus();
}

function button(text, look) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = look;
  made.textContent = text;
  return made;
}
