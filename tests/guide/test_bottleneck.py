"""The bottleneck adapters against an arithmetic of their own, on tiny models made here."""

from __future__ import annotations

import importlib.util
import json
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import peft
import pytest
import torch
from peft import AutoPeftModelForCausalLM, PeftModel, get_peft_model, get_peft_model_state_dict
from peft.mapping import PEFT_TYPE_TO_PREFIX_MAPPING
from peft.utils.hotswap import hotswap_adapter
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional
from transformers import GPT2Config, GPT2LMHeadModel, GPTBigCodeConfig, GPTBigCodeForCausalLM
from transformers.pytorch_utils import Conv1D

import bottleneck
from bottleneck import BottleneckConfig, BottleneckModel
from make_true_size import ADAPTER_CONFIG

# peft 0.21.2 reads this attribute whenever it wraps a model of transformers 5.23.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")

WIDTH, INNER, HEADS, LAYERS, VOCABULARY, BOTTLENECK = 32, 128, 4, 2, 50, 8
QKV = WIDTH + 2 * WIDTH // HEADS  # multi-query: one head of keys and one of values
IDS = torch.tensor([[1, 2, 3, 4, 5], [9, 8, 7, 6, 5], [3, 1, 4, 1, 5]])

# Each method's flags and targets as published, and by layer: place, width in, width out.
METHODS = {
    "AdapterH": (
        {},
        ["c_fc", "mlp.c_proj"],
        {"mlp.c_fc": ("before", WIDTH, WIDTH), "mlp.c_proj": ("after", WIDTH, WIDTH)},
    ),
    "AdapterP": ({"use_adapterp": True}, ["mlp.c_proj"], {"mlp.c_proj": ("after", WIDTH, WIDTH)}),
    "Parallel": (
        {"use_parallel_adapter": True},
        ["c_attn", "q_attn"],
        {"attn.c_attn": ("beside", WIDTH, QKV)},
    ),
}
Weights = dict[str, Tensor]


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def base(dtype: torch.dtype = torch.float32) -> GPTBigCodeForCausalLM:
    """The same tiny StarCoder each time."""
    torch.manual_seed(0)
    settings = GPTBigCodeConfig(
        n_embd=WIDTH,
        n_inner=INNER,
        n_head=HEADS,
        n_layer=LAYERS,
        vocab_size=VOCABULARY,
        n_positions=32,
        initializer_range=0.2,
        bos_token_id=0,
        eos_token_id=0,
        pad_token_id=0,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
    )
    return GPTBigCodeForCausalLM(settings).to(dtype).eval()


def config(method: str, **changes: object) -> BottleneckConfig:
    flags, targets, _ = METHODS[method]
    options = {"task_type": "CAUSAL_LM", "bottleneck_size": BOTTLENECK, "target_modules": targets, **flags}
    return BottleneckConfig(**{**options, **changes})


def published(method: str, seed: int = 1) -> Weights:
    """Weights under the keys of a published checkpoint, large enough to be felt."""
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for block in range(LAYERS):
        for layer, (_, width_in, width_out) in METHODS[method][2].items():
            key = f"base_model.model.transformer.h.{block}.{layer}"
            weights[f"{key}.adapter_down.weight"] = torch.randn(BOTTLENECK, width_in, generator=generator) / 4
            weights[f"{key}.adapter_up.weight"] = torch.randn(width_out, BOTTLENECK, generator=generator) / 4
    return weights


def published_config(method: str, base_model: str = "bigcode/starcoderbase-7b") -> dict:
    """`adapter_config.json` of bigcode/astraios-7b-parallel, or of a sibling, but for the size."""
    flags, targets, _ = METHODS[method]
    return {
        **ADAPTER_CONFIG,
        "base_model_name_or_path": base_model,
        "bottleneck_size": BOTTLENECK,
        "target_modules": targets,
        "use_parallel_adapter": False,
        **flags,
    }


