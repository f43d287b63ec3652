// The component: what its value says is loaded, played and drawn; its buttons, keys and pointer.
const SENTENCES = {
  webgl: "This browser cannot draw the head (it has no WebGL 2).",
  lost: "The graphics card was taken away; the head comes back as soon as it can.",
  character: "The character could not be loaded; reload the page.",
  sound: "The sound could not be played; the head moves without it.",
  motion: "The motion that arrived cannot be read; press Generate again.",
};
const WITH_VIDEO = " The video shows it.";

let early = null;  // the viewer that moves before the page is built, until its component takes it over

function mount(element, value, failed) {
  const box = element.querySelector(".td-hv"), find = (name) => box.querySelector(name);
  if (early && early.id === box.dataset.id) return early.hand(element, value, failed);
  let root = document.getElementById(box.dataset.id) || element;
  const audio = find("audio"), canvas = find("canvas"), stand = find(".td-hv-stage");
  const clock = new Clock(audio, changed);
  let stage = null, take = null, tracks = [], figures = [], values = [], asked = 0;
  let frame = 0, drawn = -1, last = 0, stale = true, limit = 0, slow = 0, fault = "", hushed = null;

  function state() {
    const video = find("video");
    if (fault === "webgl" && video) return video.paused ? "paused" : "playing";
    if (!take || fault === "character" || fault === "webgl") return "empty";
    if (!figures.length || clock.waiting || !tracks[0].frames) return "loading";
    return clock.running ? "playing" : clock.time > 0.001 ? "paused" : "ready";
  }

  function changed() {
    const now = state();
    root.dataset.state = now;
    box.dataset.state = now;
    const button = find(".td-hv-play");
    if (button) button.setAttribute("aria-label", now === "playing" ? "Pause" : "Play");
    drawn = -1;
    invalidate();
  }

  function say(name, extra = "") {
    fault = name === "lost" ? "webgl" : name;
    root.dataset.fault = fault;
    find(".td-hv-note").textContent = name ? SENTENCES[name] + extra : "";
    if (name) failed(fault);
    changed();
  }

  async function show() {
    const next = value();
    if (!next) return clear();
    if (!take || take.take !== next.take) await begin(next);
    else take = next;
    if (take === next || (take && take.take === next.take)) arrive(next);
  }

  function clear() {
    asked += 1;
    take = null;
    figures = tracks = [];
    if (stage) stage.show([]);
    clock.open(null, 0);
    say("");
  }

  async function begin(next) {
    const mine = (asked += 1), same = stage && sameCharacters(next);
    take = next;
    limit = 0;
    tracks = next.heads.map(() => new Track());
    values = next.heads.map(() => new Float32Array(CHANNELS));
    if (!same) figures = [];
    say("");
    clock.open(next.sound, next.frames / next.fps);
    clock.loop = Boolean(next.loop);
    press(".td-hv-loop", clock.loop);
    audio.muted = hushed === null ? Boolean(next.muted) : hushed;
    if (same) return;
    try {
      stage = stage || openStage();
    } catch {
      return withoutStage(next);
    }
    try {
      const opened = await Promise.all(next.heads.map((head) => openFigure(head.character)));
      if (mine !== asked) return;
      figures = opened;
      stage.show(figures);
      if (take.take === next.take) arrive(take);
    } catch (error) {
      if (mine === asked) say("character");
      console.warn(`TalkDemo: ${error}`);
    }
  }

  const sameCharacters = (next) => figures.length === next.heads.length
    && next.heads.every((head, k) => head.character.url === figures[k].record.url);

  function openStage() {
    const made = new Stage(canvas);
    made.mode = box.dataset.mode;
    canvas.addEventListener("webglcontextlost", (event) => {
      event.preventDefault();
      say("lost", take && take.video ? WITH_VIDEO : "");
    });
    canvas.addEventListener("webglcontextrestored", () => { made.restored(); say(""); });
    return made;
  }

  function withoutStage(next) {  // the video, once there is one, in place of the canvas
    say("webgl", next.video ? WITH_VIDEO : " The video will follow.");
    box.classList.add("td-hv-flat");
  }

  function arrive(next) {
    names(next);  // a comparison may reveal them later
    next.heads.forEach((head, k) => {
      for (const text of head.motion.slice(tracks[k].chunks)) tracks[k].push(text);
    });
    const frames = Math.min(...tracks.map((track) => track.frames));
    if (fault === "webgl" && next.video) flat(next.video);
    if (!frames || !figures.length) return changed();
    const first = clock.limit === 0;
    clock.arrived(next.done ? clock.duration : frames / next.fps);
    if (next.heads.length === 2 && next.done) limit = scale(next);
    stale = true;
    if (first && next.play) clock.play();
    changed();
  }

  function flat(url) {
    let video = find("video");
    if (!video) {
      video = Object.assign(document.createElement("video"), { controls: true, playsInline: true, loop: true });
      for (const event of ["play", "pause", "timeupdate"]) video.addEventListener(event, changed);
      stand.append(video);
    }
    if (video.getAttribute("src") !== url) video.src = url;
    find(".td-hv-note").textContent = "";
    box.classList.add("td-hv-flat");
  }

  function names(next) {
    ["left", "right"].forEach((side, k) => {
      find(`.td-hv-${side}`).textContent = (next.heads.length > 1 && next.heads[k] && next.heads[k].label) || "";
    });
    root.dataset.heads = next.heads.length;
    box.classList.toggle("td-hv-pair", next.heads.length === 2);
  }

  function scale(next) {  // the end of the scale of lip distances: the largest of the take, in whole millimetres
    let most = 0;
    const pair = values.map((one) => one.slice());
    for (let at = 0; at < next.frames; at += Math.max(2, Math.ceil(next.frames / 150))) {
      figures.forEach((figure, k) => figure.move(tracks[k].at(at, at, pair[k])));
      most = Math.max(most, figures[0].apart(figures[1]));
    }
    return Math.max(1, Math.ceil(most));
  }

  // ---- drawing: only when something changed
  function invalidate() {
    stale = true;
    if (!frame) frame = requestAnimationFrame(tick);
  }

  function tick(now) {
    frame = 0;
    if (!box.isConnected) return dispose();
    clock.check();
    if (!box.getClientRects().length) {  // another tab of the app is shown
      if (clock.running) clock.pause();
      return;
    }
    if (clock.running) frame = requestAnimationFrame(tick);
    if (stage && stage.software && clock.running && now - last < 28) return;
    if (clock.running && last) pace(Math.min(now - last, 250));  // a pause before this frame counts for little
    last = now;
    if (clock.running || stale) draw();
    stale = false;
    progress();
  }

  function pace(gap) {  // a slow machine gets fewer pixels while the head moves
    slow = 0.9 * slow + 0.1 * gap;
    if (slow > 42 && stage && stage.scale > 0.55) {
      stage.scale *= 0.8;
      slow = 0;
    }
  }

  function draw() {
    if (!stage || !figures.length || !tracks[0].frames || fault === "webgl") return;
    const at = clock.time * take.fps;
    tracks.forEach((track, k) => track.at(at, clock.running && drawn >= 0 ? drawn : at, values[k]));
    drawn = at;
    stage.pose(values, limit || 10);
    stage.draw(clock.running);
    const key = find(".td-hv-scale");
    key.hidden = !(stage.mode === "lips" && figures.length === 2);
    if (!key.hidden) key.querySelector("span").textContent = `0 … ${limit || 10} mm, now ${stage.apart.toFixed(1)} mm`;
  }

  function progress() {
    const video = find("video"), time = video ? video.currentTime : clock.time, length = clock.duration;
    root.dataset.time = time.toFixed(3);
    const seek = find(".td-hv-seek");
    if (seek) {
      if (!seek.matches(":active")) seek.value = length ? time / length : 0;
      seek.style.setProperty("--done", `${100 * seek.value}%`);
      seek.style.setProperty("--here", `${length ? (100 * clock.limit) / length : 0}%`);
      find(".td-hv-time").textContent = `${time.toFixed(1)} / ${length.toFixed(1)} s`;
      press(".td-hv-sound", audio.muted);
    }
    const svg = chart(), line = svg && svg.querySelector(".playhead");
    if (!line || !length || !take) return;
    const share = Math.min(time / Number(svg.dataset.seconds), 1);
    const x = svg.viewBox.baseVal.width * (Number(svg.dataset.left) + Number(svg.dataset.width) * share);
    line.setAttribute("x1", x);
    line.setAttribute("x2", x);
  }

  function dispose() {
    if (stage) stage.dispose();
    stage = null;
    audio.pause();
    audio.removeAttribute("src");
    for (const free of release) free();
  }

  // ---- what the visitor does
  const chart = () => box.dataset.chart && document.getElementById(box.dataset.chart);
  const press = (name, on) => { const b = find(name); if (b) b.setAttribute("aria-pressed", String(Boolean(on))); };
  const toggle = () => { if (take) (clock.running || clock.waiting ? clock.pause() : clock.play()); };

  function mode(name) {
    box.dataset.mode = name;
    if (stage) stage.mode = name;
    for (const b of box.querySelectorAll(".td-hv-modes button")) {
      b.setAttribute("aria-pressed", String(b.dataset.mode === name));
    }
    invalidate();
  }

  const actions = {
    start: toggle, play: toggle,
    sound: () => { hushed = audio.muted = !audio.muted; },
    loop: () => { clock.loop = !clock.loop; press(".td-hv-loop", clock.loop); },
    mesh: () => { if (stage) { stage.wireframe(!stage.wire); press(".td-hv-mesh", stage.wire); } },
    reset: () => { if (stage) stage.reset(); },
    full: () => (document.fullscreenElement ? document.exitFullscreen() : box.requestFullscreen && box.requestFullscreen()),
  };
  box.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.mode) mode(button.dataset.mode);
    else actions[button.classList[0].replace("td-hv-", "")]();
    invalidate();
  });
  box.addEventListener("input", (event) => {
    event.stopPropagation();
    if (event.target.matches(".td-hv-seek")) clock.seek(Number(event.target.value) * clock.duration);
    if (event.target.matches(".td-hv-speed")) clock.speed(Number(event.target.value));
    if (event.target.matches(".td-hv-cut") && stage) stage.cut = Number(event.target.value);
    invalidate();
  });
  stand.addEventListener("keydown", (event) => {
    if (event.target !== stand) return;
    const step = take ? 1 / take.fps : 0, moves = { ArrowLeft: -step, ArrowRight: step, ArrowDown: -1, ArrowUp: 1 };
    if (event.key === " ") toggle();
    else if (event.key in moves) {
      if (clock.running && Math.abs(moves[event.key]) < 1) clock.pause();
      clock.seek(clock.time + moves[event.key]);
    } else if (event.key === "0" && stage) stage.reset();
    else return;
    event.preventDefault();
    invalidate();
  });
  const release = [
    scrub(chart, (seconds) => { if (take) clock.seek(seconds); }),
    orbit(stand, () => stage, invalidate, toggle),
    listen(document, { visibilitychange: invalidate }),
  ];
  for (const event of ["seeked", "volumechange"]) audio.addEventListener(event, invalidate);
  audio.addEventListener("error", () => {
    if (!audio.getAttribute("src")) return;
    clock.sound = false;
    say("sound");
    if (take && take.play) clock.play();
  });
  new ResizeObserver(invalidate).observe(stand);
  new IntersectionObserver(invalidate).observe(stand);
  // For tests and benchmarks: what is drawn, as pixels and as vertices.
  const handle = { get stage() { return stage; }, get figures() { return figures; }, clock, draw, tracks: () => tracks };
  root.talkHead = handle;

  function hand(home, itsValue, itsFailed) {  // to the component, in place of its own HTML
    early = null;
    [value, failed] = [itsValue, itsFailed];
    home.querySelector(".td-hv").replaceWith(box);
    root = document.getElementById(box.dataset.id) || home;
    Object.assign(root.dataset, element.dataset);
    root.talkHead = handle;
    element.remove();
    changed();
    show();
    if (fault) failed(fault);
    return show;
  }

  if (element.id === "td-early") early = { id: box.dataset.id, hand };
  changed();
  show();
  return show;
}
