// What the page can do better with a script: copy an address, make a token, show what goes on. Without it everything works all the same.
"use strict";

(() => {
  const said = document.getElementById("said");
  const tell = (text) => { if (said) said.textContent = text; };

  for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;

  const copy = async (button) => {
    const field = document.getElementById(button.dataset.copy);
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      document.execCommand("copy");
    }
    const label = button.firstChild;
    const before = label.textContent;
    label.textContent = button.dataset.copied;
    tell(button.dataset.copied);
    setTimeout(() => { label.textContent = before; }, 2000);
  };

  // What was wrong with a field is not said any more of another value.
  const clear = (field) => {
    const place = field.closest("[data-field]");
    if (!place || !place.classList.contains("wrong")) return;
    place.classList.remove("wrong");
    field.removeAttribute("aria-invalid");
    field.setAttribute("aria-describedby", field.id + "-help");
    const fault = document.getElementById(field.id + "-fault");
    if (fault) fault.remove();
    const line = document.querySelector('[data-fault="' + CSS.escape(place.dataset.field) + '"]');
    if (!line) return;
    const banner = line.closest(".banner");
    line.remove();
    if (banner && !banner.querySelector("[data-fault]")) banner.remove();
  };
  document.addEventListener("input", (event) => clear(event.target));

  // 32 letters and digits, at least one of each.
  const make = (button) => {
    const signs = "abcdefghijkmnpqrstuvwxyz23456789";
    const bytes = crypto.getRandomValues(new Uint8Array(30));
    const field = document.getElementById(button.dataset.make);
    field.type = "text";
    field.value = Array.from(bytes, (byte) => signs[byte % signs.length]).join("") + "n7";
    field.select();
    clear(field);
    document.getElementById(button.dataset.make + "-made").textContent = button.dataset.made;
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.copy) copy(button);
    if (button.dataset.make) {
      event.preventDefault();
      make(button);
    }
  });

  // A list that is open, or a choice that is not saved yet, is not taken away from whoever is at it: the table waits until they leave it.
  const isHeld = () => {
    const form = document.activeElement && document.activeElement.closest("#flows .policy");
    if (!form) return false;
    const isChanged = (option) => option.selected !== option.defaultSelected;
    return document.activeElement.tagName === "SELECT" || Array.from(form.querySelectorAll("option")).some(isChanged);
  };
  let waiting = null;
  const show = (table) => {
    waiting = isHeld() ? table : null;
    const old = document.getElementById("flows");
    if (old && !waiting) htmx.swap(old, table, { swapStyle: "outerHTML" });
  };
  // Where the focus goes is only known afterwards.
  document.addEventListener("focusout", () => setTimeout(() => { if (waiting) show(waiting); }));
  // What was asked for by a button is newer than what waits.
  document.addEventListener("htmx:afterSwap", () => { waiting = null; });

  const live = document.body.dataset.live;
  if (live && window.EventSource) {
    let source = null;
    let again = null;
    // Something on the way may hold the stream back: where nothing was heard for ten seconds, not even that nothing happened, the page asks.
    const SILENCE = 10000;
    let heard = Date.now();
    const ask = async () => {
      if (Date.now() - heard < SILENCE) return;
      heard = Date.now();
      try {
        const answer = await fetch(live.replace(/live$/, "flows"), { headers: { "hx-request": "true" } });
        if (answer.ok) show(await answer.text());
      } catch {
        // The next look may get through.
      }
    };
    const looks = setInterval(ask, 1000);
    const open = () => {
      source = new EventSource(live);
      source.addEventListener("still", () => { heard = Date.now(); });
      source.addEventListener("flows", (event) => {
        heard = Date.now();
        const { table, said: text } = JSON.parse(event.data);
        show(table);
        if (text) tell(text);
      });
      // A stream that ends is opened again by the browser. One that was refused, for want of a place, is not.
      source.addEventListener("error", () => {
        if (source.readyState === EventSource.CLOSED) again = setTimeout(open, 10000 + Math.random() * 10000);
      });
    };
    open();
    window.addEventListener("pagehide", () => {
      clearTimeout(again);
      clearInterval(looks);
      source.close();
    });
  }
})();
