"""Helpers of `scripts/model/train_base.py` and `scripts/model/train_adapters.py`: data, schedule, log, card."""
