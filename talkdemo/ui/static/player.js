// The plot's playhead follows the video; a click on the plot seeks the video.
(() => {
  const chart = () => document.getElementById("motion-chart");
  const video = () => document.querySelector("#td-video video");

  function follow() {
    const svg = chart(), clip = video();
    if (svg && clip && clip.duration) {
      const box = svg.viewBox.baseVal;
      const share = Math.min(clip.currentTime / Number(svg.dataset.seconds), 1);
      const x = box.width * (Number(svg.dataset.left) + Number(svg.dataset.width) * share);
      const line = svg.querySelector(".playhead");
      line.setAttribute("x1", x);
      line.setAttribute("x2", x);
    }
    requestAnimationFrame(follow);
  }

  document.addEventListener("click", (event) => {
    const svg = event.target.closest && event.target.closest("#motion-chart"), clip = video();
    if (!svg || !clip) return;
    const frame = svg.getBoundingClientRect();
    const share = ((event.clientX - frame.left) / frame.width - Number(svg.dataset.left)) / Number(svg.dataset.width);
    clip.currentTime = Math.min(Math.max(share, 0), 1) * Number(svg.dataset.seconds);
  });

  requestAnimationFrame(follow);
})();