def checkpoint(folder: Path, method: str, seed: int = 1, form: str = "bin", **changes: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    settings = {**published_config(method), **changes}
    (folder / "adapter_config.json").write_text(json.dumps(settings), encoding="utf-8")
    if form == "bin":
        torch.save(published(method, seed), folder / "adapter_model.bin")
    else:
        save_file(published(method, seed), folder / "adapter_model.safetensors")
    return folder


def hook(
    layer: nn.Module,
    place: str,
    down: Tensor,
    up: Tensor,
    scaling: float = 1.0,
    act: Callable[[Tensor], Tensor] = torch.tanh,
) -> None:
    """The arithmetic of one adapter, in tensors only, on a layer of the bare base."""

    def delta(x: Tensor) -> Tensor:
        return scaling * (act(x.to(down.dtype) @ down.T) @ up.T)

    if place == "before":
        layer.register_forward_pre_hook(lambda _, inputs: (inputs[0] + delta(inputs[0]).to(inputs[0].dtype),))
    elif place == "after":
        layer.register_forward_hook(lambda _, inputs, y: y + delta(y).to(y.dtype))
    else:
        layer.register_forward_hook(lambda _, inputs, y: y + delta(inputs[0]).to(y.dtype))


def attach(model: GPTBigCodeForCausalLM, method: str, weights: Weights, **how: object) -> None:
    for name, (place, _, _) in METHODS[method][2].items():
        for block in range(LAYERS):
            key = f"transformer.h.{block}.{name}"
            pair = (weights[f"base_model.model.{key}.adapter_{part}.weight"] for part in ("down", "up"))
            hook(model.get_submodule(key), place, *pair, **how)


def logits(model: nn.Module, ids: Tensor = IDS, **options: object) -> Tensor:
    with torch.no_grad():
        return model(input_ids=ids, **options).logits


def expected(method: str, seed: int = 1, dtype: torch.dtype = torch.float32, **how: object) -> Tensor:
    model = base(dtype)
    attach(model, method, published(method, seed), **how)
    return logits(model)


def adapted(method: str, folder: Path, **options: object) -> PeftModel:
    return PeftModel.from_pretrained(base(), str(checkpoint(folder, method)), **options)


# --- Registration -------------------------------------------------------------------------------


def again() -> ModuleType:
    """The module run afresh under another name; the next call runs it in the same namespace."""
    name = "bottleneck_again"
    spec = importlib.util.spec_from_file_location(name, bottleneck.__file__)
    module = sys.modules.setdefault(name, importlib.util.module_from_spec(spec))
    spec.loader.exec_module(module)
    return module


MAPPINGS = (
    peft.PEFT_TYPE_TO_CONFIG_MAPPING,
    peft.PEFT_TYPE_TO_TUNER_MAPPING,
    PEFT_TYPE_TO_PREFIX_MAPPING,
)


@pytest.fixture
def unregistered(monkeypatch):
    for mapping in MAPPINGS:
        monkeypatch.delitem(mapping, "BOTTLENECK")
    yield
    sys.modules.pop("bottleneck_again", None)


def test_stock_peft_does_not_know_the_type(unregistered, tmp_path):
    with pytest.raises(KeyError, match="BOTTLENECK"):
        adapted("Parallel", tmp_path)


def test_importing_registers_and_replaces_nothing(unregistered):
    def snapshot() -> dict:
        modules = [m for name, m in sys.modules.items() if name.split(".")[0] == "peft"]
        owners = [*modules, *{v for m in modules for v in vars(m).values() if isinstance(v, type)}]
        return {(id(owner), name): id(value) for owner in owners for name, value in list(vars(owner).items())}

    others, before = [dict(mapping) for mapping in MAPPINGS], snapshot()
    module = again()
    assert snapshot() == before
    added = (module.BottleneckConfig, module.BottleneckModel, "adapter_")
    for mapping, other, value in zip(MAPPINGS, others, added, strict=True):
        assert mapping == {**other, "BOTTLENECK": value}


def test_running_the_module_twice_keeps_the_first_and_works(unregistered, tmp_path):
    again()
    registered = [mapping["BOTTLENECK"] for mapping in MAPPINGS]
    module = again()
    assert [mapping["BOTTLENECK"] for mapping in MAPPINGS] == registered
    assert module.BottleneckConfig is not registered[0]
    model = get_peft_model(base(), module.BottleneckConfig(target_modules=["mlp.c_proj"], use_adapterp=True))
    model.set_adapter("default", inference_mode=True)
    assert model.get_nb_trainable_parameters()[0] == 0  # set_adapter still finds the layers
    assert torch.equal(logits(adapted("AdapterH", tmp_path)), expected("AdapterH"))


# --- Published checkpoints ----------------------------------------------------------------------


@pytest.mark.parametrize("form", ["bin", "safetensors"])
@pytest.mark.parametrize("method", METHODS)
def test_a_published_checkpoint_gives_the_logits_of_the_arithmetic(method, form, tmp_path):
    model = PeftModel.from_pretrained(base(), str(checkpoint(tmp_path, method, form=form)))
    assert isinstance(model.base_model, BottleneckModel)
    assert torch.equal(logits(model), expected(method))
    assert not torch.allclose(logits(model), logits(base()), atol=0.1)
    assert model.get_nb_trainable_parameters()[0] == 0
    assert not model.training


def test_a_pickle_that_would_run_code_is_refused(tmp_path):
    folder = checkpoint(tmp_path / "adapter", "Parallel")
    trace = tmp_path / "ran"

    class Evil:
        def __reduce__(self):
            return Path.touch, (trace,)

    torch.save({"weight": Evil()}, folder / "adapter_model.bin")
    with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
        PeftModel.from_pretrained(base(), str(folder))
    assert not trace.exists()


@pytest.mark.parametrize("method", METHODS)
def test_the_auto_class_finds_the_base_model(method, tmp_path):
    base().save_pretrained(tmp_path / "base")
    folder = checkpoint(tmp_path, method, base_model_name_or_path=str(tmp_path / "base"))
    model = AutoPeftModelForCausalLM.from_pretrained(str(folder))
    assert torch.equal(logits(model), expected(method))


@pytest.mark.parametrize("method", METHODS)
def test_saving_writes_the_published_keys_and_config(method, tmp_path):
    model = adapted(method, tmp_path / "published")
    model.save_pretrained(tmp_path / "saved", save_embedding_layers=False)
    saved = load_file(tmp_path / "saved" / "adapter_model.safetensors")
    weights = published(method)
    assert saved.keys() == weights.keys()
    assert all(torch.equal(saved[key], weights[key]) for key in weights)
    settings = json.loads((tmp_path / "saved" / "adapter_config.json").read_text(encoding="utf-8"))
    assert settings.pop("peft_version") == peft.__version__
    assert settings == published_config(method)  # the order of target_modules included
    reloaded = PeftModel.from_pretrained(base(), str(tmp_path / "saved"))
    assert torch.equal(logits(reloaded), expected(method))


def test_a_pickle_is_written_on_request(tmp_path):
    model = adapted("AdapterP", tmp_path / "published")
    model.save_pretrained(tmp_path / "saved", save_embedding_layers=False, safe_serialization=False)
    saved = torch.load(tmp_path / "saved" / "adapter_model.bin", weights_only=True)
    assert saved.keys() == published("AdapterP").keys()


def test_a_checkpoint_that_lacks_a_weight_is_noticed(tmp_path):
    folder = checkpoint(tmp_path, "AdapterP")
    weights = published("AdapterP")
    weights.pop("base_model.model.transformer.h.1.mlp.c_proj.adapter_up.weight")
    torch.save(weights, folder / "adapter_model.bin")
    with pytest.warns(UserWarning, match=r"missing adapter keys.*h\.1\.mlp\.c_proj\.adapter_up"):
        PeftModel.from_pretrained(base(), str(folder))


@pytest.mark.parametrize("method", METHODS)
def test_transformers_own_load_adapter_reads_it_too(method, tmp_path):
    model = base()
    model.load_adapter(str(checkpoint(tmp_path, method, form="safetensors")))
    assert torch.equal(logits(model), expected(method))


@pytest.mark.parametrize("method", METHODS)
def test_weights_go_into_a_model_injected_without_a_wrapper(method):
    model = peft.inject_adapter_in_model(config(method), base())
    peft.set_peft_model_state_dict(model, published(method))
    assert torch.equal(logits(model), expected(method))


@pytest.mark.parametrize("method", METHODS)
def test_low_cpu_mem_usage_loads_the_same(method, tmp_path):
    model = adapted(method, tmp_path, low_cpu_mem_usage=True)
    assert all(parameter.device.type == "cpu" for parameter in model.parameters())
    assert model.get_nb_trainable_parameters()[0] == 0
    assert torch.equal(logits(model), expected(method))


# --- The arithmetic -----------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_scaling_and_activation_enter_the_arithmetic(method, tmp_path):
    folder = checkpoint(tmp_path, method, scaling=0.3, non_linearity="gelu")
    model = PeftModel.from_pretrained(base(), str(folder))
    assert torch.equal(logits(model), expected(method, scaling=0.3, act=functional.gelu))


@pytest.mark.parametrize(
    ("method", "target", "place", "width_in", "width_out"),
    [
        ("AdapterH", "attn.c_proj", "after", WIDTH, WIDTH),
        ("AdapterP", "mlp.c_fc", "after", INNER, INNER),
        ("AdapterP", "attn.c_attn", "after", QKV, QKV),
        ("Parallel", "mlp.c_fc", "beside", WIDTH, INNER),
        ("Parallel", "mlp.c_proj", "beside", INNER, WIDTH),
    ],
)
def test_other_targets_follow_their_method_too(method, target, place, width_in, width_out):
    model = get_peft_model(base(), config(method, target_modules=[target], scaling=20.0)).eval()
    layer = model.base_model.model.transformer.h[0].get_submodule(target)
    down, up = layer.adapter_down["default"].weight, layer.adapter_up["default"].weight
    assert (down.shape, up.shape) == ((BOTTLENECK, width_in), (width_out, BOTTLENECK))
    bare = base().transformer.h[0].get_submodule(target)
    hook(bare, place, down, up, scaling=20.0)
    x = torch.randn(2, 3, bare.in_features)
    assert torch.equal(layer(x), bare(x))


def test_dropout_falls_on_the_adapters_input_in_training_only():
    layer = get_peft_model(base(), config("AdapterP", adapter_dropout=0.5)).base_model.model
    layer = layer.transformer.h[0].mlp.c_proj
    down, up = (part["default"].weight for part in (layer.adapter_down, layer.adapter_up))
    x = torch.randn(2, 3, INNER)
    y = layer.base_layer(x)
    layer.eval()
    assert torch.equal(layer(x), y + torch.tanh(y @ down.T) @ up.T)
    layer.train()
    torch.manual_seed(7)
    found = layer(x)
    torch.manual_seed(7)
    assert torch.equal(found, y + torch.tanh(functional.dropout(y, 0.5) @ down.T) @ up.T)


@pytest.mark.parametrize("method", METHODS)
def test_a_fresh_adapter_changes_the_model_only_under_bert(method):
    for init, same in (("bert", False), ("mam_adapter", True)):
        model = get_peft_model(base(), config(method, init_weights=init, bottleneck_size=64)).eval()
        assert torch.equal(logits(model), logits(base())) is same
    weights = get_peft_model_state_dict(get_peft_model(base(), config(method, bottleneck_size=64)))
    assert all(0.018 < weight.std() < 0.022 and weight.mean().abs() < 0.002 for weight in weights.values())


@pytest.mark.parametrize("method", METHODS)
def test_bf16_base_with_a_float32_adapter(method, tmp_path):
    folder = str(checkpoint(tmp_path, method))
    model = PeftModel.from_pretrained(base(torch.bfloat16), folder)
    assert {p.dtype for n, p in model.named_parameters() if "adapter_" in n} == {torch.float32}
    assert logits(model).dtype == torch.bfloat16
    assert torch.equal(logits(model), expected(method, dtype=torch.bfloat16))
    half = PeftModel.from_pretrained(base(torch.bfloat16), folder, autocast_adapter_dtype=False)
    assert {p.dtype for p in half.parameters()} == {torch.bfloat16}
    assert logits(half).dtype == torch.bfloat16


@pytest.mark.parametrize("method", METHODS)
def test_autocast_keeps_the_layers_output_dtype(method, tmp_path):
    model = adapted(method, tmp_path)
    bare = base()
    for name in METHODS[method][2]:
        key = f"transformer.h.0.{name}"
        layer = model.get_base_model().get_submodule(key)
        x = torch.randn(2, 3, layer.base_layer.in_features)
        with torch.autocast("cpu", torch.bfloat16):
            assert layer(x).dtype == bare.get_submodule(key)(x).dtype == torch.bfloat16


def test_conv1d_targets_keep_their_weights_transposed():
    torch.manual_seed(0)
    options = {"n_embd": WIDTH, "n_head": HEADS, "n_layer": 1, "vocab_size": VOCABULARY, "n_positions": 32}
    gpt2 = GPT2LMHeadModel(GPT2Config(**options, bos_token_id=0, eos_token_id=0)).eval()
    model = get_peft_model(gpt2, config("AdapterH", init_weights="bert", scaling=20.0)).eval()
    mlp = model.base_model.model.transformer.h[0].mlp
    assert isinstance(mlp.c_fc.base_layer, Conv1D)
    found, pairs = logits(model), {}
    for name in ("c_fc", "c_proj"):
        layer = getattr(mlp, name)
        pairs[name] = (layer.adapter_down["default"].weight, layer.adapter_up["default"].weight)
        assert [tuple(w.shape) for w in pairs[name]] == [(BOTTLENECK, WIDTH), (WIDTH, BOTTLENECK)]
    bare = model.unload()
    hook(bare.transformer.h[0].mlp.c_fc, "before", *pairs["c_fc"], scaling=20.0)
    hook(bare.transformer.h[0].mlp.c_proj, "after", *pairs["c_proj"], scaling=20.0)
    assert torch.equal(found, logits(bare))


# --- Training -----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_gradients_are_those_of_the_arithmetic(method, tmp_path):
    model = adapted(method, tmp_path, is_trainable=True)
    model.train()(input_ids=IDS, labels=IDS).loss.backward()
    weights = {key: weight.requires_grad_() for key, weight in published(method).items()}
    bare = base()
    attach(bare, method, weights)
    bare(input_ids=IDS, labels=IDS).loss.backward()
    trained = {n: p.grad for n, p in model.named_parameters() if p.requires_grad}
    assert {n.replace(".default", "") for n in trained} == weights.keys()
    for name, gradient in trained.items():
        torch.testing.assert_close(gradient, weights[name.replace(".default", "")].grad)
        assert gradient.abs().max() > 0


@pytest.mark.parametrize("method", METHODS)
def test_training_lowers_the_loss_leaves_the_base_and_reloads(method, tmp_path):
    model = get_peft_model(base(), config(method))
    trainable = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(trainable, lr=0.01)
    losses = []
    for _ in range(15):
        loss = model.train()(input_ids=IDS, labels=IDS).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]
    found = logits(model.eval())
    model.save_pretrained(tmp_path)
    assert torch.equal(logits(PeftModel.from_pretrained(base(), str(tmp_path))), found)
    bare, fresh = model.unload().state_dict(), base().state_dict()
    assert bare.keys() == fresh.keys()
    assert all(torch.equal(bare[key], fresh[key]) for key in fresh)


