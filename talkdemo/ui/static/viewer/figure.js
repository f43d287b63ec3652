// One character: vertices and normals of a pose, computed as face.head and render.normals do, in metres.
// The GLB is what export.gltf writes with viewer=True: sparse morph targets, the head joint's weight, _SURFACE.
const FILES = new Map();  // address → its bytes, so that viewers of one page share a download
const KEPT = 4;

function download(url) {
  let bytes = FILES.get(url);
  if (!bytes) {
    bytes = fetch(url).then((answer) => {
      if (!answer.ok) throw new Error(`${answer.status}`);
      return answer.arrayBuffer();
    });
    bytes.catch(() => FILES.delete(url));
  }
  FILES.delete(url);
  FILES.set(url, bytes);  // the latest last
  if (FILES.size > KEPT) FILES.delete(FILES.keys().next().value);
  return bytes;
}

async function openFigure(record) {
  const bytes = await download(record.url);
  const gltf = await new Promise((done, failed) => new THREE.GLTFLoader().parse(bytes, "", done, failed));
  const meshes = [];
  gltf.scene.traverse((node) => { if (node.isMesh) meshes.push(node); });
  // The scene has them as they were parsed, now in one order, now in another; two figures are compared vertex by vertex.
  const place = (mesh) => { const at = gltf.parser.associations.get(mesh); return [at.meshes, at.primitives]; };
  meshes.sort((a, b) => place(a)[0] - place(b)[0] || place(a)[1] - place(b)[1]);
  return new Figure(record, meshes);
}

class Figure {
  constructor(record, meshes) {
    this.record = record;
    const count = meshes.reduce((sum, mesh) => sum + mesh.geometry.attributes.position.count, 0);
    this.rest = new Float32Array(3 * count);
    this.uv = new Float32Array(2 * count);
    this.sky = new Float32Array(count).fill(1);
    this.solid = new Float32Array(count);
    this.turn = new Float32Array(count);
    this.lip = new Float32Array(2 * count);  // whether it is a lip; a distance in millimetres (see stage)
    this.weld = new Uint32Array(count);
    this.moved = new Float32Array(3 * count);  // by coefficients, not yet turned
    this.positions = new Float32Array(3 * count);
    this.normals = new Float32Array(3 * count);
    this.parts = [];  // material, first corner, corners
    const corners = [], targets = Array.from({ length: COEFFICIENTS }, () => [[], []]);
    let base = 0;
    for (const mesh of meshes) {
      const { attributes, index, morphAttributes } = mesh.geometry, size = attributes.position.count;
      this.rest.set(attributes.position.array, 3 * base);
      this.uv.set(attributes.uv.array, 2 * base);
      const surface = attributes._surface, weight = attributes.skinWeight, colour = attributes.color;
      for (let v = 0; v < size; v++) {
        this.turn[base + v] = weight.getY(v) / 65535;
        this.weld[base + v] = surface.getX(v);
        this.solid[base + v] = surface.getY(v) / 65535;
        this.lip[2 * (base + v)] = surface.getZ(v);
        if (colour) this.sky[base + v] = colour.getX(v) / 255;
      }
      this.parts.push({ material: mesh.material, start: corners.length, count: index.count });
      for (let i = 0; i < index.count; i++) corners.push(base + index.array[i]);
      (morphAttributes.position || []).forEach((target, c) => {
        for (let v = 0; v < size; v++) {
          const x = target.array[3 * v], y = target.array[3 * v + 1], z = target.array[3 * v + 2];
          if (x || y || z) { targets[c][0].push(base + v); targets[c][1].push(x, y, z); }
        }
      });
      base += size;
      mesh.geometry.dispose();
    }
    this.corners = new Uint16Array(corners);
    this.targets = targets.map(([rows, values]) => [Uint16Array.from(rows), Float32Array.from(values)]);
    this.sums = new Float32Array(3 * (1 + this.weld.reduce((a, b) => Math.max(a, b), 0)));
    const first = new Int32Array(this.sums.length / 3).fill(-1);  // vertex of each weld
    this.weld.forEach((weld, v) => { if (first[weld] < 0) first[weld] = v; });
    this.triangles = this.corners.map((v) => first[this.weld[v]]).filter((_, i, all) => {  // not those that collapse
      const [a, b, c] = all.subarray(i - (i % 3), i - (i % 3) + 3);
      return a !== b && b !== c && c !== a;
    });
    this.pose(new Float32Array(CHANNELS));
  }

