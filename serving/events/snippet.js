// Sends which items of lists were seen (half of them in the window) and clicked.
// Items have data-item and data-position, within an element with data-list, the id of the
// recommendation. The script's own element has data-user, and data-key where keys are asked for.
// Short names: what a page loads is this file without comments and needless blanks.
(() => {
  const me = document.currentScript, {user: user_id, key} = me.dataset,
    url = new URL("events", me.src), on = addEventListener,
    v = Date.now() + Math.random().toString(36).slice(2),
    list = e => e.closest("[data-list]").dataset.list,
    at = e => ({item_id: e.dataset.item, position: +e.dataset.position}),
    post = (event_type, id, more) => {
      const body = JSON.stringify(
        {event_type, user_id, page_view_id: v, recommendation_id: id, ...more});
      key ? fetch(url, {method: "POST", keepalive: 1, body,
        headers: {Authorization: "Bearer " + key}}) : navigator.sendBeacon(url, body)
    },
    eye = new IntersectionObserver(all => all.map(({target: e, intersectionRatio: r}) =>
      r < .5 || e._ns || (e._ns = 1, (seen[list(e)] ??= []).push(at(e)))
    ), {threshold: .5}),
    // Lists may come later than this script; what is seen later adds to the same page view.
    go = () => {
      for (const id in seen) post("impression", id, {items: seen[id]});
      seen = {};
      document.querySelectorAll("[data-list] [data-item]").forEach(e => eye.observe(e))
    };
  let seen = {};
  go();
  setInterval(go, 1e3);
  on("visibilitychange", go);
  on("click", ({target}) => {
    const e = target.closest("[data-list] [data-item]");
    e && post("click", list(e), at(e))
  }, true)
})()
