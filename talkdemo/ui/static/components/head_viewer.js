// Loads the viewer's script, which all viewers of the page share, and hands the component to it. Runs once.
const address = element.querySelector(".td-hv").dataset.script;
let show = () => {};

function loaded() {
  window.TalkHeadScripts = window.TalkHeadScripts || {};
  window.TalkHeadScripts[address] = window.TalkHeadScripts[address] || new Promise((done, failed) => {
    document.head.append(Object.assign(document.createElement("script"), { src: address, onload: done, onerror: failed }));
  });
  return window.TalkHeadScripts[address];
}

watch("value", () => show());
loaded().then(
  () => { show = window.TalkHead.mount(element, () => props.value, (fault) => trigger("error", { fault })); },
  () => { element.querySelector(".td-hv-note").textContent = "The viewer could not be loaded; reload the page."; },
);
