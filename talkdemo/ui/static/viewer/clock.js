// The time of a take: the sound's, or a clock of its own where there is none. Seconds.
class Clock {
  constructor(audio, changed) {
    this.audio = audio;
    this.changed = changed;  // called when it starts, stops, is set
    this.sound = false;
    this.duration = this.limit = 0;  // of the take; of what has arrived of it
    this.loop = this.running = this.waiting = false;
    this.rate = 1;
    this._base = 0;
    this._since = 0;
    this._heard = -1;
    this._moves = false;  // the sound does, since it was last started or set
    for (const event of ["timeupdate", "seeked", "ended"]) audio.addEventListener(event, () => this.check());
  }

  open(url, duration) {
    this.pause();
    this.sound = Boolean(url);
    this.duration = duration;
    this.limit = this._base = 0;
    this.waiting = false;
    if (url) this.audio.src = url;
    else this.audio.removeAttribute("src");
    this.audio.load();
    this.speed(this.rate);
  }

  get time() {
    const now = performance.now();
    if (!this.sound || this.audio.ended) {
      const run = this.running ? (this.rate * (now - this._since)) / 1000 : 0;
      return Math.min(this._base + run, this.duration);
    }
    const heard = this.audio.currentTime;  // moves in steps; in between the time is carried on
    if (heard !== this._heard || !this.running) {
      this._moves = this.running && this._heard >= 0;
      this._heard = heard;
      this._since = now;
    }
    const ahead = this._moves ? Math.min((now - this._since) / 1000, 0.1) * this.rate : 0;
    this._base = Math.min(heard + ahead, this.duration);
    return this._base;
  }

  async play() {
    if (this.time >= this.duration - 0.02) this.seek(0);
    if (this.time >= this.limit - 0.02 && this.limit < this.duration) {
      this.waiting = true;
      this.changed();
      return;
    }
    this._base = this.time;
    this._since = performance.now();
    this._heard = -1;
    this._moves = false;
    this.running = true;
    this.waiting = false;
    if (this.sound) {
      try {
        await this.audio.play();
      } catch (error) {
        if (error.name === "AbortError") return;
        this.running = false;
        if (error.name === "NotAllowedError" && !this.audio.muted) {  // no sound before the visitor's first gesture
          this.audio.muted = true;
          return this.play();
        }
      }
    }
    this.changed();
  }

  pause() {
    this._base = this.time;
    this.running = this.waiting = false;
    this.audio.pause();
    this.changed();
  }

  seek(seconds) {
    const to = Math.min(Math.max(seconds, 0), this.duration);
    this._base = to;
    this._since = performance.now();
    this._heard = -1;
    this._moves = false;
    if (this.sound) this.audio.currentTime = to;
    if (this.waiting && to < this.limit - 0.02) this.play();
    this.changed();
  }

  speed(rate) {
    this._base = this.time;
    this._since = performance.now();
    this.rate = this.audio.defaultPlaybackRate = this.audio.playbackRate = rate;
  }

  arrived(limit) {
    this.limit = limit;
    if (this.waiting && (limit >= this.duration || limit > this.time + 0.3)) this.play();
  }

  check() {  // where what has arrived ends it waits; at the end it stops or begins anew
    if (!this.running) return;
    const time = this.time;
    if (time >= this.duration - 0.005) {
      if (this.loop) {
        this.seek(0);
        this.play();
      } else this.pause();
    } else if (this.limit < this.duration && time >= this.limit - 0.04) {
      this.pause();
      this.waiting = true;
      this.changed();
    }
  }
}
