/** What the explanation says. */
import { words } from "./words.ts";

/** The parts of a cell that have a name, a formula and a place in the diagrams. */
export type Part = "f" | "i" | "g" | "o" | "c" | "h" | "rnn";

export const explanationText = words({
  en: {
    title: "How the cell works",
    lead: "A recurrent network reads a text word by word, and what it knows of the words before is a state of a few dozen numbers, the units. A simple RNN has one state, h, and writes all of it anew at every word. An LSTM has a second one beside it, the cell state c, and changes of it only what its gates let through.",
    lstm: "LSTM",
    simpleRNN: "SimpleRNN",
    lstmDescription:
      "The old cell state comes in at the upper left and runs straight to the upper right. On its way it is multiplied by the forget gate, and the product of input gate and candidate is added. From the new cell state a branch goes down through tanh, is multiplied by the output gate and leaves on the right as the hidden state. All four gates read the word's vector x and the old hidden state.",
    simpleRNNDescription:
      "The word's vector x and the old hidden state go together through a matrix and tanh and leave as the new hidden state. There is no second way.",
    symbols:
      "x is the word's vector; h₋ and c₋ are the states after the word before. σ squashes a number into 0 … 1, tanh into −1 … 1. The matrices W and U and the bias b are what is learnt; · between two vectors multiplies unit by unit.",
    show: "Show it in the trained model",
    parts: {
      f: {
        name: "Forget gate",
        words: "How much of the old cell state stays, for each unit: 1 keeps it, 0 erases it.",
      },
      i: { name: "Input gate", words: "How much of the candidate enters the cell." },
      g: { name: "Candidate", words: "What this word, after the words before, offers to the cell." },
      o: { name: "Output gate", words: "How much of the cell shows in the hidden state." },
      c: {
        name: "Cell state",
        words:
          "The memory: what stays of the old and what enters. This way passes no matrix and no squashing.",
      },
      h: {
        name: "Hidden state",
        words: "What the layer gives out: the layer above, the answer and the next word's gates read it.",
      },
      rnn: {
        name: "Hidden state",
        words: "Every word sends the whole memory through a matrix and through tanh.",
      },
    },
    whyTitle: "The way back",
    whyRNN:
      "Training sends the error from the last word back to the first and multiplies it at each step. In a simple RNN the factor is",
    whyRNNAfter:
      "The factor 1 − h² is below 1 as soon as a unit responds, and the more it responds, the smaller it is. Over many words the product easily shrinks to almost nothing, and the first words hardly teach the network anything: the gradient vanishes. (With a large U it may explode instead.)",
    whyLSTM: "Along the cell of an LSTM it is",
    whyLSTMAfter:
      "The direct way multiplies each unit's error by its forget gate alone. Where the network keeps that gate near 1, the error arrives, however long the text; where it closes the gate, the past is forgotten on purpose, and there the error should end. Forget gates start with bias 1, nearer to open than to closed.",
    through: "(… is what passes through h and the gates)",
  },
  ko: {
    title: "셀의 동작 원리",
    lead: "순환 신경망은 글을 한 단어씩 읽고, 앞서 읽은 내용은 수십 개의 숫자(유닛)로 된 상태에 담아 둡니다. 단순 RNN은 상태가 h 하나뿐이어서 단어마다 통째로 새로 씁니다. LSTM은 그 옆에 셀 상태 c를 하나 더 두고, 게이트가 허용한 만큼만 바꿉니다.",
    lstm: "LSTM",
    simpleRNN: "SimpleRNN",
    lstmDescription:
      "이전 셀 상태가 왼쪽 위에서 들어와 오른쪽 위로 곧게 지나갑니다. 그 길에서 망각 게이트가 곱해지고, 입력 게이트와 후보 값을 곱한 것이 더해집니다. 새 셀 상태에서 갈라진 길은 아래로 내려가 tanh를 거치고 출력 게이트와 곱해져 오른쪽으로 은닉 상태가 되어 나갑니다. 네 게이트는 모두 단어 벡터 x와 이전 은닉 상태를 읽습니다.",
    simpleRNNDescription:
      "단어 벡터 x와 이전 은닉 상태가 함께 행렬과 tanh를 거쳐 새 은닉 상태가 됩니다. 다른 길은 없습니다.",
    symbols:
      "x는 단어의 벡터이고, h₋와 c₋는 바로 앞 단어까지 읽은 상태입니다. σ는 값을 0 … 1로, tanh는 −1 … 1로 눌러 줍니다. 학습되는 것은 행렬 W와 U, 편향 b입니다. 두 벡터 사이의 ·는 유닛별 곱입니다.",
    show: "학습한 모델에서 보기",
    parts: {
      f: {
        name: "망각 게이트",
        words: "유닛마다 이전 셀 상태를 얼마나 남길지 정합니다. 1이면 그대로 두고 0이면 지웁니다.",
      },
      i: { name: "입력 게이트", words: "후보 값을 셀에 얼마나 들일지 정합니다." },
      g: { name: "후보 값", words: "앞의 문맥에 비추어 이 단어가 셀에 새로 내놓는 값입니다." },
      o: { name: "출력 게이트", words: "셀의 내용을 은닉 상태로 얼마나 내보낼지 정합니다." },
      c: {
        name: "셀 상태",
        words:
          "기억입니다. 남은 옛 값에 새로 들어온 값을 더합니다. 이 길에는 행렬도, 눌러 주는 함수도 없습니다.",
      },
      h: {
        name: "은닉 상태",
        words: "층이 밖으로 내보내는 값입니다. 위층과 예측, 다음 단어의 게이트가 이것을 읽습니다.",
      },
      rnn: { name: "은닉 상태", words: "단어를 읽을 때마다 기억 전체가 행렬과 tanh를 거칩니다." },
    },
    whyTitle: "거꾸로 가는 길",
    whyRNN:
      "학습할 때 오차는 마지막 단어에서 첫 단어 쪽으로 거슬러 가며 단계마다 어떤 값이 곱해집니다. 단순 RNN에서 그 값은",
    whyRNNAfter:
      "유닛이 조금이라도 반응하면 1 − h²은 1보다 작아지고, 크게 반응할수록 더 작아집니다. 여러 단어를 거슬러 가면 곱이 거의 0까지 줄기 쉬워, 앞쪽 단어에서는 거의 배우지 못합니다. 이것이 기울기 소실입니다. (U가 크면 거꾸로 폭발하기도 합니다.)",
    whyLSTM: "LSTM의 셀을 따라가면",
    whyLSTMAfter:
      "곧은 길에서는 유닛의 오차에 그 유닛의 망각 게이트만 곱해집니다. 신경망이 게이트를 1 가까이 두면 글이 아무리 길어도 오차가 전해지고, 게이트를 닫으면 과거를 일부러 잊는 것이므로 오차도 거기서 끝나는 것이 맞습니다. 망각 게이트의 편향은 1에서 시작하므로 처음에는 닫힘보다 열림에 가깝습니다.",
    through: "(…는 h와 게이트를 거쳐 오는 몫)",
  },
});
