// Draws the interactive twin of a picture when it comes into view; the picture stays for print and for screen readers.
"use strict";
const twins = new IntersectionObserver((seen) => {
  for (const { target, isIntersecting } of seen) {
    if (!isIntersecting) continue;
    twins.unobserve(target);
    const place = target.querySelector(".live");
    const { data, layout } = JSON.parse(place.dataset.twin);
    const options = { displayModeBar: false, responsive: true, showLink: false };
    Plotly.newPlot(place, data, layout, options).then(() => target.classList.add("is-live"));
  }
}, { rootMargin: "200px" });
document.querySelectorAll("figure:has(.live)").forEach((figure) => twins.observe(figure));
