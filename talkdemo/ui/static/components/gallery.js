// Cards as radio buttons. Runs once.
function show() {
  for (const input of element.querySelectorAll("input")) input.checked = input.value === props.value;
}

element.addEventListener("change", (event) => {
  if (event.target.matches("input")) props.value = event.target.value;
});
watch("value", show);
show();
