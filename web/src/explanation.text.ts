import { words } from "./words.ts";

export const explanationText = words({
  en: { title: "How the cell works", lead: "What an LSTM cell computes at each step." },
  ko: { title: "셀의 동작 원리", lead: "LSTM 셀이 시점마다 계산하는 것을 설명합니다." },
});