def test_gradient_checkpointing_reaches_the_adapters(tmp_path):
    model = adapted("AdapterH", tmp_path, is_trainable=True)
    model.train()(input_ids=IDS, labels=IDS).loss.backward()
    plain = [p.grad.clone() for p in model.parameters() if p.requires_grad]
    model.zero_grad()
    model.activation_checkpointing_enable()
    model(input_ids=IDS, labels=IDS, use_cache=False).loss.backward()
    torch.testing.assert_close([p.grad for p in model.parameters() if p.requires_grad], plain)


def test_modules_to_save_are_trained_and_saved(tmp_path):
    model = get_peft_model(base(), config("Parallel", modules_to_save=["c_fc"]))
    with torch.no_grad():
        model.base_model.model.transformer.h[1].mlp.c_fc.modules_to_save["default"].weight.mul_(3.0)
    model.save_pretrained(tmp_path)
    model = PeftModel.from_pretrained(base(), str(tmp_path))
    mixed = logits(model, adapter_names=["default", "__base__", "default"])
    torch.testing.assert_close(mixed[::2], logits(model)[::2])
    torch.testing.assert_close(mixed[1], logits(base())[1])


# --- Several adapters ---------------------------------------------------------------------------


# The adapters of the fixture below: name, method, seed of the weights.
WANTED = {
    "default": ("AdapterH", 1),
    "AdapterP": ("AdapterP", 1),
    "Parallel": ("Parallel", 1),
    "AdapterP-2": ("AdapterP", 2),
}


