"""The code of the page "Generation in use"."""

# %% quiet [setup]
import warnings

warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing")

# %% load
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

checkpoint = "models/stdlib-coder"
adapter = f"{checkpoint}/adapters/lora"
tokenizer = AutoTokenizer.from_pretrained(checkpoint, padding_side="left")
tokenizer.pad_token = "<fim_pad>"


def fresh(dtype="float32"):
    return AutoModelForCausalLM.from_pretrained(checkpoint, dtype=dtype)


def asked(*questions):
    prompts = [f"Question: {each}\n\nAnswer:" for each in questions]
    return tokenizer(prompts, padding=True, return_tensors="pt")


model = PeftModel.from_pretrained(fresh(), adapter)
inputs = asked("Please write a function in Python that performs bubble sort.")
length = inputs.input_ids.shape[1]
greedy = dict(do_sample=False, max_new_tokens=90, pad_token_id=tokenizer.pad_token_id)
whole = model.generate(**inputs, **greedy)

# %% stream
from threading import Thread

from transformers import TextIteratorStreamer

streamer = TextIteratorStreamer(tokenizer, skip_prompt=True, skip_special_tokens=True)
thread = Thread(
    target=model.generate, kwargs={**inputs, **greedy, "streamer": streamer}
)
thread.start()
pieces = [piece for piece in streamer if piece]  # a web page would send each at once
thread.join()
print(len(pieces), "pieces; the first:", pieces[:8])

# %% pieces-are-the-answer [claim]
"""The pieces, one after the other, are the answer. Letters, digits and blanks are sent at
once; another character waits for the next blank or line. So a piece may hold several tokens."""
assert "".join(pieces) == tokenizer.decode(whole[0, length:], skip_special_tokens=True)
assert len(pieces) < whole.shape[1] - length
for piece in pieces[:-1]:
    at_once = all(each.isalnum() or each.isspace() for each in piece)
    assert at_once or piece[-1].isspace()

# %% one-prompt raises="ValueError"
from transformers import TextStreamer

two = asked("Write a function.", "Write another function.")
model.generate(**two, **greedy, streamer=TextStreamer(tokenizer))

# %% nobody-ends-it [claim]
"""A streamer waits without a limit unless it has a `timeout`, and a `generate` that fails in
its thread does not end it: the next piece is waited for, for ever."""
import threading

failed = []
threading.excepthook = lambda said: failed.append(str(said.exc_value))
endless = TextIteratorStreamer(tokenizer)
thread = Thread(target=model.generate, kwargs={**two, **greedy, "streamer": endless})
thread.start()
thread.join()
assert len(failed) == 1
assert endless.timeout is None
assert endless.text_queue.empty()  # a piece would be here, and so would the end

# %% thread-fails raises="Empty"
impatient = TextIteratorStreamer(tokenizer, timeout=1)  # seconds
Thread(target=model.generate, kwargs={**two, **greedy, "streamer": impatient}).start()
for piece in impatient:
    print(piece)


# %% end-it
def generate(streamer, **given):
    try:
        model.generate(**given, streamer=streamer)
    except Exception:
        streamer.end()  # whoever waits goes on
        raise


ended = TextIteratorStreamer(tokenizer, timeout=30)
thread = Thread(target=generate, args=[ended], kwargs={**two, **greedy})
thread.start()
print("pieces:", list(ended))
thread.join()
print("failed:", failed[-1])

# %% stop
out = model.generate(**inputs, **greedy, stop_strings=["for "], tokenizer=tokenizer)
print(repr(tokenizer.decode(out[0, length:])))

# %% stop-is-not-cut [claim]
"""`generate` stops after the token that completes the text, and keeps that token whole: what
you get can go on behind the text."""
end = tokenizer.decode(out[0, length:])
assert "for " in end
assert not end.endswith("for ")
assert "for " not in tokenizer.decode(out[0, length:-1])
assert torch.equal(out, whole[:, : out.shape[1]])

# %% no-tokenizer raises="ValueError"
model.generate(**inputs, **greedy, stop_strings=["for "])

# %% nucleus
torch.manual_seed(0)
chance = dict(do_sample=True, top_k=0, top_p=0.9, temperature=1.5, max_new_tokens=12)
look = dict(return_dict_in_generate=True, output_scores=True, output_logits=True)
drawn = model.generate(**inputs, **chance, **look, pad_token_id=tokenizer.pad_token_id)
left = [int((scores > -torch.inf).sum()) for scores in drawn.scores]
for token, number in zip(drawn.sequences[0, length:], left, strict=True):
    print(f"{tokenizer.decode(token)!r:<12} drawn from {number}")

