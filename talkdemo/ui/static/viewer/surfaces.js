// A figure in OpenGL: one mesh for each pass over each part, in the order and with the programs of render.scene.
const ORDER = { opaque: 0, mask: 1, blend: 2 };

class Surfaces {
  constructor(figure, shadow, smooth) {
    this.figure = figure;
    this.uniforms = {  // shared by all programs of this figure
      clip: { value: new THREE.Matrix4() }, shadow_clip: { value: new THREE.Matrix4() },
      viewer: { value: new THREE.Vector3() }, frame: { value: new THREE.Vector4() },
      shadow: { value: shadow }, millimetres: { value: 0 },
    };
    const matrix = new THREE.Matrix4().set(...figure.record.shadow);
    this.light = { value: matrix };
    this.uniforms.shadow_clip.value.set(0.5, 0, 0, 0.5, 0, 0.5, 0, 0.5, 0, 0, 0.5, 0.5, 0, 0, 0, 1).multiply(matrix);
    this.scene = stillScene();
    this.shadows = stillScene();
    this.things = [];  // geometries, materials, textures: to be disposed of
    this.coloured = [];  // materials that can be drawn as wireframe
    this._attributes(figure);
    this.scene.add(this._background());
    const parts = figure.parts.map((part) => ({ ...part, alpha: alphaMode(part.material) }));
    parts.sort((one, other) => ORDER[one.alpha] - ORDER[other.alpha]);
    for (const part of parts) this._part(part, smooth);
  }

  _attributes(figure) {
    const make = (array, size) => new THREE.BufferAttribute(array, size);
    this.moving = [make(figure.positions, 3), make(figure.normals, 3), make(figure.lip, 2)];
    this.moving.forEach((attribute) => attribute.setUsage(THREE.DynamicDrawUsage));
    this.attributes = {
      position: this.moving[0], normal: this.moving[1], lip: this.moving[2],
      uv: make(figure.uv, 2), open_sky: make(figure.sky, 1), solid: make(figure.solid, 1),
    };
    this.index = make(figure.corners, 1);
  }

  _background() {
    const geometry = new THREE.BufferGeometry();
    geometry.setAttribute("position", new THREE.BufferAttribute(new Float32Array([-1, -1, 0, 3, -1, 0, -1, 3, 0]), 3));
    const material = new THREE.RawShaderMaterial({
      glslVersion: THREE.GLSL3, uniforms: { frame: this.uniforms.frame }, depthTest: false, depthWrite: false,
      vertexShader: "in vec3 position; void main() { gl_Position = vec4(position.xy, 0.0, 1.0); }",
      fragmentShader: STUDIO.background,
    });
    return this._mesh(geometry, material);
  }

  _part(part, smooth) {
    const image = part.material.map, double = part.material.side === THREE.DoubleSide;
    image.encoding = THREE.LinearEncoding;  // the shader has its own curve
    image.minFilter = THREE.LinearMipmapNearestFilter;
    image.needsUpdate = true;
    this.things.push(image, part.material);
    const kind = part.material.userData.surface;
    const pass = (defines, changes) => {
      for (const [name, value] of Object.entries(defines)) defines[name] = value.toFixed(6);
      const material = new THREE.RawShaderMaterial({
        glslVersion: THREE.GLSL3, vertexShader: STUDIO.vertex, fragmentShader: STUDIO.fragments[kind], defines,
        side: double ? THREE.DoubleSide : THREE.FrontSide,
        uniforms: {
          ...this.uniforms, image: { value: image },
          material: { value: { roughness_factor: part.material.roughness } },
        },
        ...changes,
      });
      this.coloured.push(material);
      this.scene.add(this._mesh(this._geometry(part), material));
    };
    const { dense, thin } = STUDIO, cutoff = part.material.alphaTest;
    if (part.alpha === "opaque") pass({}, {});
    else if (part.alpha === "mask" && smooth) pass({ CUTOFF: cutoff, LEAST: thin, BELOW: 2 }, { alphaToCoverage: true });
    else if (part.alpha === "mask") pass({ LEAST: cutoff, BELOW: 2 }, {});
    else {  // the dense middle of the strands stands in the depth buffer; the rest blends
      pass({ LEAST: dense, BELOW: 2 }, {});
      pass({ LEAST: thin, BELOW: dense }, {
        depthWrite: false, blending: THREE.CustomBlending, blendSrc: THREE.SrcAlphaFactor,
        blendDst: THREE.OneMinusSrcAlphaFactor, blendSrcAlpha: THREE.ZeroFactor, blendDstAlpha: THREE.OneFactor,
      });
    }
    const strands = part.alpha === "blend" && part.material.name.includes("hair");
    if (part.alpha === "opaque" || strands) this._cast(part, strands, image);
  }

  _cast(part, strands, image) {  // into the key light's shadow map
    const material = new THREE.RawShaderMaterial({
      glslVersion: THREE.GLSL3, vertexShader: STUDIO.shadowVertex,
      fragmentShader: strands ? STUDIO.strands : STUDIO.solid, uniforms: { clip: this.light, image: { value: image } },
      side: strands ? THREE.DoubleSide : THREE.FrontSide, colorWrite: false,
      polygonOffset: true, polygonOffsetFactor: 2.5, polygonOffsetUnits: 4,
    });
    this.shadows.add(this._mesh(this._geometry(part), material));
  }

  _geometry(part) {
    const geometry = new THREE.BufferGeometry();
    for (const [name, attribute] of Object.entries(this.attributes)) geometry.setAttribute(name, attribute);
    geometry.setIndex(this.index);
    geometry.setDrawRange(part.start, part.count);
    return geometry;
  }

  _mesh(geometry, material) {
    this.things.push(geometry, material);
    const mesh = new THREE.Mesh(geometry, material);
    mesh.frustumCulled = mesh.matrixAutoUpdate = false;
    return mesh;
  }

  upload() {
    for (const attribute of this.moving) attribute.needsUpdate = true;
  }

  wireframe(on) {
    for (const material of this.coloured) material.wireframe = on;
  }

  dispose() {
    for (const thing of this.things) thing.dispose();
    for (const { material } of this.figure.parts) if (material.map.image.close) material.map.image.close();
  }
}

function alphaMode(material) {
  return material.transparent ? "blend" : material.alphaTest ? "mask" : "opaque";
}

function stillScene() {
  const scene = new THREE.Scene();
  scene.autoUpdate = scene.matrixAutoUpdate = false;
  return scene;
}
