// Copies the value of the field named by data-copy, and says so on the button.

export default function copy(button, { signal }) {
  const words = button.querySelector("span");
  const usual = words.textContent;
  let timer;
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      field.select();
      document.execCommand("copy");
    }
    words.textContent = button.dataset.copied;
    clearTimeout(timer);
    timer = setTimeout(() => (words.textContent = usual), 2000);
  }, { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
}
