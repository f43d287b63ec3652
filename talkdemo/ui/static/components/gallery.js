// Cards of reference clips: radio buttons whose videos play where the pointer or the keyboard is. Runs once.
const clip = (place) => place.closest("label")?.querySelector("video");

function play(place, yes) {
  const video = clip(place);
  if (!video) return;
  if (yes) video.play().catch(() => {});
  else { video.pause(); video.currentTime = 0; }
}

function show() {
  for (const input of element.querySelectorAll("input")) input.checked = input.value === props.value;
}

element.addEventListener("change", (event) => {
  if (event.target.matches("input")) props.value = event.target.value;
});
const still = matchMedia("(prefers-reduced-motion: reduce)");
for (const [name, yes] of [["pointerover", true], ["pointerout", false], ["focusin", true], ["focusout", false]]) {
  element.addEventListener(name, (event) => {
    const label = event.target.closest("label");
    if (!label || still.matches || (event.relatedTarget && label.contains(event.relatedTarget))) return;
    play(event.target, yes);
  });
}
watch("value", show);
show();
