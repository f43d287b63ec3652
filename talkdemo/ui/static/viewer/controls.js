// The pointer: orbit and zoom on the stage, scrubbing on the curves. Each returns what takes its listeners away.
function listen(target, handlers, options) {
  for (const [name, handler] of Object.entries(handlers)) target.addEventListener(name, handler, options);
  return () => { for (const [name, handler] of Object.entries(handlers)) target.removeEventListener(name, handler); };
}

// `chart` gives a parts.chart.TimeChart's svg, or nothing; `seek` is called with seconds while it is dragged.
function scrub(chart, seek) {
  let dragging = false;
  function to(event) {
    const svg = chart();
    if (!svg) return;
    const at = svg.getBoundingClientRect();
    const share = ((event.clientX - at.left) / at.width - Number(svg.dataset.left)) / Number(svg.dataset.width);
    seek(Math.min(Math.max(share, 0), 1) * Number(svg.dataset.seconds));
  }
  const end = () => { dragging = false; };
  return listen(document, {
    pointerdown: (event) => {
      const svg = chart();
      dragging = Boolean(svg && svg.contains(event.target) && !event.button);
      if (dragging) to(event);
    },
    pointermove: (event) => { if (dragging) to(event); },
    pointerup: end,
    pointercancel: end,
  });
}

// Drag turns, two fingers or the wheel (once the stage has the focus) zoom, a click plays.
function orbit(stand, stage, changed, click) {
  const fingers = new Map();
  let moved = 0;
  const spread = () => { const [a, b] = fingers.values(); return Math.hypot(a.x - b.x, a.y - b.y); };
  const end = (event) => {
    if (fingers.delete(event.pointerId) && event.type === "pointerup" && moved < 4) click();
  };
  return listen(stand, {
    pointerdown: (event) => {
      if (!event.target.matches("canvas") || event.button) return;
      moved = fingers.size ? 9 : 0;
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      event.target.setPointerCapture(event.pointerId);
    },
    pointermove: (event) => {
      const finger = fingers.get(event.pointerId);
      if (!finger || !stage()) return;
      const before = fingers.size === 2 ? spread() : 0, side = stand.clientHeight;
      const [dx, dy] = [event.clientX - finger.x, event.clientY - finger.y];
      moved += Math.abs(dx) + Math.abs(dy);
      if (moved < 4) return;
      Object.assign(finger, { x: event.clientX, y: event.clientY });
      if (fingers.size === 2) stage().zoom(before / Math.max(spread(), 1));
      else stage().turn((3 * dx) / side, (3 * dy) / side);
      changed();
    },
    pointerup: end,
    pointercancel: end,
    wheel: (event) => {
      if (!stage() || document.activeElement !== stand) return;
      event.preventDefault();
      stage().zoom(Math.exp(event.deltaY / 600));
      changed();
    },
    dblclick: (event) => {
      if (!stage() || !event.target.matches("canvas")) return;
      stage().reset();
      changed();
    },
  }, { passive: false });
}
