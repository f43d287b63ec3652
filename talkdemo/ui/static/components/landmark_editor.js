// A portrait with 68 landmarks: points and handles are dragged, "edit" is triggered when they are let go. Runs once.
const box = element.querySelector(".td-marks"), svg = box.querySelector("svg");
const { mirror, lines, handles } = JSON.parse(box.dataset.table);
const SOFT = 0.13, NEAR = 26, STEP = 0.012, MOST = 60;
const layer = (name) => svg.querySelector(`g.${name}`);
const make = (name, given, parent) => {
  const made = document.createElementNS(svg.namespaceURI, name);
  for (const [key, value] of Object.entries(given)) made.setAttribute(key, value);
  return parent.appendChild(made);
};
const on = (name) => box.querySelector(`[data-switch=${name}]`).getAttribute("aria-pressed") === "true";
let points = [], own = [], hidden = new Set(), plane = null, view = [0, 0, 100, 100], past = [], held = null, face = "", later = 0;

// Fixed parts: lines of the face, dots (a short line with round ends keeps its size whatever the image's), handles.
for (const name of ["own", "lines"]) for (const line of lines) make("path", {}, layer(name));
const dots = mirror.map((_, k) => {
  const group = make("g", { class: "dot", "data-point": k }, layer("points"));
  return [make("path", { class: "hit" }, group), make("path", { class: "mark" }, group)];
});
const grips = handles.map((handle, k) => {
  const group = make("g", {
    class: `grip ${handle.sign}`, "data-grip": k, tabindex: 0, role: "button", "aria-label": `${handle.label}: arrow keys move it`,
  }, layer("handles"));
  return [make("path", { class: "hit" }, group), make("path", { class: "ring" }, group), make("path", { class: "mark" }, group)];
});

// The face's own plane as the image shows it: u leads across the face, v down, shorter than 1 where it is turned away;
// `across` is the distance of the eyes. `flat` takes a way in the image to that plane.
const axes = () => ({ across: plane.eyes || 1, u: plane.across, v: plane.down });
function flat(dx, dy) {
  const { u, v } = axes(), whole = u[0] * v[1] - u[1] * v[0];
  return [(dx * v[1] - dy * v[0]) / whole, (u[0] * dy - u[1] * dx) / whole];
}

function place(handle) {
  const { across, u, v } = axes(), count = handle.at.length, [right, down] = handle.off;
  return [0, 1].map((k) => handle.at.reduce((sum, at) => sum + points[at][k], 0) / count + across * (right * u[k] + down * v[k]));
}

function draw() {
  const at = ([x, y]) => `${x.toFixed(2)} ${y.toFixed(2)}`;
  for (const [name, all] of [["own", own], ["lines", points]]) {
    lines.forEach((line, k) => layer(name).children[k].setAttribute("d", "M" + line.map((p) => at(all[p])).join("L")));
  }
  points.forEach((point, k) => { for (const part of dots[k]) part.setAttribute("d", `M${at(point)}h.001`); });
  handles.forEach((handle, k) => {
    for (const part of grips[k]) part.setAttribute("d", `M${at(place(handle))}h.001`);
  });
  box.querySelector("[data-do=undo]").disabled = !past.length;
}

function show() {
  const value = props.value;
  box.classList.toggle("empty", !value);
  if (!value || held) return;
  const portrait = svg.querySelector("image");
  if (face !== value.image.url) {
    face = value.image.url;
    past = [];
    view = value.view;
    svg.setAttribute("viewBox", view.join(" "));
    ["x", "y", "width", "height"].forEach((key, k) => portrait.setAttribute(key, view[k]));
    portrait.setAttribute("href", face);
  } else remember(points);
  own = value.own;
  plane = value.axes;
  hidden = new Set(value.hidden);
  dots.forEach(([hit], k) => hit.parentNode.classList.toggle("hidden", hidden.has(k)));
  points = value.points.map((point) => [...point]);
  draw();
}

function remember(before) {
  if (before.length) past = [...past, before.map((point) => [...point])].slice(-MOST);
}

// How far every point goes along: a handle's shares, or a point with its neighbours on the same lines.
function shares(taken) {
  if (taken.grip) return new Map(Object.entries(taken.grip.shares).map(([k, share]) => [Number(k), share]));
  const k = taken.point, found = new Map([[k, [1, 1]]]);
  if (!on("soft")) return found;
  const reach = SOFT * axes().across;
  for (const line of lines.filter((one) => one.includes(k))) {
    for (const other of line) {
      const far = Math.hypot(...flat(points[other][0] - points[k][0], points[other][1] - points[k][1])) / reach;
      if (other !== k && far < 2) found.set(other, [Math.exp(-far * far), Math.exp(-far * far)]);
    }
  }
  return found;
}

