// Waiting that can be cut short, and doing things in one tab at a time.

const PAUSES = [1, 2, 4, 8, 15, 30]; // seconds before one more try

/** How long to wait before the next try, in milliseconds; spread, so that not everybody comes back at once. */
export function pauseAfter(tries) {
  const seconds = PAUSES[Math.min(tries, PAUSES.length) - 1] ?? 0;
  return seconds * 1000 * (0.8 + 0.4 * Math.random());
}

/** wait(ms) ends after that time, or at once when wake() is called. */
export function createAlarm() {
  let ring = null;
  return {
    wake: () => ring?.(),
    wait: (milliseconds) =>
      new Promise((done) => {
        const timer = setTimeout(done, milliseconds);
        ring = () => {
          clearTimeout(timer);
          done();
        };
      }),
  };
}

/** Runs work while no other tab runs work of that name. Without locks (plain http) or a shared storage it just runs. */
export async function alone(name, isShared, work, signal) {
  if (!isShared || !navigator.locks) return work();
  return navigator.locks.request(name, signal ? { signal } : {}, work);
}
