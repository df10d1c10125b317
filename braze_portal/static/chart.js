// Draws the table of daily sizes, which is there without this file too: the size as a line, and
// under it how many entered and left.

const canvas = document.querySelector("canvas[data-chart]");
const table = document.querySelector(canvas.dataset.chart);
const labels = [...table.querySelectorAll("tbody th")].map((cell) => cell.textContent);
const names = [...table.querySelectorAll("thead th")].map((cell) => cell.textContent);
const column = (name) => [...table.querySelectorAll(`td[data-${name}]`)].map((cell) => Number(cell.dataset[name]));

// A canvas takes no variables: the browser works out what colour one stands for.
function colour(name) {
  canvas.style.color = `var(--tblr-${name})`;
  return getComputedStyle(canvas).color;
}

function options(grid, ink) {
  const y = { stack: "all", offset: true, border: { display: false }, grid: { color: grid }, ticks: { color: ink, precision: 0, maxTicksLimit: 6 } };
  return {
    animation: false,
    maintainAspectRatio: false,
    interaction: { mode: "index", intersect: false },
    scales: {
      x: { stacked: true, grid: { display: false }, ticks: { color: ink, maxRotation: 0, autoSkipPadding: 16 } },
      // The first stands lowest.
      moves: { ...y, stackWeight: 1, stacked: true, ticks: { ...y.ticks, maxTicksLimit: 3, callback: (value) => Math.abs(value).toLocaleString() } },
      size: { ...y, stackWeight: 2, offset: false, grace: "10%", beginAtZero: column("size").includes(0) },
    },
    plugins: {
      legend: { labels: { color: ink, boxWidth: 12 } },
      tooltip: { callbacks: { label: (item) => `${item.dataset.label}: ${Math.abs(item.raw).toLocaleString()}` } },
    },
  };
}

function draw() {
  Chart.getChart(canvas)?.destroy();
  const line = { type: "line", yAxisID: "size", borderColor: colour("link-color"), backgroundColor: colour("link-color"), borderWidth: 2, pointRadius: labels.length > 1 ? 0 : 3, tension: 0.2 };
  const bar = (name) => ({ type: "bar", yAxisID: "moves", backgroundColor: colour(name), maxBarThickness: 14 });
  const datasets = [
    { ...line, label: names[1], data: column("size") },
    { ...bar("green"), label: names[2], data: column("entered") },
    { ...bar("orange"), label: names[3], data: column("left").map((count) => -count) },
  ];
  new Chart(canvas, { data: { labels, datasets }, options: options(colour("border-color"), colour("secondary")) });
}

draw();
new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