@pytest.fixture
def several(tmp_path) -> PeftModel:
    model = adapted("AdapterH", tmp_path / "default")
    for name, (method, seed) in list(WANTED.items())[1:]:
        model.load_adapter(str(checkpoint(tmp_path / name, method, seed)), name)
    return model


def test_switching_gives_each_adapters_own_logits(several):
    assert torch.equal(logits(several), expected("AdapterH"))
    for name in [*WANTED, "default"]:
        several.set_adapter(name)
        assert torch.equal(logits(several), expected(*WANTED[name]))
        trained = {n.split(".")[-2] for n, p in several.named_parameters() if p.requires_grad}
        assert trained == {name}  # stock PEFT: set_adapter unfreezes unless inference_mode=True


def test_adapters_active_together_see_the_same_input(several):
    several.base_model.set_adapter(["AdapterP", "AdapterP-2", "Parallel"])
    model = base()
    for block in range(LAYERS):
        layer = model.transformer.h[block].mlp.c_proj
        key = f"base_model.model.transformer.h.{block}.mlp.c_proj.adapter_"
        pairs = [[published("AdapterP", s)[f"{key}{part}.weight"].T for part in ("down", "up")] for s in (1, 2)]
        layer.register_forward_hook(
            lambda _, inputs, y, pairs=pairs: y + sum(torch.tanh(y @ down) @ up for down, up in pairs)
        )
    attach(model, "Parallel", published("Parallel"))
    torch.testing.assert_close(logits(several), logits(model))


