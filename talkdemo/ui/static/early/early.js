// The first head moves before gradio has built the page, which takes it over (viewer.js: hand).
(({ script, html, value }) => {
  const loaded = new Promise((done, failed) => {
    document.head.append(Object.assign(document.createElement("script"), { src: script, onload: done, onerror: failed }));
  });
  window.TalkHeadScripts = { [script]: loaded };
  const stand = Object.assign(document.createElement("div"), { id: "td-early", innerHTML: html });
  const placed = new Promise((done) => {  // as soon as there is a body: the page's own scripts may take long
    const place = () => (document.body ? done(document.body.append(stand)) : requestAnimationFrame(place));
    place();
  });
  placed.then(() => loaded).then(() => window.TalkHead.mount(stand, () => value, () => {}), () => stand.remove());
})(DATA);
