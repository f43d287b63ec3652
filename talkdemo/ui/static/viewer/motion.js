// Motion as it arrives from Python: base64 of int16 (T, 55), see ui/viewer/take.py.
const COEFFICIENTS = 52, CHANNELS = 55, REACH = 2 / 32767, TURN = Math.PI / 32767;
const BLINKS = [0, 7];  // eyeBlinkLeft, eyeBlinkRight

class Track {
  constructor() {
    this.frames = this.chunks = 0;
    this.data = new Int16Array(CHANNELS * 256);
  }

  push(text) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const more = new Int16Array(bytes.buffer), end = this.frames * CHANNELS;
    if (end + more.length > this.data.length) {
      const larger = new Int16Array(Math.max(2 * this.data.length, end + more.length));
      larger.set(this.data);
      this.data = larger;
    }
    this.data.set(more, end);
    this.frames += more.length / CHANNELS;
    this.chunks += 1;
  }

  // What it is at `time` (in frames), between frames linear, into `out` (55,). `since` (in frames): when it was last
  // drawn; a blink that came and went in the meantime is drawn all the same.
  at(time, since, out) {
    const last = this.frames - 1, place = Math.min(Math.max(time, 0), last);
    const before = Math.floor(place), share = place - before;
    const a = before * CHANNELS, b = Math.min(before + 1, last) * CHANNELS;
    for (let c = 0; c < CHANNELS; c++) {
      const value = this.data[a + c] * (1 - share) + this.data[b + c] * share;
      out[c] = value * (c < COEFFICIENTS ? REACH : TURN);
    }
    for (let frame = Math.ceil(Math.max(since, place - 12, 0)); frame < place; frame++) {
      for (const c of BLINKS) out[c] = Math.max(out[c], this.data[frame * CHANNELS + c] * REACH);
    }
    return out;
  }
}
