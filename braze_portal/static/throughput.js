// Draws the table of events delivered by hour, which is there without this file too.

const canvas = document.querySelector("canvas[data-chart]");
const table = document.querySelector(canvas.dataset.chart);
const labels = [...table.querySelectorAll("tbody th")].map((cell) => cell.textContent);
const data = [...table.querySelectorAll("td[data-events]")].map((cell) => Number(cell.dataset.events));

function colour(name) {
  canvas.style.color = `var(--tblr-${name})`;
  return getComputedStyle(canvas).color;
}

function draw() {
  Chart.getChart(canvas)?.destroy();
  const ticks = { color: colour("secondary"), precision: 0, maxRotation: 0, autoSkipPadding: 16 };
  const scales = { x: { grid: { display: false }, ticks }, y: { beginAtZero: true, grid: { color: colour("border-color") }, ticks } };
  const datasets = [{ label: table.querySelectorAll("thead th")[1].textContent, data, backgroundColor: colour("link-color") }];
  new Chart(canvas, { type: "bar", data: { labels, datasets }, options: { animation: false, maintainAspectRatio: false, scales, plugins: { legend: { display: false } } } });
}

draw();
new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
