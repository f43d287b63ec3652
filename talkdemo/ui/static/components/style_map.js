// The map of styles: shows what is chosen, the blend and the visitor's own star; a click or Enter chooses. Runs once.
const map = () => element.querySelector("svg.td-map");
const points = () => [...element.querySelectorAll(".td-map .td-point")].filter((point) => point.dataset.x);
const place = (point) => [Number(point.dataset.x), Number(point.dataset.y)];
const named = (name) => points().find((point) => point.dataset.name === name);

function show() {
  const { chosen = {}, own = null } = props.value || {}, svg = map();
  const mine = svg.querySelector(".own"), names = Object.keys(chosen);
  mine.style.display = own ? "" : "none";
  element.querySelector(".td-map-keys .own").hidden = !own;
  if (own) {
    [mine.dataset.x, mine.dataset.y] = own;
    mine.setAttribute("transform", `translate(${own[0]} ${own[1]})`);
    const right = own[0] > 0.62 * svg.viewBox.baseVal.width, label = mine.querySelector("text");
    label.setAttribute("x", right ? -12 : 12);
    label.setAttribute("text-anchor", right ? "end" : "start");
  } else {
    delete mine.dataset.x;
  }
  for (const point of points()) {
    const yes = names.includes(point.dataset.name), focused = point === document.activeElement;
    if (yes) svg.append(point);  // above the others, with its label
    if (yes && focused) point.focus();
    point.classList.toggle("chosen", yes);
    point.setAttribute("aria-checked", String(yes));
    point.setAttribute("tabindex", "-1");
  }
  (named(names[0]) || points()[0])?.setAttribute("tabindex", "0");
  const ends = names.map(named).filter(Boolean), line = svg.querySelector(".between"), dot = svg.querySelector(".blended");
  const both = ends.length === 2;
  line.style.display = dot.style.display = both ? "" : "none";
  if (both) {
    const [[ax, ay], [bx, by]] = ends.map(place), share = chosen[names[1]] / (chosen[names[0]] + chosen[names[1]]);
    for (const [key, value] of Object.entries({ x1: ax, y1: ay, x2: bx, y2: by })) line.setAttribute(key, value);
    dot.setAttribute("cx", ax + share * (bx - ax));
    dot.setAttribute("cy", ay + share * (by - ay));
  }
  stepAside(names);
}

// Labels that the chosen ones or the visitor's own would run into step back; measured, so only while the map is seen.
function stepAside(names) {
  const boxes = new Map(points().map((point) => {
    const { x, y, width, height } = point.querySelector("text").getBBox(), [px, py] = place(point);
    return [point, { left: px + x, right: px + x + width, top: py + y, bottom: py + y + height }];
  }));
  const first = points().filter((point) => names.includes(point.dataset.name) || point.classList.contains("own"));
  for (const point of points()) {
    const a = boxes.get(point);
    const meets = (b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
    point.classList.toggle("aside", !first.includes(point) && first.some((other) => meets(boxes.get(other))));
  }
}

function describe(point) {
  const box = element.querySelector(".td-map-hover");
  box.hidden = !point;
  if (!point) return;
  box.replaceChildren(Object.assign(document.createElement("b"), { textContent: point.dataset.title }));
  if (point.dataset.about) box.append(Object.assign(document.createElement("span"), { textContent: point.dataset.about }));
  const [x, y] = place(point), frame = map().viewBox.baseVal;
  box.style.setProperty("--x", `${(100 * x) / frame.width}%`);
  box.style.setProperty("--y", `${(100 * y) / frame.height}%`);
  box.dataset.side = x > frame.width / 2 ? "left" : "right";
  box.dataset.below = String(y < frame.height * 0.3);
}

function choose(point) {
  const pick = element.querySelector(".td-map-pick [aria-pressed=true]").dataset.pick;
  trigger("select", { name: point.dataset.name, pick });
}

// The nearest point in the direction of an arrow key: what lies straight ahead counts more.
function neighbour(from, dx, dy) {
  const [x, y] = place(from);
  let best = null, least = Infinity;
  for (const point of points()) {
    const [px, py] = place(point), ahead = (px - x) * dx + (py - y) * dy, aside = Math.abs((px - x) * dy) + Math.abs((py - y) * dx);
    const cost = ahead + 2 * aside;
    if (point !== from && ahead > 0.5 && cost < least) { best = point; least = cost; }
  }
  return best;
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
element.addEventListener("keydown", (event) => {
  const point = event.target.closest(".td-point");
  if (!point) return;
  if (event.key in ARROWS) neighbour(point, ...ARROWS[event.key])?.focus();
  else if (event.key === "Enter" || event.key === " ") choose(point);
  else return;
  event.preventDefault();
});
element.addEventListener("click", (event) => {
  const button = event.target.closest(".td-map-pick button"), point = event.target.closest(".td-point");
  if (button) {
    for (const other of element.querySelectorAll(".td-map-pick button")) {
      other.setAttribute("aria-pressed", String(other === button));
    }
  } else if (point) choose(point);
});
for (const name of ["pointerover", "focusin"]) {
  element.addEventListener(name, (event) => describe(event.target.closest(".td-point")));
}
for (const name of ["pointerleave", "focusout"]) element.addEventListener(name, () => describe(null));
watch("value", show);
new ResizeObserver(show).observe(element);
show();
