// Fetches the file whose address the value holds, under its name. Runs once.
watch("value", () => {
  if (!props.value) return;
  const link = document.createElement("a");
  link.href = props.value.url;
  link.download = props.value.name;
  document.body.append(link);
  link.click();
  link.remove();
});
