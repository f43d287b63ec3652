// Draws the two halves of one video: side by side, one under a wipe, or one alone. Runs once when the page has the player.
const shell = () => element.querySelector(".td-ab");
const player = () => element.querySelector(".td-ab-source");
const chart = () => document.getElementById("compare-chart");
let wipe = 0.5, dragging = false;

function draw() {
  const box = shell(), video = player();
  if (!box || !video || video.readyState < 2) return;
  const size = Number(box.dataset.size), view = box.dataset.view;
  const canvas = box.querySelector("canvas"), brush = canvas.getContext("2d");
  const gap = Math.round(size / 56), width = view === "both" ? 2 * size + gap : size;
  if (canvas.width !== width || canvas.height !== size) { canvas.width = width; canvas.height = size; }
  const half = (side, x, from, to) => brush.drawImage(
    video, side * size + from, 0, to - from, size, x + from, 0, to - from, size);
  if (view === "both") {
    brush.clearRect(size - 1, 0, gap + 2, size);
    half(0, 0, 0, size - 1);
    half(1, size + gap, 1, size);
  } else if (view === "wipe") {
    const cut = Math.round(Math.min(Math.max(wipe, 0.01), 0.99) * size);
    half(0, 0, 0, cut);
    half(1, 0, cut, size);
    brush.fillStyle = "#fff";
    const unit = size / 448;
    brush.fillRect(cut - 1.5 * unit, 0, 3 * unit, size);
    brush.beginPath();
    brush.arc(cut, size / 2, 16 * unit, 0, 2 * Math.PI);
    brush.fill();
    brush.fillStyle = "#26221a";
    for (const side of [-1, 1]) {
      brush.beginPath();
      brush.moveTo(cut + side * 11 * unit, size / 2);
      brush.lineTo(cut + side * 4 * unit, size / 2 - 6 * unit);
      brush.lineTo(cut + side * 4 * unit, size / 2 + 6 * unit);
      brush.fill();
    }
  } else {
    half(view === "left" ? 0 : 1, 0, 0, size);
  }
}

function tick() {
  if (!element.isConnected) return;
  const box = shell(), video = player();
  if (box && video) {
    if (!video.paused && element.offsetParent === null) video.pause();  // another tab of the app is shown
    draw();
    const length = video.duration || 0;
    const seek = box.querySelector(".td-ab-seek");
    if (length && !seek.matches(":active")) seek.value = video.currentTime / length;
    seek.style.setProperty("--done", `${100 * seek.value}%`);
    box.querySelector(".td-ab-time").textContent = `${video.currentTime.toFixed(1)} / ${length.toFixed(1)} s`;
    box.classList.toggle("td-playing", !video.paused);
    box.querySelector(".td-ab-play").setAttribute("aria-label", video.paused ? "Play" : "Pause");
    box.querySelector(".td-ab-sound").setAttribute("aria-pressed", String(video.muted));
    const svg = chart(), line = svg && svg.querySelector(".playhead");
    if (line && length) {
      const share = Math.min(video.currentTime / Number(svg.dataset.seconds), 1);
      const x = svg.viewBox.baseVal.width * (Number(svg.dataset.left) + Number(svg.dataset.width) * share);
      line.setAttribute("x1", x);
      line.setAttribute("x2", x);
    }
  }
  requestAnimationFrame(tick);
}

function show(view) {
  shell().dataset.view = view;
  for (const button of element.querySelectorAll(".td-ab-views button")) {
    button.setAttribute("aria-pressed", String(button.dataset.view === view));
  }
  draw();
}

function toggle() {
  const video = player();
  if (video.paused) video.play().catch(() => {}); else video.pause();
}

function step(frames) {
  const video = player(), fps = Number(shell().dataset.fps);
  video.pause();
  video.currentTime = Math.min(Math.max(video.currentTime + frames / fps, 0), video.duration || 0);
}

function pull(event) {
  const frame = element.querySelector("canvas").getBoundingClientRect();
  wipe = (event.clientX - frame.left) / frame.width;
  draw();
}

element.addEventListener("click", (event) => {
  const at = (selector) => event.target.closest(selector);
  const view = at(".td-ab-views button");
  if (view) show(view.dataset.view);
  else if (at(".td-ab-play")) toggle();
  else if (at(".td-ab-sound")) player().muted = !player().muted;
  else if (at("canvas") && shell().dataset.view !== "wipe") toggle();
});
element.addEventListener("input", (event) => {
  const video = player();
  if (event.target.matches(".td-ab-seek")) video.currentTime = Number(event.target.value) * (video.duration || 0);
  if (event.target.matches(".td-ab-speed")) video.playbackRate = Number(event.target.value);
});
element.addEventListener("pointerdown", (event) => {
  if (!event.target.closest("canvas") || shell().dataset.view !== "wipe") return;
  dragging = true;
  event.target.setPointerCapture(event.pointerId);
  pull(event);
});
element.addEventListener("pointermove", (event) => { if (dragging) pull(event); });
for (const end of ["pointerup", "pointercancel"]) element.addEventListener(end, () => { dragging = false; });
element.addEventListener("keydown", (event) => {
  if (!event.target.closest(".td-ab-stage")) return;
  const view = shell().dataset.view;
  if (event.key === " ") toggle();
  else if (event.key === "ArrowLeft") step(-1);
  else if (event.key === "ArrowRight") step(1);
  else if (event.key === "t") show(view === "left" ? "right" : "left");
  else return;
  event.preventDefault();
});
document.addEventListener("click", (event) => {
  const svg = event.target.closest && event.target.closest("#compare-chart"), video = player();
  if (!svg || !video || !element.isConnected) return;
  const frame = svg.getBoundingClientRect();
  const share = ((event.clientX - frame.left) / frame.width - Number(svg.dataset.left)) / Number(svg.dataset.width);
  video.currentTime = Math.min(Math.max(share, 0), 1) * Number(svg.dataset.seconds);
});
const begin = () => { const video = player(); if (video && video.getAttribute("src")) video.play().catch(() => {}); };
watch("value", begin);
begin();
requestAnimationFrame(tick);
