// Draws tables, which are there without this file too. A canvas names its table by data-chart, and by data-columns
// what to draw of it: the data- name of a column's cells, then line, bar, or down (a bar below zero), then its colour.
// Lines stand above bars.

const common = { animation: false, maintainAspectRatio: false, interaction: { mode: "index", intersect: false } };
const shown = (value) => Math.abs(value).toLocaleString();

// A canvas takes no variables: the browser works out what colour one stands for.
function colour(canvas, name) {
  canvas.style.color = `var(--tblr-${name})`;
  return getComputedStyle(canvas).color;
}

function column(canvas, table, described) {
  const [name, kind, hue] = described.split(":");
  const cells = [...table.querySelectorAll(`td[data-${name}]`)];
  const label = table.tHead.rows[0].cells[cells[0].cellIndex].textContent;
  const data = cells.map((cell) => Number(cell.dataset[name]) * (kind === "down" ? -1 : 1));
  const drawn = { label, data, backgroundColor: colour(canvas, hue) };
  if (kind !== "line") return { ...drawn, type: "bar", yAxisID: "bars", maxBarThickness: 14 };
  return { ...drawn, type: "line", yAxisID: "lines", borderColor: drawn.backgroundColor, borderWidth: 2, pointRadius: data.length > 1 ? 0 : 3, tension: 0.2 };
}

function axes(datasets, grid, ink) {
  const y = { stack: "all", offset: false, border: { display: false }, grid: { color: grid }, ticks: { color: ink, precision: 0, maxTicksLimit: 6 } };
  const lines = datasets.filter((each) => each.type === "line");
  const x = { stacked: true, grid: { display: false }, ticks: { color: ink, maxRotation: 0, autoSkipPadding: 16 } };
  const bars = { ...y, stackWeight: 1, stacked: true, offset: lines.length > 0, ticks: { ...y.ticks, maxTicksLimit: lines.length ? 3 : 6, callback: shown } };
  const beginAtZero = lines.some((line) => line.data.includes(0));
  // The first stands lowest.
  return lines.length ? { x, bars, lines: { ...y, stackWeight: 2, grace: "10%", beginAtZero } } : { x, bars };
}

function draw(canvas) {
  Chart.getChart(canvas)?.destroy();
  const table = document.querySelector(canvas.dataset.chart);
  const labels = [...table.querySelectorAll("tbody th")].map((cell) => cell.textContent);
  const datasets = canvas.dataset.columns.split(" ").map((described) => column(canvas, table, described));
  const [grid, ink] = [colour(canvas, "border-color"), colour(canvas, "secondary")];
  const legend = { display: datasets.length > 1, labels: { color: ink, boxWidth: 12 } };
  const tooltip = { callbacks: { label: (item) => `${item.dataset.label}: ${shown(item.raw)}` } };
  new Chart(canvas, { data: { labels, datasets }, options: { ...common, scales: axes(datasets, grid, ink), plugins: { legend, tooltip } } });
}

const drawAll = () => document.querySelectorAll("canvas[data-chart]").forEach(draw);
drawAll();
new MutationObserver(drawAll).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
