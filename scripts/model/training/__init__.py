"""Helpers of `scripts/train_base.py` and `scripts/train_adapters.py`: data, schedule, log, card."""
