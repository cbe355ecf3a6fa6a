import { acceptDrops } from "./drop.ts";
import { mountExplanation } from "./explanation.ts";
import { mountGates } from "./gates.ts";
import { mountGradient } from "./gradient.ts";
import { firstLanguage, firstTheme, mountHeader } from "./header.ts";
import { Page } from "./page.ts";
import { mountPredict } from "./predict.ts";
import { mountTrain } from "./train.ts";

const page = new Page({ language: firstLanguage(), theme: firstTheme() });
const section = (id: string) => document.getElementById(id)!; // in index.html

mountHeader(section("header"), page);
const train = mountTrain(section("train"), page);
const predict = mountPredict(section("predict"), page, train.metadata);
mountGates(section("gates"), page);
mountGradient(section("gradient"), page);
mountExplanation(section("explanation"), page);

acceptDrops((files) => {
  const model = files.find(({ name }) => /\.safetensors$/i.test(name));
  if (model) void predict.load(model);
  else if (page.phase === "idle") void train.take(files);
});
