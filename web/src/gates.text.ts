import { words } from "./words.ts";

export const gatesText = words({
  en: { title: "Gates", lead: "What each gate of each unit does at each word." },
  ko: { title: "게이트", lead: "단어마다 각 유닛의 게이트가 하는 일을 보여 줍니다." },
});
