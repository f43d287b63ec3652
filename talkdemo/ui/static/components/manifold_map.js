// The map of expressions: draws the portrait's way over it and where it is; a click or Enter takes a preset. Runs once.
const svg = element.querySelector("svg.td-manifold");
const part = (name) => svg.querySelector(`.${name}`);

function show() {
  const { way = [], now = null, chosen = "" } = props.value || {};
  for (const name of ["way", "begin", "halo", "now"]) part(name).style.display = now ? "" : "none";
  for (const preset of svg.querySelectorAll(".preset")) preset.classList.toggle("chosen", preset.dataset.name === chosen);
  if (!now) return;
  part("way").setAttribute("d", "M" + way.map((at) => at.join(" ")).join("L"));
  for (const [name, [x, y]] of [["begin", way[0]], ["halo", now], ["now", now]]) {
    part(name).style.transform = `translate(${x}px, ${y}px)`;
  }
}

const take = (event) => {
  const preset = event.target.closest(".preset");
  if (preset) trigger("select", { name: preset.dataset.name });
  return preset;
};
svg.addEventListener("click", take);
svg.addEventListener("keydown", (event) => {
  if ((event.key === "Enter" || event.key === " ") && take(event)) event.preventDefault();
});
watch("value", show);
show();
