/** The first place: two classes of texts, and a look inside the network that tells them apart. */
import { mountExplanation } from "./explanation.ts";
import { mountGates } from "./gates.ts";
import { mountGradient } from "./gradient.ts";
import type { Page } from "./page.ts";
import type { OpenPlace } from "./places.ts";
import { mountPredict } from "./predict.ts";
import { mountTrain } from "./train.ts";

export function mountWords(section: (id: string) => HTMLElement, page: Page): OpenPlace {
  const train = mountTrain(section("train"), page);
  const predict = mountPredict(section("predict"), page, train.metadata);
  mountGates(section("gates"), page);
  mountGradient(section("gradient"), page);
  mountExplanation(section("explanation"), page);
  // Behind everything that is needed to use the page.
  const openShipped = () => setTimeout(() => void predict.openShipped());
  if (document.readyState === "complete") openShipped();
  else addEventListener("load", openShipped);
  return {
    settings: train.settings,
    take: async (files) => {
      const model = files.find(({ name }) => /\.safetensors$/i.test(name));
      if (model) await predict.load(model);
      else if (page.phase === "idle") await train.take(files);
    },
  };
}
