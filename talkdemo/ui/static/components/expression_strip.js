// Pictures from the portrait as it is to the expression and beyond; a click takes that amount. Runs once.
const row = element.querySelector(".td-sweep");

function show() {
  const { pictures = [], amounts = [] } = props.value || {};
  row.classList.toggle("empty", !pictures.length);
  while (row.children.length > pictures.length) row.lastChild.remove();
  pictures.forEach((picture, k) => {
    let button = row.children[k];
    if (!button) {
      button = row.appendChild(document.createElement("button"));
      button.type = "button";
      button.append(document.createElement("img"), document.createElement("span"));
    }
    const said = `${Math.round(100 * amounts[k])} %`;
    button.dataset.amount = amounts[k];
    button.setAttribute("aria-label", `Take strength ${said}`);
    Object.assign(button.firstChild, { src: picture, alt: "", draggable: false });
    button.lastChild.textContent = said;
  });
}

row.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) trigger("select", { amount: Number(button.dataset.amount) });
});
watch("value", show);
show();