def test_saving_keeps_the_adapters_apart(several, tmp_path):
    several.save_pretrained(tmp_path / "saved", save_embedding_layers=False)
    for name, (method, seed) in WANTED.items():
        folder = tmp_path / "saved" / ("" if name == "default" else name)
        saved, weights = load_file(folder / "adapter_model.safetensors"), published(method, seed)
        assert saved.keys() == weights.keys()
        assert all(torch.equal(saved[key], weights[key]) for key in weights)


def test_deleting_an_adapter_leaves_the_others(several):
    several.delete_adapter("AdapterP-2")
    several.set_adapter("AdapterP")
    assert torch.equal(logits(several), expected("AdapterP"))
    layer = several.get_base_model().transformer.h[0].mlp.c_proj
    for kept in ("adapter_down", "adapter_up", "adapter_act", "adapter_dropout", "scaling", "placement"):
        assert set(getattr(layer, kept)) == {"default", "AdapterP"}


def test_a_further_adapter_is_frozen_until_it_is_active():
    model = get_peft_model(base(), config("AdapterP"))
    model.add_adapter("other", config("Parallel"))
    assert {n.split(".")[-2] for n, p in model.named_parameters() if p.requires_grad} == {"default"}


@pytest.mark.parametrize("name", ["adapter", "er", "a"])
def test_a_name_inside_the_prefix_draws_a_warning_and_loads_all_the_same(name, tmp_path):
    model = adapted("AdapterP", tmp_path / "default")
    with pytest.warns(UserWarning, match=f"'{name}' should not be contained in the prefix 'adapter_'"):
        model.load_adapter(str(checkpoint(tmp_path / "other", "Parallel", 2)), name)
    model.set_adapter(name)
    assert torch.equal(logits(model), expected("Parallel", 2))
    model.save_pretrained(tmp_path / "saved", selected_adapters=[name], save_embedding_layers=False)
    saved = load_file(tmp_path / "saved" / name / "adapter_model.safetensors")
    assert saved.keys() == published("Parallel").keys()