  // (55,): 52 coefficients, rotation vector in radians → positions, normals.
  pose(values) {
    this.move(values);
    this._turn(rotation(values[52], values[53], values[54]));
    this._smooth();
  }

  move(values) {
    const { moved } = this;
    moved.set(this.rest);
    for (let c = 0; c < COEFFICIENTS; c++) {
      const weight = values[c], [rows, deltas] = this.targets[c];
      if (weight === 0) continue;
      for (let i = 0, k = 0; i < rows.length; i++, k += 3) {
        const at = 3 * rows[i];
        moved[at] += weight * deltas[k];
        moved[at + 1] += weight * deltas[k + 1];
        moved[at + 2] += weight * deltas[k + 2];
      }
    }
  }

  _turn([a, b, c, d, e, f, g, h, i]) {
    const { moved, positions, turn } = this;
    for (let v = 0, at = 0; v < turn.length; v++, at += 3) {
      const x = moved[at], y = moved[at + 1], z = moved[at + 2], w = turn[v];
      positions[at] = x + w * (a * x + b * y + c * z - x);
      positions[at + 1] = y + w * (d * x + e * y + f * z - y);
      positions[at + 2] = z + w * (g * x + h * y + i * z - z);
    }
  }

  _smooth() {  // area-weighted normals; what is welded shares one
    const { positions: p, normals, sums, weld, triangles } = this;
    sums.fill(0);
    for (let t = 0; t < triangles.length; t += 3) {
      const a = triangles[t], b = triangles[t + 1], c = triangles[t + 2], i = 3 * a, j = 3 * b, k = 3 * c;
      const ux = p[j] - p[i], uy = p[j + 1] - p[i + 1], uz = p[j + 2] - p[i + 2];
      const vx = p[k] - p[i], vy = p[k + 1] - p[i + 1], vz = p[k + 2] - p[i + 2];
      const x = uy * vz - uz * vy, y = uz * vx - ux * vz, z = ux * vy - uy * vx;
      const l = 3 * weld[a], m = 3 * weld[b], n = 3 * weld[c];
      sums[l] += x; sums[l + 1] += y; sums[l + 2] += z;
      sums[m] += x; sums[m + 1] += y; sums[m + 2] += z;
      sums[n] += x; sums[n + 1] += y; sums[n + 2] += z;
    }
    for (let v = 0, at = 0; v < weld.length; v++, at += 3) {
      const s = 3 * weld[v], x = sums[s], y = sums[s + 1], z = sums[s + 2];
      const scale = 1 / Math.max(Math.sqrt(x * x + y * y + z * z), 1e-20);
      normals[at] = x * scale; normals[at + 1] = y * scale; normals[at + 2] = z * scale;
    }
  }

  // Millimetres between the displacements of this face and another's, for each vertex of the lips; the largest.
  apart(other) {
    let most = 0;
    for (let v = 0; v < this.weld.length; v++) {
      if (!this.lip[2 * v]) continue;
      let sum = 0;
      for (let at = 3 * v; at < 3 * v + 3; at++) {
        const gap = this.moved[at] - this.rest[at] - (other.moved[at] - other.rest[at]);
        sum += gap * gap;
      }
      this.lip[2 * v + 1] = 1000 * Math.sqrt(sum);
      most = Math.max(most, this.lip[2 * v + 1]);
    }
    return most;
  }
}

function rotation(x, y, z) {  // rotation vector → matrix, row by row (Rodrigues)
  const angle = Math.hypot(x, y, z);
  if (angle < 1e-9) return [1, 0, 0, 0, 1, 0, 0, 0, 1];
  const [u, v, w] = [x / angle, y / angle, z / angle], s = Math.sin(angle), c = Math.cos(angle), t = 1 - c;
  return [t * u * u + c, t * u * v - s * w, t * u * w + s * v,
    t * u * v + s * w, t * v * v + c, t * v * w - s * u,
    t * u * w - s * v, t * v * w + s * u, t * w * w + c];
}
