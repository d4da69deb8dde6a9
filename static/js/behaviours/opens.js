// A link that opens the dialog named by data-opens; where there is no such dialog it stays a link.

export default function opens(link, { signal }) {
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    const dialog = document.getElementById(link.dataset.opens);
    if (!dialog?.showModal) return;
    event.preventDefault();
    if (!dialog.open) dialog.showModal();
  }, { signal });
}
