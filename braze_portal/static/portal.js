// Everything works without this file; with it, copying is one click and long lists can be searched.

const searchable = "select[multiple], select[data-searchable]";

function enhance(part) {
  for (const select of part.querySelectorAll(searchable)) {
    if (select.tomselect) continue;
    new TomSelect(select, {
      maxOptions: null,
      hidePlaceholder: true,
      closeAfterSelect: !select.multiple,
      refreshThrottle: 0, // else Enter right after the last letter takes what was found before it
      render: { item: (data, escape) => drawItem(select, escape(data.text)) },
    });
    // Its label now names the search box that stands in for it.
    select.setAttribute("aria-hidden", "true");
  }
}

function drawItem(select, text) {
  const remove = document.body.dataset.remove;
  const button = `<button type="button" class="btn-close" tabindex="-1" aria-label="${remove}"></button>`;
  return `<div>${text}${select.multiple ? button : ""}</div>`;
}

async function copy(button) {
  const source = document.querySelector(button.dataset.copy);
  const text = (source.value ?? source.textContent).trim();
  // Browsers have no clipboard on plain http: mark the text there, to be copied by hand.
  if (!navigator.clipboard) return getSelection().selectAllChildren(source);
  await navigator.clipboard.writeText(text);
  const label = button.innerHTML;
  button.textContent = document.body.dataset.copied;
  button.disabled = true;
  setTimeout(() => { button.innerHTML = label; button.disabled = false; button.focus(); }, 1500);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
});

// Before the list itself sees the press: it would open instead.
document.addEventListener("mousedown", (event) => {
  const item = event.target.closest(".btn-close")?.closest(".ts-control .item");
  if (!item) return;
  event.preventDefault();
  event.stopPropagation();
  item.closest(".ts-wrapper").previousElementSibling.tomselect.removeItem(item.dataset.value);
}, true);

// Fired by htmx for the page itself and for every part that it swaps in.
document.addEventListener("htmx:load", (event) => enhance(event.detail.elt.parentElement ?? event.detail.elt));

// What asks again by itself waits while nobody sees it, or while someone is on a part of it that
// could not be found again after the change.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (!event.target.matches("[data-poll]")) return;
  const focused = event.detail.target.contains(document.activeElement) && !document.activeElement.id;
  if (document.hidden || focused) event.preventDefault();
});
