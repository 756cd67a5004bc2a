"""The shape of `stdlib-coder`: StarCoder's architecture with as many parameters as the size limit allows."""

from transformers import GPTBigCodeConfig, GPTBigCodeForCausalLM

from training.tokens import POSITIONS, VOCABULARY

LIMIT_BYTES = 12_000_000
HEADER_BYTES = 16_384  # the safetensors header, with room to spare
HEAD = 64


def parameters(depth: int, width: int, inner: int, vocabulary: int, positions: int) -> int:
    """Parameters of a multi-query GPTBigCode with tied embeddings and heads of `HEAD` (tests count them)."""
    attention = width * (width + 2 * HEAD) + (width + 2 * HEAD) + width * width + width
    mlp = 2 * width * inner + inner + width
    return (vocabulary + positions) * width + depth * (attention + mlp + 4 * width) + 2 * width


def config(depth: int, vocabulary: int = VOCABULARY, positions: int = POSITIONS) -> GPTBigCodeConfig:
    """The widest model of `depth` layers in `LIMIT_BYTES` of bf16, its MLP stretched to use what is left."""
    budget = (LIMIT_BYTES - HEADER_BYTES) // 2
    widths = range(HEAD, 2048, HEAD)
    width = max(w for w in widths if parameters(depth, w, 4 * w, vocabulary, positions) <= budget)
    inner = 4 * width
    while parameters(depth, width, inner + 32, vocabulary, positions) <= budget:
        inner += 32
    return make_config(depth, width, inner, vocabulary, positions)


def make_config(depth: int, width: int, inner: int, vocabulary: int, positions: int) -> GPTBigCodeConfig:
    """A GPTBigCode configuration as StarCoder's: multi-query, tied, bos = eos = id 0, no pad token."""
    return GPTBigCodeConfig(
        vocab_size=vocabulary,
        n_positions=positions,
        n_embd=width,
        n_layer=depth,
        n_head=width // HEAD,
        n_inner=inner,
        multi_query=True,
        activation_function="gelu_pytorch_tanh",
        # No dropout: the run reads most of its data less than once.
        attn_pdrop=0.0,
        embd_pdrop=0.0,
        resid_pdrop=0.0,
        bos_token_id=0,
        eos_token_id=0,
        pad_token_id=None,
    )


def shape(net: GPTBigCodeForCausalLM) -> dict[str, int]:
    """What the card says of the model's size; tied parameters count once."""
    c = net.config
    numbers = {"width": c.n_embd, "inner": c.n_inner, "heads": c.n_head}
    return {"parameters": sum(p.numel() for p in net.parameters()), **numbers}
