// Asks for the portrait's face at the moment that the head (or the talk's video, if that moved last) shows, and shows the
// last one. Runs once.
const figure = element.querySelector(".td-moment"), image = figure.querySelector("img");
const caption = figure.querySelector("figcaption"), hint = caption.textContent, fps = Number(figure.dataset.fps);
const PLAYERS = "#td-head audio, #td-video video";
let asked = -1, moved = null;

function ask() {
  const player = moved && moved.isConnected ? moved : document.querySelector(PLAYERS);
  if (!props.value || !player || !player.duration || !figure.offsetParent) return;
  const frame = Math.floor(player.currentTime * fps + 1e-3);
  if (frame === asked) return;
  asked = frame;
  trigger("select", { seconds: player.currentTime });
}

function show() {
  const value = props.value;
  figure.classList.toggle("empty", !value);
  if (!value) return;
  image.src = value.image;
  const known = typeof value.seconds === "number";
  caption.textContent = known ? `${value.seconds.toFixed(2)} s` : hint;
  if (!known) {  // a new portrait, as it is
    asked = -1;
    ask();
  }
}

for (const name of ["timeupdate", "seeked", "loadeddata"]) {
  document.addEventListener(name, (event) => {
    if (!event.target.matches || !event.target.matches(PLAYERS)) return;
    if (name === "loadeddata") asked = -1;
    if (name !== "loadeddata" || !moved) moved = event.target;
    ask();
  }, true);  // media events do not bubble
}
new IntersectionObserver(ask).observe(figure);  // the section was opened
watch("value", show);
show();
