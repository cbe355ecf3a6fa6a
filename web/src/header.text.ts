import { words } from "./words.ts";

export const headerText = words({
  en: {
    purpose: "Train an LSTM or a simple RNN in this browser, and look inside while it learns.",
    skip: "Skip to training",
    sections: "Sections",
    train: "Train",
    predict: "Predict and gates",
    gradient: "Gradient",
    explanation: "How the cell works",
    theme: "Theme",
    auto: "Auto",
    light: "Light",
    dark: "Dark",
    language: "Language",
    footer: "Everything is computed in this browser. Data and texts stay here.",
  },
  ko: {
    purpose: "이 브라우저에서 LSTM이나 단순 RNN을 학습시키고, 학습하는 동안 그 내부를 들여다봅니다.",
    skip: "학습으로 건너뛰기",
    sections: "구역",
    train: "학습",
    predict: "예측과 게이트",
    gradient: "기울기",
    explanation: "셀의 동작 원리",
    theme: "테마",
    auto: "자동",
    light: "밝게",
    dark: "어둡게",
    language: "언어",
    footer: "모든 계산은 이 브라우저 안에서 이루어집니다. 데이터와 글은 밖으로 나가지 않습니다.",
  },
});
