// Puts the focus on the summary of errors, so that it is read first, and from its links into the fields.

export default function summary(element, { signal }) {
  element.focus();
  element.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    const field = link && document.getElementById(link.getAttribute("href").slice(1));
    if (!field) return;
    event.preventDefault();
    const control = field.matches("input, select, textarea")
      ? field
      : field.querySelector("input, select, textarea");
    (control ?? field).focus();
    field.scrollIntoView({ block: "center" });
  }, { signal });
}
