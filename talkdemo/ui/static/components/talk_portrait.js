// Asks for the portrait's face at the moment that the talk's video shows, and shows the last one. Runs once.
const figure = element.querySelector(".td-moment"), image = figure.querySelector("img");
const caption = figure.querySelector("figcaption"), hint = caption.textContent, fps = Number(figure.dataset.fps);
const player = () => document.querySelector("#td-video video");
let asked = -1;

function ask() {
  const video = player();
  if (!props.value || !video || !video.duration || !figure.offsetParent) return;
  const frame = Math.floor(video.currentTime * fps + 1e-3);
  if (frame === asked) return;
  asked = frame;
  trigger("select", { seconds: video.currentTime });
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

for (const moved of ["timeupdate", "seeked", "loadeddata"]) {
  document.addEventListener(moved, (event) => {
    if (event.target !== player()) return;
    if (moved === "loadeddata") asked = -1;
    ask();
  }, true);  // media events do not bubble
}
new IntersectionObserver(ask).observe(figure);  // the section was opened
watch("value", show);
show();
