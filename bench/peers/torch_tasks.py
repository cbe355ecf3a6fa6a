"""PyTorch's side of bench/tasks.ts, one thread: a line of JSON names a case and how often, an answer its milliseconds."""
import json
import sys
import time

import numpy as np
import torch
from torch import nn

torch.set_num_threads(1)
torch.set_num_interop_threads(1)


def text(case):
    """Batches of B strands, T characters each, states carried on; and one character after the other."""
    V, E, H, B, T = (case[k] for k in "VEHBT")
    embedding, lstm, head = nn.Embedding(V, E), nn.LSTM(E, H, batch_first=True), nn.Linear(H, V)
    weights = [p for m in (embedding, lstm, head) for p in m.parameters()]
    optimizer = torch.optim.Adam(weights, 2e-3, fused=True)
    ids = torch.from_numpy((np.arange(B * (T + 1)) * 7919 % V).reshape(B, T + 1))
    carried = None

    def train():
        nonlocal carried
        out, states = lstm(embedding(ids[:, :-1]), carried)
        carried = tuple(s.detach() for s in states)
        loss = nn.functional.cross_entropy(head(out).reshape(-1, V), ids[:, 1:].reshape(-1))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()

    state, token = None, torch.tensor([[1]])

    def generate():
        nonlocal state, token
        with torch.inference_mode():
            for _ in range(case["characters"]):
                out, state = lstm(embedding(token), state)
                token = torch.multinomial(torch.softmax(head(out)[0, -1] / 0.8, 0), 1)[None]

    return {"train": train, "generate": generate}


def forecast(case):
    """An encoder over the window, and over what is known of the horizon a decoder, where `known` is above 0."""
    W, D, F, C, U, B = (case[k] for k in ("window", "horizon", "features", "known", "units", "batch"))
    encoder = nn.LSTM(F, U, batch_first=True)
    decoder = nn.LSTM(C, U, batch_first=True) if C else None
    head = nn.Linear(U, 1 if C else D)
    weights = [p for m in (encoder, decoder, head) if m is not None for p in m.parameters()]
    optimizer = torch.optim.Adam(weights, 1e-3, fused=True)
    series = np.sin(np.arange(4096) / 9).astype(np.float32)
    starts = np.arange(B)[:, None] * 7

    def train():
        past = torch.from_numpy(series[starts + np.arange(W)])
        future = torch.from_numpy(series[starts + W + np.arange(D)])
        level = past[:, -1:]
        x = (past - level)[:, :, None].repeat(1, 1, F)
        _, states = encoder(x)
        if C:
            out = head(decoder(torch.full((B, D, C), 0.3), states)[0])[:, :, 0]
        else:
            out = head(states[0][0])
        loss = nn.functional.mse_loss(out, future - level)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()

    return {"train": train}


work = None
print(json.dumps({"name": f"PyTorch {torch.__version__}"}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    if "case" in request:
        work = {"text": text, "forecast": forecast}[request["case"]](request)
        print("{}", flush=True)
        continue
    ms = []
    for _ in range(request["times"]):
        start = time.perf_counter()
        work[request["run"]]()
        ms.append((time.perf_counter() - start) * 1000)
    print(json.dumps({"ms": ms}), flush=True)
