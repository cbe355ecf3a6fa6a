/** What the view of the gradient says. */
import { words } from "./words.ts";

export const gradientText = words({
  en: {
    title: "Gradient",
    lead: "Training sends the error from the last word back towards the first. The charts show how much of it reaches each step: the length of the loss's gradient at the hidden state h and at the cell state c, on a logarithmic axis (10⁻³ is a thousandth). Where a curve has fallen to a millionth, the words hardly teach the network anything: the gradient vanishes. Before training a simple RNN may well keep more than an LSTM: its units hardly respond yet, and its matrix U begins orthogonal, which keeps lengths. Go through the epochs: as its units learn to respond it loses more, while an LSTM can open its forget gates.",
    noModel: "Start a training or load a model with its data: the gradient appears here.",
    noSample: "The model came without its data, so there is no text to take a gradient of.",
    layer: "Layer",
    layerName: (number: number, of: number) => `${number} of ${of}`,
    epoch: "State of training",
    start: "before training",
    after: (epoch: number) => `after epoch ${epoch}`,
    loaded: "as loaded",
    relative: "As a share of what there is at the last step",
    cells: { lstm: "LSTM", rnn: "Simple RNN" },
    hTitle: "At the hidden state: |∂L/∂h|",
    cTitle: "At the cell state: |∂L/∂c|",
    cNote: "A simple RNN has no cell state.",
    layerNote:
      "Into the last layer the error comes at the last step alone. A layer below is given error by the layer above at every step, so its curves stay higher.",
    step: "Step",
    untrained: (cell: string) => `${cell} (untrained)`,
    left: (steps: number, parts: string) =>
      `${steps} steps before the last, this much of the last step's |∂L/∂h| is left: ${parts}.`,
    valueOf: (name: string, value: string) => `${name} ${value}`,
    nothing: "nothing",
    help: "Left and right arrow keys move along the steps.",
    at: (step: number, steps: number, parts: string) => `Step ${step} of ${steps}: ${parts}.`,
    noted: (samples: number, floor: string) =>
      `Each point is the median of ${samples} texts of the test part. Training takes gradients carried back for 0 once they are below ${floor}: there a curve ends. Short texts are padded at the front, so the first steps are often padding.`,
    failed: (message: string) => `The gradient could not be computed: ${message}`,
  },
  ko: {
    title: "기울기",
    lead: "학습할 때 오차는 마지막 단어에서 첫 단어 쪽으로 거슬러 갑니다. 그래프는 그 오차가 단계마다 얼마나 전해지는지, 곧 은닉 상태 h와 셀 상태 c에 대한 손실 기울기의 크기를 로그 눈금으로 보여 줍니다(10⁻³은 천분의 일). 곡선이 백만분의 일까지 떨어진 곳의 단어에서는 신경망이 거의 배우지 못합니다. 이것이 기울기 소실입니다. 학습 전에는 단순 RNN이 LSTM보다 오차를 더 잘 전하기도 합니다. 유닛이 아직 거의 반응하지 않고, 처음의 행렬 U가 길이를 보존하는 직교 행렬이기 때문입니다. 에포크를 옮겨 보면, 유닛이 반응하기 시작하면서 단순 RNN은 점점 더 많이 잃고, LSTM은 망각 게이트를 열어 지킬 수 있습니다.",
    noModel: "학습을 시작하거나 모델을 데이터와 함께 불러오면 여기에 기울기가 나타납니다.",
    noSample: "데이터 없이 불러온 모델이라 기울기를 구할 글이 없습니다.",
    layer: "층",
    layerName: (number: number, of: number) => `${of}개 중 ${number}번째`,
    epoch: "학습 시점",
    start: "학습 전",
    after: (epoch: number) => `${epoch}에포크 뒤`,
    loaded: "불러온 상태",
    relative: "마지막 단계를 1로 놓고 보기",
    cells: { lstm: "LSTM", rnn: "단순 RNN" },
    hTitle: "은닉 상태의 기울기 |∂L/∂h|",
    cTitle: "셀 상태의 기울기 |∂L/∂c|",
    cNote: "단순 RNN에는 셀 상태가 없습니다.",
    layerNote:
      "맨 위층에는 오차가 마지막 단계에서만 들어옵니다. 그 아래층은 모든 단계에서 위층의 오차를 받으므로 곡선이 더 높게 유지됩니다.",
    step: "단계",
    untrained: (cell: string) => `${cell} (학습 전)`,
    left: (steps: number, parts: string) => `마지막에서 ${steps}단계 앞에 남은 |∂L/∂h|의 비율: ${parts}.`,
    valueOf: (name: string, value: string) => `${name} ${value}`,
    nothing: "없음",
    help: "왼쪽과 오른쪽 화살표 키로 단계를 옮겨 다닙니다.",
    at: (step: number, steps: number, parts: string) => `${steps}단계 중 ${step}번째: ${parts}.`,
    noted: (samples: number, floor: string) =>
      `점마다 테스트 데이터 ${samples}개의 중앙값입니다. 거슬러 오는 기울기가 ${floor}보다 작으면 학습은 0으로 치므로 곡선이 거기서 끝납니다. 짧은 글은 앞을 패딩으로 채우므로 앞쪽 단계는 패딩인 경우가 많습니다.`,
    failed: (message: string) => `기울기를 계산하지 못했습니다: ${message}`,
  },
});