# %% top-p-is-a-share [claim]
"""`top_p=0.9` leaves as few of the most probable tokens as together have nine tenths of the
probability: sometimes one, sometimes many."""
for scores, logits in zip(drawn.scores, drawn.logits, strict=True):
    probable, order = (logits[0] / 1.5).softmax(-1).sort(descending=True)
    needed = int((probable.cumsum(0) < 0.9).sum()) + 1
    kept = (scores[0] > -torch.inf).nonzero().flatten()
    assert sorted(kept.tolist()) == sorted(order[:needed].tolist())
assert min(left) == 1
assert max(left) > 1


# %% beams
def log_probability(model, tokens):
    with torch.no_grad():
        chances = model(tokens).logits[0, length - 1 : -1].log_softmax(-1)
    return chances.gather(1, tokens[0, length:, None]).sum().item()


base = fresh()  # it spreads its guesses more widely
found = {}
for beams in (1, 2, 4):
    out = base.generate(**inputs, **{**greedy, "max_new_tokens": 20}, num_beams=beams)
    found[beams] = log_probability(base, out)
    print(f"{beams} beams {found[beams]:>6.1f} {tokenizer.decode(out[0, length:])!r}")

# %% beams-find-more [claim]
"""With four beams the base model found a text that it holds for more probable than the one of
greedy decoding. It is no better an answer."""
assert found[4] > found[1] + 1
assert "def " not in tokenizer.decode(out[0, length:])

# %% batch
questions = [
    "Please write a function in Python that performs bubble sort.",
    "Write a function that adds up all numbers of a list.",
    "Write a Python function that reverses a string.",
    "Write a function that counts the words of a sentence.",
]
first = dict(max_new_tokens=1, return_dict_in_generate=True, output_logits=True)


def apart(model):
    """How far a logit in a batch is from that of the same prompt alone, at most."""
    options = {**greedy, **first}
    (together,) = model.generate(**asked(*questions), **options).logits
    found = []
    for row, question in enumerate(questions):
        (alone,) = model.generate(**asked(question), **options).logits
        found.append((together[row] - alone[0]).float().abs().max())
    return max(found).item()


half = PeftModel.from_pretrained(fresh("bfloat16"), adapter)
distance = {"float32": apart(model), "bfloat16": apart(half)}
for dtype, found in distance.items():
    print(f"{dtype:<9} below 0.001: {found < 1e-3}")

# %% batch-rounds [claim]
"""In float32 a prompt in a padded batch gets the scores that it gets alone, but for the last
digits. In bfloat16 the difference is over a thousand times as large."""
assert distance["float32"] < 1e-4
assert distance["bfloat16"] > 1000 * distance["float32"]

# %% cache-is-on [claim]
"""`use_cache=False` in the model's configuration does not reach `generate`. In the
generation configuration it does."""
setting = dict(return_dict_in_generate=True, max_new_tokens=3, pad_token_id=0)
plain = fresh()
plain.config.use_cache = False
assert plain.generate(**inputs, **setting).cache is not None
plain.generation_config.use_cache = False
assert plain.generate(**inputs, **setting).cache is None
plain.generation_config.use_cache = None

# %% cost [measured]
import time

merged = PeftModel.from_pretrained(fresh(), adapter).merge_and_unload()
kinds = {
    "base model": (base, {}),
    "with LoRA": (model, {}),
    "LoRA merged": (merged, {}),
}
kinds["base model, no cache"] = (base, {"use_cache": False})
fixed = {**greedy, "max_new_tokens": 20, "min_new_tokens": 20}
took = {name: [] for name in kinds}
for _ in range(6):  # turn by turn, so that what else the machine does meets all alike
    for name, (each, options) in kinds.items():
        begun = time.process_time()
        each.generate(**inputs, **fixed, **options)
        took[name].append(time.process_time() - begun)
for name, times in took.items():
    print(f"{name:<21}{min(times) / 20 * 1000:>5.1f} ms a token")

# %% lora-computes-more [claim]
"""Unmerged, LoRA multiplies by its two matrices beside each layer that it adapts, at each
call. Merged, the model has the layers of the base model and no other."""


def multiplications(model):
    calls = []
    layers = [part for part in model.modules() if isinstance(part, torch.nn.Linear)]
    hooks = [part.register_forward_hook(lambda *_: calls.append(1)) for part in layers]
    model(**inputs)
    for hook in hooks:
        hook.remove()
    return len(calls)


plainly, beside, once = map(multiplications, (base, model, merged))
adapted = [name for name in model.state_dict() if "lora_A" in name]
assert beside == plainly + 2 * len(adapted)
assert once == plainly

# %% compile
passes = []


def noted(graph, examples):
    """A backend that notes how many tokens a new forward pass reads, and runs it as it stands."""
    tokens = [each for each in examples if getattr(each, "dtype", None) == torch.long]
    passes.append(tokens[0].shape[1])
    return graph.forward


