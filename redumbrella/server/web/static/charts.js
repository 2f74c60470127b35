// Puts an interactive chart in the place of each server-made one when somebody first points at
// one; pictures say the same to a keyboard, in words beside them. Until then nothing is loaded; where that fails, the picture stays.
"use strict";

document.querySelectorAll(".charts[data-from]").forEach(function (charts) {
  const options = {
    mode: "vega-lite",
    renderer: "svg",
    actions: false,
    ast: true, // expressions are interpreted, so that the page needs no right to eval
    defaultStyle: false,
    tooltip: { disableDefaultStyle: true },
  };

  function library() {
    return new Promise(function (done, failed) {
      const script = document.createElement("script");
      script.src = "/static/vega.js";
      script.onload = done;
      script.onerror = failed;
      document.head.append(script);
    });
  }

  async function enliven() {
    try {
      const [answer] = await Promise.all([fetch(charts.dataset.from), library()]);
      const specifications = await answer.json();
      for (const figure of charts.querySelectorAll("figure[data-chart]")) {
        const live = document.createElement("div");
        live.className = "chart";
        await window.vegaEmbed(live, specifications[figure.dataset.chart], options);
        figure.querySelector(".chart").replaceWith(live);
      }
    } catch (problem) {
      console.warn("The charts stay as pictures:", problem);
    }
  }

  charts.addEventListener("pointerenter", enliven, { once: true });
});
