import { words } from "./words.ts";

export const gradientText = words({
  en: { title: "Gradient", lead: "How much of the gradient reaches the earlier words." },
  ko: { title: "기울기", lead: "기울기가 앞쪽 단어까지 얼마나 전해지는지 보여 줍니다." },
});
