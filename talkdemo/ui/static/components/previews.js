// Lays one small viewer over the card of a style that is pointed at, tapped or focused, and asks for its motion.
const CARDS = "#td-identity label, .td-ref", SIDE = 132, REST = 140, TAPPED = 4000;  // pixels; milliseconds
const still = matchMedia("(prefers-reduced-motion: reduce)");
let card = null, timer = 0, asked = 0;

const viewer = () => document.getElementById("td-preview");

function named(place) {
  const name = place.querySelector("input")?.value;
  if (!name || name === "auto" || name === "my-clip") return null;
  return { kind: place.matches(".td-ref") ? "reference" : "identity", name };
}

function lay(place) {  // beside the words: over the picture at the card's left, inside the page
  const box = viewer(), home = box.offsetParent?.getBoundingClientRect(), at = place.getBoundingClientRect();
  if (!home) return;
  const left = Math.min(Math.max(at.left + 36 - SIDE / 2, 4), document.documentElement.clientWidth - SIDE - 4);
  box.style.left = `${left - home.left}px`;
  box.style.top = `${at.top + at.height / 2 - SIDE / 2 - home.top}px`;
}

function open(place, wait) {
  const wish = named(place);
  if (!wish || still.matches || !viewer()) return;
  clearTimeout(timer);
  timer = setTimeout(() => {
    card = place;
    viewer().inert = true;  // it is looked at, not used
    viewer().talkHead?.clock.pause();
    viewer().dataset.shown = "";
    lay(place);
    props.value = { ...wish, asked: (asked += 1) };  // counted: the character may be another by now
  }, wait);
}

function close() {
  clearTimeout(timer);
  card = null;
  if (!viewer()) return;
  delete viewer().dataset.shown;
  viewer().talkHead?.clock.pause();
}

for (const [name, wait] of [["pointerover", REST], ["focusin", REST]]) {
  document.addEventListener(name, (event) => {
    const place = event.target.closest?.(CARDS);
    if (event.pointerType === "touch" || !place || place === card) return;
    if (name === "focusin" && !event.target.matches(":focus-visible")) return;
    open(place, wait);
  });
}
for (const name of ["pointerout", "focusout"]) {
  document.addEventListener(name, (event) => {
    const place = event.target.closest?.(CARDS);
    if (event.pointerType === "touch" || !place || (event.relatedTarget && place.contains(event.relatedTarget))) return;
    close();
  });
}
document.addEventListener("pointerup", (event) => {
  const place = event.pointerType === "touch" && event.target.closest(CARDS);
  if (!place) return;
  open(place, 0);
  setTimeout(() => { if (card === place) close(); }, TAPPED);
});
document.addEventListener("scroll", () => { if (card) close(); }, { capture: true, passive: true });
document.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
