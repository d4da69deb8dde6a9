// Sends a filter form when a choice changes, without its empty fields, so that the address stays short.

export default function filters(form, { signal }) {
  form.addEventListener("change", (event) => {
    if (event.target.matches("select, input[type=checkbox], input[type=radio]")) form.requestSubmit();
  }, { signal });
  form.addEventListener("formdata", (event) => {
    for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
  }, { signal });
}
