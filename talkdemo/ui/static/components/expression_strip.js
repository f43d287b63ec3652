// Images from the portrait to the expression and beyond; a click chooses that amount. Runs once.
const row = element.querySelector(".td-sweep");

function show() {
  const { images = [], amounts = [] } = props.value || {};
  row.classList.toggle("empty", !images.length);
  while (row.children.length > images.length) row.lastChild.remove();
  images.forEach((image, k) => {
    let button = row.children[k];
    if (!button) {
      button = row.appendChild(document.createElement("button"));
      button.type = "button";
      button.append(document.createElement("img"), document.createElement("span"));
    }
    const label = `${Math.round(100 * amounts[k])} %`;
    button.dataset.amount = amounts[k];
    button.setAttribute("aria-label", `Strength ${label}`);
    Object.assign(button.firstChild, { src: image, alt: "", draggable: false });
    button.lastChild.textContent = label;
  });
}

row.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) trigger("select", { amount: Number(button.dataset.amount) });
});
watch("value", show);
show();
