"""Training steps of the reference model in PyTorch, one for every empty line on standard input.

The model, the loss and the optimiser are those of `switchyard bench train`: 4 layers, width 256, 4 heads with
normalised queries and keys, 8 experts of inner width 512 of which 2 are used, vocabulary 256, 16 windows of 256
tokens, float32, gradients clipped to norm 1, AdamW. Each line is answered by the seconds that its step took.

A line that is not empty is followed by the bytes of all weights and of a batch of tokens, and answered by the loss of
that batch and the norm of its gradients.
"""

import math
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

LAYERS, WIDTH, HEADS, EXPERTS, HIDDEN, TOP_K, VOCABULARY, BATCH, CONTEXT = 4, 256, 4, 8, 512, 2, 256, 16, 256


class RmsNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(WIDTH))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * self.weight


def linear(inputs, outputs):
    layer = nn.Linear(inputs, outputs, bias=False)
    nn.init.normal_(layer.weight, std=0.02)
    return layer


def rotate(x, cosine, sine):
    first, second = x.chunk(2, -1)
    return x * cosine + torch.cat((-second, first), -1) * sine


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.query, self.key, self.value, self.output = (linear(WIDTH, WIDTH) for _ in range(4))
        self.query_norm, self.key_norm = RmsNorm(), RmsNorm()
        frequencies = 10000.0 ** -(torch.arange(0, WIDTH // HEADS, 2) / (WIDTH // HEADS))
        angles = torch.outer(torch.arange(CONTEXT), frequencies).repeat(1, 2)  # [context, head width]
        self.register_buffer("cosine", angles.cos())
        self.register_buffer("sine", angles.sin())
        self.register_buffer("future", torch.full((CONTEXT, CONTEXT), -math.inf).triu(1))

    def forward(self, x):
        def heads(y):
            return y.view(BATCH, CONTEXT, HEADS, -1).transpose(1, 2)

        query = rotate(heads(self.query_norm(self.query(x))), self.cosine, self.sine)
        key = rotate(heads(self.key_norm(self.key(x))), self.cosine, self.sine)
        value = heads(self.value(x))
        if hasattr(F, "scaled_dot_product_attention"):
            mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        else:
            scores = query @ key.transpose(2, 3) / math.sqrt(WIDTH // HEADS) + self.future  # [batch, heads, context, context]
            mixed = scores.softmax(-1) @ value
        return self.output(mixed.transpose(1, 2).reshape(BATCH, CONTEXT, WIDTH))


class Experts(nn.Module):
    def __init__(self):
        super().__init__()
        self.router = linear(WIDTH, EXPERTS)
        self.gate = nn.ModuleList(linear(WIDTH, HIDDEN) for _ in range(EXPERTS))
        self.up = nn.ModuleList(linear(WIDTH, HIDDEN) for _ in range(EXPERTS))
        self.down = nn.ModuleList(linear(HIDDEN, WIDTH) for _ in range(EXPERTS))

    def forward(self, x):
        tokens = x.reshape(-1, WIDTH)
        probabilities = self.router(tokens).softmax(-1)  # [tokens, experts]
        weights, chosen = probabilities.topk(TOP_K)  # [tokens, k]
        weights = weights / weights.sum(-1, keepdim=True)
        # One stable sort groups the pairs by expert, which is faster here than searching for each expert's tokens.
        order = chosen.flatten().argsort(stable=True)
        token_of = order // TOP_K
        counts = torch.bincount(chosen.flatten(), minlength=EXPERTS)
        rows = tokens.index_select(0, token_of).split(counts.tolist())
        answers = torch.cat([self.down[e](F.silu(self.gate[e](rows[e])) * self.up[e](rows[e])) for e in range(EXPERTS)])
        answers = answers * weights.flatten().index_select(0, order).unsqueeze(1)
        mixed = torch.zeros_like(tokens).index_add(0, token_of, answers)
        balance = EXPERTS * (counts / counts.sum() * probabilities.mean(0)).sum()
        return mixed.view_as(x), balance


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention_norm, self.attention, self.experts_norm, self.experts = RmsNorm(), Attention(), RmsNorm(), Experts()

    def forward(self, x):
        x = x + self.attention(self.attention_norm(x))
        mixed, balance = self.experts(self.experts_norm(x))
        return x + mixed, balance


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, WIDTH)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.norm, self.head = RmsNorm(), linear(WIDTH, VOCABULARY)

    def forward(self, ids):
        x, balances = self.embedding(ids), 0
        for layer in self.layers:
            x, balance = layer(x)
            balances = balances + balance
        return self.head(self.norm(x)), balances


def weights(model):
    """All weights in the order of the program's own model, whose experts lie in one tensor per projection."""
    yield model.embedding.weight
    for layer in model.layers:
        attention, experts = layer.attention, layer.experts
        for part in (attention.query, attention.key, attention.value, attention.output, attention.query_norm, attention.key_norm, experts.router):
            yield part.weight
        for projection in (experts.gate, experts.up, experts.down):
            yield from (expert.weight for expert in projection)
        yield from (layer.attention_norm.weight, layer.experts_norm.weight)
    yield from (model.norm.weight, model.head.weight)


def receive(shape, dtype):
    """A tensor whose bytes, four an element, come next on standard input."""
    data = bytearray(sys.stdin.buffer.read(4 * math.prod(shape)))
    return torch.frombuffer(data, dtype=dtype).view(shape)


def backward(model, windows):
    """The loss of a batch [windows, tokens + 1]; its gradients are left at the weights."""
    logits, balance = model(windows[:, :-1])
    loss = F.cross_entropy(logits.flatten(0, 1), windows[:, 1:].flatten()) + 0.01 * balance
    loss.backward()
    return loss.item()


def evaluate(model):
    with torch.no_grad():
        for weight in weights(model):
            weight.copy_(receive(weight.shape, torch.float32))
    loss = backward(model, receive((BATCH, CONTEXT + 1), torch.int32).long())
    return loss, nn.utils.clip_grad_norm_(model.parameters(), math.inf).item()


def main():
    torch.set_num_threads(int(sys.argv[1]))
    torch.manual_seed(0)
    model = Decoder()
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1, foreach=True)
    print(torch.__version__, flush=True)
    for line in sys.stdin.buffer:
        if line.strip():
            print(*evaluate(model), flush=True)
            optimiser.zero_grad(set_to_none=True)
            continue
        started = time.perf_counter()
        backward(model, torch.randint(VOCABULARY, (BATCH, CONTEXT + 1)))
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        print(time.perf_counter() - started, flush=True)


if __name__ == "__main__":
    main()