function move(begin, going, dx, dy) {
  const { u, v } = axes(), [right, down] = flat(dx, dy), both = on("symmetric");
  points = begin.map(([x, y], k) => {
    const [a, b] = going.get(k) || [0, 0], [c, d] = (both && going.get(mirror[k])) || [0, 0];
    const side = (a - c) * right, fall = (Math.abs(b) > Math.abs(d) ? b : d) * down;
    return [
      Math.min(Math.max(x + side * u[0] + fall * v[0], view[0]), view[0] + view[2]),
      Math.min(Math.max(y + side * u[1] + fall * v[1], view[1]), view[1] + view[3]),
    ];
  });
  draw();
}

const tell = () => trigger("edit", { points: points.map(([x, y]) => [Math.round(100 * x) / 100, Math.round(100 * y) / 100]) });

function where(event) {
  const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  return [at.x, at.y];
}

// What lies nearest to the pointer; a handle wins over points within its own disc.
function nearest(event) {
  const [x, y] = where(event), unit = 1 / svg.getScreenCTM().a;
  const far = ([px, py]) => Math.hypot(px - x, py - y) / unit;
  const candidates = [
    ...handles.map((grip, k) => ({ grip, k, far: far(place(grip)) - 5 })),
    ...points.map((point, k) => ({ point: k, far: hidden.has(k) ? Infinity : far(point) })),
  ];
  const best = candidates.reduce((a, b) => (b.far < a.far ? b : a));
  return best.far < NEAR ? best : null;
}

function name(taken) {
  const label = box.querySelector(".td-marks-name");
  label.hidden = !taken;
  if (taken) label.textContent = taken.grip ? taken.grip.label : `Point ${taken.point}`;
}

svg.addEventListener("pointerdown", (event) => {
  if (!props.value || !on("points") || event.button || !event.target.closest(".hit")) return;
  const taken = nearest(event);
  if (!taken) return;
  event.preventDefault();
  svg.setPointerCapture(event.pointerId);
  held = { taken, begin: points, from: where(event), going: shares(taken), moved: false };
  box.classList.add("held");
  if (taken.grip) grips[taken.k][0].parentNode.focus({ preventScroll: true });
  name(taken);
});
svg.addEventListener("pointermove", (event) => {
  if (!held) {
    if (event.pointerType === "mouse" && props.value) name(event.target.closest(".hit") && nearest(event));
    return;
  }
  const [x, y] = where(event);
  held.moved = true;
  move(held.begin, held.going, x - held.from[0], y - held.from[1]);
});
function drop(keep) {
  if (!held) return;
  const { begin, moved } = held;
  held = null;
  box.classList.remove("held");
  name(null);
  if (!keep) { points = begin; draw(); }
  else if (moved) { remember(begin); draw(); tell(); }
}
// A finger on a point drags it; one beside the points scrolls the page.
svg.addEventListener("touchstart", (event) => {
  if (props.value && on("points") && event.target.closest(".hit")) event.preventDefault();
}, { passive: false });
svg.addEventListener("pointerup", () => drop(true));
svg.addEventListener("pointercancel", () => drop(false));
svg.addEventListener("pointerleave", () => { if (!held) name(null); });

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
svg.addEventListener("keydown", (event) => {
  const group = event.target.closest(".grip"), way = ARROWS[event.key];
  if (!group || !way || !props.value) return;
  event.preventDefault();
  if (!later) remember(points);
  const { across, u, v } = axes(), step = STEP * across * (event.shiftKey ? 4 : 1);
  const [right, down] = way.map((one) => one * step);
  move(points, shares({ grip: handles[group.dataset.grip] }), right * u[0] + down * v[0], right * u[1] + down * v[1]);
  clearTimeout(later);
  later = setTimeout(() => { later = 0; tell(); }, 300);
});
svg.addEventListener("focusin", (event) => {
  const group = event.target.closest(".grip");
  if (group) name({ grip: handles[group.dataset.grip] });
});
svg.addEventListener("focusout", () => name(null));

box.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button || !props.value) return;
  if (button.dataset.switch) {
    button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    box.classList.toggle("bare", !on("points"));
  } else if (button.dataset.do === "undo" && past.length) {
    points = past[past.length - 1];
    past = past.slice(0, -1);
    draw();
    tell();
  } else if (button.dataset.do === "reset") trigger("clear", {});
});
watch("value", show);
show();