def test_statuses_name_the_method(several):
    status = several.get_model_status()
    assert status.peft_types == dict.fromkeys(WANTED, "BOTTLENECK")
    assert status.adapter_model_type == "BottleneckModel"
    assert status.active_adapters == ["default"]
    assert sorted(status.available_adapters) == sorted(WANTED)
    assert status.num_adapter_layers == 3 * LAYERS
    assert (status.enabled, status.merged_adapters) == (True, [])
    assert {layer.module_type for layer in several.get_layer_status()} == {"BottleneckLinear"}


# --- Off again ----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_disabling_gives_the_base_and_comes_back(method, tmp_path):
    model = adapted(method, tmp_path)
    with model.disable_adapter():
        assert torch.equal(logits(model), logits(base()))
    assert torch.equal(logits(model), expected(method))


@pytest.mark.parametrize("method", METHODS)
def test_unloading_gives_the_base_back(method, tmp_path):
    bare = base()
    model = PeftModel.from_pretrained(bare, str(checkpoint(tmp_path, method)))
    assert model.unload() is bare
    assert torch.equal(logits(bare), logits(base()))
    assert [(n, type(m)) for n, m in bare.named_modules()] == [(n, type(m)) for n, m in base().named_modules()]


@pytest.mark.parametrize("method", METHODS)
def test_merging_is_refused_and_leaves_the_adapter(method, tmp_path):
    model = adapted(method, tmp_path)
    for merge in (model.merge_and_unload, model.merge_adapter):
        for options in ({}, {"safe_merge": True}):
            with pytest.raises(ValueError, match="cannot be merged: its activation is not linear"):
                merge(**options)
    assert not model.supports_lora_conversion()
    assert torch.equal(logits(model), expected(method))


