// The queue under one's hands: keys, ticks, and rows that are renewed only while nobody is at them. All works without it.
"use strict";
(() => {
  const body = document.body;
  const rows = () => document.getElementById("rows");
  const links = () => [...document.querySelectorAll("#rows a.open")];
  const ticks = () => [...document.querySelectorAll('#rows input[name="ticket"]')];

  document.addEventListener("keydown", (event) => {
    const desk = window.desk;
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.defaultPrevented;
    if (!desk || !desk.keysAreOn() || !isPlain || desk.isTyping(event.target) && event.target.type !== "checkbox" || document.querySelector("dialog[open]")) return;
    if (event.key === "j" || event.key === "k") step(event, event.key === "j" ? 1 : -1);
    if (event.key === "x") toggle(event);
    const field = { r: "reply-text", n: "note-text" }[event.key];
    if (field && document.getElementById(field)) { event.preventDefault(); document.getElementById(field).focus(); }
  });

  function step(event, by) {
    const all = links();
    if (!all.length) return;
    event.preventDefault();
    const row = document.activeElement.closest("#rows tr");
    const here = all.findIndex((link) => row && row.contains(link));
    all[Math.min(all.length - 1, Math.max(0, here + by))].focus();
  }

  function toggle(event) {
    const row = document.activeElement.closest("#rows tr");
    const tick = row && row.querySelector('input[name="ticket"]');
    if (!tick) return;
    event.preventDefault();
    tick.checked = !tick.checked;
    count();
  }

  function count() {
    const words = document.getElementById("ticked");
    const all = document.getElementById("tick-all");
    const number = ticks().filter((tick) => tick.checked).length;
    if (words) {
      words.textContent = number ? `${number} ticked` : "With those ticked";
      words.closest(".bulk").classList.toggle("some", number > 0);
    }
    if (all) {
      all.hidden = false;
      all.checked = number > 0 && number === ticks().length;
      all.indeterminate = number > 0 && number < ticks().length;
    }
  }
  document.addEventListener("change", (event) => {
    if (event.target.id === "tick-all") for (const tick of ticks()) tick.checked = event.target.checked;
    if (event.target.closest("#rows")) count();
  });

  // The table changes under nobody's pointer, focus or ticks: then it is only said that there is something new.
  let isOld = false;
  const isInUse = () => {
    const table = rows();
    return table.matches(":hover") || table.contains(document.activeElement) || ticks().some((tick) => tick.checked);
  };
  const say = () => { const notice = document.getElementById("changed"); if (notice) notice.hidden = !isOld; };
  function renew(isWanted) {
    if (!isOld || !rows() || (!isWanted && isInUse())) { say(); return; }
    isOld = false;
    say();
    window.htmx.trigger(rows(), "queue-show");
  }
  body.addEventListener("queue-changed", () => { isOld = Boolean(rows() && rows().hasAttribute("hx-get")); renew(false); });
  document.addEventListener("pointerout", (event) => { if (isOld && event.target.closest && event.target.closest("#rows")) setTimeout(() => renew(false), 200); });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("#show-changed") || !window.htmx) return;
    event.preventDefault();
    for (const tick of ticks()) tick.checked = false;
    renew(true);
  });
  body.addEventListener("htmx:afterSettle", count);
  count();
})();
