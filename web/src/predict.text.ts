import { words } from "./words.ts";

export const predictText = words({
  en: {
    title: "Predict",
    lead: "Type a text. The model reads its words one after the other and gives the probability of each class; also while it trains.",
    text: "Text",
    examples: "Examples:",
    hard: "a hard one",
    none: "There is no model yet. Train one, or load a file.",
    noVocabulary:
      "This model knows ids and no words. Give imdb_word_index.json beside imdb.npz, and train again.",
    later: "The model is busy; the prediction follows.",
    says: (cell: string, label: string, percent: string) => `${cell}: ${label}, ${percent}`,
    read: (used: string, total: string, unknown: string) =>
      `Words read: ${used} of ${total}; not in the vocabulary: ${unknown}.`,
    save: (cell: string) => `Save the ${cell} model`,
    load: "Load a model",
    loadAbout:
      "A .safetensors file of lstmkit, from here or from the command line. It can be dropped anywhere on the page.",
    loaded: (name: string) => `Loaded: ${name}`,
    saved: (name: string) => `Saved as ${name}`,
    shipped: (_: string) =>
      "This is a small model that comes with the page, trained on e-mails. It goes when you train your own or load a file.",
    busy: "Stop the training before loading a model.",
    drop: "Drop a model or data",
  },
  ko: {
    title: "예측",
    lead: "글을 입력하세요. 모델이 단어를 차례로 읽고 각 클래스의 확률을 내놓습니다. 학습하는 동안에도 사용할 수 있습니다.",
    text: "글",
    examples: "예:",
    hard: "어려운 예",
    none: "아직 모델이 없습니다. 학습시키거나 파일을 불러오세요.",
    noVocabulary:
      "이 모델은 ID만 알고 단어는 모릅니다. imdb.npz와 함께 imdb_word_index.json을 선택하고 다시 학습시키세요.",
    later: "모델이 사용 중입니다. 잠시 뒤에 예측합니다.",
    says: (cell: string, label: string, percent: string) => `${cell}: ${label}, ${percent}`,
    read: (used: string, total: string, unknown: string) =>
      `읽은 단어: ${total}개 중 ${used}개, 어휘 사전에 없는 단어: ${unknown}개.`,
    save: (cell: string) => `${cell} 모델 저장`,
    load: "모델 불러오기",
    loadAbout:
      "이 페이지나 명령줄에서 저장한 lstmkit의 .safetensors 파일. 페이지 아무 곳에나 끌어다 놓아도 됩니다.",
    loaded: (name: string) => `불러옴: ${name}`,
    saved: (name: string) => `저장됨: ${name}`,
    shipped: (_: string) =>
      "페이지에 들어 있는 작은 모델로, 이메일로 학습했습니다. 직접 학습시키거나 파일을 불러오면 바뀝니다.",
    busy: "모델을 불러오기 전에 학습을 중지하세요.",
    drop: "모델이나 데이터를 놓으세요",
  },
});