def test_hotswapping_and_mixed_models_are_refused_by_peft(tmp_path):
    model = adapted("AdapterP", tmp_path)
    with pytest.raises(ValueError, match="Hotswapping only supports LORA but BOTTLENECK was passed"):
        hotswap_adapter(model, str(tmp_path), adapter_name="default")
    with pytest.raises(ValueError, match="not compatible with the `PeftMixedModel`"):
        get_peft_model(base(), config("AdapterP"), mixed=True)


# --- Mixed batches ------------------------------------------------------------------------------

NAMES = ["Parallel", "__base__", "default"]


def rows() -> Tensor:
    """What each row of a batch with NAMES must be."""
    return torch.stack([expected("Parallel")[0], logits(base())[1], expected("AdapterH")[2]])


def test_a_mixed_batch_gives_each_row_its_adapter(several):
    torch.testing.assert_close(logits(several, adapter_names=NAMES), rows())
    pair = logits(several, IDS[[0, 2, 0]], adapter_names=["AdapterP-2", "AdapterP", "AdapterP-2"])
    wanted = torch.stack([expected("AdapterP", 2)[0], expected("AdapterP")[2], expected("AdapterP", 2)[0]])
    torch.testing.assert_close(pair, wanted)
    assert torch.equal(logits(several), expected("AdapterH"))  # nothing lingers


@pytest.mark.parametrize("options", [{}, {"num_beams": 2}])
def test_a_mixed_batch_generates(several, options):
    options = {**options, "do_sample": False, "max_new_tokens": 4, "min_new_tokens": 4}
    mixed = several.generate(input_ids=IDS, adapter_names=NAMES, **options)
    for row, name in enumerate(NAMES):
        if name == "__base__":
            with several.disable_adapter():
                alone = several.generate(input_ids=IDS[[row]], **options)
        else:
            several.set_adapter(name)
            alone = several.generate(input_ids=IDS[[row]], **options)
        assert torch.equal(mixed[row], alone[0])


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["default", "typo", "paralel"], "unknown adapters: paralel, typo"),
        (["default", "__base__"], "2 adapter_names for 3 rows"),
    ],
)
def test_a_wrong_mixed_batch_is_refused_and_leaves_no_trace(several, names, message):
    with pytest.raises(ValueError, match=message):
        logits(several, adapter_names=names)
    assert torch.equal(logits(several), expected("AdapterH"))


