// Replaces each server-made chart by an interactive one with tooltips. Without this script, or
// when the library cannot be loaded, the server-made chart stays.
"use strict";

document.querySelectorAll("figure[data-chart]").forEach(function (figure) {
  const still = figure.querySelector(".chart");
  const data = figure.querySelector("script[type='application/json']");
  if (!still || !data || typeof window.vegaEmbed !== "function") {
    return;
  }
  const live = document.createElement("div");
  live.className = "chart";
  const options = {
    mode: "vega-lite",
    renderer: "svg",
    actions: false,
    ast: true, // expressions are interpreted, so that the page needs no right to eval
    defaultStyle: false,
    tooltip: { disableDefaultStyle: true },
  };
  window
    .vegaEmbed(live, JSON.parse(data.textContent), options)
    .then(function () {
      still.replaceWith(live);
    })
    .catch(function (problem) {
      console.warn("The chart stays as a picture:", problem);
    });
});
