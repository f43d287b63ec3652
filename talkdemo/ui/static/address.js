// The settings of the tab "Talk" in the page's address: names and numbers, never files; ui/talk/address.py reads them.
window.talkdemoAddress = (() => {
  const NAMES = ["model", "identity", "reference", "blend", "share", "emotion", "steps", "full", "seed", "character"];

  function settings({ model, identity, other, share, emotion, reference, clipOther, clipShare, steps, seed, randomise, character }) {
    const learned = model === "diffusiontalker", second = learned ? other : clipOther;
    const named = (name) => name && !["none", "my-clip"].includes(name);
    const first = learned ? { identity, emotion } : { reference: named(reference) ? reference : null };
    const blended = named(second) && (learned ? identity !== "auto" : named(reference));
    return {
      model, ...first,
      ...(blended ? { blend: second, share: learned ? share : clipShare } : {}),
      steps: steps?.steps, full: steps?.full && steps.students?.includes(steps.steps) ? 1 : null,
      seed: randomise && !seed ? null : seed, character,
    };
  }

  function query(values, parameters) {
    for (const name of NAMES) parameters.delete(name);
    for (const [name, value] of Object.entries(settings(values))) {
      if (value !== null && value !== undefined && value !== "") parameters.set(name, value);
    }
    return `?${parameters}`;
  }

  const write = (values) => history.replaceState(history.state, "", query(values, new URLSearchParams(location.search)) + location.hash);

  async function copy(values) {
    const link = location.origin + location.pathname + query(values, new URLSearchParams());
    const button = document.getElementById("td-link"), label = button.textContent;
    try {
      await navigator.clipboard.writeText(link);
      button.textContent = "Link copied";
      setTimeout(() => { button.textContent = label; }, 2000);
    } catch {
      prompt("The link to these settings:", link);  // no clipboard: plain http, or it was refused
    }
  }
  return { write, copy };
})();