def test_a_mixed_batch_is_for_inference(several):
    with pytest.raises(ValueError, match=r"adapter_names is for inference: call eval\(\) first"):
        logits(several.train(), adapter_names=NAMES)


# --- Devices and compilers ----------------------------------------------------------------------


def test_the_whole_model_compiles_into_one_graph(several):
    several.base_model.set_adapter(["default", "Parallel"])  # all three places at once
    # aot_eager: inductor gives the same within 2e-6, but spends 10 to 30 seconds on C++.
    compiled = torch.compile(several, backend="aot_eager", fullgraph=True)
    assert torch.equal(logits(compiled), logits(several))


@pytest.fixture(scope="module")
def starcoderbase_7b() -> Callable[[], GPTBigCodeForCausalLM]:
    settings = GPTBigCodeConfig(
        n_layer=42,
        n_embd=4096,
        n_head=32,
        n_inner=4 * 4096,
        vocab_size=49152,
        n_positions=8192,
        bos_token_id=0,
        eos_token_id=0,
    )

    def make() -> GPTBigCodeForCausalLM:
        with torch.device("meta"):
            return GPTBigCodeForCausalLM(settings)

    return make


ASTRAIOS = {
    "AdapterP": 88_080_384,
    "Parallel": 90_832_896,
    "AdapterH": 176_160_768,
    "(IA)^3": 870_912,
    "LoRA": 12_472_320,
    "P-Tuning": 50_466_816,
}


@pytest.mark.parametrize(("method", "trainable"), ASTRAIOS.items())
def test_trainable_parameters_at_7b(method, trainable, starcoderbase_7b):
    stock = {
        "(IA)^3": peft.IA3Config(
            target_modules=["c_attn", "mlp.c_proj"], feedforward_modules=["mlp.c_proj"], task_type="CAUSAL_LM"
        ),
        "LoRA": peft.LoraConfig(r=8, target_modules=["c_proj", "c_attn", "q_attn"], task_type="CAUSAL_LM"),
        "P-Tuning": peft.PromptEncoderConfig(num_virtual_tokens=30, task_type="CAUSAL_LM"),
    }
    settings = stock.get(method) or config(method, bottleneck_size=256)
    with torch.device("meta"):
        model = get_peft_model(starcoderbase_7b(), settings)
    assert all(parameter.is_meta for parameter in model.parameters())
    counted, total = model.get_nb_trainable_parameters()
    assert counted == trainable
    assert total == 7_327_263_232 + trainable


# --- Errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"non_linearity": "tanhh"}, "non_linearity='tanhh' is not one of: .*gelu.*tanh"),
        ({"init_weights": "zero"}, "init_weights='zero' is not one of: bert, mam_adapter"),
        ({"bias": "all"}, "bias='all' is not one of: none"),
        ({"bottleneck_size": 0}, "bottleneck_size=0 is not an integer above 0"),
        ({"bottleneck_size": "256"}, "bottleneck_size='256' is not an integer above 0"),
        ({"scaling": "learned"}, "scaling='learned' is not a number"),
        ({"use_parallel_adapter": True, "use_adapterp": True}, "name two methods: set one"),
        ({"task_type": "POETRY"}, "Invalid task type: 'POETRY'"),
    ],
)
def test_a_bad_config_says_what_is_wrong(changes, message):
    with pytest.raises(ValueError, match=message):
        BottleneckConfig(**changes)


@pytest.mark.parametrize(
    ("targets", "error", "message"),
    [
        (None, ValueError, "Please specify `target_modules`"),
        (["wte"], TypeError, "transformer.wte: an adapter needs nn.Linear or Conv1D, not Embedding"),
        (["q_proj"], ValueError, r"Target modules \['q_proj'\] not found in the base model"),
    ],
)
@pytest.mark.filterwarnings("ignore:Model has `tie_word_embeddings=True`")
def test_a_bad_target_says_what_is_wrong(targets, error, message):
    with pytest.raises(error, match=message):
        get_peft_model(base(), config("AdapterP", target_modules=targets))
