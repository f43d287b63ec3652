// Sampling steps on a logarithmic scale: slider, number and marks stay in step; students are marked. Runs once.
const number = element.querySelector("input[type=number]"), range = element.querySelector("input[type=range]");
const box = element.querySelector("input[type=checkbox]"), marks = [...element.querySelectorAll("[data-steps]")];
const SNAP = 0.12;  // of a doubling: as near as that, the slider takes the mark
const students = () => props.value?.students || [];

function show(steps = props.value?.steps) {
  const student = students().includes(steps);
  number.value = steps;
  range.value = Math.log2(steps);
  range.style.setProperty("--done", `${(100 * (range.value - range.min)) / (range.max - range.min)}%`);
  range.setAttribute("aria-valuetext", `${steps} steps${student ? ", student" : ""}`);
  box.checked = Boolean(props.value?.full);
  box.parentElement.hidden = !student;
  for (const mark of marks) {
    const here = Number(mark.dataset.steps), known = students().includes(here);
    mark.classList.toggle("student", known);
    mark.setAttribute("aria-pressed", String(here === steps));
    mark.setAttribute("aria-label", `${here} steps${known ? ", student" : ""}`);
    mark.title = known ? `a student was distilled to ${here} steps` : "";
  }
}

function choose(steps) {
  if (!Number.isFinite(steps)) return show();
  const value = { ...props.value, steps: Math.min(Math.max(Math.round(steps), number.min), number.max) };
  if (value.steps !== props.value?.steps) props.value = value;
  show(value.steps);
}

function dragged() {
  const nearest = Math.round(range.value);
  return Math.abs(range.value - nearest) < SNAP ? 2 ** nearest : Math.round(2 ** range.value);
}

range.addEventListener("input", () => show(dragged()));
range.addEventListener("change", () => choose(dragged()));
range.addEventListener("keydown", (event) => {
  const now = props.value.steps;
  const next = { ArrowLeft: now - 1, ArrowDown: now - 1, ArrowRight: now + 1, ArrowUp: now + 1, PageDown: now / 2, PageUp: now * 2,
    Home: number.min, End: number.max }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  choose(Number(next));
});
number.addEventListener("change", () => choose(number.value === "" ? NaN : Number(number.value)));
box.addEventListener("change", () => { props.value = { ...props.value, full: box.checked }; });
element.addEventListener("click", (event) => {
  const mark = event.target.closest("[data-steps]");
  if (mark) choose(Number(mark.dataset.steps));
});
watch("value", () => show());
show();
