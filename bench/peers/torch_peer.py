"""PyTorch: `torch_peer.py <lstm|cells> <threads>`: nn.LSTM, or LSTMCells on one word after another."""
import sys

import torch
from serving import LEARNING_RATE, serve
from torch import nn

FORM, THREADS = sys.argv[1], int(sys.argv[2])
torch.set_num_threads(THREADS)
torch.set_num_interop_threads(1)


class Network(nn.Module):
    def __init__(self, case):
        super().__init__()
        self.keep = 1 - case.dropout
        self.embedding = nn.Embedding(case.V, case.E)
        make = (lambda i: nn.LSTM(i, case.H, batch_first=True)) if FORM == "lstm" else (lambda i: nn.LSTMCell(i, case.H))
        self.layer0, self.layer1 = make(case.E), make(case.H)
        self.head = nn.Linear(case.H, 1)
        embeddings, w0, u0, b0, w1, u1, b1, kernel, bias = map(torch.from_numpy, case.weights)
        with torch.no_grad():
            self.embedding.weight.copy_(embeddings)
            for layer, w, u, b in ((self.layer0, w0, u0, b0), (self.layer1, w1, u1, b1)):
                # PyTorch's gates are in Keras's order. It has a second bias, which is left out of the
                # training: with both, Adam would take twice the step.
                w_ih, w_hh, b_ih, b_hh = layer.parameters()
                w_ih.copy_(w.T)
                w_hh.copy_(u.T)
                b_ih.copy_(b)
                b_hh.zero_()
                b_hh.requires_grad_(False)
            self.head.weight.copy_(kernel.T)
            self.head.bias.copy_(bias)

    def dropped(self, shape):
        """What a sequence keeps of its inputs, scaled up; None where there is no dropout."""
        if not self.training or self.keep == 1:
            return None
        return torch.empty(shape).bernoulli_(self.keep).div_(self.keep)

    def forward(self, ids):
        x = self.embedding(ids)
        rows, _, width = x.shape
        if FORM == "lstm":
            for layer in (self.layer0, self.layer1):
                mask = self.dropped((rows, 1, x.shape[2]))
                x, _ = layer(x if mask is None else x * mask)
            return self.head(x[:, -1])[:, 0]
        H = self.layer0.hidden_size
        masks = [self.dropped((rows, width)), self.dropped((rows, H))]
        states = [(torch.zeros(rows, H), torch.zeros(rows, H)) for _ in masks]
        for h in x.unbind(1):
            for n, layer in enumerate((self.layer0, self.layer1)):
                states[n] = layer(h if masks[n] is None else h * masks[n], states[n])
                h = states[n][0]
        return self.head(h)[:, 0]


def prepare(case):
    model = Network(case)
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(trained, LEARNING_RATE, eps=1e-7, fused=True)
    loss_of = nn.BCEWithLogitsLoss()
    ids = torch.from_numpy(case.ids)
    labels = torch.from_numpy(case.labels)

    def predict(i):
        model.eval()
        with torch.inference_mode():
            return torch.sigmoid(model(ids[i])).numpy()

    def train(i):
        model.train()
        loss = loss_of(model(ids[i]), labels[i])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return loss.item()

    return predict, train


serve(f"torch {torch.__version__} {'nn.LSTM' if FORM == 'lstm' else 'LSTMCell loop'}", prepare)
