// Runs before the first paint: only the browser knows which theme "auto" means.
const root = document.documentElement;
const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");
function applyTheme() {
  if (root.dataset.theme === "auto") root.dataset.bsTheme = prefersDark.matches ? "dark" : "light";
}
applyTheme();
prefersDark.addEventListener("change", applyTheme);