compiled = fresh()
compiled.forward = torch.compile(compiled.forward, backend=noted)
few = {**greedy, "max_new_tokens": 6, "min_new_tokens": 6}
three = [questions[2], questions[0], questions[3]]
news, answered = [], []
for question in three:
    before = len(passes)
    answered.append(compiled.generate(**asked(question), **few))
    news.append(passes[before:])
    length_of = asked(question).input_ids.shape[1]
    print(f"a prompt of {length_of} tokens: {len(news[-1])} new")

# %% compiles-until-lengths-vary [claim]
"""The first answer needs three passes: one that reads the prompt, and two that read a token. A
second prompt, of another length, needs one more. A third, of yet another length, needs none. The
tokens are those of the model that is not compiled."""
lengths = [asked(each).input_ids.shape[1] for each in three]
assert len(set(lengths)) == 3
assert news == [[lengths[0], 1, 1], [lengths[1]], []]
for question, tokens in zip(three, answered, strict=True):
    assert torch.equal(tokens, base.generate(**asked(question), **few))

# %% prompts-generate [claim]
"""Prefix tuning works in `generate` with the cache. Prompt tuning and P-Tuning work without it,
and warn at each token that position ids are ignored."""
from peft import PrefixTuningConfig, PromptEncoderConfig, PromptTuningConfig

shape = dict(num_virtual_tokens=8, task_type="CAUSAL_LM")
warned = {}
for config in (PromptTuningConfig, PromptEncoderConfig, PrefixTuningConfig):
    tuned = get_peft_model(fresh(), config(**shape)).eval()
    cached = config is PrefixTuningConfig
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        out = tuned.generate(**inputs, **setting, suppress_tokens=[0], use_cache=cached)
    assert out.sequences.shape[1] == length + 3
    assert (out.cache is not None) == cached
    if not cached:  # the last token is the likeliest after the prompt and all others
        told = tuned(input_ids=out.sequences[:, :-1]).logits[0, -1]
        told[0] = -torch.inf
        assert told.argmax() == out.sequences[0, -1]
    warned[config] = sum("Position ids" in str(each.message) for each in said)
assert list(warned.values()) == [3, 3, 0]

# %% prompt-before-every-token [claim]
"""With the cache, PEFT 0.21.2 puts the trained prompt before every new token under Transformers
5.24. It looks for the cache by its old name, `past_key_values`, and finds none. Nothing is said."""
tuned = get_peft_model(fresh(), PromptTuningConfig(**shape)).eval()
given = []
tuned.get_prompt = lambda *args, _made=tuned.get_prompt, **options: (
    given.append(1) or _made(*args, **options)
)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", UserWarning)
    out = tuned.generate(**inputs, **setting, suppress_tokens=[0], use_cache=True)
assert len(given) == 3
assert out.cache.get_seq_length() == length + 2 + 3 * 8

# %% swap-a-smaller [claim]
"""`hotswap_adapter` takes an adapter of a smaller rank into the place of a larger one, and it
computes what it computes by itself. One of another dropout is refused."""
from peft.utils.hotswap import hotswap_adapter

small = LoraConfig(
    r=4, target_modules=["c_attn"], task_type="CAUSAL_LM", init_lora_weights=False,
    lora_dropout=0.05,
)  # fmt: skip
get_peft_model(fresh(), small).save_pretrained("small")
served = PeftModel.from_pretrained(fresh(), adapter)
hotswap_adapter(served, "small", adapter_name="default", torch_device="cpu")
itself = PeftModel.from_pretrained(fresh(), "small")
assert torch.allclose(served(**inputs).logits, itself(**inputs).logits, atol=1e-3)
small.lora_dropout = 0.1
get_peft_model(fresh(), small).save_pretrained("other")
try:
    hotswap_adapter(served, "other", adapter_name="default", torch_device="cpu")
    refused = ""
except ValueError as error:
    refused = str(error)
assert "Configs are incompatible: for lora_dropout" in refused


# %% exercise
def check(answers):
    """Whether a function answers questions in one batch, each as far as its first return."""
    found = answers(model, questions)
    for question, answer in zip(questions, found, strict=True):
        alone = model.generate(**asked(question), **greedy)
        full = tokenizer.decode(alone[0, asked(question).input_ids.shape[1] :])
        assert full.startswith(answer), f"not what it answers alone: {answer!r}"
        assert answer.count("return") == 1, (
            f"not as far as the first return: {answer!r}"
        )
    print("right")


# %% solution [folded] fold="Answer: a function"
def answers(model, questions):
    batch = asked(*questions)
    out = model.generate(
        **batch, **greedy, stop_strings=["return"], tokenizer=tokenizer
    )
    added = out[:, batch.input_ids.shape[1] :]  # the prompts end at the same place
    return tokenizer.batch_decode(added, skip_special_tokens=True)


check(answers)
