"""Which numbers of a measured cell are measurements, and which are compared."""

from __future__ import annotations

import pytest

from galley.record.measured import mask_measured


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("float32   0.024 s", "float32 # s"),
        ("a copy moves 27.3 GB a second", "a copy moves # GB a second"),
        ("so it can be read 1154 times a second", "so it can be read # times a second"),
        ("float32, cache         317 tokens/s", "float32, cache # tokens/s"),
        ("batch of 8:   1,573 tokens/s,   5.1 ms a step", "batch of 8: # tokens/s, # ms a step"),
        ("full         81 ms a step of 128 tokens", "full # ms a step of 128 tokens"),
        ("peak  87 MB, 3.5 GiB, 12 kB, 9 bytes", "peak # MB, # GiB, # kB, # bytes"),
        ("40 steps in 2 s", "40 steps in # s"),
        ("2.3 times faster, 4x faster", "# times faster, #x faster"),
        ("1.5e-3s, 3 µs, 2 min, 1 hour, 3.2 GHz, 8 TFLOPS", "#s, # µs, # min, # hour, # GHz, # TFLOPS"),
        ("12 ms/step, 3 s / it, 7 items per minute", "# ms/step, # s / it, # items per minute"),
        ("{'train_runtime': '2.28', 'train_loss': '0.86'}", "{'train_runtime': '#', 'train_loss': '0.86'}"),
        ("{'samples_per_second': 70.1, 'loss': 4.158}", "{'samples_per_second': #, 'loss': 4.158}"),
        ("elapsed=0:00:02.5, epoch=3", "elapsed=#, epoch=3"),
        ("peak_mb: 12", "peak_mb: #"),
        ("9000 times as fast", "# times as fast"),
        # what repeats
        ("loss 4.158, step 3 of 40, 7B, 12 %", "loss 4.158, step 3 of 40, 7B, 12 %"),
        ("timesteps: 100, times: 3, count: 4", "timesteps: 100, times: 3, count: 4"),
        ("avx512_bf16 and float32 sum", "avx512_bf16 and float32 sum"),
        ("8 steps, 3 sheep, 5 mines, 2 hats", "8 steps, 3 sheep, 5 mines, 2 hats"),
        ("12.5", "12.5"),
    ],
)
def test_a_measurement_is_masked_and_no_other_number(text: str, masked: str) -> None:
    assert mask_measured(text) == masked
    assert mask_measured(masked) == masked


def test_a_number_that_grows_by_a_digit_leaves_its_table_equal() -> None:
    assert mask_measured("LoRA      45 ms    3\n") == mask_measured("LoRA     101 ms    3\n")
