// Two images over one another: the pointer, the arrow keys or a button pull the line between them. Runs once.
const box = element.querySelector(".td-ba"), frame = box.querySelector(".td-ba-frame");
const range = box.querySelector("input"), [after, before] = frame.querySelectorAll("img");
let dragging = false, asked = 0;

function cut(percent) {
  range.value = Math.min(Math.max(percent, 0), 100);
  frame.style.setProperty("--cut", `${range.value}%`);
  frame.dataset.cut = range.value;
  for (const button of box.querySelectorAll("[data-cut]")) {
    if (button !== frame) button.setAttribute("aria-pressed", String(button.dataset.cut === range.value));
  }
}

// The new image replaces the old one once it is decoded, without a flash between them.
function put(image, url, mine) {
  const ready = new Image();
  ready.src = url;
  const go = () => { if (mine === asked) image.src = url; };
  ready.decode().then(go, go);
}

function show() {
  const value = props.value;
  box.classList.toggle("empty", !value);
  if (!value) return;
  frame.style.aspectRatio = value.ratio;
  asked += 1;
  put(after, value.after.url, asked);
  if (before.getAttribute("src") !== value.before.url) put(before, value.before.url, asked);
}

function pull(event) {
  const at = frame.getBoundingClientRect();
  cut((100 * (event.clientX - at.left)) / at.width);
}

frame.addEventListener("pointerdown", (event) => {
  if (event.button || !props.value) return;
  dragging = true;
  frame.setPointerCapture(event.pointerId);
  range.focus({ preventScroll: true });
  pull(event);
  event.preventDefault();
});
frame.addEventListener("pointermove", (event) => { if (dragging) pull(event); });
for (const end of ["pointerup", "pointercancel"]) frame.addEventListener(end, () => { dragging = false; });
range.addEventListener("input", (event) => { event.stopPropagation(); cut(range.value); });
box.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) cut(button.dataset.cut);
});
watch("value", show);
cut(0);
show();
