// Draws one or two figures on a canvas with one camera that orbits; nothing here knows of time.
const SOFTWARE = /swiftshader|llvmpipe|software|basic render/i;
const FARTHEST = 2.2, NEAREST = 0.35;  // of the portrait's distance

let software = null;
function inSoftware() {  // asked of a context of its own: edges are smoothed only where that is cheap
  if (software === null) {
    const context = document.createElement("canvas").getContext("webgl2");
    if (!context) return false;
    const names = context.getExtension("WEBGL_debug_renderer_info");
    software = SOFTWARE.test(names ? context.getParameter(names.UNMASKED_RENDERER_WEBGL) : "");
    context.getExtension("WEBGL_lose_context")?.loseContext();
  }
  return software;
}

class Stage {
  constructor(canvas) {
    this.canvas = canvas;
    this.software = inSoftware();
    const options = { antialias: !this.software, alpha: false, powerPreference: "high-performance" };
    const context = canvas.getContext("webgl2", options);
    if (!context) throw new Error("webgl");
    this.renderer = new THREE.WebGLRenderer({ canvas, context });
    this.renderer.autoClear = this.renderer.sortObjects = false;
    this.heads = [];
    this.view = { yaw: 0, pitch: 0, zoom: 1 };
    this.mode = "beside";
    this.cut = 0.5;
    this.scale = this.software ? 0.5 : 1;  // of the pixels while the head moves
    this.drawings = 0;
    this.camera = new THREE.Camera();
    this._shadow();
  }

  _shadow() {
    const depth = new THREE.DepthTexture(STUDIO.shadowSize, STUDIO.shadowSize, THREE.FloatType);
    depth.minFilter = depth.magFilter = THREE.LinearFilter;
    this.shadow = new THREE.WebGLRenderTarget(STUDIO.shadowSize, STUDIO.shadowSize, { depthTexture: depth });
    this.renderer.initTexture(depth);
    this.restored();
  }

  restored() {  // three.js r140 knows no comparing depth textures
    const gl = this.renderer.getContext(), depth = this.shadow.depthTexture;
    this.renderer.setRenderTarget(this.shadow);
    this.renderer.setRenderTarget(null);
    gl.bindTexture(gl.TEXTURE_2D, this.renderer.properties.get(depth).__webglTexture);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_COMPARE_MODE, gl.COMPARE_REF_TO_TEXTURE);
    this.renderer.resetState();
  }

  show(figures) {
    for (const head of this.heads) head.dispose();
    this.heads = figures.map((figure) => new Surfaces(figure, this.shadow.depthTexture, !this.software));
    this.wireframe(this.wire);
  }

  // Values (55,) for each head → vertices. `limit`: millimetres at the end of the scale.
  pose(values, limit) {
    this.heads.forEach((head, k) => head.figure.pose(values[k]));
    this.apart = this.heads.length === 2 ? this.heads[0].figure.apart(this.heads[1].figure) : 0;
    for (const head of this.heads) {
      head.upload();
      head.uniforms.millimetres.value = this.mode === "lips" ? limit : 0;
    }
  }

  resize(scale) {
    const ratio = Math.min(window.devicePixelRatio || 1, this.software ? 1 : 2) * scale;
    const box = this.canvas.parentElement.getBoundingClientRect();
    const [width, height] = [box.width, box.height].map((side) => Math.max(2, Math.round(side * ratio)));
    if (width !== this.canvas.width || height !== this.canvas.height) this.renderer.setSize(width, height, false);
  }

  draw(moving = false) {
    this.resize(moving ? this.scale : 1);
    const lagging = moving && this.software && this.heads.length === 1 && ++this.drawings % 2;  // the last shadow serves
    const { width, height } = this.canvas, renderer = this.renderer;
    const beside = this.heads.length === 2 && this.mode === "beside";
    const half = Math.floor(width / 2), cut = Math.round(width * this.cut);
    this.heads.forEach((head, k) => {
      if (k && this.mode === "lips") return;
      if (!lagging) this._darken(head);
      const [x, w] = beside ? [k * (half + 1), half - 1] : [0, width];
      renderer.setViewport(x, 0, w, height);
      const over = this.heads.length === 2 && this.mode === "over";
      renderer.setScissorTest(beside || over);
      if (beside) renderer.setScissor(x, 0, w, height);
      if (over) renderer.setScissor(k ? cut + 1 : 0, 0, k ? width - cut - 1 : cut - 1, height);
      this._aim(head, x, w, height);
      renderer.clear(false, true, false);
      renderer.render(head.scene, this.camera);
    });
    renderer.setScissorTest(false);
  }

  _darken(head) {
    this.renderer.setRenderTarget(this.shadow);
    this.renderer.clear(false, true, false);
    this.renderer.render(head.shadows, this.camera);
    this.renderer.setRenderTarget(null);
  }

  // The portrait camera of render.camera, turned about its target.
  _aim(head, x, width, height) {
    const { position, target, fov } = head.figure.record, { yaw, pitch, zoom } = this.view;
    const centre = new THREE.Vector3(...target), eye = new THREE.Vector3(...position).sub(centre);
    eye.multiplyScalar(zoom * Math.max(1, height / width));
    eye.applyAxisAngle(new THREE.Vector3(1, 0, 0), -pitch).applyAxisAngle(new THREE.Vector3(0, 1, 0), yaw).add(centre);
    const world = new THREE.Matrix4().lookAt(eye, centre, new THREE.Vector3(0, 1, 0)).setPosition(eye);
    const f = 1 / Math.tan(fov / 2), near = 0.05, far = 6;
    head.uniforms.clip.value.set(
      (f * height) / width, 0, 0, 0, 0, f, 0, 0,
      0, 0, (far + near) / (near - far), (2 * far * near) / (near - far), 0, 0, -1, 0,
    ).multiply(world.invert());
    head.uniforms.viewer.value.copy(eye);
    head.uniforms.frame.value.set(x, 0, width, height);
  }

  turn(dx, dy) {
    this.view.yaw = Math.min(Math.max(this.view.yaw - dx, -Math.PI), Math.PI);
    this.view.pitch = Math.min(Math.max(this.view.pitch + dy, -1.2), 1.2);
  }

  zoom(factor) {
    this.view.zoom = Math.min(Math.max(this.view.zoom * factor, NEAREST), FARTHEST);
  }

  reset() {
    this.view = { yaw: 0, pitch: 0, zoom: 1 };
  }

  wireframe(on) {
    this.wire = Boolean(on);
    for (const head of this.heads) head.wireframe(this.wire);
  }

  dispose() {
    this.show([]);
    this.shadow.depthTexture.dispose();
    this.shadow.dispose();
    this.renderer.dispose();
  }
}
